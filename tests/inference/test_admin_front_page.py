"""The admin's front page: one look, a bounded number of queries."""

import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import User
from credits import audit
from credits.models import AuditRun
from inference.billing import settlement
from inference.models import Completion, SoldDay
from inference.reporting import daily_sales
from inference.reporting.dashboard import Dashboard
from tests.credits.ledger_driver import admit
from tests.roles import as_owner


@pytest.fixture(autouse=True)
def a_new_look():
    cache.clear()


@pytest.fixture
def admin(client, sam):
    client.force_login(sam, backend="accounts.backends.PasswordBackend")
    return client


def test_it_says_whether_the_books_balance(admin, prices):
    assert "not been audited yet" in admin.get("/admin/").content.decode()
    audit.record(faults=0)
    page = admin.get("/admin/").content.decode()
    assert "The books balance" in page and "more than a day ago" not in page
    with as_owner():
        AuditRun.objects.update(finished_at=now() - timedelta(days=2))
    assert "more than a day ago" in admin.get("/admin/").content.decode()
    audit.record(faults=3)
    assert "3 faults" in admin.get("/admin/").content.decode()


def test_it_shows_what_was_earned_by_day_and_model(admin, ask):
    ask("gpt-5-mini")
    ask("claude-haiku-4.5")
    shown = Dashboard().figures
    sold = list(Completion.objects.all())
    assert shown.total.charged_cents == sum(row.charged_cents for row in sold)
    assert shown.total.cost_usd == sum(row.cost_usd for row in sold)
    assert {model: found.completions for model, found in shown.by_model} == {"claude-haiku-4.5": 1, "gpt-5-mini": 1}
    assert [day for day, _ in shown.by_day] == [now().date() - timedelta(days=back) for back in range(14)]
    assert "gpt-5-mini" in admin.get("/admin/").content.decode()


def test_it_counts_estimates_and_failures_of_today(admin, ask, sandbox):
    sandbox.control(no_usage=True, times=1)
    ask("gpt-5-mini")
    sandbox.control(reset=True)
    sandbox.control(status=500, times=10)
    ask("claude-haiku-4.5")
    sandbox.control(reset=True)
    shown = Dashboard().figures
    assert shown.by_our_count_today[0] == 1
    assert [(provider, count) for provider, _, count in shown.failures_today] == [("anthropic", 1)]
    assert "no_usage" in admin.get("/admin/").content.decode()


def test_it_shows_what_is_under_way(admin, alice, prices, run):
    assert Dashboard().holds.number == 0
    run(admit(alice, worst=200))
    holds = Dashboard().holds
    assert (holds.number, holds.cents, holds.long_open) == (1, 200, 0)
    later = Dashboard()
    later.now = now() + timedelta(minutes=11)
    assert later.holds.long_open == 1
    assert "1 open hold<" in admin.get("/admin/").content.decode()


def test_it_shows_what_waits_on_disk(admin, prices, settings, tmp_path):
    settings.CONWAY_DATA_DIR = tmp_path
    folder = tmp_path / "spool"
    folder.mkdir()
    (folder / "gone.jsonl").write_bytes(b"".join(json.dumps({"n": n}).encode() + b"\n" for n in range(3)) + b'{"torn')
    (folder / "alive.jsonl").write_bytes(b"")
    assert (Dashboard().spooled.files, Dashboard().spooled.settlements) == (1, 3)
    assert "3 settlements wait" in admin.get("/admin/").content.decode()


def test_a_day_that_is_over_is_counted_once(ask):
    def asked():
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            shown = daily_sales.figures(tomorrow)
        return sum("GROUP BY" in query["sql"] for query in queries), shown

    ask()
    tomorrow = now().replace(hour=12) + timedelta(days=1)
    (first, counted), (again, kept) = asked(), asked()
    assert (first, again) == (2 * 15, 4)  # what was sold, and what was booked; of today until a minute ago, and since
    assert counted == kept and kept.total.completions == 1
    assert not SoldDay.objects.filter(day=tomorrow).exists()


def test_what_is_settled_of_today_is_counted_once(ask):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            found = daily_sales.today(now()).sum.completions
        return len(queries), found

    cache.clear()
    ask()
    assert [asked(), asked()] == [(4, 1), (2, 1)]
    ask()
    assert asked() == (2, 2)


def test_alike_lines_become_one():
    ask = {"model": "m", "provider": "p", "charged_cents": 3, "given_back_cents": 1, "cost_usd": Decimal("0.01")}
    day = daily_sales.Day([], [daily_sales.Booked(**ask)])
    (line,) = daily_sales.together(day, day).booked
    assert (line.charged_cents, line.given_back_cents, line.cost_usd) == (6, 2, Decimal("0.02"))


def test_the_audit_counts_again_what_was_kept(ask):
    SoldDay.objects.create(day=now().date() - timedelta(days=3), sold=[])
    call_command("audit_ledger", stdout=StringIO())
    kept = SoldDay.objects.get(day=now().date() - timedelta(days=3))
    assert now() - kept.counted_at < timedelta(minutes=1)


def test_it_asks_a_bounded_number_of_questions(admin, ask):
    ask()
    admin.get("/admin/")
    with CaptureQueriesContext(connection) as queries:
        admin.get("/admin/")
    assert len(queries) <= 16


def test_who_may_see_nothing_sees_nothing(client, ask):
    ask()
    clerk = User.objects.create_user(email="clerk@example.org", is_staff=True)
    client.force_login(clerk, backend="accounts.backends.PasswordBackend")
    assert "Provider cost" not in client.get("/admin/").content.decode()
    clerk.user_permissions.add(Permission.objects.get(codename="view_completion"))
    page = client.get("/admin/").content.decode()
    assert "Provider cost" in page and "open holds" not in page


def test_the_spool_is_looked_for_where_billing_puts_it(settings):
    assert settlement.spool().folder == settings.CONWAY_DATA_DIR / "spool"
