"""Above the ceiling two people book: one asks, another one with the same right approves, once and in time."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, connection, transaction
from django.utils.timezone import now

from accounts.models import User
from credits import audit, ledger
from credits.models import CreditTransaction, MoveRequest
from tests.credits.attacks.conftest import REFUND, confirmed, filled, text_of
from tests.credits.ledger_driver import books_of, buy, clicks
from tests.roles import as_owner

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ceilings")]

REQUESTS = "/admin/credits/moverequest/"


@pytest.fixture
def asked(admin, bob) -> MoveRequest:
    """Carol wants to give bob $500."""
    confirmed(admin, user=bob.pk, amount="500.00", note="He called")
    return MoveRequest.objects.get()


def decide(client, asked, decision="approve", **more):
    return client.post(f"{REQUESTS}{asked.pk}/decide/", {"decision": decision, **more}, follow=True)


def test_a_second_person_sees_it_and_books_it(daves, asked, bob, carol, dave):
    page = text_of(daves.get(f"{REQUESTS}{asked.pk}/change/"))
    assert "carol@example.org asks for <strong>+$500.00</strong>" in page and "Approve and book +$500.00" in page
    assert "Booked: +$500.00 for bob@example.org." in text_of(decide(daves, asked))
    assert books_of(bob) == (50_000, 0)


def test_both_stand_in_the_ledgers_row(daves, asked, carol, dave):
    decide(daves, asked)
    entry, asked = CreditTransaction.objects.get(), MoveRequest.objects.get()
    assert (entry.made_by, entry.approved_by) == (carol, dave)
    assert (entry.requested_at, entry.payment_reference, entry.internal_note) == (
        asked.requested_at,
        "INV-7",
        "He called",
    )
    assert (entry.made_from, entry.approved_from) == ("127.0.0.1", "127.0.0.1")
    assert (asked.decision, asked.decided_by, asked.entry) == ("approved", dave, entry)


def test_who_asked_does_not_approve(admin, asked, bob, carol):
    assert "Approve and book" not in text_of(admin.get(f"{REQUESTS}{asked.pk}/change/"))
    assert "Somebody else approves it" in text_of(decide(admin, asked))
    with pytest.raises(ledger.NotYours):
        ledger.approve(asked.pk, by=carol)
    assert books_of(bob) == (0, 0)


def test_whose_account_it_is_does_not_approve(asked, bob, at_admin):
    bob.is_staff = True
    bob.save()
    bob.groups.set(Group.objects.filter(name="cashier"))
    assert decide(at_admin(bob), asked).status_code == 403
    with pytest.raises(ledger.NotYours):
        ledger.approve(asked.pk, by=bob)


@pytest.mark.parametrize("role", ["support", "auditor", "plain"])
def test_who_may_not_top_up_does_not_approve(asked, staff, at_admin, role, bob):
    user = staff(role)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_moverequest", "refund", "adjust"]))
    assert decide(at_admin(user), asked).status_code == 403
    assert books_of(bob) == (0, 0)


def test_what_somebody_asked_who_was_shut_out_since_is_not_booked(daves, asked, bob, carol):
    User.objects.filter(pk=carol.pk).update(is_active=False)
    assert "not active any more" in text_of(decide(daves, asked))
    assert books_of(bob) == (0, 0)


def test_what_somebody_asked_who_may_not_book_any_more_is_not_booked(daves, asked, bob, carol):
    """Taken out of the cashiers, and still staff."""
    carol.groups.clear()
    assert "carol@example.org may not book this any more" in text_of(decide(daves, asked))
    assert books_of(bob) == (0, 0)


def test_the_right_of_who_asked_is_looked_at_while_nobody_else_decides(asked, bob, dave):
    free = []

    def look():
        with transaction.atomic():
            free.extend(MoveRequest.objects.select_for_update(skip_locked=True).filter(pk=asked.pk))

    def may_book(person, request):
        clicks(look)
        return False

    with pytest.raises(ledger.NotOpen, match="may not book this any more"):
        ledger.approve(asked.pk, by=dave, may_book=may_book)
    assert free == [] and books_of(bob) == (0, 0)


def test_a_double_click_of_the_second_person_books_once(daves, asked, bob):
    for _ in range(2):
        decide(daves, asked)
    assert books_of(bob) == (50_000, 0)


def test_ten_who_approve_at_once_book_once(asked, bob, dave):
    answers = clicks(*[lambda: ledger.approve(asked.pk, by=dave)] * 10)
    assert sum(isinstance(answer, CreditTransaction) for answer in answers) == 1
    assert sum(isinstance(answer, ledger.NotOpen) for answer in answers) == 9
    assert books_of(bob) == (50_000, 0)


def test_of_approve_and_withdraw_at_once_one_holds(asked, bob, carol, dave):
    clicks(lambda: ledger.approve(asked.pk, by=dave), lambda: ledger.refuse(asked.pk, by=carol))
    decision = MoveRequest.objects.get().decision
    assert books_of(bob) == ((50_000, 0) if decision == "approved" else (0, 0))


def test_a_double_click_of_who_asks_is_one_request(admin, bob):
    form = {**filled(admin, user=bob.pk, amount="500.00"), "confirmed": "yes"}
    pages = [admin.post("/admin/credits/creditaccount/top-up/", form) for _ in range(2)]
    assert pages[0].headers["location"] == pages[1].headers["location"]
    assert MoveRequest.objects.count() == 1


def test_a_form_that_asked_asks_for_nothing_else(admin, asked, bob):
    form = {"user": bob.pk, "amount": "900.00", "reason": "More", "payment": "INV-7", "confirmed": "yes"}
    reference = asked.reference.removeprefix("top_up:")
    answer = admin.post("/admin/credits/creditaccount/top-up/", {**form, "reference": reference})
    assert "asked for already" in text_of(answer)
    assert MoveRequest.objects.get().amount_cents == 50_000


def test_an_expired_request_books_nothing(daves, asked, bob, dave):
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE credits_moverequest DISABLE TRIGGER USER")
        cursor.execute("UPDATE credits_moverequest SET expires_at = now() - interval '1 second'")
        cursor.execute("ALTER TABLE credits_moverequest ENABLE TRIGGER USER")
    assert "Approve and book" not in text_of(daves.get(f"{REQUESTS}{asked.pk}/change/"))
    assert "has expired" in text_of(decide(daves, asked))
    assert books_of(bob) == (0, 0)


def test_what_was_refused_or_withdrawn_is_not_booked(admin, daves, asked, bob):
    decide(daves, asked, "refuse")
    assert "decided: refused" in text_of(decide(daves, asked))
    confirmed(admin, user=bob.pk, amount="600.00", payment="INV-8")
    other = MoveRequest.objects.latest("pk")
    decide(admin, other, "refuse")
    assert "decided: withdrawn" in text_of(decide(daves, other))
    assert books_of(bob) == (0, 0)


def test_a_payment_does_not_wait_twice(admin, asked, alice):
    assert "waits for a second person already" in text_of(
        confirmed(admin, user=alice.pk, amount="500.00", payment="inv-7")
    )


def test_a_payment_that_was_booked_meanwhile_is_not_booked_again(daves, asked, alice, bob, dave):
    ledger.top_up(user=alice, cents=5, reference="other", reason="Same invoice", payment="inv-7", by=dave)
    assert "was booked on" in text_of(decide(daves, asked))
    assert (books_of(bob), MoveRequest.objects.get().decision) == ((0, 0), None)


def test_a_refund_above_the_ceiling_waits_too_and_never_exceeds_the_charge(admin, daves, alice, run):
    ledger.top_up(user=alice, cents=30_000, reference="more", reason="More", by=None)
    completion = run(buy(alice, 20_000, worst=20_000))
    confirmed(admin, REFUND, charge=completion, amount="150.00")
    asked = MoveRequest.objects.get()
    ledger.refund(reference=f"inference:{completion}", cents=10_000, reason="By command", by=None, attempt="2")
    assert "At most $100.00" in text_of(decide(daves, asked))
    ledger.adjust(user=alice, cents=-5, reference="x", reason="Nothing to do with it", by=None)
    assert books_of(alice)[0] == 1000 + 30_000 - 20_000 + 10_000 - 5


def test_an_approved_refund_is_one_of_its_charge(admin, daves, alice, run):
    ledger.top_up(user=alice, cents=30_000, reference="more", reason="More", by=None)
    completion = run(buy(alice, 20_000, worst=20_000))
    confirmed(admin, REFUND, charge=completion, amount="150.00")
    decide(daves, MoveRequest.objects.get())
    entry = CreditTransaction.objects.latest("pk")
    assert (entry.refers_to, entry.details) == (f"inference:{completion}", {"model": "gpt-5-nano"})
    assert list(audit.faults()) == []


def test_what_two_booked_does_not_count_for_the_day_of_one(admin, daves, asked, bob, alice, carol):
    decide(daves, asked)
    for number in (1, 2):
        ledger.top_up(user=alice, cents=10_000, reference=f"f{number}", reason="x", payment=f"P{number}", by=carol)


# The database's word


def test_an_approved_row_that_nobody_asked_for_is_refused(bob, carol, dave):
    ledger.top_up(user=bob, cents=5, reference="begins", reason="By command", by=None)
    row = {
        "account_id": bob.pk, "type": "top_up", "amount_cents": 50_000, "balance_after_cents": 50_005,
        "reference": "top_up:x", "payment_reference": "P", "made_by": carol, "requested_at": now(),
    }  # fmt: skip
    for approver, rule in ((dave, "nobody asked for this"), (carol, "nobody asked for this")):
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            CreditTransaction.objects.create(**row, approved_by=approver)


@pytest.mark.parametrize(
    "change",
    ["amount_cents = 5", "user_id = 0", "payment_reference = 'other'", "expires_at = now()",
     "requested_by_id = user_id", "reason = 'other'", "reference = 'top_up:other'"],
)  # fmt: skip
def test_what_was_asked_for_is_never_changed(asked, change):
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE credits_moverequest SET {change}")


def test_a_decision_is_final(asked, carol):
    ledger.refuse(asked.pk, by=carol)
    with pytest.raises(IntegrityError, match="decided once"), transaction.atomic():
        MoveRequest.objects.update(decision=None, decided_by=None, decided_at=None)
    with pytest.raises(IntegrityError, match="decided once"), as_owner(), transaction.atomic():
        asked.delete()


def test_the_first_person_is_no_second_one_for_the_database(asked, carol):
    with pytest.raises(IntegrityError, match="decided_by_another"), transaction.atomic():
        ledger.top_up(user=User.objects.get(email="bob@example.org"), cents=5, reference="e", reason="e", by=None)
        entry = CreditTransaction.objects.get()
        MoveRequest.objects.update(decision="approved", decided_by=carol, decided_at=now() + timedelta(0), entry=entry)
