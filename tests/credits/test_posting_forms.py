"""Staff move money: a form, before and after, booked once."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from accounts.models import User
from conway.common.dollars import typed
from credits import audit, ledger
from credits.admin.accounts import with_activity
from credits.models import CreditAccount, CreditTransaction
from credits.spend import spend
from tests.accounts.attacks.forms import opened, sent
from tests.credits.ledger_driver import admit, books_of, buy, history_of
from tests.roles import as_owner

pytestmark = pytest.mark.django_db(transaction=True)

ACCOUNTS = "/admin/credits/creditaccount"
TOP_UP, ADJUST, REFUND = f"{ACCOUNTS}/top-up/", f"{ACCOUNTS}/adjust/", f"{ACCOUNTS}/refund/"


@pytest.fixture
def admin(client, sam):
    client.force_login(sam, backend="accounts.backends.PasswordBackend")
    return client


@pytest.fixture
def clerk(client, db):
    """Staff who may look at accounts, and do nothing."""
    clerk = User.objects.create_user(email="clerk@example.org", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_creditaccount"))
    client.force_login(clerk, backend="accounts.backends.PasswordBackend")
    return clerk


def fields_of(page) -> dict[str, str]:
    """What a browser would send back with a click."""
    inputs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode())
    return {name: value for name, value in inputs if name != "csrfmiddlewaretoken"}


def filled(admin, path, **fields):
    """The form with its reference, filled in; the second page of it."""
    return admin.post(path, {**fields_of(admin.get(path)), "reason": "Wire 7", "payment": "INV-7", **fields})


def confirmed(admin, path, **fields):
    return admin.post(path, {**fields_of(filled(admin, path, **fields)), "confirmed": "yes"}, follow=True)


def table_of(page) -> dict[str, list[str]]:
    rows = re.findall(r"<tr><th>(.+?)</th><td.*?>(.+?)</td><td.*?>(.+?)</td></tr>", page.content.decode())
    return {name: numbers for name, *numbers in rows}


def test_a_top_up_is_seen_before_it_is_booked(admin, alice):
    page = filled(admin, TOP_UP, user=alice.pk, amount="5.00")
    assert table_of(page)["Balance"] == ["$10.00", "$15.00"]
    assert books_of(alice) == (1000, 0)


def test_before_and_after_tell_what_is_held(admin, alice, run):
    run(admit(alice, worst=200))
    page = filled(admin, ADJUST, user=alice.pk, amount="-3.00")
    assert table_of(page) == {
        "Balance": ["$10.00", "$7.00"],
        "Held for requests under way": ["$2.00", "$2.00"],
        "Available": ["$8.00", "$5.00"],
    }


def test_a_top_up_is_recorded_with_who_and_why(admin, alice, sam):
    answer = confirmed(admin, TOP_UP, user=alice.email, amount="5.00")
    assert "Topped up: +$5.00 for alice@example.org. The balance after it is $15.00." in answer.content.decode()
    entry = CreditTransaction.objects.latest("id")
    assert (entry.type, entry.amount_cents, entry.made_by, entry.reason) == ("top_up", 500, sam, "Wire 7")


def test_who_has_no_account_yet_is_topped_up_too(admin, bob):
    confirmed(admin, TOP_UP, user="BOB@example.org", amount="5.00")
    assert books_of(bob) == (500, 0)


@pytest.mark.parametrize("cents", [-250, 250])
def test_an_adjustment_goes_both_ways(admin, alice, sam, cents):
    confirmed(admin, ADJUST, user=alice.pk, amount=typed(cents))
    entry = CreditTransaction.objects.latest("id")
    assert (entry.type, entry.amount_cents, entry.made_by) == ("adjustment", cents, sam)
    assert books_of(alice) == (1000 + cents, 0)


def test_a_part_of_a_charge_is_refunded_and_then_the_rest(admin, alice, sam, run):
    completion = run(buy(alice, 300))
    for cents, paid in ((100, ["$3.00", "$2.00"]), (200, ["$2.00", "$0.00"])):
        assert (
            table_of(filled(admin, REFUND, charge=completion, amount=typed(cents)))["Paid for this completion"] == paid
        )
        confirmed(admin, REFUND, charge=completion, amount=typed(cents))
    assert books_of(alice) == (1000, 0)
    entry = CreditTransaction.objects.latest("id")
    assert (entry.type, entry.refers_to, entry.made_by) == ("refund", f"inference:{completion}", sam)


def test_more_than_was_paid_is_not_refunded(admin, alice, run):
    completion = run(buy(alice, 300))
    page = filled(admin, REFUND, charge=completion, amount="3.01")
    assert "only $3.00 is there" in page.content.decode()
    forced = {
        "charge": completion,
        "amount": "3.01",
        "reason": "More",
        "payment": "INV-7",
        "reference": "forced",
        "confirmed": "yes",
    }
    assert "At most $3.00" in admin.post(REFUND, forced).content.decode()
    assert books_of(alice) == (700, 0)


def test_what_is_held_is_not_taken_away(admin, alice, run):
    run(admit(alice, worst=200))
    assert "only $8.00 is there" in filled(admin, ADJUST, user=alice.pk, amount="-8.01").content.decode()
    forced = {
        "user": alice.pk,
        "amount": "-8.01",
        "reason": "More",
        "payment": "INV-7",
        "reference": "forced",
        "confirmed": "yes",
    }
    assert "Only $8.00 is available" in admin.post(ADJUST, forced).content.decode()
    assert books_of(alice) == (1000, 200)


@pytest.mark.parametrize("path", [TOP_UP, ADJUST, REFUND])
def test_a_double_click_is_booked_once(admin, alice, run, path):
    completion = run(buy(alice, 300))
    sent = fields_of(filled(admin, path, user=alice.pk, charge=completion, amount="3.00"))
    answers = [admin.post(path, {**sent, "confirmed": "yes"}).status_code for _ in range(2)]
    assert answers == [302, 302]
    assert books_of(alice) == (1000, 0)


def test_a_form_used_again_for_something_else_is_refused(admin, bob):
    sent = fields_of(filled(admin, TOP_UP, user=bob.pk, amount="5.00")) | {"confirmed": "yes"}
    admin.post(TOP_UP, sent)
    assert "submitted already" in admin.post(TOP_UP, {**sent, "amount": "50.00"}).content.decode()
    assert books_of(bob) == (500, 0)


AMBIGUOUS = [
    "50,00", "1,000", "1.000,00", "1'000", "1 000", "1.005", "5.", ".5", "1e3", "0x10", "+5", "--5", "9" * 30, "many",
    "NaN", "Infinity", "٥", "€5", "5 USD", "10000000000.01",
]  # fmt: skip

WRONG = [
    (TOP_UP, {"amount": "0.00"}),
    (TOP_UP, {"amount": "-0.05"}),
    *((TOP_UP, {"amount": text}) for text in AMBIGUOUS),
    (TOP_UP, {"payment": ""}),
    (TOP_UP, {"payment": "a\x00b"}),
    (TOP_UP, {"payment": "x" * 101}),
    (TOP_UP, {"note": "a\x00b"}),
    (TOP_UP, {"reason": "  "}),
    (TOP_UP, {"reason": "a\x00b"}),
    (TOP_UP, {"user": "nobody@example.org"}),
    (TOP_UP, {"user": "9" * 30}),
    (TOP_UP, {"user": ""}),
    (TOP_UP, {"reference": ""}),
    (ADJUST, {"amount": "0.00"}),
    (ADJUST, {"reason": ""}),
    (REFUND, {"charge": "chatcmpl-unknown"}),
    (REFUND, {"charge": "a\x00b"}),
    (REFUND, {"amount": "-0.01"}),
    (REFUND, {"reference": "not a word"}),
]


@pytest.mark.parametrize(("path", "wrong"), WRONG)
def test_what_cannot_be_meant_comes_back_with_a_word_about_it(admin, alice, run, path, wrong):
    completion = run(buy(alice, 300))
    sent = {
        "user": alice.pk,
        "charge": completion,
        "amount": "0.05",
        "reason": "Wire 7",
        "payment": "INV-7",
        "reference": "once",
        **wrong,
    }
    answer = admin.post(path, {**sent, "confirmed": "yes"})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert books_of(alice) == (700, 0)


@pytest.mark.parametrize(("path", "permission"), [(TOP_UP, "top_up"), (ADJUST, "adjust"), (REFUND, "refund")])
def test_each_move_has_a_permission_of_its_own(client, clerk, alice, run, path, permission):
    sent = {
        "user": alice.pk,
        "charge": run(buy(alice, 300)),
        "amount": "0.05",
        "reason": "Mine",
        "payment": "INV-7",
        "reference": "clerk",
    }
    others = Permission.objects.filter(codename__in={"top_up", "adjust", "refund"} - {permission})
    clerk.user_permissions.add(*others)
    assert client.get(path).status_code == 403
    assert client.post(path, {**sent, "confirmed": "yes"}).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename=permission))
    assert client.post(path, {**sent, "confirmed": "yes"}).status_code == 302
    assert books_of(alice) == (705, 0)


def test_an_account_shows_only_the_moves_one_may_make(client, clerk, alice):
    page = client.get(f"{ACCOUNTS}/{alice.pk}/change/").content.decode()
    assert TOP_UP not in page and ADJUST not in page
    clerk.user_permissions.add(Permission.objects.get(codename="adjust"))
    page = client.get(f"{ACCOUNTS}/{alice.pk}/change/").content.decode()
    assert TOP_UP not in page and f"{ADJUST}?user={alice.pk}" in page


def test_an_account_shows_what_is_asked_about_it(admin, alice, run):
    completion = run(buy(alice, 300))
    confirmed(admin, REFUND, charge=completion, amount="1.00")
    run(admit(alice, worst=200))
    page = admin.get(f"{ACCOUNTS}/{alice.pk}/change/").content.decode()
    facts = dict(re.findall(r'field-(\w+)">.*?<div class="readonly">(.*?)</div>', page, re.S))
    told = {name: facts[name] for name in ("balance", "held", "available", "spent")}
    assert told == {"balance": "$8.00", "held": "$2.00", "available": "$6.00", "spent": "$2.00"}
    assert all(reference in page for reference, _ in history_of(alice))


def test_what_was_spent_in_a_month_is_what_is_missing(alice, sam, run):
    for cents in (300, 20):
        completion = run(buy(alice, cents))
    ledger.refund(reference=f"inference:{completion}", cents=5, reason="Slow", by=sam)
    ledger.adjust(user=alice, cents=-100, reference="a", reason="A gift taken back", by=sam)
    ledger.top_up(user=alice, cents=50, reference="b", reason="More", by=sam, payment="INV-8")
    assert with_activity(CreditAccount.objects.all()).get().spent_cents == 315 == spend(alice.pk).over(30)


def test_what_was_spent_before_that_month_does_not_count(alice, run):
    run(buy(alice, 300))
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # past the rule that history does not change
        cursor.execute("UPDATE credits_credittransaction SET created_at = created_at - interval '31 days'")
        cursor.execute("SET session_replication_role = origin")
    run(buy(alice, 20))
    assert with_activity(CreditAccount.objects.all()).get().spent_cents == 20


def test_the_users_page_leads_to_the_form_filled_in(admin, bob):
    form = f"{TOP_UP}?user={bob.pk}"
    assert f'href="{form}"' in admin.get(f"/admin/accounts/user/{bob.pk}/change/").content.decode()
    assert f'value="{bob.pk}"' in admin.get(form).content.decode()


def test_staff_see_when_the_books_were_checked(admin, alice):
    assert "have not been audited yet" in admin.get(f"{ACCOUNTS}/").content.decode()
    audit.record(faults=len(list(audit.faults())))
    assert "The books balance" in admin.get(f"{ACCOUNTS}/").content.decode()
    audit.record(faults=2)
    assert "The books have 2 faults" in admin.get(f"{ACCOUNTS}/").content.decode()


def test_staff_say_how_to_get_credits(admin):
    assert admin.post("/admin/credits/fundingnote/add/", {"text": "Ask Sam."}).status_code == 302
    assert admin.get("/admin/credits/fundingnote/add/").status_code == 403
    page = "/admin/credits/fundingnote/1/change/"
    assert sent(admin, page, {**opened(admin, page), "text": "Ask Alice."}).status_code == 302
