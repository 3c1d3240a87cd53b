import asyncio

import pytest
from django.utils import timezone

from accounts.models import ApiKey
from conway.common import database
from credits import ledger
from credits.ledger import batches
from credits.models import Hold
from tests.credits.ledger_driver import admit, at_once, books_of, buy, new_id

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("need", "worst", "cap", "held"),
    [
        (1, 5, None, 5),  # worst is less than everything else
        (1, 900, None, 250),  # a quarter of what is available
        (400, 900, None, 400),  # what is needed at least
        (1, 900, 30, 30),  # the caller's cap
        (1000, 5000, None, 1000),  # all there is
        (0, 0, None, 1),  # a free model still leaves a trace
        (0, 0, 0, 1),
    ],
)
def test_it_holds_by_the_rule(alice, run, need, worst, cap, held):
    assert run(admit(alice, need=need, worst=worst, cap_cents=cap)).cents == held
    assert books_of(alice) == (1000, held)


def test_it_holds_at_least_ten_cents_of_little_credit(bob, run):
    ledger.top_up(user=bob, cents=30, reference="thirty", reason="A little", by=None)
    assert run(admit(bob, worst=900)).cents == 10


def test_it_refuses_a_prompt_that_costs_more_than_is_available(alice, run):
    refused = refusal(run, admit(alice, need=1001, worst=2000))
    assert refused.reason == "insufficient_credits"
    assert (refused.available_cents, refused.held_cents, refused.needed_cents) == (1000, 0, 1001)
    assert not Hold.objects.exists()


def test_it_refuses_what_the_callers_cap_cannot_pay(alice, run):
    assert refusal(run, admit(alice, need=40, worst=50, cap_cents=39)).reason == "cost_cap"


def test_fifty_at_once_on_ten_cents_admit_one(bob):
    ledger.top_up(user=bob, cents=10, reference="ten", reason="Just enough", by=None)
    answers = at_once(*[lambda: admit(bob)] * 50)
    refused = [answer.reason for answer in answers if isinstance(answer, ledger.AdmissionDenied)]
    assert refused == ["insufficient_credits"] * 49
    assert books_of(bob) == (10, 10)


def test_twenty_holds_of_75_on_500_admit_six(bob):
    ledger.top_up(user=bob, cents=500, reference="five-hundred", reason="Enough for six", by=None)
    answers = at_once(*[lambda: admit(bob, need=75, worst=75)] * 20)
    assert sum(isinstance(answer, ledger.Admission) for answer in answers) == 6
    assert books_of(bob) == (500, 450)


def test_forty_in_one_process_take_turns(alice, run):
    async def forty():
        return await asyncio.gather(*[admit(alice, need=25, worst=25) for _ in range(40)])

    assert [admission.cents for admission in run(forty())] == [25] * 40
    assert books_of(alice) == (1000, 1000)
    assert not any(found.busy or found.tasks for found in batches._batches.values())


def test_a_crowd_on_one_account_keeps_nobody_else_waiting(alice, bob, run):
    ledger.top_up(user=bob, cents=10, reference="ten", reason="Just enough", by=None)

    async def crowd():
        async with (await database.pool()).connection() as connection, connection.transaction():
            await connection.execute("SELECT FROM credits_creditaccount WHERE user_id = %s FOR UPDATE", [alice.pk])
            waiting = [asyncio.create_task(admit(alice)) for _ in range(40)]
            await asyncio.sleep(0.2)
            admitted = await asyncio.wait_for(admit(bob), 2)
        await asyncio.gather(*waiting)
        return admitted

    assert run(crowd()).cents == 10


def test_it_knows_a_completion_under_way(alice, run):
    same = new_id()
    run(admit(alice, completion_id=same, idempotent=True))
    assert refusal(run, admit(alice, completion_id=same, idempotent=True)).reason == "duplicate"
    assert refusal(run, admit(alice, completion_id=same)).reason == "duplicate"
    assert books_of(alice) == (1000, 10)


def test_it_knows_a_completion_that_was_charged(alice, run):
    same = run(buy(alice, 5))
    assert refusal(run, admit(alice, completion_id=same, idempotent=True)).reason == "duplicate"


def test_twenty_at_once_of_the_same_completion_admit_one(alice):
    same = new_id()
    answers = at_once(*[lambda: admit(alice, completion_id=same, idempotent=True)] * 20)
    assert sum(isinstance(answer, ledger.Admission) for answer in answers) == 1
    assert books_of(alice) == (1000, 10)


def test_it_refuses_a_key_that_was_revoked_or_has_expired_meanwhile(alice, run):
    key, _ = ApiKey.issue(user=alice, name="revoked")
    key.revoke()
    expired, _ = ApiKey.issue(user=alice, name="expired", expires_at=timezone.now())
    assert [refusal(run, admit(alice, key=k)).reason for k in (key, expired)] == ["key_revoked"] * 2


def test_it_refuses_somebody_elses_key(alice, bob, run):
    key, _ = ApiKey.issue(user=bob, name="bob's")
    assert refusal(run, admit(alice, key=key)).reason == "key_revoked"


def test_it_refuses_an_inactive_user(alice, run):
    alice.is_active = False
    alice.save()
    assert refusal(run, admit(alice)).reason == "key_revoked"


@pytest.mark.parametrize("bad", [-1, 1.0, True, "1"])
@pytest.mark.parametrize("bound", ["need", "worst", "cap_cents"])
def test_it_refuses_bounds_that_are_no_whole_cents(alice, run, bound, bad):
    with pytest.raises(ledger.InvalidAmount):
        run(admit(alice, **{bound: bad}))
    assert not Hold.objects.exists()


def test_bounds_beyond_every_fortune_are_just_too_much(alice, run):
    assert refusal(run, admit(alice, need=10**40, worst=10**40)).reason == "insufficient_credits"
    assert run(admit(alice, worst=10**40, cap_cents=10**40)).cents == 250


def refusal(run, admission) -> ledger.AdmissionDenied:
    with pytest.raises(ledger.AdmissionDenied) as refused:
        run(admission)
    return refused.value
