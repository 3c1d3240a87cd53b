"""The items of a response as they open, grow and close: each tells its events, and is at last what they add up to."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from inference.api.growing import Growing
from inference.chat.encoding import dumps, quoted

Item = dict[str, Any]
Event = tuple[str, str]  # its name, and its fields as JSON without the braces


class Part(Protocol):
    """An item of the output. `at` is its place there."""

    at: int
    id: str

    def growing(self) -> Growing | None:
        """Its text, where deltas go on with one."""

    def opened(self) -> list[Event]: ...
    def closed(self, status: str) -> list[Event]: ...
    def item(self, status: str) -> Item: ...


def fields(**values: Any) -> str:
    return dumps(values)[1:-1]


def before(name: str) -> str:
    """An event up to its number."""
    return f'event: {name}\ndata: {{"type":"{name}","sequence_number":'


def growth(name: str, event: str, place: str, pieces: list[str], behind: str = "") -> Growing:
    return Growing(name, before(event), f"{behind}}}\n\n", pieces, f',{place},"delta":')


@dataclass(slots=True)
class Text:
    """A message: one part of text, or one of refusal. `kind` is what grows."""

    at: int
    id: str
    kind: str = "output_text"
    phase: str | None = None
    pieces: list[str] = field(default_factory=list)
    annotations: list[Item] = field(default_factory=list)
    logprobs: list[Item] = field(default_factory=list)

    def place(self) -> dict[str, Any]:
        return {"item_id": self.id, "output_index": self.at, "content_index": 0}

    def part(self, text: str) -> Item:
        if self.kind == "refusal":
            return {"type": "refusal", "refusal": text}
        return {"type": "output_text", "text": text, "annotations": self.annotations, "logprobs": self.logprobs}

    def opened(self) -> list[Event]:
        item = {**self.item("in_progress"), "content": []}
        part = {**self.part("")}
        return [
            ("response.output_item.added", fields(output_index=self.at, item=item)),
            ("response.content_part.added", fields(**self.place(), part=part)),
        ]

    def growing(self) -> Growing:
        if self.kind == "refusal":
            return growth("refusal", "response.refusal.delta", self.here(), self.pieces)
        return growth("content", "response.output_text.delta", self.here(), self.pieces, ',"logprobs":[]')

    def grow(self, text: str, logprobs: list[Item]) -> list[Event]:
        self.pieces.append(text)
        self.logprobs += logprobs
        odds = f',"logprobs":{dumps(logprobs) if logprobs else "[]"}' if self.kind == "output_text" else ""
        return [(f"response.{self.kind}.delta", f'{self.here()},"delta":{quoted(text)}{odds}')]

    def here(self) -> str:
        return f'"item_id":"{self.id}","output_index":{self.at},"content_index":0'

    def cite(self, annotation: Item) -> list[Event]:
        number = len(self.annotations)
        self.annotations.append(annotation)
        body = fields(**self.place(), annotation_index=number, annotation=annotation)
        return [("response.output_text.annotation.added", body)]

    def closed(self, status: str) -> list[Event]:
        text = "".join(self.pieces)
        odds = {"logprobs": self.logprobs} if self.kind == "output_text" else {}
        name = "text" if self.kind == "output_text" else "refusal"
        return [
            (f"response.{self.kind}.done", fields(**self.place(), **{name: text}, **odds)),
            ("response.content_part.done", fields(**self.place(), part=self.part(text))),
            ("response.output_item.done", fields(output_index=self.at, item=self.item(status))),
        ]

    def item(self, status: str) -> Item:
        phase = {"phase": self.phase} if self.phase else {}
        content = [self.part("".join(self.pieces))]
        return {"id": self.id, "type": "message", "status": status, "role": "assistant", **phase, "content": content}


@dataclass(slots=True)
class Reasoning:
    """Thoughts, as summaries; `seal` is for the model that had them. OpenAI's own item keeps its id, and its seal."""

    at: int
    id: str
    parts: list[list[str]] = field(default_factory=list)
    seal: str | None = None
    is_openais: bool = False

    def growing(self) -> Growing | None:
        if not self.parts:
            return None
        place = fields(**self.place())
        return growth("reasoning_content", "response.reasoning_summary_text.delta", place, self.parts[-1])

    def opened(self) -> list[Event]:
        item = {"id": self.id, "type": "reasoning", "summary": []}
        return [("response.output_item.added", fields(output_index=self.at, item=item))]

    def place(self) -> dict[str, Any]:
        return {"item_id": self.id, "output_index": self.at, "summary_index": len(self.parts) - 1}

    def begin(self) -> list[Event]:
        ended = self.end()
        self.parts.append([])
        part = {"type": "summary_text", "text": ""}
        return [*ended, ("response.reasoning_summary_part.added", fields(**self.place(), part=part))]

    def grow(self, text: str) -> list[Event]:
        self.parts[-1].append(text)
        return [("response.reasoning_summary_text.delta", fields(**self.place(), delta=text))]

    def end(self) -> list[Event]:
        if not self.parts:
            return []
        text = "".join(self.parts[-1])
        part = {"type": "summary_text", "text": text}
        return [
            ("response.reasoning_summary_text.done", fields(**self.place(), text=text)),
            ("response.reasoning_summary_part.done", fields(**self.place(), part=part)),
        ]

    def closed(self, status: str) -> list[Event]:
        return [*self.end(), ("response.output_item.done", fields(output_index=self.at, item=self.item(status)))]

    def item(self, status: str) -> Item:
        summary = [{"type": "summary_text", "text": "".join(part)} for part in self.parts]
        seal = {"encrypted_content": self.seal} if self.seal else {}
        return {"id": self.id, "type": "reasoning", "summary": summary, **seal}


# Of a call, by the kind of its tool: the item's type, what grows in it, and the name of that event.
CALLS = {
    "function": ("function_call", "arguments", "function_call_arguments"),
    "custom": ("custom_tool_call", "input", "custom_tool_call_input"),
}


@dataclass(slots=True)
class Call:
    at: int
    id: str
    kind: str
    call_id: str
    name: str
    namespace: str | None = None
    pieces: list[str] = field(default_factory=list)

    def growing(self) -> None:
        """The deltas of several calls take turns."""

    def opened(self) -> list[Event]:
        return [("response.output_item.added", fields(output_index=self.at, item=self.item("in_progress")))]

    def grow(self, text: str) -> list[Event]:
        self.pieces.append(text)
        place = f'"item_id":"{self.id}","output_index":{self.at},"delta":{quoted(text)}'
        return [(f"response.{CALLS[self.kind][2]}.delta", place)]

    def closed(self, status: str) -> list[Event]:
        _, grows, event = CALLS[self.kind]
        done = fields(item_id=self.id, output_index=self.at, **{grows: "".join(self.pieces)})
        return [
            (f"response.{event}.done", done),
            ("response.output_item.done", fields(output_index=self.at, item=self.item(status))),
        ]

    def item(self, status: str) -> Item:
        kind, grows, _ = CALLS[self.kind]
        call = {"call_id": self.call_id, "name": self.name, grows: "".join(self.pieces)}
        where = {"namespace": self.namespace} if self.namespace else {}
        return {"id": self.id, "type": kind, "status": status, **call, **where}
