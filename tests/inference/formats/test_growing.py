"""What came in one read is written at once, and is to the byte what it is delta by delta, whatever a caller speaks."""

import itertools
import re
import secrets
import time
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.api.growing import Grows
from inference.chat.format import Shown
from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Delta
from inference.chat.usage import Usage
from inference.dialects import Dialect
from inference.dialects.alike import MISSES
from inference.sse import Decoder, Event
from tests.corpus.replayer import CORPUS, case, names
from tests.inference import event_streams
from tests.inference.event_streams import FORMATS, MODELS
from tests.properties import examples

FOLDERS = {"openai_chat": ("openai", "moonshot", "qwen"), "openai_responses": ("openai-responses",),
           "anthropic": ("anthropic",), "gemini": ("google",)}  # fmt: skip


@pytest.fixture(autouse=True)
def without_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Formats say when an answer was made, and calls get ids where a provider gives none."""
    monkeypatch.setattr(time, "time", lambda: 1_795_430_000.0)
    monkeypatch.setattr(secrets, "choice", lambda letters: letters[0])


def one_by_one(deltas: list[Delta], writer: Grows) -> str:
    return "".join(map(writer.other, deltas))


def passed_on(reader: Dialect, rendered: ProviderRequest, format: str, reads: list[bytes], *, quick: bool) -> Any:
    """What a caller gets of such reads from a provider, and how it ends."""
    translator: Any = reader.stream(rendered)
    translator.alike.misses = 0 if quick else MISSES
    writer, decoder = FORMATS[format].writer("x_1", rendered.request, "model"), Decoder()
    sent, finishes, fault = list[bytes](), list[Delta](), ""
    with pytest.MonkeyPatch.context() as patched:
        if not quick:
            patched.setattr(import_module(type(writer).__module__), "written", one_by_one)
        try:
            for events in (*map(decoder.feed, reads), decoder.end(), [None]):
                deltas = [delta for event in events for delta in heard(translator, event)]
                finishes += [delta for delta in deltas if delta.finish_reason is not None]
                if pending := [delta for delta in deltas if delta.finish_reason is None]:
                    writer.begin(translator.facts)
                    sent.append(writer.events(pending))
        except ProviderError as failed:
            fault = failed.meaning.code
        writer.begin(translator.facts)
        sent.append(writer.end(finishes, Shown(translator.facts.usage or Usage())))
    return b"".join(sent), translator.facts, fault


def heard(translator: Any, event: Event | None) -> list[Delta]:
    if event is None or event.data == "[DONE]":
        found: list[Delta] = translator.end()
        return found
    found = translator.feed(event)
    return found


def cut(raw: bytes, sizes: list[int]) -> list[bytes]:
    ends = [0, *itertools.accumulate(sizes), len(raw)]
    return [raw[begin:end] for begin, end in itertools.pairwise(ends)]


@pytest.mark.parametrize("dialect", MODELS)
@pytest.mark.parametrize("format", FORMATS)
@given(data=st.data())
@settings(max_examples=examples(150))
def test_any_stream_in_any_reads_is_to_the_byte_what_it_is_delta_by_delta(
    dialect: str, format: str, data: st.DataObject
) -> None:
    """Until it breaks, where it does."""
    raw = b"".join(said.bytes for said in data.draw(event_streams.events(dialect)))
    reads = cut(raw, data.draw(st.lists(st.integers(0, 400), max_size=8)))
    reader, rendered = event_streams.asked(dialect, format)
    assert passed_on(reader, rendered, format, reads, quick=True) == passed_on(
        reader, rendered, format, reads, quick=False
    )


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of recorded traffic is not beside this clone")
@pytest.mark.parametrize("dialect", MODELS)
def test_a_recorded_stream_is_to_the_byte_what_it_is_delta_by_delta(dialect: str) -> None:
    """In one read, and event by event."""
    streams = [found["sse"].encode() for name in names(*FOLDERS[dialect]) if "sse" in (found := case(name))]
    assert len(streams) > 20
    for raw, format in itertools.product(streams, FORMATS):
        reader, rendered = event_streams.asked(dialect, format)
        for reads in ([raw], re.split(rb"(?<=\n\n)", raw), cut(raw, [777] * (len(raw) // 777))):
            ways = [passed_on(reader, rendered, format, reads, quick=quick) for quick in (True, False)]
            assert ways[0] == ways[1]
