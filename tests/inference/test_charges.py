"""What the provider reports is what is charged: the vectors end to end, by the sandbox's orders."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, cast

import pytest

from accounts.models import User
from credits.models import CreditAccount, CreditTransaction
from inference.api import chat
from inference.completion import handler, task
from inference.models import Completion
from inference.upstream import client as upstream
from tests.inference.conftest import Ask, Sandbox, only_completion

VECTORS = [
    ("gpt-5.2", "tokens-in=12000 cached=8192 tokens-out=1500", 4),
    ("claude-haiku-4.5", "tokens-in=8 tokens-out=7", 1),
    ("gemini-2.5-pro", "tokens-in=250000 cached=50000 tokens-out=4000", 75),
    ("gemini-2.5-pro", "tokens-in=200000 tokens-out=1000", 34),
    ("gemini-2.5-pro", "tokens-in=200001 tokens-out=1000", 67),
    ("kimi-k2.5", "tokens-in=10000 cached=2560 tokens-out=2000", 2),
    ("qwen3-coder", "tokens-in=40000 cached=10000 tokens-out=1000", 9),
    ("claude-opus-4.6", "tokens-in=1000 tokens-out=11800", 39),
    ("claude-haiku-4.5", "tokens-in=5500 tokens-out=18900", 13),
    ("claude-sonnet-4.5", "tokens-in=80000 tokens-out=4000", 39),
    ("gpt-5-mini", "tokens-in=400000 tokens-out=100000", 39),
    ("claude-opus-4.5", "tokens-in=5 tokens-out=43999", 143),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "orders", "cents"), VECTORS)
def test_the_vectors_end_to_end(ask: Ask, alice: User, model: str, orders: str, cents: int, stream: bool) -> None:
    said = ask(model, f"hello [[{orders}]]", stream=stream)
    assert said.status == 200, said.body
    assert (only_completion().charged_cents, only_completion().settlement) == (cents, "exact")
    assert CreditAccount.objects.get(user=alice).balance_cents == 1000 - cents


def test_twenty_streams_cut_after_the_first_word_are_each_charged_once_in_full(
    key: str, sandbox: Sandbox, run: Callable[[Coroutine[Any, Any, Any]], Any]
) -> None:
    async def cut(number: int) -> None:
        messages = [{"role": "user", "content": f"say 40 words {number} [[pace=5]]"}]
        body = {"model": "claude-haiku-4.5", "stream": True, "messages": messages}
        answer = await handler.complete(chat, {"authorization": key}, json.dumps(body).encode())
        pieces = cast("AsyncIterator[bytes]", answer.body)
        await anext(pieces)
        await pieces.aclose()  # type: ignore[attr-defined]

    async def all_of_them() -> None:
        await asyncio.gather(*(cut(number) for number in range(20)))
        while task.running:
            await asyncio.sleep(0.05)
        await upstream.close()

    run(all_of_them())
    assert Completion.objects.filter(settlement="exact", ending="client_left").count() == 20
    assert {completion.output_tokens for completion in Completion.objects.all()} == {40}
    assert CreditTransaction.objects.filter(type="inference").count() == 20
