import psycopg
import pytest

from credits import ledger
from credits.models import CreditTransaction, Hold
from tests.credits import ledger_driver
from tests.credits.ledger_driver import admit, at_once, books_of, buy, history_of, meanwhile, new_id, settle

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_charges_once_however_often_it_is_repeated(alice, run):
    completion = run(buy(alice, 20))
    assert run(settle(alice, completion, 20)) is None
    assert run(settle(alice, completion, 99)) is None
    assert books_of(alice) == (980, 0)


def test_twenty_at_once_charge_once(alice, run):
    completion = run(admit(alice)).completion_id
    answers = at_once(*[lambda: settle(alice, completion, 20)] * 20)
    assert sum(answer is not None for answer in answers) == 1
    assert books_of(alice) == (980, 0)


def test_admissions_and_settlements_at_once_lose_nothing(alice, bob):
    ledger.top_up(user=bob, cents=500, reference="bob-begins", reason="His first money", by=None)

    async def spend(user):
        for _ in range(5):
            await buy(user, 7, need=7, worst=9)

    at_once(*[lambda: spend(alice), lambda: spend(bob)] * 6)
    assert books_of(alice) == (1000 - 6 * 5 * 7, 0)
    assert books_of(bob) == (500 - 6 * 5 * 7, 0)


def test_the_charge_carries_what_was_frozen_at_settlement(alice, run):
    completion = run(buy(alice, 20))
    charge = CreditTransaction.objects.get(reference=f"inference:{completion}")
    assert (charge.type, charge.amount_cents, charge.balance_after_cents) == ("inference", -20, 980)
    assert (charge.details, charge.description, charge.made_by) == ({"model": "gpt-5-nano"}, "gpt-5-nano", None)


def test_a_hold_left_open_beside_a_settled_completion_is_released(alice, run):
    completion = run(buy(alice, 20))
    run(admit(alice, completion_id=completion))
    assert run(settle(alice, completion, 20)) is None
    assert books_of(alice) == (980, 0)


def test_a_charge_on_nothing_is_written_off_whole(alice, run):
    completion = run(admit(alice, need=10, worst=10)).completion_id
    rest = run(admit(alice, need=990, worst=990)).completion_id
    run(settle(alice, rest, 990))
    settled = run(settle(alice, completion, 500))
    assert (settled.balance_cents, settled.charged_cents, settled.written_off_cents) == (0, 500, 490)


def test_a_late_truth_corrects_a_lost_charge_upwards(alice, run):
    completion = lost(run, alice, 20)
    assert run(settle(alice, completion, 50)).charged_cents == 30
    assert run(settle(alice, completion, 50)) is None
    assert history_of(alice)[1:] == [(f"inference:{completion}", -20), (f"inference:{completion}.corrected", -30)]


def test_a_late_truth_corrects_a_lost_charge_downwards(alice, run):
    completion = lost(run, alice, 50)
    assert run(settle(alice, completion, 20)).charged_cents == -30
    assert books_of(alice) == (980, 0)


def test_a_late_truth_may_be_the_first_charge(alice, run, sam):
    completion = lost(run, alice, 0)
    run(settle(alice, completion, 20))
    assert history_of(alice)[1:] == [(f"inference:{completion}.corrected", -20)]
    ledger.refund(reference=f"inference:{completion}", cents=20, reason="Sorry", by=sam)
    assert books_of(alice) == (1000, 0)


def test_a_correction_gives_back_only_what_was_paid(alice, run):
    completion = lost(run, alice, 1500)  # 1000 are paid, 500 written off
    settled = run(settle(alice, completion, 300))
    assert (settled.balance_cents, settled.charged_cents, settled.written_off_cents) == (700, -1200, -500)


def test_a_correction_gives_back_nothing_that_was_refunded(alice, sam, run):
    completion = lost(run, alice, 100)
    ledger.refund(reference=f"inference:{completion}", cents=90, reason="Lost", by=sam)
    run(settle(alice, completion, 30))  # 10 were paid in the end, for 30
    assert books_of(alice) == (1000, 0)
    assert history_of(alice)[2:] == [
        (f"refund:{completion}", 90),
        (f"inference:{completion}.corrected", 70),
        (f"refund:{completion}.corrected", -60),
    ]


def test_a_correction_sees_the_refund_it_had_to_wait_for(alice, sam, run):
    completion = lost(run, alice, 50)

    def refund():
        ledger.refund(reference=f"inference:{completion}", cents=50, reason="Lost", by=sam)

    meanwhile(refund, lambda: at_once(lambda: settle(alice, completion, 20)))
    assert books_of(alice) == (1000, 0)
    assert ledger.refundable_cents(f"inference:{completion}") == 0


def test_a_reaper_settles_only_what_does_not_move(alice, run):
    completion = run(admit(alice, process="alive")).completion_id
    run(ledger.beat("alive", {completion: None}))
    assert run(settle(alice, completion, 5, how="lost", only_if_beat=0)) is None
    assert books_of(alice) == (1000, 10)
    assert run(settle(alice, completion, 5, how="lost", only_if_beat=1)).charged_cents == 5


def test_what_a_reaper_left_alone_is_settled_by_its_process(alice, run):
    completion = run(admit(alice)).completion_id
    run(settle(alice, completion, 5, how="lost", only_if_beat=7))
    assert run(settle(alice, completion, 8)).charged_cents == 8
    assert run(settle(alice, completion, 5, how="lost", only_if_beat=0)) is None
    assert books_of(alice) == (992, 0)


def test_it_undoes_everything_if_there_is_no_account(bob, run):
    completion = new_id()
    with pytest.raises(psycopg.DatabaseError, match="must not happen"):
        run(settle(bob, completion, 5))
    assert not CreditTransaction.objects.exists()


def test_a_negative_charge_is_refused_by_the_books(alice, run):
    completion = run(admit(alice)).completion_id
    with pytest.raises(psycopg.errors.CheckViolation):
        run(settle(alice, completion, -5))
    assert Hold.objects.count() == 1
    run(settle(alice, completion, 0))


def lost(run, user, charged: int) -> str:
    completion = run(admit(user)).completion_id
    run(settle(user, completion, charged, how="lost"))
    return completion


WRONG = {
    "returns no due_cents, corrects": "SELECT 1 AS completion_id, 2 AS user_id, 3 AS key_id",
    r"takes %\(row\)s": "SELECT %(row)s completion_id, 2 user_id, 3 key_id, 0 due_cents, false corrects",
    r"takes \$1": "SELECT $1 completion_id, 2 user_id, 3 key_id, 0 due_cents, false corrects",
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_receipt_is_refused_by_what_is_wrong(what):
    with pytest.raises(ledger.WrongReceipt, match=what):
        ledger.ReceiptStatement(WRONG[what])


@pytest.mark.parametrize("name", ["completion_id", "user_id", "details", "description", "row"])
def test_a_receipt_without_what_the_ledger_reads_is_refused_by_its_name(alice, run, name):
    params = {"completion_id": "chatcmpl-1", "user_id": alice.pk, "details": {}, "description": "", "row": {}}
    del params[name]
    with pytest.raises(ledger.WrongReceipt, match=name):
        run(ledger.settle(receipt=ledger_driver.RECEIPT, params=params))
