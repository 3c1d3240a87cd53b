"""What arrives while the database answers goes together in the next statement: one round trip, one commit for many.

An account is in one statement at a time per process, so a crowd on one account takes no connection that others need.
What another transaction has locked is left out of a batch and waits by itself; of what the database refuses, the batch
is asked in halves until the guilty one is alone. docs/decisions/ledger.md says why nobody waits for somebody else.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any

import psycopg

from conway.common import database, json_text
from conway.common.database import DatabaseUnavailable, Row
from credits.ledger.one_or_many import MANY, ONE, RequestList

MOST = 64
ANSWER_SECONDS = database.STATEMENT_SECONDS
HELD_UP_SECONDS = 0.1  # then the next batch goes beside the one that a disk or a lock holds up
HELD_UP = database.POOL_SIZE // 4  # batches so overtaken, of one statement
WAITING = database.POOL_SIZE // 2  # statements that may wait for a locked account, each on a connection


@dataclass(frozen=True, slots=True)
class Statement:
    """Takes a list as `$1` and answers rows that begin with the number, from 1, of what they answer. `skipping` leaves
    out whose account is locked elsewhere; `alone` is the same for a list of one, and costs less; `waiting` leaves out
    nobody, and is only asked for one account."""

    alone: str
    skipping: str
    waiting: str

    @classmethod
    def of_accounts(cls, written: Callable[[RequestList, str, str], str]) -> "Statement":
        skip = ("SKIP LOCKED", "JOIN")
        return cls(written(ONE, *skip), written(MANY, *skip), written(MANY, "", "LEFT JOIN"))

    @classmethod
    def of_all(cls, sql: str) -> "Statement":
        """Locks no account."""
        return cls(sql, sql, sql)

    def skips(self, number: int) -> str:
        return self.alone if number == 1 else self.skipping

    def waits(self, number: int) -> str:
        return self.waiting


@dataclass(slots=True, eq=False)
class Item:
    account: int
    completion_id: str  # never twice in a statement
    written: str
    order: int
    answer: "asyncio.Future[Row]"

    @property
    def is_open(self) -> bool:
        return not self.answer.done()

    def fail(self, error: BaseException) -> None:
        if self.is_open:
            self.answer.set_exception(error)


@dataclass(slots=True, eq=False)
class Lane:
    """What waits for one statement, by account, and the task that sends it."""

    statement: Statement
    accounts: dict[int, deque[Item]] = field(default_factory=dict)
    runner: "asyncio.Task[None] | None" = None
    held_up: int = 0

    def oldest(self, account: int) -> Item | None:
        """Whoever asked and has gone is forgotten."""
        items = self.accounts.get(account)
        while items:
            if items[0].is_open:
                return items[0]
            items.popleft()
        self.accounts.pop(account, None)
        return None


@dataclass(slots=True, eq=False)
class Batches:
    """The lanes of one event loop. `busy`: accounts in a statement under way."""

    lanes: dict[Statement, Lane] = field(default_factory=dict)
    busy: set[int] = field(default_factory=set)
    tasks: "set[asyncio.Task[None]]" = field(default_factory=set)
    orders: "count[int]" = field(default_factory=count)
    may_wait: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(WAITING))

    async def ask(self, statement: Statement, account: int, completion_id: str, written: str) -> Row:
        loop = asyncio.get_running_loop()
        item = Item(account, completion_id, written, next(self.orders), loop.create_future())
        if (lane := self.lanes.get(statement)) is None:
            lane = self.lanes[statement] = Lane(statement)
        lane.accounts.setdefault(account, deque()).append(item)
        late = loop.call_later(ANSWER_SECONDS, item.fail, DatabaseUnavailable("The database did not answer in time."))
        self.start(lane)
        try:
            return await item.answer
        finally:
            late.cancel()

    def start(self, lane: Lane) -> None:
        """Starts sending in the next turn of the loop, so that what is asked in this one comes along."""
        if lane.accounts and lane.runner is None:
            lane.runner = self.task(self.run(lane))

    def task(self, work: Any) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def run(self, lane: Lane) -> None:
        me = lane.runner  # itself: set before its first step
        while lane.runner is me and (batch := self.next_batch(lane)):
            held_up = asyncio.get_running_loop().call_later(HELD_UP_SECONDS, self.overtake, lane, me)
            accounts = {item.account for item in batch}
            try:
                for account, items in by_account(await answered(lane.statement.skips, batch)):
                    accounts.discard(account)
                    self.task(self.wait_for(account, lane.statement, items))
            finally:
                held_up.cancel()
                if lane.runner is not me:
                    lane.held_up -= 1
                self.free(accounts)
        if lane.runner is me:
            lane.runner = None

    def overtake(self, lane: Lane, runner: "asyncio.Task[None] | None") -> None:
        if lane.runner is runner and lane.held_up < HELD_UP:
            lane.held_up += 1
            lane.runner = None
            self.start(lane)

    async def wait_for(self, account: int, statement: Statement, items: list[Item]) -> None:
        try:
            async with self.may_wait:
                await answered(statement.waits, [item for item in items if item.is_open])
        finally:
            self.free({account})

    def free(self, accounts: set[int]) -> None:
        self.busy -= accounts
        for lane in self.lanes.values():
            self.start(lane)

    def next_batch(self, lane: Lane) -> list[Item]:
        """Takes equally many of each account, in their order; an account's longest waiting statement goes first."""
        ready = list(islice((account for account in list(lane.accounts) if self.is_ready(lane, account)), MOST))
        batch: dict[str, Item] = {}
        for account in ready:
            items = lane.accounts.pop(account)
            share = MOST // len(ready)
            while items and share and items[0].completion_id not in batch:
                if (item := items.popleft()).is_open:
                    batch[item.completion_id] = item
                    share -= 1
            if items:
                lane.accounts[account] = items  # behind those that were not asked for yet
        found = list(batch.values())
        self.busy.update(item.account for item in found)
        return found

    def is_ready(self, lane: Lane, account: int) -> bool:
        if account in self.busy or (first := lane.oldest(account)) is None:
            return False
        others = (other.oldest(account) for other in self.lanes.values() if other is not lane)
        return all(other is None or other.order > first.order for other in others)


