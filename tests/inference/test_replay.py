"""Settlements the database did not take: in the spool, in memory, or left behind by a process that is gone."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from credits import ledger
from credits.models import CreditTransaction, Hold
from inference.api import chat
from inference.billing import settlement, spool
from inference.completion import handler, outcome, recovery, task
from inference.models import Completion
from inference.upstream import client as upstream
from tests.inference.conftest import Sandbox, asked

Run = Callable[[Coroutine[Any, Any, Any]], Any]

pytestmark = pytest.mark.usefixtures("own_spool")


def test_a_settlement_the_database_would_not_take_is_spooled_and_replayed(
    key: str, sandbox: Sandbox, run: Run, no_database: Any, own_spool: Path
) -> None:
    async def scenario() -> handler.Answer:
        asking = asyncio.create_task(asked(key, "say 20 words [[pace=20]]"))
        while not task.running:
            await asyncio.sleep(0.01)
        back = no_database()
        answer = await asking
        assert len(own_spool.joinpath(f"{spool.PROCESS}.jsonl").read_bytes().splitlines()) == 1
        back()
        assert await recovery.replay() == 1
        assert await recovery.replay() == 0
        await upstream.close()
        return answer

    answer = run(scenario())
    assert (answer.status, answer.headers["x-conway-settlement"]) == (200, "pending")
    assert "x-conway-balance-cents" not in answer.headers
    assert [completion.settlement for completion in Completion.objects.all()] == ["exact"]
    assert CreditTransaction.objects.filter(type="inference").count() == 1
    assert not Hold.objects.exists()


def test_with_the_spool_gone_too_the_answer_is_a_503_and_the_retries_go_on(
    key: str, sandbox: Sandbox, run: Run, no_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Any) -> None:
        raise OSError(28, "No space left on device")

    async def scenario() -> handler.Answer:
        asking = asyncio.create_task(asked(key, "say 20 words [[pace=20]]"))
        while not task.running:
            await asyncio.sleep(0.01)
        back = no_database()
        monkeypatch.setattr(settlement.spool(), "write", full)
        answer = await asking
        back()
        assert await recovery.replay() == 1
        await upstream.close()
        return answer

    answer = run(scenario())
    assert isinstance(answer.body, bytes)
    assert (answer.status, answer.headers["x-should-retry"]) == (503, "false")
    assert json.loads(answer.body)["error"]["code"] == "settlement_unavailable"
    assert CreditTransaction.objects.filter(type="inference").count() == 1


def test_a_settlement_the_database_refuses_is_kept_and_not_asked_about_every_second(
    key: str, sandbox: Sandbox, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        answer = await asked(key, "say 60 words [[pace=10]]", stream=True)
        (under_way,) = task.running.values()
        entry = outcome.entry(under_way.state, await outcome.of(under_way.state))
        settlement.waiting["refused"] = replace(entry, id="refused", price_id=10**9)  # there is no such price
        assert [await recovery.replay() for _ in range(3)] == [0, 0, 0]
        recovery.refused_until["refused"] = 0  # a minute later
        assert await recovery.replay() == 0
        assert settlement.waiting.pop("refused")
        assert [piece async for piece in answer.body]  # type: ignore[union-attr]
        await upstream.close()

    run(scenario())
    assert len([record for record in caplog.records if "is refused" in record.message]) == 2


def test_a_sibling_takes_over_a_dead_ones_spool(
    key: str, sandbox: Sandbox, run: Run, own_spool: Path, no_database: Any
) -> None:
    async def scenario() -> None:
        asking = asyncio.create_task(asked(key, "say 20 words [[pace=20]]"))
        while not task.running:
            await asyncio.sleep(0.01)
        back = no_database()
        await asking
        back()
        own = own_spool / f"{spool.PROCESS}.jsonl"
        dead = own_spool / "dead.jsonl"
        dead.write_bytes(own.read_bytes() + b'{"row": {"id": "chatcmpl-torn')
        settlement.waiting.clear()
        own.unlink()
        assert await recovery.replay() == 1
        assert not dead.exists()
        await upstream.close()

    run(scenario())
    assert Completion.objects.get().settlement == "exact"


def test_what_is_repeated_of_an_attempt_leaves_the_hold_of_the_next_alone(key: str, sandbox: Sandbox, run: Run) -> None:
    """Both have one completion's id, for they have one idempotency key; the first one's acknowledgement was lost."""

    def attempt(order: str) -> "asyncio.Task[handler.Answer]":
        body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": f"say 20 words [[{order}]]"}]}
        headers = {"authorization": key, "idempotency-key": "one"}
        return asyncio.create_task(handler.complete(chat, headers, json.dumps(body).encode()))

    async def under_way(attempt: "asyncio.Task[handler.Answer]") -> task.CompletionTask:
        while not task.running and not attempt.done():
            await asyncio.sleep(0.001)
        return next(iter(task.running.values()))

    async def scenario() -> None:
        first = attempt("first-byte=0.2 status=400")
        failed = await under_way(first)
        assert (await first).status == 400
        second = attempt("pace=20")
        served = await under_way(second)
        await settlement.book(outcome.entry(failed.state, await outcome.of(failed.state)))
        assert await ledger.beat(spool.PROCESS, {served.state.id: None}) == {served.state.id}
        assert (await second).status == 200
        while task.running:
            await asyncio.sleep(0.01)
        await upstream.close()

    run(scenario())
    assert (Completion.objects.get().settlement, Hold.objects.count()) == ("exact", 0)
    assert CreditTransaction.objects.filter(type="inference").count() == 1


def test_who_ends_leaves_the_place_of_the_next_attempt(key: str, sandbox: Sandbox, run: Run) -> None:
    """It has the same id under an idempotency key; out of those that run, it would get no heartbeat."""
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hello [[first-byte=0.2 status=400]]"}]}

    async def scenario() -> None:
        asking = asyncio.create_task(handler.complete(chat, {"authorization": key}, json.dumps(body).encode()))
        while not task.running:
            await asyncio.sleep(0.001)
        ((id, ending),) = task.running.items()
        task.running[id] = the_next = task.CompletionTask(ending.state, b"", 0)
        assert (await asking).status == 400
        assert ending.task is not None
        await ending.task
        assert task.running.pop(id) is the_next
        await upstream.close()

    run(scenario())
