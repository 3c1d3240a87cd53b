"""What the tests of this folder speak: a model of the catalogue, a request to it, a stream from it."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from inference.catalog import loading
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.reply import Delta, Gathered, Reply
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.dialects import openai_chat
from inference.sse import Decoder

ROOT = Path(__file__).parents[4]
HELLO = [{"role": "user", "content": "Hello"}]
MODELS = ("gpt-5.2", "gpt-5-mini", "gpt-5-nano", "kimi-k2.5", "qwen3-coder")

Json = dict[str, Any]


@cache
def target(model: str) -> Target:
    row = loading.rows()[model]
    return Target(row["upstream_id"], Traits.of(row["traits"]), lambda value: f"hash of {value}")


def changed(model: str, **traits: Any) -> Target:
    """A model that staff have given other traits."""
    return replace(target(model), traits=replace(target(model).traits, **traits))


def request(**fields: Any) -> ChatRequest:
    return ChatRequest.read(json.dumps({"model": "any", "messages": HELLO, **fields}).encode())


def rendered(model: str | Target, *, limit: int | None = None, **fields: Any) -> ProviderRequest:
    to = target(model) if isinstance(model, str) else model
    return openai_chat.render(request(**fields), to, limit=limit)


def body(model: str | Target, **fields: Any) -> Json:
    return rendered(model, **fields).body


def messages(model: str | Target, *given: Json, **fields: Any) -> list[Json]:
    found: list[Json] = body(model, messages=list(given), **fields)["messages"]
    return found


def user(content: Any = "Hello") -> Json:
    return {"role": "user", "content": content}


def call(call_id: str = "call_a", name: str = "get_weather", arguments: str = '{"city": "Paris"}') -> Json:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def calling(*calls: Json, **fields: Any) -> Json:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **fields}


def result(call_id: str = "call_a", content: Any = "21 C") -> Json:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def tool(name: str = "get_weather", **function: Any) -> Json:
    return {"type": "function", "function": {"name": name, **function}}


# --- replies


def chunk(delta: Json | None = None, *, finish: str | None = None, index: int = 0, **fields: Any) -> Json:
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return {"id": "chatcmpl-1", "model": "gpt-5-mini-2025-08-07", "created": 1795430000, "choices": [choice], **fields}


def usage_chunk(**usage: Any) -> Json:
    return {"id": "chatcmpl-1", "model": "gpt-5-mini-2025-08-07", "choices": [], "usage": usage}


def sse(*chunks: Json | str) -> bytes:
    texts = [each if isinstance(each, str) else json.dumps(each) for each in chunks]
    return "".join(f"data: {text}\n\n" for text in texts).encode()


def told(stream: bytes, names: dict[str, str] | None = None, *, read_bytes: int = 0) -> tuple[list[Delta], Any]:
    """The deltas of a whole stream, read in pieces of that many bytes."""
    decoder, translator = Decoder(), openai_chat.stream(ProviderRequest(request(), {}, names=names or {}))
    step = read_bytes or len(stream) or 1
    reads = [stream[at : at + step] for at in range(0, len(stream), step)]
    events = [event for read in reads for event in decoder.feed(read)] + decoder.end()
    deltas = [delta for event in events for delta in translator.feed(event)]
    return deltas + translator.end(), translator.facts


def streamed(*chunks: Json | str, names: dict[str, str] | None = None) -> Reply:
    deltas, facts = told(sse(*chunks), names)
    gathered = Gathered()
    for delta in deltas:
        gathered.add(delta)
    return gathered.reply(facts)


def reply(
    message: Json | None = None, *, finish: Any = "stop", names: dict[str, str] | None = None, **fields: Any
) -> Reply:
    choice = {"index": 0, "message": message or {"role": "assistant", "content": "Hi"}, "finish_reason": finish}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-5.2", "choices": [choice], **fields}
    return openai_chat.parse(body, ProviderRequest(request(), {}, names=names or {}))


# --- what a stream says


def fields(*chunks: Json | str) -> list[Json]:
    return [delta.fields for delta in told(sse(*chunks))[0] if delta.finish_reason is None]


def finishes(*chunks: Json | str) -> list[tuple[int, str]]:
    return [(delta.index, delta.finish_reason) for delta in told(sse(*chunks))[0] if delta.finish_reason is not None]


def fragment(
    index: int | None = 0, *, call_id: str | None = None, name: str | None = None, arguments: Any = None
) -> Json:
    numbered = {} if index is None else {"index": index}
    return chunk(
        {
            "tool_calls": [
                {**numbered, "id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
            ]
        }
    )


def start(number: int, call_id: str, name: str) -> Json:
    return {
        "tool_calls": [
            {"index": number, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
        ]
    }


def more(number: int, arguments: str) -> Json:
    return {"tool_calls": [{"index": number, "function": {"arguments": arguments}}]}
