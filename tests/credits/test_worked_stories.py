import pytest

from credits import ledger
from tests.credits.ledger_driver import admit, books_of, buy, history_of, settle

pytestmark = pytest.mark.django_db(transaction=True)


def test_alice_buys_two_completions_and_gets_one_back(alice, sam, run):
    # A long answer is charged 143 cents, a short one 1 cent.
    long, short = run(buy(alice, 143)), run(buy(alice, 1))
    assert books_of(alice) == (856, 0)

    # The long one was useless, says alice, and sam agrees to half.
    ledger.refund(reference=f"inference:{long}", cents=71, reason="Half was noise", by=sam)
    assert books_of(alice) == (927, 0)
    assert history_of(alice) == [
        ("top_up:alice-begins", 1000),
        (f"inference:{long}", -143),
        (f"inference:{short}", -1),
        (f"refund:{long}", 71),
    ]


def test_ten_cents_admit_and_nine_do_not(bob, run):
    ledger.top_up(user=bob, cents=9, reference="nine", reason="Almost", by=None)
    with pytest.raises(ledger.AdmissionDenied) as refused:
        run(admit(bob))
    assert (refused.value.reason, refused.value.available_cents) == ("insufficient_credits", 9)

    ledger.top_up(user=bob, cents=1, reference="one", reason="There", by=None)
    assert run(admit(bob)).cents == 10


def test_a_charge_may_take_the_whole_balance(alice, run):
    settled = run(settle(alice, run(admit(alice)).completion_id, 1000))
    assert (settled.balance_cents, settled.written_off_cents) == (0, 0)
    assert books_of(alice) == (0, 0)


def test_a_hold_takes_nothing_and_is_given_back(alice, run):
    admission = run(admit(alice, worst=60))
    assert books_of(alice) == (1000, 60)
    assert admission.available_cents == 940
    run(settle(alice, admission.completion_id, 0))
    assert books_of(alice) == (1000, 0)
    assert len(history_of(alice)) == 1  # nothing charged, nothing booked


def test_an_overrun_leaves_other_holds_alone(alice, run):
    long, other = run(admit(alice, worst=100, need=100)), run(admit(alice, worst=700, need=700))
    settled = run(settle(alice, long.completion_id, 500))  # of 1000 cents, 700 are for the other

    assert (settled.balance_cents, settled.available_cents, settled.written_off_cents) == (700, 0, 200)
    assert history_of(alice)[1:] == [
        (f"write_off:{long.completion_id}", 200),
        (f"inference:{long.completion_id}", -500),
    ]
    run(settle(alice, other.completion_id, 700))
    assert books_of(alice) == (0, 0)


def test_somebody_without_an_account_has_nothing_to_spend(bob, run):
    with pytest.raises(ledger.AdmissionDenied) as refused:
        run(admit(bob))
    assert refused.value.reason == "insufficient_credits"
    assert run(ledger.balance(bob.pk)) == (0, 0)
