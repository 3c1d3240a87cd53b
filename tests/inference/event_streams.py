"""Streams of every dialect as their providers send them, and as they might: most events are like the one before but for
their text, some differ in one thing.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st

from inference.api import chat, messages, responses
from inference.chat.format import Format
from inference.chat.provider_request import ProviderRequest, Target
from inference.dialects import DIALECTS, Dialect
from tests.corpus.loaded import listings

Json = dict[str, Any]

MODELS = {"openai_chat": "gpt-5-mini", "openai_responses": "gpt-5.2-codex", "anthropic": "claude-haiku-4.5",
          "gemini": "gemini-3-flash"}  # fmt: skip
FORMATS: dict[str, Format] = {"chat": chat, "messages": messages, "responses": responses}
ASKED: dict[str, Json] = {
    "chat": {"messages": [{"role": "user", "content": "hi"}]},
    "messages": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 100},
    "responses": {"input": "hi"},
}

ODD = ("a", " b", "ü", "漢字 ", '"', "\\", "\\n", "\n", "\t", "\u2028", "\x7f", "\x00", "\x01", "😀", "", "\ud83d", "/",
       '","content":"', '"}}', '"delta":"x"', '"text":"', " } }", "0", "sequence_number")  # fmt: skip
texts = st.sampled_from(("a", "word ", *ODD)) | st.text(max_size=6)
counts = st.one_of(
    st.integers(0, 20), st.integers(0, 20), st.sampled_from([None, -1, 1.0, 1.5, "7", True, 10**15, 10**20])
)
MOSTLY_NOTHING: list[Json] = [{}] * 9


@dataclass(frozen=True)
class Said:
    """One event as it is sent."""

    value: Json
    name: str | None = None
    ascii: bool = False
    spaced: bool = False
    padding: tuple[int, int] = (0, 0)
    line_end: str = "\n"

    @property
    def data(self) -> str:
        written = json.dumps(self.value, ensure_ascii=self.ascii, separators=None if self.spaced else (",", ":"))
        within, behind = self.padding
        if within and written.endswith("}}"):
            written = written[:-1] + " " * within + "}"
        return (written + " " * behind).encode("utf-8", "replace").decode()

    @property
    def bytes(self) -> bytes:
        named = f"event: {self.name}{self.line_end}" if self.name else ""
        return f"{named}data: {self.data}{self.line_end * 2}".encode()


def some(plain: st.SearchStrategy[Json], *others: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """Nearly always the first."""
    return st.one_of(plain, plain, plain, plain, *others)


@cache
def asked(dialect: str, format: str = "chat", *, as_json: bool = False) -> tuple[Dialect, ProviderRequest]:
    """`as_json`, Claude's answer comes through a fence."""
    model, more = MODELS[dialect], {"response_format": {"type": "json_object"}} if as_json else {}
    request = FORMATS[format].read(json.dumps({**ASKED[format], "model": model, "stream": True, **more}).encode())
    reader = DIALECTS[dialect]
    return reader, reader.render(request, Target(model, listings()[model].traits, str))


# OpenAI's chat


