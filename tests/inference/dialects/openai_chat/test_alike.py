"""Chunks that equal the last but for their text are read without a parser, and come to the very same."""

import json
from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Delta, apart
from inference.dialects import openai_chat
from inference.dialects.alike import MISSES
from inference.dialects.reading import Reader
from inference.sse import Decoder, Event
from tests.inference.dialects.openai_chat.asking import body, request
from tests.properties import examples

ODD = ("a", " b", "ü", "漢字 ", '"', "\\", "\n", "\u2028", "\x7f", "😀", '","content":"', "", "\ud83d", '"}}]}')
TEXTS = st.sampled_from(ODD) | st.text(max_size=6)
EXTRAS: tuple[dict[str, Any], ...] = (
    {},
    {"usage": {"prompt_tokens": 3, "completion_tokens": 1}},
    {"model": "another"},
    {"obfuscation": "xyz"},
    {"note": 'said "content":"a"'},
)
CHOICES: tuple[dict[str, Any], ...] = (
    {},
    {"index": 1},
    {"finish_reason": "stop"},
    {"logprobs": {"content": [{"token": "a", "logprob": -1, "bytes": [97], "top_logprobs": []}]}},
    {"role": "assistant"},
    {"refusal": "no"},
    {"reasoning_content": "hm"},
    {"message": {"role": "assistant", "content": "a"}},
    {"tool_calls": [{"index": 0, "id": "call", "function": {"name": "f", "arguments": "{"}}]},
)


def chunk(text: str, extra: dict[str, Any], choice: dict[str, Any], *, ascii: bool, spaced: bool) -> str:
    of_delta = {name: value for name, value in choice.items() if name in ("role", "refusal", "tool_calls")}
    behind = {name: value for name, value in choice.items() if name == "reasoning_content"}
    of_choice = {name: value for name, value in choice.items() if name not in of_delta | behind}
    said = {
        "id": "chatcmpl-1",
        "model": "gpt",
        "choices": [{"index": 0, "delta": {**of_delta, "content": text, **behind}, "finish_reason": None, **of_choice}],
        **extra,
    }
    written = json.dumps(said, ensure_ascii=ascii, separators=None if spaced else (",", ":"))
    return written.encode("utf-8", "replace").decode()


CHUNKS = st.builds(
    chunk,
    TEXTS,
    st.sampled_from((*[{}] * 9, *EXTRAS)),
    st.sampled_from((*[{}] * 9, *CHOICES)),
    ascii=st.booleans(),
    spaced=st.just(False) | st.booleans(),
)


def translator() -> Any:
    return openai_chat.stream(ProviderRequest(request(), {}))


def said(chunks: list[str], *, plainly: bool) -> tuple[list[Delta], Any]:
    translated = translator()
    translated.alike.misses = 0 if plainly else MISSES
    deltas = [delta for data in chunks for delta in translated.feed(Event(data))]
    return deltas, translated.facts


@given(chunks=st.lists(CHUNKS, max_size=12))
@settings(max_examples=examples(300), deadline=None)
def test_the_short_way_comes_to_what_the_long_way_does(chunks: list[str]) -> None:
    assert said(chunks, plainly=True) == said(chunks, plainly=False)


def read_as(cuts: list[int], stream: bytes, *, plainly: bool) -> tuple[list[Delta], Any]:
    """The stream in reads that end at `cuts`; delta by delta."""
    translated = translator()
    translated.alike.misses = 0 if plainly else 10**9
    reader, ends = Reader(translated), sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    reads = [stream[begin:end] for begin, end in pairwise(ends)]
    told = [deltas for read in reads for deltas in reader.feed(read)]
    told += [] if reader.is_done else reader.end()
    return list(apart(delta for deltas in told for delta in deltas)), (translated.facts, reader.is_done)


ENDS = st.sampled_from(("\n\n", "\n\n", "\n\n", "\r\n\r\n", "\n\n: a comment\n\n", "\nevent: named\n\n"))
EVENTS = st.builds("{}{}{}".format, st.sampled_from(("data: ", "data: ", "data: ", "data:")), CHUNKS, ENDS)


@given(
    events=st.lists(EVENTS, max_size=12),
    repeated=st.integers(1, 5),
    done=st.booleans(),
    spoiled=st.booleans(),
    cuts=st.lists(st.integers(0, 5_000), max_size=6),
)
@settings(max_examples=examples(300), deadline=None)
def test_a_run_of_chunks_comes_to_what_each_of_them_does(
    events: list[str], repeated: int, done: bool, spoiled: bool, cuts: list[int]
) -> None:
    """Wherever the reads end, and with letters that are none."""
    stream = "".join(event * repeated for event in events).encode() + (b"data: [DONE]\n\n" * 2 if done else b"")
    stream = stream.replace("ü".encode(), b"\xff") if spoiled else stream
    assert read_as(cuts, stream, plainly=True) == read_as(cuts, stream, plainly=False)


@pytest.mark.parametrize(
    "odd", [("a", extra, choice) for extra in EXTRAS for choice in CHOICES] + [(text, {}, {}) for text in ODD]
)
def test_what_stands_within_a_run_is_read_by_itself(odd: tuple[str, dict[str, Any], dict[str, Any]]) -> None:
    plain = ("b", {}, {})
    events = [chunk(*each, ascii=False, spaced=False) for each in (plain, plain, odd, plain, plain, odd)]
    stream = "".join(f"data: {event}\n\n" for event in events).encode()
    for cut in range(0, len(stream), 61):
        assert read_as([cut], stream, plainly=True) == read_as([cut], stream, plainly=False)


def test_a_thousand_plain_chunks_in_one_read_are_one_event_and_one_delta_more(monkeypatch: pytest.MonkeyPatch) -> None:
    dispatched = 0
    dispatch = Decoder.dispatch

    def counted(self: Decoder) -> Event | None:
        nonlocal dispatched
        dispatched += 1
        return dispatch(self)

    monkeypatch.setattr(Decoder, "dispatch", counted)
    words = [f"word{number} ü漢" for number in range(1000)]
    stream = "".join(f"data: {chunk(word, {}, {}, ascii=False, spaced=False)}\n\n" for word in words).encode()
    first, rest = [deltas for deltas in Reader(translator()).feed(stream) if deltas]
    assert (first[0].fields, rest[0].pieces, dispatched) == ({"content": words[0]}, words[1:], 1)


def test_of_a_thousand_plain_chunks_one_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = 0

    def counted(data: str) -> Any:
        nonlocal parsed
        parsed += 1
        return event_object(data)

    module = import_module("inference.dialects.openai_chat.stream")
    event_object = module.event_object
    monkeypatch.setattr(module, "event_object", counted)
    chunks = [chunk(f"word{number} ü漢", {}, {}, ascii=False, spaced=False) for number in range(1000)]
    deltas, _ = said(chunks, plainly=True)
    assert (len(deltas), parsed) == (1000, 1)


def test_chunks_that_are_never_alike_are_soon_not_compared() -> None:
    translated = translator()
    for number in range(100):
        translated.feed(Event(chunk("word", {"obfuscation": "x" * number}, {}, ascii=True, spaced=False)))
    assert translated.alike.misses == MISSES


def test_openai_is_asked_for_chunks_that_are_alike_unless_the_caller_wants_them_hidden() -> None:
    assert body("gpt-5.2", stream=True)["stream_options"]["include_obfuscation"] is False
    hidden = {"include_obfuscation": True}
    assert body("gpt-5.2", stream=True, stream_options=hidden)["stream_options"]["include_obfuscation"] is True
