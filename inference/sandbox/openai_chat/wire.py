"""How Chat Completions answers: one JSON object, chunks, errors. Subclasses change what their provider does
otherwise."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from ..neutral_request import Ask, Usage
from ..protocol import Frame, Incoming
from ..refusals import Refused
from ..replies import CALLS, LENGTH, MALFORMED, REFUSED, STOP, STOP_STRING, Choice, Reply
from ..tool_choice import Call
from ..validators import Invalid
from ..word_tokens import count, count_words, pieces

CREATED = 1_795_430_000  # the same request gets the same reply, its date included
FINISH = {
    STOP: "stop",
    STOP_STRING: "stop",
    LENGTH: "length",
    CALLS: "tool_calls",
    REFUSED: "content_filter",
    MALFORMED: "stop",
}


class ChatWire(ABC):
    provider: str
    faults: Mapping[int, tuple[str, str | None, str]]  # status → type, code, message
    thinking_field: str | None = None  # where visible reasoning goes
    free_refusals = False

    # requests

    def authenticate(self, headers: Mapping[str, str]) -> None:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip() or key.strip() == "wrong":
            raise self.fault(401)

    def read(self, body: Any, incoming: Incoming) -> Ask:
        try:
            self.check_shape(body)
        except Invalid as invalid:
            raise self.complaint(invalid) from None
        return self.checked(body)

    @abstractmethod
    def check_shape(self, body: Any) -> None:
        """The table of fields. Raises Invalid."""

    @abstractmethod
    def checked(self, body: dict[str, Any]) -> Ask:
        """The rules that join fields and models. Raises Refused."""

    # replies

    def whole(self, reply: Reply) -> dict[str, Any]:
        choices = [self.choice(reply, choice, index) for index, choice in enumerate(reply.choices)]
        usage = {"usage": self.usage(reply.usage)} if reply.usage else {}
        return {**self.envelope(reply, "chat.completion"), "choices": choices, **usage}

    def envelope(self, reply: Reply, kind: str) -> dict[str, Any]:
        return {"id": reply.id("chatcmpl-"), "object": kind, "created": CREATED, "model": reply.model}

    def choice(self, reply: Reply, choice: Choice, index: int) -> dict[str, Any]:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": choice.text if choice.words or not choice.calls else None,
        }
        if self.thinking_field and choice.thinking:
            message[self.thinking_field] = choice.thought
        if choice.calls:
            message["tool_calls"] = [self.call(reply, call, index, nth) for nth, call in enumerate(choice.calls)]
        return {"index": index, "message": message, "finish_reason": FINISH[choice.finish]}

    def call(self, reply: Reply, call: Call, index: int, nth: int) -> dict[str, Any]:
        return {
            "id": self.call_id(reply, call, index, nth),
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
        }

    def call_id(self, reply: Reply, call: Call, index: int, nth: int) -> str:
        return reply.id("call_", 100 * index + nth)

    def usage(self, usage: Usage) -> dict[str, Any]:
        return {
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.output,
            "total_tokens": usage.prompt + usage.output,
            "prompt_tokens_details": {"cached_tokens": usage.cached},
        }

    # streams

    def frames(self, reply: Reply) -> Iterator[Frame]:
        envelope = self.envelope(reply, "chat.completion.chunk")
        for index, choice in enumerate(reply.choices):
            yield from self.choice_frames(reply, envelope, choice, index)
        if reply.usage and (reply.ask.body.get("stream_options") or {}).get("include_usage"):
            yield sse({**envelope, "choices": [], "usage": self.usage(reply.usage)})
        yield Frame(b"data: [DONE]\n\n")

    def choice_frames(self, reply: Reply, envelope: dict[str, Any], choice: Choice, index: int) -> Iterator[Frame]:
        yield self.chunk(reply, envelope, index, self.opening(choice))
        for field, words in ((self.thinking_field, choice.thinking), ("content", choice.words)):
            if field:
                yield from (
                    self.chunk(reply, envelope, index, {field: word}, words=1, tokens=count(word)) for word in words
                )
            else:
                yield Frame(b"", tokens=count_words(words))
        for nth, call in enumerate(choice.calls):
            for delta in self.call_deltas(reply, call, index, nth):
                arguments = delta["function"].get("arguments") or ""
                yield self.chunk(
                    reply,
                    envelope,
                    index,
                    {"tool_calls": [{"index": nth, **delta}]},
                    words=bool(arguments),
                    tokens=(count(arguments) if call.arguments else 0) or int("name" in delta["function"]),
                )
        yield self.chunk(reply, envelope, index, {}, finish=FINISH[choice.finish])

    def opening(self, choice: Choice) -> dict[str, Any]:
        return {"role": "assistant", "content": None if choice.calls and not choice.words else ""}

    def call_deltas(self, reply: Reply, call: Call, index: int, nth: int) -> Iterator[dict[str, Any]]:
        yield {
            "id": self.call_id(reply, call, index, nth),
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
        yield from (
            {"function": {"arguments": piece}} for piece in pieces(json.dumps(call.arguments, ensure_ascii=False))
        )

    def chunk(
        self,
        reply: Reply,
        envelope: dict[str, Any],
        index: int,
        delta: dict[str, Any],
        *,
        finish: str | None = None,
        words: int = 0,
        tokens: int = 0,
    ) -> Frame:
        choice = {"index": index, "delta": delta, "finish_reason": finish, **self.beside_delta(reply, delta, finish)}
        return sse({**envelope, "choices": [choice], **self.beside_choices(reply, delta)}, words, tokens)

    def beside_delta(self, reply: Reply, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
        return {}

    def beside_choices(self, reply: Reply, delta: dict[str, Any]) -> dict[str, Any]:
        return {}

    # errors

    @abstractmethod
    def complaint(self, invalid: Invalid) -> Refused: ...

    def not_json(self) -> Refused:
        return Refused(400, "invalid_request_error", "We could not parse the JSON body of your request.")

    def fault(self, status: int) -> Refused:
        kind, code, message = self.faults.get(status, ("server_error", None, f"The server answered {status}."))
        return Refused(status, kind, message, code=code)

    def quota(self) -> Refused:
        raise NotImplementedError

    def blocked(self) -> Refused | None:
        """The HTTP error a refusal is at this provider; None where it is a reply."""
        return None

    def error_body(self, refused: Refused, serial: int) -> dict[str, Any]:
        return {
            "error": {"message": refused.message, "type": refused.kind, "param": refused.param, "code": refused.code}
        }

    def error(self, refused: Refused, serial: int, streamed: bool) -> tuple[str, bytes]:
        return "application/json", json.dumps(self.error_body(refused, serial)).encode()

    def error_frame(self, serial: int) -> bytes:
        return sse(self.error_body(self.fault(500), serial)).data

    def headers(self, serial: int) -> dict[str, str]:
        return {"x-request-id": f"req_sandbox_{serial}"}


def sse(value: dict[str, Any], words: int = 0, tokens: int = 0) -> Frame:
    return Frame(f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode(), words, tokens)
