"""Every number on the admin's front page opens exactly what it counted."""

import re
from html import unescape

import pytest
from django.contrib.admin import site
from django.core.cache import cache
from django.db import connection
from django.db.models import Sum

from credits import ledger
from credits.models import CreditTransaction
from inference.models import Completion
from inference.reporting.dashboard import Dashboard
from tests.credits.ledger_driver import admit
from tests.roles import as_owner

LINK = re.compile(r'<a href="([^"]+)" ((?:data-\w+="-?\d+" ?)+)>')


@pytest.fixture
def admin(client, sam):
    cache.clear()
    client.force_login(sam, backend="accounts.backends.PasswordBackend")
    return client


@pytest.fixture
def some_days(ask, alice, sam, sandbox, run):
    """Charges and a refund of yesterday and today, an estimate, two failures, a hold."""
    for model in ("gpt-5-mini", "claude-haiku-4.5"):
        ask(model)
    charge = CreditTransaction.objects.filter(type="inference").earliest("id")
    move_to_yesterday(charge)
    ask("gpt-5-mini")
    ledger.refund(reference=charge.reference, cents=1, reason="Slow", by=sam)
    sandbox.control(no_usage=True, times=1)
    ask("gpt-5-mini")
    sandbox.control(reset=True)
    sandbox.control(status=500, times=10)
    ask("claude-haiku-4.5")
    ask("gemini-2.5-flash")
    sandbox.control(reset=True)
    run(admit(alice, worst=20))


def move_to_yesterday(charge):
    """With all that was booked before it, as if it had been asked for then; nothing but a test may."""
    moves = (
        ("credits_credittransaction", "id <= %s", charge.pk),
        ("inference_completion", "id = %s", charge.details["receipt"]),
    )
    with as_owner(), connection.cursor() as cursor:
        for table, which, value in moves:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"UPDATE {table} SET created_at = created_at - interval '1 day' WHERE {which}", [value])
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def counted(found):
    """Of all rows that a list has found, by each way in which the front page counts."""
    fields = {field.name for field in found.model._meta.fields}
    sums = {"rows": found.count()}
    for name, column in (("cents", "amount_cents"), ("charged", "charged_cents")):
        if column in fields:
            sums[name] = found.order_by().aggregate(all=Sum(column, default=0))["all"]
    return sums


def test_each_number_opens_what_it_counted(admin, some_days):
    page = admin.get("/admin/").content.decode()
    links = LINK.findall(page)
    assert len(links) > 14 * 3 + 6
    for address, told in links:
        listed = counted(admin.get(unescape(address)).context["cl"].queryset)
        for name, number in re.findall(r'data-(\w+)="(-?\d+)"', told):
            assert listed[name] == int(number), (address, name)


def test_the_links_are_not_all_to_nothing(admin, some_days):
    told = re.findall(r'data-(\w+)="(-?[1-9]\d*)"', admin.get("/admin/").content.decode())
    assert {name for name, _ in told} == {"rows", "cents", "charged"} and len(told) > 12


def test_income_is_charged_less_given_back_less_cost_on_the_day_it_was_booked(admin, some_days):
    (_, today), (_, yesterday) = Dashboard().figures.by_day[:2]
    assert (today.given_back_cents, yesterday.given_back_cents) == (1, 0) and yesterday.charged_cents > 0
    total = Dashboard().figures.total
    assert total.income_cents == total.charged_cents - 1 - total.cost_cents
    assert total.cost_usd == sum(Completion.objects.values_list("cost_usd", flat=True))


def test_a_single_failure_happened_once(admin, some_days):
    page = admin.get("/admin/").content.decode()
    assert "once" in page and "1 times" not in page and "1 open hold<" in page


def test_sums_stand_under_a_list_that_is_narrowed(admin, some_days):
    page = admin.get("/admin/credits/credittransaction/?type=spent").context["cl"]
    spent = -sum(row.amount_cents for row in page.queryset)
    assert dict(page.sums())["Spent"] == f"${spent // 100}.{spent % 100:02}"
    assert "Spent" in admin.get("/admin/credits/credittransaction/?type=spent").content.decode()


@pytest.mark.parametrize("name", [str(model._meta.label) for model in site._registry])
def test_a_list_has_nine_columns_at_most(name):
    (model_admin,) = [found for model, found in site._registry.items() if model._meta.label == name]
    assert len(model_admin.list_display) <= 9


def test_a_list_is_downloaded_as_it_is_filtered(admin, some_days):
    for path in ("credits/credittransaction", "inference/completion", "credits/creditaccount", "credits/hold"):
        listed = admin.get(f"/admin/{path}/").context["cl"].queryset.count()
        answer = admin.get(f"/admin/{path}/export/")
        lines = whole(answer).strip().splitlines()
        assert len(lines) == listed + 1, path
    refunds = whole(admin.get("/admin/credits/credittransaction/export/?type=given_back"))
    assert "refund" in refunds and "inference" not in refunds.replace("inference:", "")


def whole(answer):
    async def read():
        return b"".join([piece async for piece in answer]).decode()

    from asgiref.sync import async_to_sync

    return async_to_sync(read)()
