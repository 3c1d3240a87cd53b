"""Statements that wait for each other go together, and nobody notices but the clock."""

import asyncio
import json
from typing import Any

import psycopg
import pytest

from accounts.models import ApiKey, User
from conway.common import database
from conway.common.database import DatabaseUnavailable
from credits import ledger
from credits.ledger import batches
from credits.models import Hold, KeyUse
from tests.credits.batch_driver import Sent, funded
from tests.credits.ledger_driver import admit, books_of, new_id, settle

pytestmark = pytest.mark.django_db(transaction=True)


async def held(*users: User) -> psycopg.AsyncConnection[Any]:
    """A transaction elsewhere that has these accounts locked until its connection is closed."""
    connection = await psycopg.AsyncConnection.connect(**{**await options(), "autocommit": False})
    await connection.execute(
        "SELECT FROM credits_creditaccount WHERE user_id = ANY (%s) FOR UPDATE", [[user.pk for user in users]]
    )
    return connection


async def options() -> dict[str, Any]:
    return await asyncio.to_thread(database.connection_options)


# Together


def test_what_is_asked_at_once_goes_in_one_statement(run: Any, sent: Sent) -> None:
    async def story() -> None:
        admitted = await asyncio.gather(*[admit(user) for user in users for _ in range(4)])
        await asyncio.gather(
            *[settle(user, one.completion_id, 3) for user, one in zip(sorted(users * 4, key=id), admitted, strict=True)]
        )

    users = sorted(funded(5), key=id)
    run(story())
    assert [len(items) for items in sent] == [20, 20]
    assert [books_of(user) for user in users] == [(1000 - 4 * 3, 0)] * 5


def test_who_asks_alone_waits_for_nobody(alice: User, run: Any, sent: Sent) -> None:
    async def story() -> float:
        await admit(alice)
        loop = asyncio.get_running_loop()
        await admit(alice)
        began = loop.time()
        await database.fetch_all("SELECT 1")
        one_trip, began = loop.time() - began, loop.time()
        await admit(alice)
        return (loop.time() - began) - one_trip

    assert run(story()) < batches.HELD_UP_SECONDS
    assert [len(items) for items in sent] == [1, 1, 1]


def test_one_alone_is_asked_in_the_statement_for_one(alice: User, run: Any, sent: Sent) -> None:
    """It costs a fifth less than a list of one: nothing in it is there for others."""
    key, _ = ApiKey.issue(user=alice, name="limited", limit_cents=100)
    KeyUse.objects.create(key=key)
    admission = run(admit(alice, key=key))
    run(settle(alice, admission.completion_id, 5, key=key))
    assert len(sent.statements) == 2
    for sql in sent.statements:
        assert not [word for word in ("recordset", "UNION ALL", "GROUP BY", "row_number", "lag(") if word in sql]


def test_what_arrives_meanwhile_goes_in_the_next(run: Any, sent: Sent) -> None:
    async def story() -> None:
        first = asyncio.create_task(admit(users[0]))
        while not sent:
            await asyncio.sleep(0)
        await asyncio.gather(first, *[admit(user) for user in users])

    users = funded(6)
    run(story())
    assert [len(items) for items in sent] == [1, 6]


def test_an_account_that_asks_for_much_leaves_room_for_the_others(alice: User, bob: User, run: Any, sent: Sent) -> None:
    async def story() -> None:
        crowd = [asyncio.create_task(admit(alice, need=1, worst=1)) for _ in range(500)]
        await asyncio.sleep(0)
        await admit(bob, need=10, worst=10)
        assert sum(task.done() for task in crowd) <= 2 * batches.MOST
        await asyncio.gather(*crowd, return_exceptions=True)

    ledger.top_up(user=bob, cents=10, reference="ten", reason="Just enough", by=None)
    run(story())
    assert max(len(items) for items in sent) == batches.MOST


