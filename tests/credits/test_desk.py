import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from accounts.models import User
from credits import audit, ledger
from credits.admin import LargeTablePaginator
from credits.models import CreditTransaction
from tests.credits.till import books_of, buy

pytestmark = pytest.mark.django_db(transaction=True)

TOP_UP = "/admin/credits/creditaccount/top-up/"


@pytest.fixture
def desk(client, sam):
    client.force_login(sam)
    return client


def reference_on(page) -> str:
    return re.search(r'name="reference" value="([^"]+)"', page.content.decode())[1]


def test_staff_see_balance_held_and_available(desk, alice, run):
    run(buy(alice, 20))
    page = desk.get("/admin/credits/creditaccount/").content.decode()
    for column in ("field-balance_cents", "field-held_cents", "field-available"):
        assert column in page
    assert "alice@example.org" in page


def test_staff_top_up_on_the_account_page(desk, alice, sam):
    page = desk.get(f"/admin/credits/creditaccount/{alice.pk}/change/")
    form = {"user": alice.pk, "cents": 500, "reason": "Wire 7", "reference": reference_on(page)}
    answer = desk.post(TOP_UP, form, follow=True)
    assert "Topped up alice@example.org by 500 cents." in answer.content.decode()
    entry = CreditTransaction.objects.get(reference=f"top_up:{form['reference']}")
    assert (entry.amount_cents, entry.made_by, entry.reason) == (500, sam, "Wire 7")


def test_staff_top_up_somebody_who_has_no_account_yet(desk, bob):
    form = {"user": "BOB@example.org", "cents": 500, "reason": "Welcome", "reference": reference_on(desk.get(TOP_UP))}
    desk.post(TOP_UP, form)
    assert books_of(bob) == (500, 0)


def test_the_users_page_leads_to_the_form_filled_in(desk, bob):
    form = f"{TOP_UP}?user={bob.pk}"
    assert f'href="{form}"' in desk.get(f"/admin/accounts/user/{bob.pk}/change/").content.decode()
    assert f'value="{bob.pk}"' in desk.get(form).content.decode()


def test_a_double_click_is_one_credit(desk, bob):
    form = {"user": bob.pk, "cents": 500, "reason": "Welcome", "reference": reference_on(desk.get(TOP_UP))}
    for _ in range(2):
        assert desk.post(TOP_UP, form).status_code == 302
    assert books_of(bob) == (500, 0)


def test_a_form_used_again_for_something_else_is_refused(desk, bob):
    form = {"user": bob.pk, "cents": 500, "reason": "Welcome", "reference": reference_on(desk.get(TOP_UP))}
    desk.post(TOP_UP, form)
    assert "used already" in desk.post(TOP_UP, {**form, "cents": 5000}).content.decode()
    assert books_of(bob) == (500, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cents": 0},
        {"cents": -5},
        {"cents": "1.5"},
        {"cents": "9" * 30},
        {"cents": "many"},
        {"reason": "  "},
        {"reason": "a\x00b"},
        {"user": "nobody@example.org"},
        {"user": "9" * 30},
        {"user": ""},
        {"reference": ""},
    ],
)
def test_what_cannot_be_meant_comes_back_with_a_word_about_it(desk, bob, wrong):
    form = {"user": bob.pk, "cents": 500, "reason": "Welcome", "reference": "once", **wrong}
    answer = desk.post(TOP_UP, form)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not CreditTransaction.objects.exists()


def test_only_who_may_top_up_can(client, alice):
    clerk = User.objects.create_user(email="clerk@example.org", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_creditaccount"))
    client.force_login(clerk)
    assert "Top up" not in client.get(f"/admin/credits/creditaccount/{alice.pk}/change/").content.decode()
    form = {"user": alice.pk, "cents": 500, "reason": "Mine", "reference": "clerk"}
    assert client.post(TOP_UP, form).status_code == 403
    assert books_of(alice) == (1000, 0)


def test_history_is_read_only_in_the_admin(desk, alice):
    entry = CreditTransaction.objects.get()
    page = f"/admin/credits/credittransaction/{entry.pk}/"
    assert desk.get(f"{page}change/").status_code == 200
    assert desk.post(f"{page}change/", {"amount_cents": 5}).status_code == 403
    assert desk.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert desk.get("/admin/credits/credittransaction/add/").status_code == 403


def test_history_is_found_by_completion_reference_email_and_user(desk, alice, sam, run):
    completion, other = run(buy(alice, 20)), run(buy(alice, 30))
    ledger.refund(reference=f"inference:{completion}", cents=5, reason="Slow", by=sam)
    for term, found in [
        (completion, 2),
        (f"inference:{completion}", 2),
        (f"refund:{completion}", 1),
        ("alice@example.org", 4),
        (str(alice.pk), 4),
        ("nothing", 0),
    ]:
        answer = desk.get("/admin/credits/credittransaction/", {"q": term})
        assert answer.context["cl"].result_count == found, term
    assert other in desk.get("/admin/credits/credittransaction/?type=inference").content.decode()


@pytest.mark.parametrize("page", ["creditaccount", "credittransaction", "hold", "auditrun"])
@pytest.mark.parametrize("term", ["", "a", "9" * 40, "\x00", "'; --"])
def test_no_search_breaks_a_page(desk, alice, page, term):
    assert desk.get(f"/admin/credits/{page}/", {"q": term}).status_code == 200


def test_staff_see_when_the_books_were_checked(desk, alice):
    assert "not checked yet" in desk.get("/admin/credits/creditaccount/").content.decode()
    audit.record(faults=len(list(audit.faults())))
    assert "The books balance" in desk.get("/admin/credits/creditaccount/").content.decode()
    audit.record(faults=2)
    assert "The books have 2 faults" in desk.get("/admin/credits/creditaccount/").content.decode()


def test_a_large_table_is_estimated_unless_it_is_narrowed(alice):
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE credits_credittransaction")
        cursor.execute("UPDATE pg_class SET reltuples = 10000000 WHERE relname = 'credits_credittransaction'")
    entries = CreditTransaction.objects.order_by("-id")
    assert LargeTablePaginator(entries, 100).count == 10_000_000
    assert LargeTablePaginator(entries.filter(type="top_up"), 100).count == 1
