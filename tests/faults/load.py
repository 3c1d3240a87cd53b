"""Streams to break: so many at once, or one after another while trouble goes on."""

import asyncio
import os
import random
from collections.abc import Callable
from typing import Any

from tests.faults.caller import Caller, Heard
from tests.faults.conftest import LONG
from tests.faults.scenario import Customer, Scene

STREAMS = 100 if LONG else 30
MODELS = ("gpt-5.2", "claude-haiku-4.5", "gemini-2.5-flash", "kimi-k2.5")


async def streams(caller: Caller, customer: Customer, many: int, words: int, pace: int) -> list["asyncio.Task[Heard]"]:
    """So many, each of so many words, one every `pace` ms; all have begun."""
    heard = [Heard() for _ in range(many)]
    texts = [f"say {words} words {number} [[pace={pace}]]" for number in range(many)]
    asking = [
        asyncio.create_task(
            caller.ask(customer.secret, "claude-opus-4.6", text, stream=True, max_tokens=1_000, into=each)
        )
        for text, each in zip(texts, heard, strict=True)
    ]
    while not all(each.words for each in heard):
        assert {each.status for each in heard} <= {0, 200}
        await asyncio.sleep(0.05)
    return asking


async def stream_without_end(
    caller: Caller, scene: Scene, customer: Customer, number: int, until: Callable[[], bool]
) -> None:
    """One stream after another, whatever happens to them."""
    model, turn = MODELS[number % len(MODELS)], 0
    while not until():
        turn += 1
        text = f"say {random.randint(20, 150)} words, {number} {turn} [[pace=20]]"
        scene.heard.append(heard := await caller.ask(customer.secret, model, text, stream=True))
        if heard.status != 200:
            await asyncio.sleep(0.2)


async def under_load(scene: Scene, streams: int, trouble: Callable[[], Any]) -> None:
    """`trouble` is an ordinary function; it runs on a thread while so many streams go on."""
    customers = [scene.customer(100_000) for _ in range(10)]  # what a killed worker held stays held for half a minute

    async with Caller(scene.gateway.url) as caller:
        over = asyncio.Event()
        running = [
            asyncio.create_task(stream_without_end(caller, scene, customers[number % 10], number, over.is_set))
            for number in range(streams)
        ]
        await asyncio.sleep(1.5)
        await asyncio.to_thread(trouble)
        over.set()
        await asyncio.gather(*running)


def play_under_load(scene: Scene, trouble: Callable[[], Any], streams: int = STREAMS) -> None:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # customers are made on the loop's thread, before anything runs on it
    try:
        asyncio.run(under_load(scene, streams, trouble))
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
