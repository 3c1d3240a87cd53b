"""A reply, whole or event by event. A JSON reply is a stream whose last event is all there is, so both take one way.

Every text and call comes up to four times: in pieces, whole when it is done, in its finished item, in the response at
the end. Servers leave out some of these: what the caller has not got yet is told by the next that has it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from inference.chat.provider_error import BAD_RESPONSE, TRUNCATED, ProviderError, keeping
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Delta, Facts, Gathered, Reply
from inference.dialects import failures
from inference.dialects.alike import Alike, GoOn
from inference.dialects.call_ids import CallIds
from inference.dialects.openai_responses.details import chat_logprobs, url_citation
from inference.dialects.openai_responses.faults import said_in_stream
from inference.dialects.openai_responses.items import (
    CALLS,
    KIND_OF_ITEM,
    TEXTS,
    Item,
    Place,
    kind_of,
    parts_of,
    recognised,
)
from inference.dialects.openai_responses.reasoning import beginning, extra_content, sealed
from inference.dialects.openai_responses.usage import read_usage
from inference.dialects.untrusted_json import asks_nothing, event_object, mapping, number, objects, string
from inference.sse import Event

# Why a reply is incomplete. Any other limit (max_messages, say) is one too: cut off, so never "stop".
INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}
UNFINISHED = ("queued", "in_progress")
UNNAMED = "message"
FAILED = ("failed", "cancelled")

# An event with a piece of text: the kind, and the field that numbers the part.
TEXT_EVENTS = {
    "response.output_text.delta": ("output_text", "content_index"),
    "response.refusal.delta": ("refusal", "content_index"),
    "response.reasoning_summary_text.delta": ("summary_text", "summary_index"),
    "response.reasoning_text.delta": ("reasoning_text", "content_index"),
}
# What of them differs from event to event besides the text, and means nothing.
COUNTS = ("sequence_number", "obfuscation")
# The same of one that is whole now; `refusal` keeps its words where a part of its kind does.
DONE_EVENTS = {name.replace(".delta", ".done"): numbered for name, numbered in TEXT_EVENTS.items()}
PART_EVENTS = {"response.content_part.done": "content_index", "response.reasoning_summary_part.done": "summary_index"}
# What a call asks, in pieces; and whole: its kind, and the field.
ASK_EVENTS = ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta")
ASKED_EVENTS = {
    "response.function_call_arguments.done": ("function", "arguments"),
    "response.custom_tool_call_input.done": ("custom", "input"),
}
# Items that cost nothing of their own: a search or a container of the provider's would be billed apart from tokens.
OUR_ITEMS = ("message", "reasoning", "compaction", *CALLS)


@dataclass(slots=True)
class Stream:
    """One response. `told` holds what the caller has of each text; `called` what it knows each call by; `callers` maps
    names of tools as sent to the caller's.
    """

    upstream_model: str
    callers: Mapping[str, str] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    names: dict[str, Item] = field(default_factory=dict)
    items: dict[Item, dict[str, Any]] = field(default_factory=dict)
    calls: dict[Item, tuple[int, str, str]] = field(default_factory=dict)
    called: dict[Item, str] = field(default_factory=dict)
    ids: CallIds = field(default_factory=CallIds)
    told: dict[Place, list[str]] = field(default_factory=dict)
    cited: dict[Place, int] = field(default_factory=dict)
    starts: dict[Place, int] = field(default_factory=dict)
    content_length: int = 0
    thinking: Place | None = None
    closed: bool = False
    opened: set[Item] = field(default_factory=set)
    kept: set[Item] = field(default_factory=set)
    alike: Alike = field(default_factory=Alike)

    def feed(self, event: Event) -> list[Delta]:
        if self.closed or event.data == "[DONE]":
            return []
        if (deltas := self.alike.deltas(self, event.data)) is not None:
            return deltas
        said = event_object(event.data)
        name, item = string(said.get("type")) or said_by(event), self.item_of(said)
        if name in TEXT_EVENTS:
            kind, numbered = TEXT_EVENTS[name]
            place = (item, kind, number(said.get(numbered)) or 0)
            if not said.get("logprobs"):
                self.expect_alike(event.data, said, lambda events, text, _: events.tell(place, text, None))
            return self.tell(place, said.get("delta"), said.get("logprobs"))
        if name in ASK_EVENTS:
            self.expect_alike(event.data, said, lambda events, text, _: events.ask(item, text))
            return self.ask(item, said.get("delta"))
        if name in DONE_EVENTS:
            kind, numbered = DONE_EVENTS[name]
            return self.tell_rest((item, kind, number(said.get(numbered)) or 0), said)
        if name in ASKED_EVENTS:
            kind, asked = ASKED_EVENTS[name]
            return self.ask(item, self.rest((item, kind, 0), said.get(asked)))
        if name in PART_EVENTS:
            return list(self.whole_part(item, number(said.get(PART_EVENTS[name])) or 0, mapping(said.get("part"))))
        match name:
            case "response.output_text.annotation.added":
                text = (item, "output_text", number(said.get("content_index")) or 0)
                return self.cite(text, [mapping(said.get("annotation"))])
            case "response.output_item.added":
                return self.open(item, mapping(said.get("item")))
            case "response.output_item.done":
                return list(self.whole(item, mapping(said.get("item"))))
            case "response.created" | "response.queued" | "response.in_progress":
                self.learn(mapping(said.get("response")))
            case "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled":
                return list(self.close({"status": name.removeprefix("response."), **mapping(said.get("response"))}))
            case "error":
                raise said_in_stream(said)
            case "" if failures.error_of(said):
                raise said_in_stream(said)
            case "" if said.get("object") == "response" and said.get("status") not in UNFINISHED:
                return list(self.close(said))  # all of it, in an event that does not say what it is
        return []

    def expect_alike(self, data: str, said: Mapping[str, Any], go_on: GoOn) -> None:
        """An event that says itself what it is looks alike only to events of its kind."""
        if string(said.get("type")):
            self.alike.learn(data, "delta", said.get("delta"), go_on, COUNTS)

    def end(self) -> list[Delta]:
        if not self.closed:
            raise ProviderError(TRUNCATED)
        return []

    def item_of(self, said: Mapping[str, Any]) -> Item:
        """An event's item by its place; other servers' events may tell its id only."""
        index = number(said.get("output_index"))
        name = string(said.get("item_id")) or string(mapping(said.get("item")).get("id")) or ""
        if index is None:
            return self.names.get(name, name)
        self.names[name] = index
        return index

    def learn(self, response: Mapping[str, Any]) -> None:
        facts = self.facts
        facts.upstream_id = string(response.get("id")) or facts.upstream_id
        facts.model = string(response.get("model")) or facts.model
        facts.created = number(response.get("created_at")) or facts.created
        facts.service_tier = string(response.get("service_tier")) or facts.service_tier
        if raw := mapping(response.get("usage")):
            facts.raw_usage, facts.usage = raw, read_usage(raw)

    def close(self, response: Mapping[str, Any]) -> Iterator[Delta]:
        """The response object: a stream's end, or all of a JSON reply. Raises `ProviderError` where it failed
        or is none.
        """
        self.learn(response)
        status, output = response.get("status"), response.get("output")
        is_silent = not (output or self.told or self.calls)
        if status in FAILED or response.get("error") or (is_silent and failures.error_of(response)):
            raise said_in_stream(response)
        says_nothing = is_silent and (not isinstance(output, list) or (status is None and self.facts.usage is None))
        if status in UNFINISHED or says_nothing:
            raise ProviderError(BAD_RESPONSE, said=f"a response with the status {str(status)[:50]!r}")
        final = recognised(objects(output), self.told, self.known(), self.names)
        for item, said in final.items():
            yield from self.whole(item, said)
        for item, (_, kind, _) in self.calls.items():
            if kind == "function" and (item, kind, 0) not in self.told:
                yield from self.ask(item, "{}")
        self.closed = True
        self.note_tools()
        made = final if final.keys() >= self.items.keys() else self.items
        if (extra := extra_content(self.as_called(made), self.upstream_model)) is not None:
            yield Delta({"extra_content": extra})
        yield Delta(finish_reason=self.finish_reason(response))

    def known(self) -> dict[Item, str]:
        """What kind of item the events so far were about."""
        told = {item: KIND_OF_ITEM[kind] for item, kind, _ in self.told}
        called = {item: KIND_OF_ITEM[kind] for item, (_, kind, _) in self.calls.items()}
        return {item: kind_of(said) for item, said in self.items.items()} | told | called

    def as_called(self, items: Mapping[Item, dict[str, Any]]) -> Iterable[dict[str, Any]]:
        for item, said in items.items():
            yield {**said, "call_id": self.called[item]} if item in self.called else said

    def note_tools(self) -> None:
        kinds = {kind_of(said) for said in self.items.values()}
        self.facts.alerts += sorted(f"unasked:{kind[:40]}" for kind in kinds if kind and kind not in OUR_ITEMS)

    def finish_reason(self, response: Mapping[str, Any]) -> str:
        if response.get("status") == "incomplete":
            reason = string(mapping(response.get("incomplete_details")).get("reason"))
            return INCOMPLETE.get(reason or "", "length")
        return "tool_calls" if self.calls else "stop"

    def whole(self, item: Item, said: dict[str, Any]) -> Iterator[Delta]:
        """A finished item: what its events left out is told now. A stub that names no tool and asks nothing is none."""
        self.items[item] = said
        name = kind_of(said)
        if name in ("message", "reasoning"):
            yield from self.open(item, said)
            for at, part in parts_of(said):
                yield from self.whole_part(item, at, part)
            if name == "reasoning" and item not in self.kept and (kept := sealed(said)) is not None:
                self.kept.add(item)  # the response at the end tells it again
                yield Delta(item=kept)
        elif name in CALLS:
            kind, asks = CALLS[name]
            yield from self.open(item, said)
            if item not in self.calls and not asks_nothing(string(said.get(asks)) or ""):
                raise ProviderError(BAD_RESPONSE, said="A tool call without a name.")
            yield from self.ask(item, self.rest((item, kind, 0), said.get(asks)))

    def whole_part(self, item: Item, at: int, part: dict[str, Any]) -> Iterator[Delta]:
        kind = string(part.get("type")) or ""
        if kind not in TEXTS:
            return
        place = (item, kind, at)
        yield from self.tell_rest(place, part)
        yield from self.cite(place, objects(part.get("annotations"))[self.cited.get(place, 0) :])

    def rest(self, place: Place, whole: Any) -> str:
        return (string(whole) or "")[sum(map(len, self.told.get(place, ()))) :]

    def tell_rest(self, place: Place, said: Mapping[str, Any]) -> list[Delta]:
        text = self.rest(place, said.get(TEXTS[place[1]][1]))
        return self.tell(place, text, None if place in self.told else said.get("logprobs"))

    def tell(self, place: Place, text: Any, logprobs: Any) -> list[Delta]:
        if not isinstance(text, str) or not text:
            return []
        name = TEXTS[place[1]][0]
        is_first = place not in self.told
        if (told := self.told.get(place)) is None:
            told = self.told[place] = []
            self.starts[place] = self.content_length
        told.append(text)
        if name == "content":
            self.content_length += len(text)
            odds = chat_logprobs(logprobs) if logprobs else None
            return [Delta({"content": text}, logprobs=odds, begins="" if is_first else None)]
        if name == "reasoning_content":
            # The paragraphs of a summary come without anything between them.
            begins = None if self.thinking == place else "" if self.thinking is None else "\n\n"
            self.thinking = place
            return [Delta({name: (begins or "") + text}, begins=begins)]
        return [Delta({name: text})]

    def cite(self, text: Place, said: list[dict[str, Any]]) -> list[Delta]:
        self.cited[text] = self.cited.get(text, 0) + len(said)
        start = self.starts.get(text, 0)
        citations = [citation for given in said if (citation := url_citation(given, start)) is not None]
        return [Delta({"annotations": citations})] if citations else []

    def open(self, item: Item, said: Mapping[str, Any]) -> list[Delta]:
        """A call's name is told as soon as there is one; what other items begin with, their texts tell, but for a
        message's phase and the id of a reasoning item.
        """
        kind_of_item, name = kind_of(said), string(said.get("name"))
        if kind_of_item in ("message", "reasoning") and item not in self.opened:
            self.opened.add(item)
            return [Delta(item=began)] if (began := beginning(said)) is not None else []
        if kind_of_item not in CALLS or item in self.calls or not name:
            return []
        kind, asks = CALLS[kind_of_item]
        index = len(self.calls)
        self.calls[item] = (index, kind, asks)
        call_id = self.called[item] = self.ids.take(said.get("call_id"))
        if given := string(said.get("call_id")):
            self.names.setdefault(given, item)
        asked = {"name": self.callers.get(name, name), asks: ""}
        return [Delta({"tool_calls": [{"index": index, "id": call_id, "type": kind, kind: asked}]})]

    def ask(self, item: Item, fragment: Any) -> list[Delta]:
        if not isinstance(fragment, str) or not fragment or item not in self.calls:
            return []
        index, kind, asks = self.calls[item]
        self.told.setdefault((item, kind, 0), []).append(fragment)
        return [Delta({"tool_calls": [{"index": index, kind: {asks: fragment}}]})]


def said_by(event: Event) -> str:
    """The `event:` line, where the data does not repeat what it is; without a line it is `message`."""
    return "" if event.name == UNNAMED else event.name


def stream(rendered: ProviderRequest) -> Stream:
    return Stream(rendered.body.get("model", ""), callers=rendered.names)


def parse(body: Mapping[str, Any], rendered: ProviderRequest) -> Reply:
    """Raises `ProviderError` where the response failed, is not finished or is none."""
    if not isinstance(body, dict):
        raise ProviderError(BAD_RESPONSE, said=f"{body!r:.200}")
    translator, gathered = stream(rendered), Gathered()
    with keeping(translator.facts):
        told = list(translator.close(body))
        for delta in told:
            gathered.add(delta)
    reply = gathered.reply(translator.facts)
    reply.told = told
    return reply
