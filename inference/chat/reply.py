"""What comes back from a provider, in OpenAI's terms: deltas of a stream, or the whole of a reply."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from inference.chat.usage import Usage


@dataclass(slots=True)
class Facts:
    """What a provider says of a reply besides its text. `raw_usage` is its own usage object, kept for the books."""

    model: str | None = None
    upstream_id: str | None = None
    created: int | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
    usage: Usage | None = None
    raw_usage: dict[str, Any] | None = None
    # What a broken stream had already told: the prompt's buckets, exact, before the output's are known.
    known_input: Usage | None = None
    # A refusal before any output is shown with its usage and charged nothing (docs/providers/).
    free: bool = False
    # Why the provider declined, as it names it itself: for the receipt.
    refused: str | None = None
    # For staff: what the provider did unasked (its own search, say), and tries that came to nothing.
    alerts: list[str] = field(default_factory=list)
    failed_tries: list[dict[str, Any]] = field(default_factory=list)
    # Why the reply ended in the provider's own words, for callers who speak them: Claude's stop_reason and its kin.
    stopped: dict[str, Any] | None = None


@dataclass(slots=True)
class Delta:
    """One step of one choice. `fields` is OpenAI's delta object without the role; a `finish_reason` comes alone,
    once. What Chat Completions has no word for stands beside it: that a part of the reply `begins` here, after the
    separator that Chat Completions needs (two texts in a row would else be one), and an `item` that is complete, as
    its provider wrote it.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    finish_reason: str | None = None
    index: int = 0
    logprobs: Any = None
    begins: str | None = field(default=None, compare=False)
    item: dict[str, Any] | None = None
    # Of a text that came in several chunks at once: each.
    pieces: list[str] | None = field(default=None, compare=False)


def apart(deltas: Iterable[Delta]) -> Iterator[Delta]:
    """Chunk by chunk, as they came."""
    for delta in deltas:
        if delta.pieces is None:
            yield delta
        else:
            ((name, _),) = delta.fields.items()
            yield from (Delta({name: text}, None, delta.index) for text in delta.pieces)


@dataclass(slots=True)
class Choice:
    """A whole choice: `message` is OpenAI's message object."""

    message: dict[str, Any]
    finish_reason: str
    index: int = 0
    logprobs: Any = None


@dataclass(slots=True)
class Reply:
    choices: list[Choice]
    facts: Facts
    told: list[Delta] = field(default_factory=list)  # in the order of its parts, where the dialect kept that

    def deltas(self) -> Iterator[Delta]:
        """The reply as a stream would have told it: some upstreams answer JSON where a stream was asked for."""
        yield from self.told
        for choice in () if self.told else self.choices:
            yield from spread(choice)


def spread(choice: Choice) -> Iterator[Delta]:
    message = choice.message
    for name in ("reasoning_content", "content", "refusal", "thinking_blocks", "annotations", "extra_content"):
        if message.get(name):
            yield Delta(
                {name: message[name]}, index=choice.index, logprobs=choice.logprobs if name == "content" else None
            )
    for number, call in enumerate(message.get("tool_calls") or ()):
        yield Delta({"tool_calls": [{"index": number, **call}]}, index=choice.index)
    yield Delta(finish_reason=choice.finish_reason, index=choice.index)


# How the values of a delta's fields add up to a message's.
TEXTS = ("content", "reasoning_content", "refusal")
LISTS = ("thinking_blocks", "annotations")
# What a call says to its tool, by the kind of tool.
ASKED = {"function": "arguments", "custom": "input"}


@dataclass(slots=True)
class Gathered:
    """A stream's deltas, put together: the message for a JSON caller, and what was seen where the provider's usage is
    missing.
    """

    texts: dict[int, dict[str, list[str]]] = field(default_factory=dict)
    calls: dict[int, dict[int, dict[str, Any]]] = field(default_factory=dict)
    others: dict[int, dict[str, Any]] = field(default_factory=dict)
    finished: dict[int, str] = field(default_factory=dict)
    logprobs: dict[int, dict[str, list[Any]]] = field(default_factory=dict)
    # All text the model produced as far as we saw it, reasoning and call arguments too: how much, and what of it no
    # count of tokens has looked at (`completion.state.counted`).
    characters: int = 0
    unread: list[str] = field(default_factory=list)

    def add(self, delta: Delta) -> None:
        for name, value in delta.fields.items():
            if value is None:
                continue
            if name in TEXTS:
                self.texts.setdefault(delta.index, {}).setdefault(name, []).append(value)
                self.write(value)
            elif name == "tool_calls":
                self.add_calls(delta.index, value)
            elif name in LISTS:
                self.others.setdefault(delta.index, {}).setdefault(name, []).extend(value)
            else:
                self.others.setdefault(delta.index, {})[name] = value
        if delta.finish_reason is not None:
            self.finished[delta.index] = delta.finish_reason
        for name, tokens in (delta.logprobs or {}).items():
            if tokens is not None:
                self.logprobs.setdefault(delta.index, {}).setdefault(name, []).extend(tokens)

    def add_calls(self, index: int, fragments: Iterable[dict[str, Any]]) -> None:
        calls = self.calls.setdefault(index, {})
        for fragment in fragments:
            kind = "custom" if "custom" in fragment else "function"
            piece = fragment.get(kind) or {}
            call = calls.setdefault(fragment["index"], {"id": "", "type": kind, kind: {"name": "", ASKED[kind]: []}})
            call["id"] = fragment.get("id") or call["id"]
            function = call[call["type"]]
            function["name"] += (name := piece.get("name") or "")
            function[ASKED[call["type"]]].append(text := piece.get(ASKED[kind]) or "")
            self.write(name + text)
            if "extra_content" in fragment:
                call["extra_content"] = fragment["extra_content"]

    @property
    def empty(self) -> bool:
        """Nothing a caller could have seen."""
        return not (self.texts or self.calls)

    @property
    def only_declined(self) -> bool:
        """Nothing but a refusal, in whoever's words."""
        return not self.calls and all(texts.keys() <= {"refusal"} for texts in self.texts.values())

    def write(self, text: str) -> None:
        self.characters += len(text)
        self.unread.append(text)

    def reply(self, facts: Facts) -> Reply:
        indices = sorted({0, *self.texts, *self.calls, *self.finished})
        return Reply([self.choice(index) for index in indices], facts)

    def choice(self, index: int) -> Choice:
        texts = {name: "".join(pieces) for name, pieces in self.texts.get(index, {}).items()}
        calls = [whole(call) for _, call in sorted(self.calls.get(index, {}).items())]
        content = texts.pop("content", None if calls or texts.get("refusal") else "")
        message = {
            "role": "assistant",
            "content": content,
            "refusal": texts.pop("refusal", None),
            **texts,
            **self.others.get(index, {}),
        }
        if calls:
            message["tool_calls"] = calls
        return Choice(message, self.finished.get(index, "stop"), index, self.logprobs.get(index))


def whole(call: dict[str, Any]) -> dict[str, Any]:
    kind = call["type"]
    text = "".join(call[kind][ASKED[kind]])
    return {**call, kind: {"name": call[kind]["name"], ASKED[kind]: text or ("{}" if kind == "function" else "")}}
