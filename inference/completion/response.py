"""What leaves us: OpenAI's JSON and OpenAI's chunks, whatever the provider spoke."""

import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from inference import sse
from inference.chat.provider_error import ProviderError
from inference.chat.reply import Choice, Delta, Facts, Reply
from inference.chat.request import ChatRequest

JSON_HEADERS = {"content-type": "application/json"}
STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}


@dataclass(slots=True)
class Answer:
    """`body` is whole, or an iterator whose closing says that the client has left."""

    status: int
    headers: dict[str, str]
    body: bytes | AsyncIterator[bytes]


# ASCII only: some clients split lines on U+2028, which may stand raw in JSON. One encoder: json.dumps() makes new ones.
dumps = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
quoted = json.encoder.encode_basestring_ascii  # what it does with a string, without the rest


def error_event(error: Mapping[str, Any]) -> bytes:
    """The last of a stream. No finish chunk and no `[DONE]`: either would turn a broken answer into a whole one."""
    return sse.encode(dumps({"error": error}))


@dataclass(slots=True)
class Chunks:
    """The chunks of one stream: the same id, created and model throughout, one role and one finish per choice."""

    id: str
    request: ChatRequest
    created: int = 0
    head: str = ""
    tail: str = ""
    begun: set[int] = field(default_factory=set)

    def begin(self, facts: Facts, fallback_model: str) -> None:
        """Before the first chunk, when the provider has said what it serves."""
        self.created = facts.created or int(time.time())
        known = {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": facts.model or fallback_model,
        }
        extra = {
            name: value
            for name in ("system_fingerprint", "service_tier")
            if (value := getattr(facts, name)) is not None
        }
        self.head = dumps({**known, **extra})[:-1] + ',"choices":['
        self.tail = '],"usage":null}' if self.request.wants_usage else "]}"

    def encode(self, deltas: list[Delta]) -> bytes:
        return "".join(text for delta in deltas for text in self.steps(delta)).encode("ascii")

    def steps(self, delta: Delta) -> list[str]:
        steps = [] if delta.index in self.begun else [self.chunk(delta.index, '{"role":"assistant","content":""}')]
        self.begun.add(delta.index)
        fields = legacy_delta(delta.fields) if self.request.legacy else delta.fields
        if fields or delta.logprobs:
            steps.append(self.chunk(delta.index, fields_shown(fields), logprobs=delta.logprobs))
        if delta.finish_reason is not None:
            steps.append(self.chunk(delta.index, "{}", finish=finish_shown(delta.finish_reason, self.request)))
        return steps

    def chunk(self, index: int, delta: str, *, finish: str | None = None, logprobs: Any = None) -> str:
        reason = "null" if finish is None else dumps(finish)
        odds = f',"logprobs":{dumps(logprobs)}' if logprobs is not None else ""
        return f'data: {self.head}{{"index":{index},"delta":{delta}{odds},"finish_reason":{reason}}}{self.tail}\n\n'

    def usage(self, usage: Mapping[str, Any]) -> bytes:
        return f'data: {self.head}],"usage":{dumps(usage)}}}\n\n'.encode("ascii")


def fields_shown(fields: Mapping[str, Any]) -> str:
    if len(fields) == 1 and (text := fields.get("content")).__class__ is str:  # nineteen deltas of twenty
        return f'{{"content":{quoted(text)}}}'
    return dumps(fields)


def completion(
    id: str, reply: Reply, request: ChatRequest, fallback_model: str, usage: Mapping[str, Any]
) -> dict[str, Any]:
    facts = reply.facts
    extra = {
        name: value for name in ("system_fingerprint", "service_tier") if (value := getattr(facts, name)) is not None
    }
    return {
        "id": id,
        "object": "chat.completion",
        "created": facts.created or int(time.time()),
        "model": facts.model or fallback_model,
        "choices": [shown(choice, request) for choice in reply.choices],
        "usage": usage,
        **extra,
    }


def shown(choice: Choice, request: ChatRequest) -> dict[str, Any]:
    message = legacy_message(choice.message) if request.legacy else choice.message
    return {
        "index": choice.index,
        "message": message,
        "logprobs": choice.logprobs,
        "finish_reason": finish_shown(choice.finish_reason, request),
    }


def fault_error(fault: ProviderError) -> dict[str, Any]:
    return {"message": fault.message, "type": fault.meaning.type, "param": fault.param, "code": fault.code}


# A caller who sent `functions` reads `function_call`; there is one call at most in that form.


def finish_shown(reason: str, request: ChatRequest) -> str:
    return "function_call" if request.legacy and reason == "tool_calls" else reason


def legacy_message(message: Mapping[str, Any]) -> dict[str, Any]:
    old = {name: value for name, value in message.items() if name != "tool_calls"}
    return {**old, "function_call": message["tool_calls"][0]["function"]} if message.get("tool_calls") else old


def legacy_delta(fields: Mapping[str, Any]) -> dict[str, Any]:
    old = {name: value for name, value in fields.items() if name != "tool_calls"}
    first = next((call for call in fields.get("tool_calls") or () if call["index"] == 0), None)
    return {**old, "function_call": first["function"]} if first else old
