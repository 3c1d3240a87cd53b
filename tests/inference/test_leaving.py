"""What a long silence sounds like, and what remains of a stream whose client has left."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from inference.api import chat
from inference.completion import handler, task
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
