"""What a long silence sounds like, and what remains of a stream whose client has left."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import psycopg
import pytest

from conway.common import database
from credits.models import Hold
from inference.api import chat
from inference.completion import handler, task
from inference.completion.answers import Answer
from inference.models import Completion
from inference.sse import KEEP_ALIVE
from inference.upstream import client as upstream
from tests.inference.conftest import Ask, Sandbox

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def test_a_long_silence_is_filled_with_comments(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "SILENCE_SECONDS", 0.2)
    said = ask(text="say 5 words [[first-byte=1]]", stream=True)
    assert said.body.startswith(KEEP_ALIVE)
    assert said.status == 200 and said.is_done and said.finish == ["stop"]


def test_a_failure_after_a_comment_is_told_in_the_stream(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status has been sent; the caller sees an error event, and pays nothing."""
    monkeypatch.setattr(handler, "SILENCE_SECONDS", 0.2)
    said = ask(text="hello [[first-byte=1 status=400]]", stream=True)
    assert (said.status, said.chunks[-1]["error"]["type"]) == (200, "invalid_request_error")
    assert Completion.objects.get().settlement == "none"


def test_a_json_call_whose_caller_left_is_read_to_its_end(key: str, sandbox: Sandbox, run: Run) -> None:
    body = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "say 50 words [[pace=20]]"}]}

    async def scenario() -> None:
        asking = asyncio.create_task(handler.complete(chat, {"authorization": key}, json.dumps(body).encode()))
        while not task.running:
            assert not asking.done(), asking.result()
            await asyncio.sleep(0.01)
        asking.cancel()
        while task.running:
            await asyncio.sleep(0.05)
        await upstream.close()

    run(scenario())
    completion = Completion.objects.get()
    assert (completion.settlement, completion.ending, completion.output_tokens) == ("exact", "client_left", 50)


@pytest.mark.parametrize("model", ["gpt-5.2", "claude-haiku-4.5", "kimi-k2.5", "qwen3-coder"])
def test_beyond_the_drain_it_is_charged_for_what_was_seen(
    key: str, sandbox: Sandbox, run: Run, settings: Any, model: str
) -> None:
    settings.CONWAY_DRAIN_SECONDS = 0
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "say 500 words [[pace=5]]"}]}

    async def scenario() -> None:
        answer = await handler.complete(chat, {"authorization": key}, json.dumps(body).encode())
        pieces = aiter(answer.body)  # type: ignore[arg-type]
        for _ in range(20):
            await anext(pieces)
        await pieces.aclose()  # type: ignore[attr-defined]
        while task.running:
            await asyncio.sleep(0.01)
        await upstream.close()

    run(scenario())
    completion = Completion.objects.get()
    assert (completion.settlement, completion.ending) == ("estimated", "client_left")
    assert 15 < completion.output_tokens < 400
    assert completion.charged_cents == 1


@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "one"}])
def test_who_leaves_while_admission_waits_holds_nothing_and_may_ask_again(
    key: str, sandbox: Sandbox, run: Run, headers: dict[str, str]
) -> None:
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "say 5 words"}]}

    def asking() -> Coroutine[Any, Any, Answer]:
        return handler.complete(chat, {"authorization": key, **headers}, json.dumps(body).encode())

    async def scenario() -> Answer:
        options = {**await asyncio.to_thread(database.connection_options), "autocommit": False}
        async with await psycopg.AsyncConnection.connect(**options) as other:
            await other.execute("SELECT FROM credits_creditaccount FOR UPDATE")
            leaving = asyncio.create_task(asking())
            while not await database.fetch_one("SELECT 1 FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.01)
            leaving.cancel()
            await asyncio.sleep(0)
        try:
            async with asyncio.timeout(5):  # and not after CONWAY_LOST_SECONDS
                while (answer := await asking()).status == 409:
                    await asyncio.sleep(0.01)
                while await database.fetch_one("SELECT 1 FROM credits_hold"):
                    await asyncio.sleep(0.01)
            return answer
        finally:
            await upstream.close()

    assert run(scenario()).status == 200
    assert Completion.objects.get().settlement == "exact"


@pytest.mark.parametrize("ways", [("left", "stayed"), ("stayed", "left")])
def test_who_leaves_takes_no_hold_of_another_request_under_its_key(
    key: str, sandbox: Sandbox, run: Run, ways: tuple[str, str]
) -> None:
    """Two at once under one key, and one of them leaves: the other is asked and charged, or was refused as a second."""
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "say 5 words [[pace=20]]"}]}
    headers = {"authorization": key, "idempotency-key": "one"}

    async def scenario() -> Answer:
        both = {way: asyncio.create_task(handler.complete(chat, headers, json.dumps(body).encode())) for way in ways}
        while not task.running:
            await asyncio.sleep(0.001)
        both["left"].cancel()
        try:
            return await both["stayed"]
        finally:
            while task.running:
                await asyncio.sleep(0.01)
            await upstream.close()

    assert run(scenario()).status in (200, 409)  # which of them is admitted depends on their look-ups
    assert [completion.settlement for completion in Completion.objects.all()] == ["exact"]
    assert not Hold.objects.exists()
