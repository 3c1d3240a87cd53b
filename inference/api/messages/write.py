"""A reply as Anthropic's message: the events of a stream, or the whole, which is what the events add up to."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from conway.common.errors import ApiError
from inference.api import sealed
from inference.api.growing import Growing, repeated, written
from inference.api.messages import errors
from inference.chat.encoding import dumps, quoted
from inference.chat.format import Shown
from inference.chat.replaced_text import Escapes
from inference.chat.reply import Delta, Facts, Reply
from inference.chat.request import ChatRequest
from inference.chat.usage import Usage

Block = dict[str, Any]

KEEP_ALIVE = b'event: ping\ndata: {"type":"ping"}\n\n'
# OpenAI's finish reason → Anthropic's, for what is not Claude's own word.
STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
# What grows in a block, by the kind of block: its delta's type, and the delta's field.
GROWS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
}
BEHIND = "}}\n\n"  # the text
# The field of our deltas that goes on with it.
GOES_ON = {"text": "content", "thinking": "reasoning_content"}


def writer(id: str, request: ChatRequest, model: str) -> "Writer":
    return Writer(id, model)


@dataclass(slots=True)
class Writer:
    """`content` holds the blocks so far, `pieces` what each has grown by; `open` is the one that grows now."""

    id: str
    model: str
    facts: Facts = field(default_factory=Facts)
    content: list[Block] = field(default_factory=list)
    pieces: list[list[str]] = field(default_factory=list)
    calls: dict[int, int] = field(default_factory=dict)  # a call's number → its block's
    open: int | None = None
    growing: Growing | None = None
    escapes: dict[int, Escapes] = field(default_factory=dict)  # of a call's block: its input is read as JSON
    refusals: list[str] = field(default_factory=list)
    is_begun: bool = False

    def begin(self, facts: Facts) -> None:
        if not self.is_begun:
            self.facts = facts

    # Streams

    def events(self, deltas: list[Delta]) -> bytes:
        begun = "" if self.is_begun else "".join(self.opening())
        return (begun + written(deltas, self)).encode("ascii")

    def end(self, finishes: list[Delta], shown: Shown) -> bytes:
        ending = {"delta": self.ending(finishes), "usage": usage_of(shown)}
        steps = [*self.opening(), *self.close(), event("message_delta", ending), event("message_stop")]
        return "".join(steps).encode("ascii")

    def fault(self, error: ApiError, request_id: str) -> bytes:
        return b"event: error\ndata: " + errors.error(error, request_id) + b"\n\n"

    def opening(self) -> list[str]:
        """The prompt's tokens are known here where the provider told them first."""
        if self.is_begun:
            return []
        self.is_begun = True
        known = self.facts.known_input or Usage()
        message = {**self.message(), "content": [], "usage": {**tokens(known), "output_tokens": 0}}
        return [event("message_start", {"message": message})]

    def message(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.facts.model or self.model,
            "stop_reason": None,
            "stop_sequence": None,
        }

    # Whole

    def note(self, deltas: list[Delta]) -> None:
        for delta in deltas:
            self.steps(delta)

    def whole(self, reply: Callable[[], Reply], shown: Shown) -> bytes:
        self.close()
        finishes = [Delta(finish_reason=reply().choices[0].finish_reason)]
        content = [grown(block, "".join(pieces)) for block, pieces in zip(self.content, self.pieces, strict=True)]
        message = {**self.message(), "content": content, **self.ending(finishes), "usage": usage_of(shown)}
        return dumps(message).encode()

    # Blocks

    more = staticmethod(repeated)

    def other(self, delta: Delta) -> str:
        return "".join(self.steps(delta))

    def steps(self, delta: Delta) -> list[str]:
        if delta.index:
            return []
        steps: list[str] = []
        for name, value in delta.fields.items():
            if value and (step := STEPS.get(name)) is not None:
                steps += step(self, value, delta.begins)
        if delta.item is not None and delta.item.get("type") == "citation":
            steps += self.cite(delta.item["citation"], delta.begins)
        return steps

    def text(self, value: str, begins: str | None) -> list[str]:
        steps = [] if self.is_open("text") and begins is None else self.start({"type": "text", "text": ""})
        return [*steps, self.grow(value)]

    def cite(self, citation: dict[str, Any], begins: str | None) -> list[str]:
        steps = [] if self.is_open("text") and begins is None else self.start({"type": "text", "text": ""})
        assert self.open is not None
        self.content[self.open].setdefault("citations", []).append(citation)
        return [*steps, self.delta({"type": "citations_delta", "citation": citation})]

    def think(self, value: str, begins: str | None) -> list[str]:
        value = value[len(begins or "") :]
        if self.is_open("thinking") and begins is None:
            return [self.grow(value)]
        return [*self.start({"type": "thinking", "thinking": "", "signature": ""}), self.grow(value)]

    def thought(self, blocks: list[Block], begins: str | None) -> list[str]:
        """Claude's own blocks, complete: what was thought has been told, its signature has not."""
        steps: list[str] = []
        for block in blocks:
            if block["type"] == "thinking":
                if not self.is_open("thinking"):
                    steps += self.start({"type": "thinking", "thinking": "", "signature": ""})
                steps += self.sign(block["signature"])
            else:
                steps += self.start(block)
            steps += self.close()
        return steps

    def carry(self, value: dict[str, Any], begins: str | None) -> list[str]:
        """What another provider's model must get back, in a block that callers return unread."""
        return [*self.start({"type": "redacted_thinking", "data": sealed.seal(value)}), *self.close()]

    def call(self, fragments: list[dict[str, Any]], begins: str | None) -> list[str]:
        steps: list[str] = []
        for fragment in fragments:
            said = fragment.get("function") or {}
            number = fragment["index"]
            if number not in self.calls:
                if (extra := fragment.get("extra_content")) is not None:
                    steps += self.carry({"calls": {fragment.get("id"): extra}}, None)
                steps += self.start(
                    {"type": "tool_use", "id": fragment.get("id") or "", "name": said.get("name") or "", "input": {}}
                )
                self.calls[number] = len(self.content) - 1
            at = self.calls[number]
            if text := self.escapes.setdefault(at, Escapes()).feed(said.get("arguments") or ""):
                steps.append(self.grow(text, at))
        return steps

    def refuse(self, value: str, begins: str | None) -> list[str]:
        """Claude tells a refusal by its stop reason; what others say instead of an answer is text."""
        self.refusals.append(value)
        return [] if self.facts.stopped is not None else self.text(value, None)

    def is_open(self, kind: str) -> bool:
        return self.open is not None and self.content[self.open]["type"] == kind

    def start(self, block: Block) -> list[str]:
        steps = self.close()
        self.open = len(self.content)
        self.content.append(block)
        self.pieces.append([])
        if (name := GOES_ON.get(block["type"])) is not None:
            self.growing = Growing(name, self.before(self.open), BEHIND, self.pieces[self.open])
        return [*steps, event("content_block_start", {"index": self.open, "content_block": block})]

    def grow(self, value: str, at: int | None = None) -> str:
        at = self.open if at is None else at
        assert at is not None
        self.pieces[at].append(value)
        return f"{self.before(at)}{quoted(value)}{BEHIND}"

    def before(self, at: int) -> str:
        """What stands before the text that a block grows by."""
        kind, name = GROWS[self.content[at]["type"]]
        return (
            f'event: content_block_delta\ndata: {{"type":"content_block_delta","index":{at},'
            f'"delta":{{"type":"{kind}","{name}":'
        )

    def delta(self, delta: Block) -> str:
        return event("content_block_delta", {"index": self.open, "delta": delta})

    def sign(self, signature: str) -> list[str]:
        assert self.open is not None
        self.content[self.open] = {**self.content[self.open], "signature": signature}
        return [self.delta({"type": "signature_delta", "signature": signature})] if signature else []

    def close(self) -> list[str]:
        """A thought that nobody signed gets a signature of ours: callers throw unsigned ones away."""
        if self.open is None:
            return []
        block, steps = self.content[self.open], list[str]()
        if block["type"] == "thinking" and not block["signature"]:
            steps += self.sign(sealed.seal({}))
        if self.open in self.escapes and (left := self.escapes[self.open].end()):
            steps.append(self.grow(left))
        steps.append(event("content_block_stop", {"index": self.open}))
        self.open = self.growing = None
        return steps

    # The end

    def ending(self, finishes: list[Delta]) -> dict[str, Any]:
        reasons = [delta.finish_reason for delta in finishes if not delta.index and delta.finish_reason]
        said = self.facts.stopped or {}
        reason = said.get("stop_reason") or STOP_REASONS.get(reasons[0] if reasons else "stop", "end_turn")
        details = said.get("stop_details")
        if self.refusals and not said:
            reason = "refusal"
        if reason == "refusal" and not details:
            details = {"type": "refusal", "category": None, "explanation": "".join(self.refusals) or None}
        ending = {"stop_reason": reason, "stop_sequence": said.get("stop_sequence")}
        return ending | ({"stop_details": details} if details else {})