async def answered(sql: Callable[[int], str], items: list[Item]) -> list[Item]:
    """Answers whom the database answers; returns those it left out. `sql` is the statement for so many."""
    if not items:
        return []
    try:
        rows = await database.fetch_for(sql(len(items)), f"[{','.join(item.written for item in items)}]")
    except psycopg.DatabaseError as error:  # of one of them: nothing was done
        if len(items) > 1:
            half = len(items) // 2
            return [*await answered(sql, items[:half]), *await answered(sql, items[half:])]
        items[0].fail(error)
        return []
    except BaseException as error:
        for item in items:
            item.fail(DatabaseUnavailable(*error.args) if isinstance(error, asyncio.CancelledError) else error)
        if not isinstance(error, Exception):
            raise
        return []
    answers = {row[0]: row[1:] for row in rows}
    left_out = []
    for number, item in enumerate(items, 1):
        if number not in answers:
            left_out.append(item)
        elif item.is_open:
            item.answer.set_result(answers[number])
    return left_out


def by_account(items: Iterable[Item]) -> Iterable[tuple[int, list[Item]]]:
    found: dict[int, list[Item]] = {}
    for item in items:
        found.setdefault(item.account, []).append(item)
    return found.items()


_batches: dict[asyncio.AbstractEventLoop, Batches] = {}


def batches() -> Batches:
    loop = asyncio.get_running_loop()
    if (found := _batches.get(loop)) is None:
        for closed in [old for old in _batches if old.is_closed()]:
            del _batches[closed]
        found = _batches[loop] = Batches()
    return found


async def ask(statement: Statement, account: int, completion_id: str, request: Mapping[str, Any]) -> Row:
    """The row that answers `request`, without its number. Raises what the database says of it, or DatabaseUnavailable
    when that does not come in time: whether it was done is not known then."""
    return await batches().ask(statement, account, completion_id, json_text.written(request).decode())
