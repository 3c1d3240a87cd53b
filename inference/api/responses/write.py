"""A reply as OpenAI's response: the events of a stream, or the whole, which is what the events add up to."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from conway.common.errors import ApiError
from inference.api import sealed
from inference.api.growing import Growing, written
from inference.api.responses.echo import echo
from inference.api.responses.output import Call, Event, Item, Part, Reasoning, Text, before, fields
from inference.chat.encoding import dumps, quoted
from inference.chat.format import Shown
from inference.chat.reply import Delta, Facts, Reply
from inference.chat.request import ChatRequest

# OpenAI's finish reason → why a response is incomplete.
INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def writer(id: str, request: ChatRequest, model: str) -> "Writer":
    return Writer(id, request, model)


@dataclass(slots=True)
class Writer:
    """`output` holds the items so far; `open` is the one that grows now."""

    id: str
    request: ChatRequest
    model: str
    facts: Facts = field(default_factory=Facts)
    created: int = 0
    sequence: int = 0
    output: list[Part] = field(default_factory=list)
    open: Part | None = None
    growing: Growing | None = None
    calls: dict[int, Call] = field(default_factory=dict)
    phase: str | None = None  # of the message that comes next
    is_begun: bool = False

    def begin(self, facts: Facts) -> None:
        if not self.is_begun:
            self.facts = facts
            self.created = self.created or facts.created or int(time.time())

    # Streams

    def events(self, deltas: list[Delta]) -> bytes:
        begun = "" if self.is_begun else self.numbered(self.opening())
        return (begun + written(deltas, self)).encode("ascii")

    def end(self, finishes: list[Delta], shown: Shown) -> bytes:
        status, reason = ended(finishes)
        steps = self.opening() + self.close(status)
        response = self.response(status, usage_of(shown), incomplete=reason)
        return self.numbered([*steps, (f"response.{status}", fields(response=response))]).encode("ascii")

    def fault(self, error: ApiError, request_id: str) -> bytes:
        """What was said so far is in its events; a failed response has no output of its own."""
        told = {"code": error.code, "message": error.message, "type": error.type, "param": error.param}
        response = {**self.response("failed", None), "error": told, "output": []}
        return self.numbered([*self.opening(), ("response.failed", fields(response=response))]).encode("ascii")

    def opening(self) -> list[Event]:
        if self.is_begun:
            return []
        self.is_begun = True
        told = fields(response={**self.response("in_progress", None), "output": []})
        return [("response.created", told), ("response.in_progress", told)]

    def numbered(self, steps: list[Event]) -> str:
        first = self.sequence
        self.sequence += len(steps)
        return "".join(f"{before(name)}{number},{told}}}\n\n" for number, (name, told) in enumerate(steps, first))

    # Whole

    def note(self, deltas: list[Delta]) -> None:
        for delta in deltas:
            self.steps(delta)

    def whole(self, reply: Callable[[], Reply], shown: Shown) -> bytes:
        status, reason = ended([Delta(finish_reason=reply().choices[0].finish_reason)])
        self.close(status)
        return dumps(self.response(status, usage_of(shown), incomplete=reason)).encode()

    def response(self, status: str, usage: Item | None, *, incomplete: str | None = None) -> Item:
        is_done = status == "completed"
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "status": status,
            "error": None,
            "incomplete_details": {"reason": incomplete} if incomplete else None,
            "model": self.facts.model or self.model,
            "output": [part.item(self.status_of(part, status)) for part in self.output],
            **echo(self.request),
            "usage": usage,
            **({"completed_at": int(time.time())} if is_done else {}),
        }

    def status_of(self, part: Part, status: str) -> str:
        return "incomplete" if status == "incomplete" and part is self.output[-1] else "completed"

    # Items

    def more(self, growing: Growing, texts: list[str]) -> str:
        first = self.sequence
        self.sequence += len(texts)
        before, place, behind = growing.before, growing.place, growing.behind
        events = [f"{before}{number}{place}{quoted(text)}{behind}" for number, text in enumerate(texts, first)]
        return "".join(events)

    def other(self, delta: Delta) -> str:
        return self.numbered(self.steps(delta))

    def steps(self, delta: Delta) -> list[Event]:
        if delta.index:
            return []
        steps: list[Event] = []
        for name, value in delta.fields.items():
            if value and (step := STEPS.get(name)) is not None:
                steps += step(self, value, delta)
        if delta.item is not None and (kept := ITEMS.get(delta.item.get("type", ""))) is not None:
            steps += kept(self, delta.item)
        return steps

    def text(self, value: str, delta: Delta, kind: str = "output_text") -> list[Event]:
        odds = (delta.logprobs or {}).get("content") or []
        if isinstance(self.open, Text) and self.open.kind == kind and delta.begins is None:
            return self.open.grow(value, odds)
        part = Text(len(self.output), self.name("msg"), kind, self.phase)
        self.phase = None
        return self.start(part) + part.grow(value, odds)

    def refuse(self, value: str, delta: Delta) -> list[Event]:
        return self.text(value, delta, "refusal")

    def annotate(self, value: list[Item], delta: Delta) -> list[Event]:
        steps: list[Event] = []
        for annotation in value:
            if isinstance(self.open, Text) and annotation.get("type") == "url_citation":
                steps += self.open.cite({"type": "url_citation", **annotation["url_citation"]})
        return steps

    def think(self, value: str, delta: Delta) -> list[Event]:
        value = value[len(delta.begins or "") :]
        steps = [] if isinstance(self.open, Reasoning) else self.start(Reasoning(len(self.output), self.name("rs")))
        assert isinstance(self.open, Reasoning)
        if delta.begins is not None or not self.open.parts:
            steps += self.open.begin()
            self.growing = self.open.growing()
        return steps + self.open.grow(value)

    def thought(self, blocks: list[Item], delta: Delta) -> list[Event]:
        """Claude's own, signed: sealed whole, so that Claude gets back what Claude wrote."""
        return [step for block in blocks for step in self.sealed({"blocks": [block]})]

    def carry(self, value: Item, delta: Delta) -> list[Event]:
        """OpenAI's own was told item by item."""
        kept = {name: inner for name, inner in value.items() if name != "openai"}
        return self.sealed(kept) if kept else []

    def sealed(self, kept: Item) -> list[Event]:
        steps = [] if isinstance(self.open, Reasoning) else self.start(Reasoning(len(self.output), self.name("rs")))
        assert isinstance(self.open, Reasoning)
        self.open.seal = sealed.seal(kept)
        return steps + self.close()

    def call(self, fragments: list[Item], delta: Delta) -> list[Event]:
        steps: list[Event] = []
        for fragment in fragments:
            kind = "custom" if "custom" in fragment else "function"
            said, number = fragment.get(kind) or {}, fragment["index"]
            call = self.calls.get(number)
            if call is None:
                call_id = fragment.get("id") or ""
                if (extra := fragment.get("extra_content")) is not None:
                    steps += self.sealed({"calls": {call_id: extra}})
                namespace, name = self.request.names.get(said.get("name") or "", (None, said.get("name") or ""))
                prefix = "fc" if kind == "function" else "ctc"
                call = Call(0, self.name(prefix), kind, call_id, name, namespace)
                steps += self.close()
                call.at = len(self.output)
                self.calls[number] = call
                steps += self.start(call)
            if asked := said.get("arguments") or said.get("input"):
                steps += call.grow(asked)
        return steps

    def own_reasoning(self, item: Item) -> list[Event]:
        """OpenAI's: it begins with its id, its words are told, and with its seal it is complete."""
        if (seal := item.get("encrypted_content")) is None:
            return self.start(Reasoning(len(self.output), item["id"], is_openais=True))
        steps = [] if isinstance(self.open, Reasoning) else self.start(Reasoning(len(self.output), item["id"]))
        assert isinstance(self.open, Reasoning)
        self.open.seal = seal
        return steps + self.close()

    def own_message(self, item: Item) -> list[Event]:
        self.phase = item["phase"]
        return []

    def start(self, part: Part) -> list[Event]:
        steps = self.close()
        self.output.append(part)
        self.open = part
        self.growing = part.growing()
        return steps + part.opened()

    def close(self, status: str = "completed") -> list[Event]:
        """Thoughts without a seal get an empty one: clients that store nothing throw unsealed ones away."""
        if self.open is None:
            return []
        part, self.open, self.growing = self.open, None, None
        if isinstance(part, Reasoning) and part.seal is None and not part.is_openais:
            part.seal = sealed.seal({})
        return part.closed("incomplete" if status == "incomplete" else "completed")

    def name(self, prefix: str) -> str:
        """Of an item: the response's own number, and the item's."""
        return f"{prefix}_{self.id.partition('_')[2]}{len(self.output):02x}"


