"""What a request and a chunk cost, counted: the same on any machine. Whoever adds a statement, a task or a timer sees.

A statement is a commit: each goes alone.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, cast

import pytest

from conway.common import database
from inference.api import chat
from inference.completion import channel as channels
from inference.completion import handler, task
from inference.upstream import client as upstream
from tests.inference.conftest import Sandbox
from tests.inference.served_request import ServedRequest

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Counts = Counter[str]

WORDS = 100
CROWD = 32


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    """Counts while a loop of `counted` runs."""
    found = Counts()
    on_a_connection, take = database.on_a_connection, channels.Channel.take

    async def stated(carry_out: Any) -> Any:
        found["statements"] += 1
        return await on_a_connection(carry_out)

    async def taken(self: channels.Channel) -> bytes | None:
        piece = await take(self)
        found["pieces"] += piece is not None
        found["bytes"] += len(piece or b"")
        return piece

    monkeypatch.setattr(database, "on_a_connection", stated)
    monkeypatch.setattr(channels.Channel, "take", taken)
    return found


def watched(counts: Counts) -> None:
    """From now on the loop's tasks and timers are counted."""
    loop = asyncio.get_running_loop()
    call_at = loop.call_at

    def made(loop: Any, work: Any, **more: Any) -> Any:
        counts["tasks"] += 1
        return asyncio.Task(work, loop=loop, **more)

    def timed(*given: Any, **more: Any) -> Any:
        counts["timers"] += 1
        return call_at(*given, **more)

    loop.set_task_factory(made)
    loop.call_at = timed  # type: ignore[method-assign]


async def one(key: str, words: int, *, stream: bool, pace: int = 0, model: str = "gpt-5-nano") -> None:
    said = f"say {words} words" + (f" [[pace={pace}]]" if pace else "")
    body = {"model": model, "messages": [{"role": "user", "content": said}], "stream": stream}
    answer = await handler.complete(chat, {"authorization": key}, json.dumps(body).encode())
    assert answer.status == 200
    if stream:
        async for _ in cast("AsyncIterator[bytes]", answer.body):
            pass
    while task.running:
        await asyncio.sleep(0)


async def served(counts: Counts, key: str, words: int, *, straight: bool, stream: bool, pace: int = 0) -> None:
    """The same with the server's part: one socket write for each message, and for each piece that goes straight."""
    said = f"say {words} words" + (f" [[pace={pace}]]" if pace else "")
    turn = [{"role": "user", "content": said}]
    request = ServedRequest(key, straight=straight, model="gpt-5-nano", messages=turn, stream=stream)
    await request.answered()
    assert request.start["status"] == 200
    while task.running:
        await asyncio.sleep(0)
    counts["writes"] += request.sent + request.written
    counts["messages"] += request.sent


def of(run: Run, counts: Counts, calls: Callable[[], Coroutine[Any, Any, Any]], key: str) -> Counts:
    async def story() -> Counts:
        await one(key, 1, stream=True)  # caches are warm, connections open
        watched(counts)
        counts.clear()
        await calls()
        counted = Counts(counts)
        await upstream.close()
        return counted

    return cast("Counts", run(story()))


def least(counted: Callable[[], Counts]) -> Counts:
    """Of six tries. Where a busy machine takes 0.1 s, a second task sends the next batch, and psycopg's timer is set
    anew.
    """
    return min((counted() for _ in range(6)), key=lambda tried: (tried["tasks"], tried["timers"]))


def test_a_json_request_costs_two_statements(key: str, sandbox: Sandbox, run: Run, counts: Counts) -> None:
    counted = least(lambda: of(run, counts, lambda: one(key, 5, stream=False), key))
    assert counted["statements"] == 2
    assert counted["tasks"] <= 5
    assert counted["timers"] <= 16


def test_requests_at_once_share_their_statements(key: str, sandbox: Sandbox, run: Run, counts: Counts) -> None:
    """Of one account, too."""

    async def crowd() -> None:
        await asyncio.gather(*[one(key, 5, stream=False) for _ in range(CROWD)])

    counted = of(run, counts, crowd, key)
    assert counted["statements"] <= CROWD / 2  # alone each costs two
    assert counted["tasks"] <= 5 * CROWD
    assert counted["timers"] <= 16 * CROWD


def test_a_chunk_costs_no_statement_and_no_task(key: str, sandbox: Sandbox, run: Run, counts: Counts) -> None:
    """One write for what came in one read, and its bytes are put together once."""
    short = least(lambda: of(run, counts, lambda: one(key, 10, stream=True, pace=5), key))
    long = least(lambda: of(run, counts, lambda: one(key, 10 + WORDS, stream=True, pace=5), key))
    assert (short["statements"], long["statements"]) == (2, 2)
    assert short["tasks"] <= 6
    assert short["timers"] <= 30
    for name, most in {"tasks": 0.05, "timers": 1.1, "pieces": 1.1, "bytes": 300}.items():
        assert long[name] - short[name] <= most * WORDS, name


def test_an_answer_that_goes_straight_costs_two_tasks_less(
    key: str, sandbox: Sandbox, run: Run, counts: Counts
) -> None:
    """Elsewhere one task waits for the answer, and one for the client to leave."""

    def tasks(*, straight: bool) -> int:
        tries = [of(run, counts, lambda: served(counts, key, 5, straight=straight, stream=False), key) for _ in "123"]
        assert {tried["writes"] for tried in tries} == {1}
        return min(tried["tasks"] for tried in tries)

    assert tasks(straight=True) <= min(5, tasks(straight=False) - 2)


def test_a_chunk_that_goes_straight_costs_one_write_and_nothing_else(
    key: str, sandbox: Sandbox, run: Run, counts: Counts
) -> None:
    """No task, no timer, no message, and no turn of whoever waits for the end: nothing is taken from the queue."""
    short = of(run, counts, lambda: served(counts, key, 10, straight=True, stream=True, pace=5), key)
    long = of(run, counts, lambda: served(counts, key, 10 + WORDS, straight=True, stream=True, pace=5), key)
    assert (short["statements"], long["statements"]) == (2, 2)
    assert short["tasks"] <= 7
    assert max(short["messages"], long["messages"]) <= 5
    more = {name: long[name] - short[name] for name in ("tasks", "timers", "pieces", "writes")}
    assert more["writes"] <= 1.1 * WORDS
    assert more["timers"] <= 1.1 * WORDS  # of the provider's silence, one a read
    assert more["tasks"] <= 0.05 * WORDS and more["pieces"] <= 3
