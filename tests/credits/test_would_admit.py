"""What the ledger says it would do is what it does."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ApiKey, User
from conway.common import database
from credits import ledger
from credits.models import Hold, KeyUse
from tests.credits.ledger_driver import admit, books_of, buy, history_of

pytestmark = pytest.mark.django_db(transaction=True)

CENTS = st.integers(0, 250)
LIMITS = st.fixed_dictionaries(
    {},
    optional={"limit_cents": st.integers(1, 250), "requests_per_minute": st.integers(1, 2)},
)


async def asked(user: User, key: ApiKey | None, *, need: int, worst: int, cap: int | None) -> Any:
    try:
        return await ledger.would_admit(
            user_id=user.pk, key_id=key and key.pk, need_cents=need, worst_cents=worst, cap_cents=cap
        )
    except ledger.AdmissionDenied as refused:
        return refused


async def done(user: User, key: ApiKey | None, *, need: int, worst: int, cap: int | None) -> Any:
    try:
        return await admit(user, key=key, need=need, worst=worst, cap_cents=cap)
    except ledger.AdmissionDenied as refused:
        return refused


def facts_of(answer: Any) -> tuple[Any, ...]:
    if isinstance(answer, ledger.AdmissionDenied):
        return answer.reason, answer.available_cents, answer.held_cents, answer.needed_cents, answer.key_left_cents
    before = answer.available_cents + (answer.cents if isinstance(answer, ledger.Admission) else 0)
    return answer.cents, before


@given(
    balance=st.integers(0, 250),
    limits=st.none() | LIMITS,
    spent=st.integers(0, 60),
    requests=st.lists(st.tuples(CENTS, CENTS, st.none() | CENTS), min_size=1, max_size=4),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_it_answers_what_admission_does(bob: User, balance: int, limits: Any, spent: int, requests: Any) -> None:
    user = User.objects.create_user()
    if balance:
        ledger.top_up(user=user, cents=balance, reference=f"for-{user.pk}", reason="Any", by=None)
    key = None if limits is None else ApiKey.issue(user=user, name="any", **limits)[0]

    async def story() -> None:
        if spent and balance >= spent + 10:
            try:
                await buy(user, spent, key=key)
            except ledger.AdmissionDenied:
                pass
        for need, more, cap in requests:
            told = await asked(user, key, need=need, worst=need + more, cap=cap)
            was = await done(user, key, need=need, worst=need + more, cap=cap)
            assert facts_of(told) == facts_of(was)
        await database.close()

    asyncio.run(story())


def test_asking_leaves_no_trace(alice: User, run) -> None:
    key, _ = ApiKey.issue(user=alice, name="limited", limit_cents=100, requests_per_minute=1)
    before = history_of(alice)
    for _ in range(3):
        assert run(asked(alice, key, need=5, worst=500, cap=None)).cents == 100
    assert run(asked(alice, key, need=101, worst=101, cap=None)).reason == "key_limit_reached"
    assert (books_of(alice), history_of(alice)) == ((1000, 0), before)
    assert not KeyUse.objects.exists() and not Hold.objects.exists()


def test_a_revoked_key_is_refused(alice: User, run) -> None:
    key, _ = ApiKey.issue(user=alice, name="lost")
    key.revoke()
    assert run(asked(alice, key, need=1, worst=1, cap=None)).reason == "key_revoked"