STEPS: dict[str, Callable[[Writer, Any, str | None], list[str]]] = {
    "content": Writer.text,
    "reasoning_content": Writer.think,
    "thinking_blocks": Writer.thought,
    "tool_calls": Writer.call,
    "refusal": Writer.refuse,
    "extra_content": Writer.carry,
}


def event(name: str, fields: dict[str, Any] | None = None) -> str:
    return f"event: {name}\ndata: {dumps({'type': name, **(fields or {})})}\n\n"


def grown(block: Block, value: str) -> Block:
    """The block with all that it grew by."""
    match block["type"]:
        case "text" | "thinking" as kind:
            return {**block, kind: value}
        case "tool_use":
            return {**block, "input": input_of(value)}
    return block


def input_of(arguments: str) -> Any:
    """A reply that met its limit may break off inside a call; a caller gets what there is of it."""
    try:
        value = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return {"__raw_arguments": arguments}
    return value if isinstance(value, dict) else {"__raw_arguments": value}


def usage_of(shown: Shown) -> dict[str, Any]:
    usage = shown.usage
    thought = {} if usage.reasoning is None else {"output_tokens_details": {"thinking_tokens": usage.reasoning}}
    return {**tokens(usage), "output_tokens": usage.output, **thought, **shown.money}


def tokens(usage: Usage) -> dict[str, Any]:
    """Of the prompt: what was neither read from a cache nor written into one, and those beside it."""
    return {
        "input_tokens": usage.input + usage.audio_in,
        "cache_creation_input_tokens": usage.write_5m + usage.write_1h,
        "cache_read_input_tokens": usage.cached + usage.audio_cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.write_5m,
            "ephemeral_1h_input_tokens": usage.write_1h,
        },
    }
