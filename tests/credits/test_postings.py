import pytest

from credits import ledger
from credits.models import CreditAccount
from tests.credits.ledger_driver import admit, books_of, buy, clicks, history_of, meanwhile

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_top_up_says_who_and_why(bob, sam):
    entry = ledger.top_up(user=bob, cents=500, reference="wire-7", reason="Bank transfer", by=sam, payment="INV-7")
    assert (entry.reference, entry.amount_cents, entry.balance_after_cents) == ("top_up:wire-7", 500, 500)
    assert (entry.made_by, entry.reason) == (sam, "Bank transfer")
    assert books_of(bob) == (500, 0)


def test_a_double_click_is_one_credit(bob, sam):
    form = {"user": bob, "cents": 500, "reference": "form-1", "reason": "Gift", "payment": "INV-7"}
    first, second = (ledger.top_up(**form, by=sam) for _ in range(2))
    assert first == second
    assert books_of(bob) == (500, 0)


def test_twenty_clicks_at_once_are_one_credit(bob):
    entries = clicks(*[lambda: ledger.top_up(user=bob, cents=500, reference="form-1", reason="Gift", by=None)] * 20)
    assert len({entry.pk for entry in entries}) == 1
    assert books_of(bob) == (500, 0)


def test_a_reference_cannot_mean_two_things(alice, bob):
    for user, cents in ((alice, 999), (bob, 1000)):
        with pytest.raises(ledger.ReferenceReused):
            ledger.top_up(user=user, cents=cents, reference="alice-begins", reason="Again", by=None)
    assert books_of(alice) == (1000, 0)
    assert not CreditAccount.objects.for_user(bob).exists()


def test_a_reference_used_on_two_accounts_at_once_counts_for_one(alice, bob):
    def credit(user):
        return lambda: ledger.top_up(user=user, cents=5, reference="contested", reason="Race", by=None)

    answer = meanwhile(credit(alice), lambda: clicks(credit(bob)))
    assert isinstance(answer, ledger.ReferenceReused)
    assert (books_of(alice), books_of(bob)) == ((1005, 0), (0, 0))


def test_an_adjustment_may_take_what_is_available_but_not_what_is_held(alice, sam, run):
    run(admit(alice, worst=100))
    with pytest.raises(ledger.BelowHeld):
        ledger.adjust(user=alice, cents=-901, reference="a", reason="Too much", by=sam)
    ledger.adjust(user=alice, cents=-900, reference="a", reason="All there is", by=sam)
    assert books_of(alice) == (100, 100)


def test_nothing_is_taken_from_somebody_without_an_account(bob, sam):
    with pytest.raises(ledger.BelowHeld):
        ledger.adjust(user=bob, cents=-1, reference="a", reason="Nothing there", by=sam)
    assert not CreditAccount.objects.for_user(bob).exists()


@pytest.mark.parametrize("cents", [0, -5, True, 5.0, "5", None, 10**12 + 1, 10**30])
def test_it_refuses_amounts_nobody_can_mean(alice, sam, cents):
    with pytest.raises(ledger.InvalidAmount):
        ledger.top_up(user=alice, cents=cents, reference="a", reason="Bad", by=sam)
    assert len(history_of(alice)) == 1


@pytest.mark.parametrize("text", ["", "   ", "a\x00b", "\ud800", "x" * 1001, None])
@pytest.mark.parametrize("field", ["reason", "reference"])
def test_it_refuses_reasons_and_references_that_are_no_text(alice, sam, field, text):
    with pytest.raises(ledger.InvalidText):
        ledger.top_up(**{"user": alice, "cents": 5, "reference": "a", "reason": "Good", "by": sam, field: text})
    assert len(history_of(alice)) == 1


def test_refunds_end_at_what_was_charged(alice, sam, run):
    charge = f"inference:{run(buy(alice, 100))}"
    ledger.refund(reference=charge, cents=60, reason="Slow", by=sam)
    with pytest.raises(ledger.NotRefundable) as refused:
        ledger.refund(reference=charge, cents=41, reason="Still slow", by=sam, attempt="2")
    assert refused.value.refundable_cents == 40
    ledger.refund(reference=charge, cents=40, reason="Still slow", by=sam, attempt="2")
    assert books_of(alice) == (1000, 0)


def test_what_was_written_off_is_not_refunded(alice, sam, run):
    charge = f"inference:{run(buy(alice, 1300))}"
    with pytest.raises(ledger.NotRefundable):
        ledger.refund(reference=charge, cents=1001, reason="Never paid", by=sam)
    ledger.refund(reference=charge, cents=1000, reason="Paid", by=sam)
    assert books_of(alice) == (1000, 0)


def test_a_repeated_refund_is_the_same_refund(alice, sam, run):
    charge = f"inference:{run(buy(alice, 100))}"
    first, second = (ledger.refund(reference=charge, cents=60, reason="Slow", by=sam) for _ in range(2))
    assert first == second
    assert (first.refers_to, first.details) == (charge, {"model": "gpt-5-nano"})
    with pytest.raises(ledger.ReferenceReused):
        ledger.refund(reference=charge, cents=10, reason="Slow", by=sam)


def test_refunds_at_once_never_exceed_the_charge(alice, run):
    charge = f"inference:{run(buy(alice, 100))}"

    def refund(attempt):
        return lambda: ledger.refund(reference=charge, cents=60, reason="Race", by=None, attempt=attempt)

    answer = meanwhile(refund("first"), lambda: clicks(refund("second")))
    assert isinstance(answer, ledger.NotRefundable)
    assert books_of(alice) == (960, 0)


@pytest.mark.parametrize("reference", ["inference:nothing", "top_up:alice-begins", "alice-begins", "", "refund:a"])
def test_only_a_charge_is_refunded(alice, sam, reference):
    with pytest.raises(ledger.UnknownCharge):
        ledger.refund(reference=reference, cents=5, reason="Why not", by=sam)


@pytest.mark.parametrize("attempt", ["corrected", "a b", "a.b", "x" * 101, "é"])
def test_an_attempt_is_a_word(alice, sam, run, attempt):
    charge = f"inference:{run(buy(alice, 100))}"
    with pytest.raises(ledger.InvalidText):
        ledger.refund(reference=charge, cents=5, reason="Slow", by=sam, attempt=attempt)
