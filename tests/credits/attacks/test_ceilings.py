"""What one person books alone has a ceiling: at once, in a day, and in however many windows."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from credits import ledger
from credits.models import CreditTransaction, MoveRequest, StaffCeiling
from tests.accounts.attacks.forms import opened, sent
from tests.credits.attacks.conftest import ADJUST, TOP_UP, confirmed, text_of
from tests.credits.ledger_driver import books_of, clicks, meanwhile
from tests.roles import as_owner

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ceilings")]


def top_up(user: Any, by: Any, cents: int, number: int = 0) -> Any:
    form = {"reference": f"form-{by.pk}-{number}", "payment": f"INV-{by.pk}-{number}", "reason": "Paid"}
    return lambda: ledger.top_up(user=user, cents=cents, by=by, **form)


def test_as_much_as_the_ceiling_is_booked_and_a_cent_more_is_not(bob, carol):
    top_up(bob, carol, 10_000, 1)()
    with pytest.raises(ledger.AboveCeiling, match=r"at most \$100.00 at once"):
        top_up(bob, carol, 10_001, 2)()
    assert books_of(bob) == (10_000, 0)


def test_a_days_bookings_are_added_up_whatever_they_are(alice, bob, carol):
    top_up(bob, carol, 10_000, 1)()
    ledger.adjust(user=bob, cents=-9_000, reference="a", reason="Too much", by=carol)
    with pytest.raises(ledger.AboveCeiling, match=r"\$190.00 today already"):
        top_up(alice, carol, 6_001, 2)()
    top_up(alice, carol, 6_000, 3)()


def test_yesterdays_bookings_are_yesterdays(bob, carol):
    for number in (1, 2):
        top_up(bob, carol, 10_000, number)()
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # past the rule that history does not change
        cursor.execute("UPDATE credits_credittransaction SET created_at = created_at - interval '1 day'")
        cursor.execute("SET session_replication_role = origin")
    top_up(bob, carol, 10_000, 3)()


def test_twenty_windows_of_one_cashier_do_not_pass_the_days_ceiling(alice, bob, carol):
    answers = clicks(*[top_up(user, carol, 3_000, n) for n, user in enumerate([alice, bob] * 10)])
    assert sum(isinstance(answer, CreditTransaction) for answer in answers) == 8
    assert sum(isinstance(answer, ledger.AboveCeiling) for answer in answers) == 12
    booked = CreditTransaction.objects.filter(made_by=carol).aggregate(cents=Sum("amount_cents"))
    assert booked["cents"] == 24_000


def test_a_second_window_waits_for_what_the_first_comes_to(alice, bob, carol):
    for number in (1, 2):
        top_up(bob, carol, 10_000, number)()
    answer = meanwhile(top_up(alice, carol, 4_000, 3), lambda: clicks(top_up(bob, carol, 4_000, 4)))
    assert isinstance(answer, ledger.AboveCeiling)


def test_two_cashiers_have_a_ceiling_each(bob, carol, dave):
    answers = clicks(*[top_up(bob, by, 10_000, n) for n in range(4) for by in (carol, dave)])
    assert sum(isinstance(answer, CreditTransaction) for answer in answers) == 4
    for by in (carol, dave):
        assert CreditTransaction.objects.filter(made_by=by).count() == 2
    assert books_of(bob) == (40_000, 0)


def test_what_a_command_books_has_no_ceiling(bob):
    assert ledger.top_up(user=bob, cents=10**9, reference="shell", reason="Moved here", by=None)


def test_a_superuser_raises_the_ceiling_of_a_person(bob, carol, sam, at_admin):
    form = {"user": carol.pk, "booking_cents": "200.00", "day_cents": "1000"}
    assert at_admin(sam).post("/admin/credits/staffceiling/add/", form).status_code == 302
    assert (StaffCeiling.objects.get().booking_cents, StaffCeiling.objects.get().day_cents) == (20_000, 100_000)
    assert top_up(bob, carol, 20_000)()


def test_nobody_sets_their_own_ceiling(sam, at_admin):
    form, client = {"user": sam.pk, "booking_cents": "200.00", "day_cents": "1000"}, at_admin(sam)
    assert client.post("/admin/credits/staffceiling/add/", form).status_code == 200
    StaffCeiling.objects.create(user=sam, booking_cents=5, day_cents=5)
    page = f"/admin/credits/staffceiling/{sam.pk}/"
    assert [client.post(page + end, form).status_code for end in ("change/", "delete/")] == [403, 403]
    assert StaffCeiling.objects.get().booking_cents == 5


def test_a_ceiling_is_not_saved_over_a_colleagues(carol, sam, at_admin):
    StaffCeiling.objects.create(user=carol, booking_cents=5, day_cents=5)
    page, client = f"/admin/credits/staffceiling/{carol.pk}/change/", at_admin(sam)
    form = opened(client, page)
    assert form["booking_cents"] == "0.05"
    StaffCeiling.objects.update(day_cents=0)
    assert "Nothing was saved" in text_of(sent(client, page, {**form, "booking_cents": "1.00", "day_cents": "9"}))


@pytest.mark.parametrize(("path", "amount"), [(TOP_UP, "100.01"), (ADJUST, "100.01"), (ADJUST, "-100.01")])
def test_the_admin_asks_a_second_person_instead(admin, alice, path, amount):
    if amount.startswith("-"):
        ledger.top_up(user=alice, cents=20_000, reference="more", reason="More", by=None)
    before = books_of(alice)
    page = confirmed(admin, path, user=alice.pk, amount=amount)
    assert "Nothing is booked yet" in text_of(page)
    assert books_of(alice) == before
    assert MoveRequest.objects.get().requested_by.email == "carol@example.org"


# One's own account


@pytest.mark.parametrize("path", [TOP_UP, ADJUST])
def test_nobody_books_on_their_own_account(admin, carol, path):
    assert "your own account" in text_of(admin.post(path, {
        "user": carol.pk, "amount": "5", "reason": "Me", "payment": "INV-1", "reference": "first",
    }))  # fmt: skip
    assert "Nobody books on their own account" in text_of(confirmed(admin, path, user=carol.email, amount="5"))
    assert not CreditTransaction.objects.exists()


def test_the_database_refuses_what_somebody_books_on_their_own_account(carol):
    ledger.top_up(user=carol, cents=5, reference="begins", reason="By command", by=None)
    with pytest.raises(IntegrityError, match="nobody_books_on_their_own_account"), transaction.atomic():
        CreditTransaction.objects.create(
            account_id=carol.pk, type="adjustment", amount_cents=5, balance_after_cents=10, reference="adjustment:x",
            made_by=carol,
        )  # fmt: skip


def test_nobody_asks_a_second_person_for_their_own_account(carol):
    with pytest.raises(ledger.OwnAccount):
        top_up(carol, carol, 10_001)()
    with pytest.raises(IntegrityError, match="nobody_asks_for_their_own_account"), transaction.atomic():
        MoveRequest.objects.create(
            user=carol, type="top_up", amount_cents=5, reference="top_up:x", reason="Me", requested_by=carol,
            expires_at="2100-01-01T00:00Z",
        )  # fmt: skip
