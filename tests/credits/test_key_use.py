from datetime import timedelta

import pytest

from accounts.models import ApiKey
from credits import ledger
from credits.models import KeyUse
from tests.credits.ledger_driver import admit, at_once, books_of, buy, new_id, settle

pytestmark = pytest.mark.django_db(transaction=True)


def key_of(user, **limits):
    return ApiKey.issue(user=user, name="limited", **limits)[0]


def spent_and_held(key) -> tuple[int, int]:
    use = KeyUse.objects.get(key=key)
    return use.spent_cents, use.held_cents


def refusal(run, admission) -> ledger.AdmissionDenied:
    with pytest.raises(ledger.AdmissionDenied) as refused:
        run(admission)
    return refused.value


def test_a_hold_is_bounded_by_what_is_left_of_the_key(alice, run):
    key = key_of(alice, limit_cents=100)
    admission = run(admit(alice, key=key, worst=200))
    assert (admission.cents, admission.key_left_cents) == (100, 0)
    run(settle(alice, admission.completion_id, 30, key=key))
    assert spent_and_held(key) == (30, 0)
    assert run(admit(alice, key=key, worst=200)).cents == 70


def test_a_key_without_limit_leaves_no_trace(alice, run):
    run(buy(alice, 5, key=key_of(alice)))
    assert not KeyUse.objects.exists()


def test_it_refuses_when_the_key_cannot_pay_the_need(alice, run):
    key = key_of(alice, limit_cents=100)
    run(buy(alice, 80, key=key, worst=80, need=80))
    refused = refusal(run, admit(alice, key=key, need=21))
    assert (refused.reason, refused.key_left_cents, refused.available_cents) == ("key_limit_reached", 20, 920)


def test_a_charge_above_the_limit_stands(alice, run):
    key = key_of(alice, limit_cents=100)
    run(buy(alice, 130, key=key))
    assert spent_and_held(key) == (130, 0)
    assert refusal(run, admit(alice, key=key)).key_left_cents == 0
    assert books_of(alice) == (870, 0)


def test_a_spent_key_still_serves_what_is_free(alice, run):
    key = key_of(alice, limit_cents=10)
    run(buy(alice, 10, key=key))
    assert run(admit(alice, key=key, need=0, worst=0)).cents == 1


def test_thirty_at_once_keep_to_the_limit(alice):
    key = key_of(alice, limit_cents=100)
    answers = at_once(*[lambda: admit(alice, key=key, need=15, worst=15)] * 30)
    assert sum(isinstance(answer, ledger.Admission) for answer in answers) == 6
    assert spent_and_held(key) == (0, 90)


def test_thirty_at_once_keep_to_the_rate(alice):
    key = key_of(alice, requests_per_minute=7)
    answers = at_once(*[lambda: admit(alice, key=key)] * 30)
    assert sum(isinstance(answer, ledger.Admission) for answer in answers) == 7
    assert {a.reason for a in answers if isinstance(a, ledger.AdmissionDenied)} == {"rate_limited"}


def test_buying_at_once_counts_every_cent(alice):
    key = key_of(alice, limit_cents=900, limit_period="day")

    async def spend():
        for _ in range(4):
            await buy(alice, 9, key=key)

    at_once(*[spend] * 10)
    assert spent_and_held(key) == (360, 0)


@pytest.mark.parametrize(("period", "days"), [("day", 1), ("week", 7), ("month", 31)])
def test_a_new_window_begins_with_nothing_spent(alice, run, period, days):
    key = key_of(alice, limit_cents=100, limit_period=period)
    run(buy(alice, 90, key=key))
    began_earlier(key, timedelta(days=days))
    assert run(admit(alice, key=key, worst=200)).key_left_cents == 0  # held 100 of a fresh 100
    assert spent_and_held(key) == (0, 100)


def test_a_limit_in_total_never_begins_anew(alice, run):
    key = key_of(alice, limit_cents=100)
    run(buy(alice, 90, key=key))
    began_earlier(key, timedelta(days=4000))
    assert refusal(run, admit(alice, key=key, need=11)).key_left_cents == 10


def test_a_minute_has_its_own_count(alice, run):
    key = key_of(alice, requests_per_minute=1)
    run(admit(alice, key=key))
    assert refusal(run, admit(alice, key=key)).reason == "rate_limited"
    use = KeyUse.objects.get(key=key)
    KeyUse.objects.filter(key=key).update(minute=use.minute - timedelta(minutes=1))
    run(admit(alice, key=key))


def test_a_charge_counts_in_the_window_of_its_admission(alice, run):
    key = key_of(alice, limit_cents=100, limit_period="day")
    yesterday = run(admit(alice, key=key, worst=50)).completion_id
    began_earlier(key, timedelta(days=1), holds=True)
    run(buy(alice, 5, key=key))
    run(settle(alice, yesterday, 50, key=key))
    assert spent_and_held(key) == (5, 0)


def test_changing_the_period_back_and_forth_loses_no_hold(alice, run):
    key = key_of(alice, limit_cents=500, limit_period="day")
    early = run(admit(alice, key=key, worst=50)).completion_id
    began_earlier(key, timedelta(days=1), holds=True)
    for period in ("month", None, "day", "week", "month", "day"):
        ApiKey.objects.filter(pk=key.pk).update(limit_period=period)
        run(buy(alice, 1, key=key))
    run(settle(alice, early, 40, key=key))
    assert spent_and_held(key)[1] == 0


def test_a_correction_reaches_the_use_of_its_window(alice, run):
    key = key_of(alice, limit_cents=100, limit_period="day")
    admission = run(admit(alice, key=key))
    run(settle(alice, admission.completion_id, 60, how="lost", key=key))
    run(settle(alice, admission.completion_id, 20, key=key, key_window=admission.key_window.isoformat()))
    assert spent_and_held(key) == (20, 0)


def test_a_correction_of_an_earlier_window_leaves_this_one_alone(alice, run):
    key = key_of(alice, limit_cents=100, limit_period="day")
    admission = run(admit(alice, key=key))
    run(settle(alice, admission.completion_id, 60, how="lost", key=key))
    began_earlier(key, timedelta(days=1))
    run(buy(alice, 5, key=key))
    run(settle(alice, admission.completion_id, 20, key=key, key_window=admission.key_window))
    assert spent_and_held(key) == (5, 0)


def test_a_refused_request_uses_nothing(alice, run):
    key = key_of(alice, limit_cents=100, requests_per_minute=5)
    for _ in range(3):
        refusal(run, admit(alice, key=key, need=101, completion_id=new_id()))
    assert KeyUse.objects.get(key=key).minute_used == 0


def began_earlier(key, ago: timedelta, *, holds: bool = False) -> None:
    use = KeyUse.objects.get(key=key)
    KeyUse.objects.filter(key=key).update(window_start=use.window_start - ago)
    if holds:
        key.hold_set.update(key_window=use.window_start - ago)
