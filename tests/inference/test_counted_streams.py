"""What a stream costs in reads, writes and parsing, counted: the same on any machine."""

from collections import Counter
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any

import pytest

from inference.api.chat.write import Chunks
from inference.upstream import client as upstream
from tests.inference.conftest import Sandbox
from tests.inference.test_counted_costs import one

Run = Callable[[Coroutine[Any, Any, Any]], Any]

WORDS = 300


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    found = Counter[str]()
    dialect = import_module("inference.dialects.openai_chat.stream")
    events, parsed, read = Chunks.events, dialect.event_object, upstream.Received.__anext__

    def written(self: Chunks, deltas: Any) -> bytes:
        found["writes"] += 1
        return events(self, deltas)

    def parsing(data: str) -> Any:
        found["parsed"] += 1
        return parsed(data)

    async def reading(self: upstream.Received) -> bytes:
        got = await read(self)
        found["reads"] += 1
        found["chunks"] += got.count(b"data: ")
        return got

    monkeypatch.setattr(Chunks, "events", written)
    monkeypatch.setattr(dialect, "event_object", parsing)
    monkeypatch.setattr(upstream.Received, "__anext__", reading)
    return found


@pytest.mark.parametrize("model", ["gpt-5-nano", "kimi-k2.5", "qwen3-coder"])
def test_a_stream_is_written_once_a_read_and_hardly_parsed(
    key: str, sandbox: Sandbox, run: Run, counts: Counter[str], model: str
) -> None:
    async def story() -> None:
        await one(key, WORDS, stream=True, model=model)
        await upstream.close()

    run(story())
    assert counts["chunks"] > WORDS / 2
    assert counts["writes"] <= counts["reads"] + 1  # the end is one more
    assert counts["parsed"] <= 12