def of_chat() -> st.SearchStrategy[Json]:
    delta = some(
        st.builds(lambda text: {"content": text}, texts),
        st.builds(lambda text: {"reasoning_content": text}, texts),
        st.builds(lambda text: {"refusal": text}, texts),
        st.builds(lambda text: {"role": "assistant", "content": text}, texts),
        st.builds(
            lambda text: {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": text}}]}, texts
        ),
    )
    extra = st.sampled_from([*MOSTLY_NOTHING, {"finish_reason": "stop"}, {"index": 1}])
    envelope = st.sampled_from(
        [*MOSTLY_NOTHING, {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}, {"obfuscation": "x"}]
    )
    return st.builds(
        lambda delta, extra, more: {"id": "1", "choices": [{"index": 0, "delta": delta, **extra}], **more},
        delta, extra, envelope,
    )  # fmt: skip


# OpenAI's Responses


def of_responses() -> st.SearchStrategy[Json]:
    item = st.sampled_from([0, 0, 0, 1])
    place = st.builds(lambda at: {"item_id": f"item{at}", "output_index": at}, item)
    kind = st.sampled_from([
        {"type": "response.output_text.delta", "content_index": 0},
        {"type": "response.output_text.delta", "content_index": 0},
        {"type": "response.output_text.delta", "content_index": 1},
        {"type": "response.refusal.delta", "content_index": 0},
        {"type": "response.reasoning_summary_text.delta", "summary_index": 0},
        {"type": "response.reasoning_summary_text.delta", "summary_index": 1},
        {"type": "response.function_call_arguments.delta"}, {"content_index": 0},
    ])  # fmt: skip
    extra = st.sampled_from([
        *MOSTLY_NOTHING, {"logprobs": []}, {"logprobs": [{"token": "a", "logprob": -1}]}, {"item_id": "item1"},
        {"item": {"id": "item1"}}, {"delta": None}, {"note": "x"},
    ])  # fmt: skip
    said = st.builds(
        lambda kind, place, text, count, extra, padding: {**kind, **place, "delta": text, **extra, **count, **padding},
        kind, place, texts, st.builds(lambda count: {"sequence_number": count}, counts), extra,
        st.one_of(st.just({}), st.builds(lambda text: {"obfuscation": text}, texts)),
    )  # fmt: skip
    call = {"type": "function_call", "id": "item0", "name": "f", "arguments": ""}
    opened = st.builds(
        lambda at: {
            "type": "response.output_item.added",
            "output_index": at,
            "item": {**call, "id": f"item{at}", "call_id": f"call{at}"},
        },
        item,
    )
    done = st.builds(
        lambda text, at: {"type": "response.output_text.done", "output_index": at, "content_index": 0, "text": text},
        texts,
        item,
    )
    return some(
        said, said, opened, done, st.just({"type": "response.in_progress", "response": {"id": "r", "model": "m"}})
    )


# Anthropic's Messages

BLOCKS = [{"type": "text", "text": ""}, {"type": "thinking", "thinking": "", "signature": ""},
          {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}, {"type": "server_tool_use"}]  # fmt: skip


def of_messages() -> st.SearchStrategy[Json]:
    index = st.sampled_from([0, 0, 0, 0, 1])
    grows = st.sampled_from(
        [("text_delta", "text")] * 4 + [("thinking_delta", "thinking"), ("input_json_delta", "partial_json")]
    )
    more = st.sampled_from([*MOSTLY_NOTHING, {"signature": "s"}, {"text": "t"}, {"note": "x"}])
    grown = st.builds(
        lambda index, grows, text, more: {
            "type": "content_block_delta", "index": index, "delta": {"type": grows[0], grows[1]: text, **more},
        },
        index, grows, texts, more,
    )  # fmt: skip
    opened = st.builds(
        lambda index, block: {"type": "content_block_start", "index": index, "content_block": block},
        index, st.sampled_from(BLOCKS),
    )  # fmt: skip
    closed = st.builds(lambda index: {"type": "content_block_stop", "index": index}, index)
    signed = {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}}
    return some(grown, grown, opened, closed, st.just({"type": "ping"}), st.just(signed))


# Gemini


COUNTED = ("promptTokenCount", "candidatesTokenCount", "totalTokenCount", "thoughtsTokenCount")


def of_gemini() -> st.SearchStrategy[Json]:
    part = some(
        st.builds(lambda text: {"text": text}, texts),
        st.builds(lambda text: {"text": text, "thought": True}, texts),
        st.builds(lambda text: {"text": text, "thoughtSignature": "c2ln"}, texts),
        st.builds(lambda text: {"text": text, "functionCall": {"name": "f", "args": {}, "id": text}}, texts),
    )
    extra = st.sampled_from(
        [*MOSTLY_NOTHING, {"index": 1}, {"finishReason": "STOP"}, {"safetyRatings": [{"category": "x"}]}]
    )
    counted = st.builds(
        lambda *given: dict(zip(COUNTED, given, strict=True)),
        st.just(3), counts, counts, st.just(2) | counts,
    )  # fmt: skip
    usage = st.one_of(st.just({}), st.builds(lambda counted: {"usageMetadata": counted}, counted))
    return st.builds(
        lambda parts, extra, usage: {"candidates": [{"content": {"parts": parts, "role": "model"}, **extra}], **usage},
        st.lists(part, min_size=1, max_size=2) | part.map(lambda one: [one]), extra, usage,
    )  # fmt: skip


VALUES = {"openai_chat": of_chat, "openai_responses": of_responses, "anthropic": of_messages, "gemini": of_gemini}


def events(dialect: str) -> st.SearchStrategy[list[Said]]:
    """Of one stream: what varies from provider to provider seldom does within one."""
    value = VALUES[dialect]()
    named = (lambda value: value.get("type")) if dialect in ("anthropic", "openai_responses") else (lambda value: None)
    padding = st.tuples(st.integers(0, 2), st.integers(0, 2)) if dialect == "anthropic" else st.just((0, 0))

    def sent(
        values: list[Json], paddings: list[tuple[int, int]], ascii: bool, spaced: bool, line_end: str
    ) -> list[Said]:
        return [
            Said(value, named(value), ascii, spaced, padding, line_end)
            for value, padding in zip([*BEGUN[dialect], *values], paddings, strict=False)
        ]

    return st.builds(
        sent, st.lists(value, max_size=12), st.lists(padding, min_size=16, max_size=16), st.booleans(),
        st.sampled_from([False, False, True]), st.sampled_from(["\n", "\r\n"]),
    )  # fmt: skip


BEGUN: dict[str, list[Json]] = {
    "openai_chat": [], "openai_responses": [], "gemini": [],
    "anthropic": [
        {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 3, "output_tokens": 1}}},
        *({"type": "content_block_start", "index": at, "content_block": BLOCKS[0]} for at in (0, 1)),
    ],
}  # fmt: skip