def test_an_account_is_in_one_statement_at_a_time(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def noted(sql: str, items: str) -> list[Any]:
        accounts = {item["user_id"] for item in json.loads(items)}
        assert not accounts & under_way
        under_way.update(accounts)
        try:
            return await fetch_for(sql, items)
        finally:
            under_way.difference_update(accounts)

    async def story() -> None:
        await asyncio.gather(*[bought(user) for user in users for _ in range(10)])

    async def bought(user: User) -> None:
        await settle(user, (await admit(user)).completion_id, 1)

    under_way: set[int] = set()
    fetch_for = database.fetch_for
    monkeypatch.setattr(database, "fetch_for", noted)
    users = funded(3)
    run(story())
    assert [books_of(user) for user in users] == [(990, 0)] * 3


def test_of_one_account_whoever_asked_first_goes_first(alice: User, run: Any) -> None:
    """However many admissions come after it, a settlement waits for those before it only."""

    async def story() -> None:
        first = await admit(alice)
        before = asyncio.create_task(admit(alice))
        while not batches.batches().busy:
            await asyncio.sleep(0)
        settling = asyncio.create_task(settle(alice, first.completion_id, 1))
        await asyncio.sleep(0)
        after = [asyncio.create_task(admit(alice, need=1, worst=1)) for _ in range(60)]
        await settling
        assert before.done() and not any(task.done() for task in after)
        await asyncio.gather(*after)

    run(story())


# Each for itself


def test_a_refusal_is_its_callers_alone(run: Any) -> None:
    async def story() -> list[Any]:
        return await asyncio.gather(*[admit(user) for user in (*rich, poor)], return_exceptions=True)

    rich, (poor,) = funded(5), funded(1, cents=9)
    answers = run(story())
    assert [type(answer) for answer in answers] == [ledger.Admission] * 5 + [ledger.AdmissionDenied]
    assert answers[-1].reason == "insufficient_credits"


def test_what_the_database_refuses_is_refused_alone(run: Any, sent: Sent) -> None:
    async def story() -> list[Any]:
        admitted = await asyncio.gather(*[admit(user) for user in users])
        charges = [5] * 4 + [-5] + [5] * 3
        return await asyncio.gather(
            *[
                settle(user, one.completion_id, cents)
                for user, one, cents in zip(users, admitted, charges, strict=True)
            ],
            return_exceptions=True,
        )

    users = funded(8)
    answers = run(story())
    assert isinstance(answers.pop(4), psycopg.errors.CheckViolation)
    assert [settled.charged_cents for settled in answers] == [5] * 7
    assert [len(items) for items in sent] == [8, 8, 4, 4, 2, 1, 1, 2]
    assert list(Hold.objects.values_list("account_id", flat=True)) == [users[4].pk]


def test_one_completion_is_never_twice_in_a_statement(alice: User, run: Any, sent: Sent) -> None:
    async def story() -> list[Any]:
        same = (await admit(alice)).completion_id
        return await asyncio.gather(*[settle(alice, same, 7) for _ in range(5)])

    assert [settled is not None for settled in run(story())] == [True, False, False, False, False]
    assert [len(items) for items in sent] == [1] * 6
    assert books_of(alice) == (993, 0)


def test_who_hangs_up_takes_nobody_along(run: Any) -> None:
    async def story() -> list[Any]:
        asking = [asyncio.create_task(admit(user)) for user in users]
        await asyncio.sleep(0)
        asking[0].cancel()  # before it was sent
        while not batches.batches().busy:
            await asyncio.sleep(0)
        asking[1].cancel()  # on its way
        return await asyncio.gather(*asking, return_exceptions=True)

    users = funded(4)
    answers = run(story())
    assert [type(answer) for answer in answers] == [asyncio.CancelledError] * 2 + [ledger.Admission] * 2
    assert [books_of(user)[1] > 0 for user in users] == [False, True, True, True]


def test_a_release_comes_after_the_admission_whose_caller_left(alice: User, run: Any) -> None:
    async def story() -> None:
        asking = asyncio.create_task(admit(alice, completion_id=same))
        while not batches.batches().busy:
            await asyncio.sleep(0)
        asking.cancel()
        await settle(alice, same, 0)

    same = new_id()
    run(story())
    assert books_of(alice) == (1000, 0)


def test_an_account_locked_elsewhere_keeps_its_own_waiting_only(run: Any) -> None:
    async def story() -> None:
        elsewhere = await held(locked)
        asking = [asyncio.create_task(admit(user)) for user in (locked, free, locked, free)]
        await asyncio.wait_for(asyncio.gather(asking[1], asking[3]), 2)
        await asyncio.wait_for(settle(free, (await asking[1]).completion_id, 5), 2)
        assert not asking[0].done() and not asking[2].done()
        await elsewhere.close()
        await asyncio.gather(*asking)

    locked, free = funded(2)
    run(story())
    assert (books_of(locked), books_of(free)) == ((1000, 20), (995, 10))


def test_a_dozen_locked_accounts_leave_the_others_their_connections(run: Any) -> None:
    async def story() -> None:
        elsewhere = await held(*locked)
        asking = [asyncio.create_task(admit(user)) for user in locked]
        await asyncio.sleep(0.2)
        await asyncio.wait_for(admit(free), 2)
        await elsewhere.close()
        await asyncio.gather(*asking)

    *locked, free = funded(13)
    run(story())


def test_a_batch_that_is_held_up_is_overtaken(alice: User, run: Any) -> None:
    """By a lock that nobody of ours takes for long: a hold's."""

    async def story() -> None:
        admitted = [await admit(user) for user in (alice, other)]
        async with await psycopg.AsyncConnection.connect(**{**await options(), "autocommit": False}) as elsewhere:
            await elsewhere.execute("SELECT FROM credits_hold WHERE account_id = %s FOR UPDATE", [alice.pk])
            stuck = asyncio.create_task(settle(alice, admitted[0].completion_id, 5))
            await asyncio.sleep(0.01)
            await asyncio.wait_for(settle(other, admitted[1].completion_id, 5), 2)
            assert not stuck.done()
        await stuck

    (other,) = funded(1)
    run(story())
    assert (books_of(alice), books_of(other)) == ((995, 0), (995, 0))


def test_each_has_a_deadline_of_its_own(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> list[Any]:
        elsewhere = await held(locked)
        answers = await asyncio.gather(admit(locked), admit(free), return_exceptions=True)
        await elsewhere.close()
        return answers

    monkeypatch.setattr(batches, "ANSWER_SECONDS", 1.0)
    locked, free = funded(2)
    assert [type(answer) for answer in run(story())] == [DatabaseUnavailable, ledger.Admission]


def test_nothing_is_left_of_a_batch(run: Any) -> None:
    async def story() -> None:
        await asyncio.gather(*[admit(user) for user in users for _ in range(30)])
        await asyncio.sleep(0)
        left = batches.batches()
        assert not (left.busy or left.tasks or any(lane.accounts or lane.runner for lane in left.lanes.values()))

    users = funded(4)
    run(story())
