"""The body of a request is let go with its answer, whatever that is: the collector looks for circles seldom, and each
may hold 32 MB.
"""

import asyncio
import gc
import json
import tracemalloc
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from inference.upstream import client as upstream
from tests.inference.conftest import Sandbox, read

LARGE = 1_000_000
SAID = "say 2 words" + " " * LARGE
NO_JSON = b"{" + b"x" * LARGE
BODIES: dict[str, bytes | dict[str, Any]] = {
    "an answer": {},
    "a stream": {"stream": True},
    "refused by its provider": {"messages": [{"role": "user", "content": "[[status=400]] " + SAID}]},
    "a provider that fails": {"messages": [{"role": "user", "content": "[[status=500]] " + SAID}]},
    "a stream that breaks": {"stream": True, "messages": [{"role": "user", "content": "[[cut=1]] " + SAID}]},
    "an answer of Claude": {"model": "claude-haiku-4.5"},
    "a stream of Claude": {"model": "claude-haiku-4.5", "stream": True},
    "a stream of Responses": {"model": "gpt-5.2-codex", "stream": True},
    "a stream of Gemini": {"model": "gemini-2.5-flash", "stream": True},
    "no JSON": NO_JSON,
    "too many values": b'{"a":' + b"[" * LARGE,
    "another model": {"model": "nobody's"},
    "a wrong field": {"temperature": "hot"},
    "no picture": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": SAID}}]}]},
}


@pytest.fixture
def circles() -> Iterator[None]:
    """Nobody looks for them."""
    gc.collect()
    gc.disable()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.enable()


@pytest.mark.parametrize("said", BODIES.values(), ids=BODIES)
def test_no_circle_holds_a_body(
    key: str, sandbox: Sandbox, run: Callable[[Coroutine[Any, Any, Any]], Any], circles: None, said: Any
) -> None:
    fields = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": SAID}]}
    body = said if isinstance(said, bytes) else json.dumps({**fields, **said}).encode()

    async def story() -> int:
        held = []
        for _ in range(3):  # the first fills what is kept for all
            await read({"authorization": key}, bytes(bytearray(body)))  # each its own
            await asyncio.sleep(0.1)  # the pool's thread lets go, too
            held.append(tracemalloc.get_traced_memory()[0])
        await upstream.close()
        return held[2] - held[1]

    assert run(story()) < LARGE / 4
