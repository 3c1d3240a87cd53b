"""What the tests of this folder speak: a Claude of the catalogue, a request to it, a reply from it."""

import json
from functools import cache
from typing import Any

from inference.catalog import loading
from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.reply import Choice, Delta, Facts, Gathered
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.dialects import anthropic
from inference.sse import Decoder

MODELS = ("claude-opus-4.6", "claude-opus-4.5", "claude-sonnet-4.5", "claude-haiku-4.5")
HELLO = [{"role": "user", "content": "Hello"}]

Json = dict[str, Any]


@cache
def target(model: str) -> Target:
    row = loading.rows()[model]
    return Target(row["upstream_id"], Traits.of(row["traits"]), lambda text: f"hash of {text}")


def request(**fields: Any) -> ChatRequest:
    return ChatRequest.read(json.dumps({"model": "claude", "messages": HELLO, **fields}).encode())


def rendered(model: str = "claude-sonnet-4.5", *, limit: int | None = None, **fields: Any) -> ProviderRequest:
    return anthropic.render(request(**fields), target(model), limit=limit)


def body(model: str = "claude-sonnet-4.5", **fields: Any) -> Json:
    return rendered(model, **fields).body


def messages(model: str = "claude-sonnet-4.5", *given: Json) -> list[Json]:
    found: list[Json] = body(model, messages=list(given))["messages"]
    return found


def user(text: str = "Hello") -> Json:
    return {"role": "user", "content": text}


def call(call_id: str, name: str = "get_weather", arguments: str = "{}") -> Json:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def calling(*calls: Json, **fields: Any) -> Json:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **fields}


def result(call_id: str, content: Any = "ok") -> Json:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def tool(name: str = "get_weather", **function: Any) -> Json:
    return {"type": "function", "function": {"name": name, **function}}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


# --- replies


def sse(*events: Json) -> str:
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def start(**message: Any) -> Json:
    usage = {"input_tokens": 20, "output_tokens": 1}
    opening = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5-20251001"}
    return {
        "type": "message_start",
        "message": {**opening, "content": [], "stop_reason": None, "usage": usage, **message},
    }


def block(index: int, content_block: Json, *deltas: Json) -> list[Json]:
    return [
        {"type": "content_block_start", "index": index, "content_block": content_block},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def said(words: str, index: int = 0) -> list[Json]:
    return block(index, text(""), {"type": "text_delta", "text": words})


def stopped(reason: str | None = "end_turn", *, output: int = 55, **delta: Any) -> list[Json]:
    told = {"stop_reason": reason, "stop_sequence": None, **delta}
    return [{"type": "message_delta", "delta": told, "usage": {"output_tokens": output}}, {"type": "message_stop"}]


def deltas(*events: Json, **fields: Any) -> tuple[list[Delta], Facts]:
    return read(sse(*events), rendered(**fields))


def read(
    stream: str | bytes, sent: ProviderRequest | None = None, *, step: int | None = None
) -> tuple[list[Delta], Facts]:
    """A whole stream, in network reads of `step` bytes."""
    raw = stream.encode() if isinstance(stream, str) else stream
    decoder, translator = Decoder(), anthropic.stream(sent or rendered())
    found: list[Delta] = []
    for at in range(0, len(raw), step or max(1, len(raw))):
        for event in decoder.feed(raw[at : at + (step or len(raw))]):
            found += translator.feed(event)
    for event in decoder.end():
        found += translator.feed(event)
    return found + translator.end(), translator.facts


def gathered(found: list[Delta]) -> Choice:
    whole = Gathered()
    for delta in found:
        whole.add(delta)
    return whole.reply(Facts()).choices[0]


def reply(*events: Json, **fields: Any) -> Choice:
    return gathered(deltas(*events, **fields)[0])


def broken(stream: str, sent: ProviderRequest | None = None) -> tuple[list[Delta], Facts, ProviderError]:
    """What a stream gave before it failed, and how it failed."""
    decoder, translator = Decoder(), anthropic.stream(sent or rendered())
    found: list[Delta] = []
    try:
        for event in decoder.feed(stream.encode()) + decoder.end():
            found += translator.feed(event)
        found += translator.end()
    except ProviderError as fault:
        return found, translator.facts, fault
    raise AssertionError("the stream did not fail")