STEPS: dict[str, Callable[[Writer, Any, Delta], list[Event]]] = {
    "content": Writer.text,
    "refusal": Writer.refuse,
    "annotations": Writer.annotate,
    "reasoning_content": Writer.think,
    "thinking_blocks": Writer.thought,
    "tool_calls": Writer.call,
    "extra_content": Writer.carry,
}
ITEMS: dict[str, Callable[[Writer, Item], list[Event]]] = {
    "reasoning": Writer.own_reasoning,
    "message": Writer.own_message,
}


def ended(finishes: list[Delta]) -> tuple[str, str | None]:
    """The status, and why it is incomplete."""
    reasons = [delta.finish_reason for delta in finishes if not delta.index and delta.finish_reason]
    reason = INCOMPLETE.get(reasons[0]) if reasons else None
    return ("incomplete", reason) if reason else ("completed", None)


def usage_of(shown: Shown) -> Item:
    usage = shown.usage.as_openai()
    prompt, written = usage["prompt_tokens_details"], usage["completion_tokens_details"]
    return {
        "input_tokens": usage["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": prompt["cached_tokens"], **writes(prompt)},
        "output_tokens": usage["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": written.get("reasoning_tokens") or 0},
        "total_tokens": usage["total_tokens"],
        **shown.money,
    }


def writes(prompt: Item) -> dict[str, int]:
    return {"cache_write_tokens": prompt["cache_write_tokens"]} if "cache_write_tokens" in prompt else {}
