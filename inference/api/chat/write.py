"""What leaves us: OpenAI's JSON and OpenAI's chunks, whatever the provider spoke."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conway.common.errors import ApiError
from inference import sse
from inference.api.growing import Growing, repeated, written
from inference.chat import encoding
from inference.chat.encoding import dumps, quoted
from inference.chat.format import Shown
from inference.chat.reply import LISTS, TEXTS, Choice, Delta, Facts, Reply
from inference.chat.request import ChatRequest


def writer(id: str, request: ChatRequest, model: str) -> "Chunks":
    return Chunks(id, request, model)


@dataclass(slots=True)
class Chunks:
    """The chunks of one stream: the same id, created and model throughout, one role and one finish per choice."""

    id: str
    request: ChatRequest
    model: str  # where the provider does not say
    created: int = 0
    head: str = ""
    tail: str = ""
    begun: set[int] = field(default_factory=set)
    growing: Growing | None = None  # of the first choice
    listed: dict[tuple[int, str], int] = field(default_factory=dict)  # entries of a choice's lists so far

    def begin(self, facts: Facts) -> None:
        """Before the first chunk, when the provider has said what it serves."""
        if self.head or not self.request.stream:
            return
        self.created = facts.created or int(time.time())
        known = {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": facts.model or self.model,
        }
        extra = {
            name: value
            for name in ("system_fingerprint", "service_tier")
            if (value := getattr(facts, name)) is not None
        }
        self.head = dumps({**known, **extra})[:-1] + ',"choices":['
        self.tail = '],"usage":null}' if self.request.wants_usage else "]}"

    def events(self, deltas: list[Delta]) -> bytes:
        return written(deltas, self).encode("ascii")

    more = staticmethod(repeated)

    def other(self, delta: Delta) -> str:
        return "".join(self.steps(delta))

    def note(self, deltas: list[Delta]) -> None:
        """A whole reply is put together by the task."""

    def end(self, finishes: list[Delta], shown: Shown) -> bytes:
        usage = self.usage(usage_of(shown)) if self.request.wants_usage else b""
        return self.events(finishes) + usage + sse.DONE

    def fault(self, error: ApiError, request_id: str) -> bytes:
        """No finish chunk and no `[DONE]`: either would turn a broken answer into a whole one."""
        body = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
        return sse.encode(dumps({"error": body}))

    def whole(self, reply: Callable[[], Reply], shown: Shown) -> bytes:
        return encoding.whole(completion(self.id, reply(), self.request, self.model, usage_of(shown)))

    def steps(self, delta: Delta) -> list[str]:
        if not (delta.fields or delta.logprobs or delta.finish_reason):
            return []
        steps = [] if delta.index in self.begun else [self.chunk(delta.index, '{"role":"assistant","content":""}')]
        self.begun.add(delta.index)
        fields = legacy_delta(delta.fields) if self.request.legacy else delta.fields
        if len(fields) == 1 and not delta.index:
            self.growing = next((self.growth(name) for name in TEXTS if name in fields), None)
        if not fields.keys().isdisjoint(LISTS):
            fields = {name: self.numbered(delta.index, name, value) for name, value in fields.items()}
        if fields or delta.logprobs:
            steps.append(self.chunk(delta.index, fields_shown(fields), logprobs=delta.logprobs))
        if delta.finish_reason is not None:
            steps.append(self.chunk(delta.index, "{}", finish=finish_shown(delta.finish_reason, self.request)))
        return steps

    def growth(self, name: str) -> Growing:
        """A text of the first choice, as `chunk` writes it."""
        before = f'data: {self.head}{{"index":0,"delta":{{"{name}":'
        return Growing(name, before, f'}},"finish_reason":null}}{self.tail}\n\n')

    def numbered(self, index: int, name: str, value: Any) -> Any:
        """OpenAI's SDK adds up lists of objects by the `index` of each, and fails where there is none."""
        if name not in LISTS or not value:
            return value
        first = self.listed.get((index, name), 0)
        self.listed[index, name] = first + len(value)
        return [{"index": number, **entry} for number, entry in enumerate(value, first)]

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


def usage_of(shown: Shown) -> dict[str, Any]:
    return shown.usage.as_openai() | dict(shown.money)


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
