"""A reply's content blocks as they open, grow and close (docs/providers/anthropic.md).

A block of a whole reply opens with everything in it; one of a stream grows by deltas. What Claude's own tools write
stays silent, and so do blocks of kinds we do not know.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from inference.chat.provider_error import BAD_RESPONSE, ProviderError
from inference.chat.reply import Delta
from inference.dialects.call_ids import CallIds
from inference.dialects.untrusted_json import asks_nothing, mapping, objects, string

PAGE = "web_search_result_location"
# What a delta adds to its block, by the delta's type: the field that holds it.
GROWS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
SEPARATOR = "\n"  # between thoughts, for callers who know them as one text only


@dataclass(slots=True)
class Said:
    """What the blocks so far amount to: it numbers the calls and places the annotations. `names`: those of tools as
    sent → the caller's.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    calls: int = 0
    ids: CallIds = field(default_factory=CallIds)
    characters: int = 0
    thought: int = 0
    unseen: int = 0

    @property
    def nothing(self) -> bool:
        return not (self.calls or self.characters or self.thought or self.unseen)


class Block(Protocol):
    def open(self, given: dict[str, Any]) -> list[Delta]: ...
    def grow(self, delta: dict[str, Any]) -> list[Delta]: ...
    def close(self) -> list[Delta]: ...


@dataclass(slots=True)
class Silent:
    said: Said

    def open(self, given: dict[str, Any]) -> list[Delta]:
        self.said.unseen += 1
        return []

    def grow(self, delta: dict[str, Any]) -> list[Delta]:
        return []

    def close(self) -> list[Delta]:
        return []


@dataclass(slots=True)
class Text:
    said: Said
    start: int = 0
    citations: list[dict[str, Any]] = field(default_factory=list)
    begins: str | None = ""

    def open(self, given: dict[str, Any]) -> list[Delta]:
        self.start = self.said.characters
        self.citations += objects(given.get("citations"))
        return self.write(given.get("text")) + [self.citing(cited) for cited in self.citations]

    def grow(self, delta: dict[str, Any]) -> list[Delta]:
        if delta.get("type") == "citations_delta":
            self.citations.append(cited := mapping(delta.get("citation")))
            return [self.citing(cited)]
        return self.write(delta.get("text")) if delta.get("type") == "text_delta" else []

    def write(self, text: Any) -> list[Delta]:
        if not isinstance(text, str) or not text:
            return []
        self.said.characters += len(text)
        begins, self.begins = self.begins, None
        return [Delta({"content": text}, begins=begins)]

    def citing(self, cited: dict[str, Any]) -> Delta:
        begins, self.begins = self.begins, None
        return Delta(begins=begins, item={"type": "citation", "citation": cited})

    def close(self) -> list[Delta]:
        """Citations of web pages belong to the whole text of their block; other kinds have no name at OpenAI."""
        pages = [cited for cited in self.citations if cited.get("type") == PAGE and string(cited.get("url"))]
        return [Delta({"annotations": [self.page(cited) for cited in pages]})] if pages else []

    def page(self, cited: dict[str, Any]) -> dict[str, Any]:
        span = {"start_index": self.start, "end_index": self.said.characters}
        page = {"url": cited["url"], "title": string(cited.get("title")) or ""}
        return {"type": "url_citation", "url_citation": page | span}


@dataclass(slots=True)
class Thinking:
    """Shown as it comes; the whole block, signed, follows for callers who send it back."""

    said: Said
    text: list[str] = field(default_factory=list)
    signature: str = ""

    def open(self, given: dict[str, Any]) -> list[Delta]:
        return self.grow(given)

    def grow(self, delta: dict[str, Any]) -> list[Delta]:
        if isinstance(signature := delta.get("signature"), str):
            self.signature += signature
        thought = delta.get("thinking")
        if not isinstance(thought, str) or not thought:
            return []
        separator = SEPARATOR if self.said.thought and not self.text else ""
        begins = None if self.text else separator
        self.text.append(thought)
        self.said.thought += len(thought)
        return [Delta({"reasoning_content": separator + thought}, begins=begins)]

    def close(self) -> list[Delta]:
        block = {"type": "thinking", "thinking": "".join(self.text), "signature": self.signature}
        return [Delta({"thinking_blocks": [block]})]


@dataclass(slots=True)
class Redacted(Silent):
    """Thinking that Claude keeps to itself: nothing to show, but to send back."""

    def open(self, given: dict[str, Any]) -> list[Delta]:
        self.said.unseen += 1
        hidden = string(given.get("data"))
        return [Delta({"thinking_blocks": [{"type": "redacted_thinking", "data": hidden}]})] if hidden else []


@dataclass(slots=True)
class Call:
    """A call of a caller's tool. Arguments come in fragments, or (without any) whole with the block's start. A stub
    that names no tool and asks nothing is none.
    """

    said: Said
    index: int | None = None
    whole: Any = None
    fragments: int = 0

    def open(self, given: dict[str, Any]) -> list[Delta]:
        name, self.whole = string(given.get("name")), given.get("input")
        if not name:
            return self.refuse_if(self.whole)
        self.index = self.said.calls
        self.said.calls += 1
        name = self.said.names.get(name, name)
        named = {"id": self.said.ids.take(given.get("id")), "type": "function"}
        return [Delta({"tool_calls": [{"index": self.index, **named, "function": {"name": name, "arguments": ""}}]})]

    def grow(self, delta: dict[str, Any]) -> list[Delta]:
        fragment = delta.get("partial_json")
        if not isinstance(fragment, str) or not fragment:
            return []
        if self.index is None:
            return self.refuse_if(not asks_nothing(fragment))
        self.fragments += 1
        return [self.argument(fragment)]

    def refuse_if(self, asks: Any) -> list[Delta]:
        if asks:
            raise ProviderError(BAD_RESPONSE, "a tool call without a name")
        return []

    def close(self) -> list[Delta]:
        if self.fragments or self.index is None:
            return []
        if isinstance(self.whole, str):
            return [self.argument(self.whole or "{}")]  # some servers write the arguments as text
        return [self.argument(json.dumps(self.whole or {}, ensure_ascii=False, separators=(",", ":")))]

    def argument(self, fragment: str) -> Delta:
        return Delta({"tool_calls": [{"index": self.index, "function": {"arguments": fragment}}]})


KINDS: dict[Any, type[Text] | type[Thinking] | type[Redacted] | type[Call]] = {
    "text": Text,
    "thinking": Thinking,
    "redacted_thinking": Redacted,
    "tool_use": Call,
}


def new(kind: Any, said: Said) -> Block:
    return KINDS.get(kind, Silent)(said) if isinstance(kind, str) else Silent(said)
