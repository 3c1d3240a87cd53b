"""Whatever goes together in a batch leaves the books as one after the other would."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import ApiKey, User
from conway.common import database
from credits import audit, ledger
from credits.ledger.hold_rule import ADMIT
from credits.models import CreditTransaction, KeyUse
from tests.credits.batch_driver import Sent, funded
from tests.credits.ledger_driver import admit, books_of, settle

pytestmark = pytest.mark.django_db(transaction=True)

CENTS = st.integers(0, 60)
WHO = st.tuples(st.integers(0, 1), st.integers(0, 2))  # which account, and which of its keys
ADMISSIONS = st.lists(st.tuples(WHO, CENTS, CENTS, st.none() | CENTS), min_size=1, max_size=9)
# Which of the completions so far, its charge, how it is known.
SETTLEMENTS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 90) | st.integers(0, 400), st.sampled_from(["exact", "lost"])),
    min_size=1,
    max_size=9,
)
QUICKLY = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],  # to make an example smaller takes minutes
)
LIMITS = ({}, {"limit_cents": 150, "requests_per_minute": 6}, {"concurrency": 2, "limit_cents": 90})


class World:
    """Two accounts with three keys each, and what became of them."""

    def __init__(self, cents: int) -> None:
        self.users = funded(2, cents)
        self.keys = [[ApiKey.issue(user=user, name="any", **limits)[0] for limits in LIMITS] for user in self.users]
        for key in itertools.chain(*self.keys):
            KeyUse.objects.create(key=key)
        self.completions: list[tuple[str, User, ApiKey]] = []
        self.answers: list[Any] = []
        self.settled_phases = 0

    async def admissions(self, asked: Any, carry_out: Callable[..., Any]) -> None:
        async def one(who: Any, need: int, more: int, cap: int | None) -> Any:
            user, key = self.users[who[0]], self.keys[who[0]][who[1]]
            try:
                admission = await admit(user, key=key, need=need, worst=need + more, cap_cents=cap)
            except ledger.AdmissionDenied:
                return None
            return admission, user, key

        for found in await carry_out([one(*each) for each in asked]):
            self.answers.append(found and (found[0].cents, found[0].available_cents, found[0].key_left_cents))
            if found:
                self.completions.append((found[0].completion_id, *found[1:]))

    async def settlements(self, asked: Any, carry_out: Callable[..., Any]) -> None:
        async def one(number: int, charged: int, how: str) -> Any:
            completion_id, user, key = self.completions[number % len(self.completions)]
            return await settle(user, completion_id, charged, how=how, key=key)

        if self.completions:
            once = {number % len(self.completions): each for each in asked for number in each[:1]}.values()
            self.settled_phases += 1
            self.answers += await carry_out([one(*each) for each in once])

    def books(self) -> Any:
        amounts = CreditTransaction.objects.order_by("id").values_list("type", "amount_cents", "balance_after_cents")
        uses = [KeyUse.objects.get(key=key) for key in itertools.chain(*self.keys)]
        return (
            [books_of(user) for user in self.users],
            [list(amounts.filter(account=user.pk)) for user in self.users],
            [(use.spent_cents, use.held_cents, use.running, use.minute_used) for use in uses],
        )


async def one_by_one(calls: list[Any]) -> list[Any]:
    return [await call for call in calls]


async def together(calls: list[Any]) -> list[Any]:
    return list(await asyncio.gather(*calls))


@given(
    cents=st.integers(10, 100) | st.integers(10, 400),
    phases=st.lists(st.tuples(ADMISSIONS, SETTLEMENTS), min_size=1, max_size=4),
)
@QUICKLY
def test_many_together_come_to_what_they_come_to_one_by_one(sent: Sent, cents: int, phases: Any) -> None:
    """Each phase is one statement: what the books refuse of many would be asked again in halves, and be right then."""

    async def story(world: World, carry_out: Callable[..., Any]) -> None:
        for admissions, settlements in phases:
            await world.admissions(admissions, carry_out)
            await world.settlements(settlements, carry_out)
        await database.close()

    worlds = [World(cents), World(cents)]
    for world, carry_out in zip(worlds, (one_by_one, together), strict=True):
        sent.statements.clear()
        asyncio.run(story(world, carry_out))
    assert sum(sql in (ADMIT.alone, ADMIT.skipping) for sql in sent.statements) == len(phases)
    assert sum("DELETE FROM credits_hold" in sql for sql in sent.statements) == worlds[1].settled_phases
    assert worlds[0].answers == worlds[1].answers
    assert worlds[0].books() == worlds[1].books()


@given(charges=st.lists(st.tuples(st.integers(10, 40), st.integers(0, 60)), min_size=2, max_size=8))
@settings(QUICKLY, max_examples=40)
def test_what_one_settlement_lacks_the_next_does_not_pay(sent: Sent, charges: list[tuple[int, int]]) -> None:
    """Each finds what those before it left, and its own hold; what is beyond both is written off, there and then."""
    (user,) = funded(1, sum(hold for hold, _ in charges))

    async def story() -> list[Any]:
        held = [(await admit(user, need=hold, worst=hold)).completion_id for hold, _ in charges]
        sent.clear()
        settled = await together([settle(user, one, charge) for one, (_, charge) in zip(held, charges, strict=True)])
        await database.close()
        return settled

    left, expected = 0, []
    for hold, charge in charges:
        expected.append((charge, max(0, charge - left - hold)))
        left = max(0, left + hold - charge)
    settled = asyncio.run(story())
    assert len(sent) == 1
    assert [(one.charged_cents, one.written_off_cents) for one in settled] == expected
    assert (settled[-1].balance_cents, books_of(user)) == (left, (left, 0))


@pytest.mark.parametrize("limits", [{"limit_cents": 29}, {"requests_per_minute": 2}, {"concurrency": 2}], ids=str)
def test_of_five_with_one_key_as_many_are_admitted_as_it_allows(alice: User, run: Any, sent: Sent, limits: Any) -> None:
    async def story() -> list[Any]:
        return await asyncio.gather(*[admit(alice, key=key, need=10) for _ in range(5)], return_exceptions=True)

    key, _ = ApiKey.issue(user=alice, name="limited", **limits)
    KeyUse.objects.create(key=key)
    answers = run(story())
    assert [isinstance(answer, ledger.Admission) for answer in answers] == [True] * 2 + [False] * 3
    assert len(sent[0]) == 5
    use = KeyUse.objects.get()
    assert (use.held_cents, use.running, use.minute_used) == (20, 2, 2)


BUYERS = st.lists(st.tuples(WHO, CENTS, st.integers(0, 90), st.integers(0, 3)), min_size=2, max_size=40)


@given(cents=st.integers(10, 400), buyers=BUYERS)
@QUICKLY
def test_whatever_meets_in_a_batch_the_books_agree(cents: int, buyers: Any) -> None:
    """Admissions and settlements of everybody in any order: each waits some turns of the loop before it settles."""
    world = World(cents)

    async def spend(who: Any, need: int, charged: int, turns: int) -> int:
        user, key = world.users[who[0]], world.keys[who[0]][who[1]]
        try:
            admission = await admit(user, key=key, need=need, worst=2 * need)
        except ledger.AdmissionDenied:
            return 0
        for _ in range(turns * 50):
            await asyncio.sleep(0)
        settled = await settle(user, admission.completion_id, charged, key=key)
        assert settled is not None and settled.charged_cents == charged
        return charged - settled.written_off_cents

    async def story() -> int:
        paid = await asyncio.gather(*[spend(*each) for each in buyers])
        await database.close()
        return sum(paid)

    paid = asyncio.run(story())
    assert sum(books_of(user)[0] for user in world.users) == 2 * cents - paid
    assert [books_of(user)[1] for user in world.users] == [0, 0]
    assert list(audit.faults()) == []
