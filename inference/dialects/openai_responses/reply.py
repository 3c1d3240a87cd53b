"""A reply, whole or event by event. A JSON reply is a stream whose last event is all there is, so both take one way."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from inference.chat.provider_error import BAD_RESPONSE, TRUNCATED, ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Delta, Facts, Gathered, Reply
from inference.dialects.openai_responses.details import chat_logprobs, url_citation
from inference.dialects.openai_responses.faults import said_in_stream
from inference.dialects.openai_responses.reasoning import extra_content
from inference.dialects.openai_responses.usage import read_usage
from inference.dialects.untrusted_json import event_object, mapping, number, objects, string
from inference.sse import Event

# Why a reply is incomplete. Any other limit (max_messages, say) is one too: cut off, so never "stop".
INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}
UNFINISHED = ("queued", "in_progress")
FAILED = ("failed", "cancelled")

# A kind of text: the caller's field, and where a part of that kind keeps its words.
TEXTS = {
    "output_text": ("content", "text"),
    "refusal": ("refusal", "refusal"),
    "summary_text": ("reasoning_content", "text"),
    "reasoning_text": ("reasoning_content", "text"),
}
# An event with a piece of text: the kind, and the field that numbers the part.
TEXT_EVENTS = {
    "response.output_text.delta": ("output_text", "content_index"),
    "response.refusal.delta": ("refusal", "content_index"),
    "response.reasoning_summary_text.delta": ("summary_text", "summary_index"),
    "response.reasoning_text.delta": ("reasoning_text", "content_index"),
}
# A call the caller answers: its kind, and what it says to the tool. Items of other tools are the provider's own affair.
CALLS = {"function_call": ("function", "arguments"), "custom_tool_call": ("custom", "input")}

Item = int | str
Place = tuple[Item, str, int]  # output item, kind of text, number of the part


@dataclass(slots=True)
class Stream:
    """One response. `told` counts the characters the caller has of each text, so that nothing is told twice or lost."""

    upstream_model: str
    facts: Facts = field(default_factory=Facts)
    names: dict[str, Item] = field(default_factory=dict)
    items: dict[Item, dict[str, Any]] = field(default_factory=dict)
    calls: dict[Item, tuple[int, str, str]] = field(default_factory=dict)
    told: dict[Place, int] = field(default_factory=dict)
    starts: dict[Place, int] = field(default_factory=dict)
    content_length: int = 0
    thinking: Place | None = None
    closed: bool = False

    def feed(self, event: Event) -> list[Delta]:
        if self.closed or event.data == "[DONE]":
            return []
        said = event_object(event.data)
        name, item = string(said.get("type")), self.item_of(said)
        if name in TEXT_EVENTS:
            kind, numbered = TEXT_EVENTS[name]
            return self.tell((item, kind, number(said.get(numbered)) or 0), said.get("delta"), said.get("logprobs"))
        match name:
            case "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta":
                return self.ask(item, said.get("delta"))
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
            case None if said.get("error"):
                raise said_in_stream(said)
        return []

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
        if status in FAILED or response.get("error"):
            raise said_in_stream(response)
        if status in UNFINISHED or not (isinstance(output, list) or self.told or self.calls):
            raise ProviderError(BAD_RESPONSE, said=f"a response with the status {str(status)[:50]!r}")
        if not (self.told or self.calls or self.items):
            for item, said in enumerate(objects(output)):
                yield from self.whole(item, said)
        self.closed = True
        if (extra := extra_content(self.items.values(), self.upstream_model)) is not None:
            yield Delta({"extra_content": extra})
        yield Delta(finish_reason=self.finish_reason(response))

    def finish_reason(self, response: Mapping[str, Any]) -> str:
        if response.get("status") == "incomplete":
            reason = string(mapping(response.get("incomplete_details")).get("reason"))
            return INCOMPLETE.get(reason or "", "length")
        return "tool_calls" if self.calls else "stop"

    def whole(self, item: Item, said: dict[str, Any]) -> Iterator[Delta]:
        """A finished item: what its events left out is told now."""
        self.items[item] = said
        name = string(said.get("type")) or ""
        if name in ("message", "reasoning"):
            for parts in (said.get("summary"), said.get("content")):
                for at, part in enumerate(objects(parts)):
                    yield from self.whole_part(item, at, part)
        elif name in CALLS:
            yield from self.open(item, said)
            kind, asks = CALLS[name]
            rest = self.rest((item, kind, 0), said.get(asks))
            no_arguments = kind == "function" and (item, kind, 0) not in self.told
            yield from self.ask(item, rest or ("{}" if no_arguments else ""))

    def whole_part(self, item: Item, at: int, part: dict[str, Any]) -> Iterator[Delta]:
        kind = string(part.get("type")) or ""
        if kind not in TEXTS:
            return
        place = (item, kind, at)
        text = part.get(TEXTS[kind][1])
        yield from self.tell(place, self.rest(place, text), None if place in self.told else part.get("logprobs"))
        yield from self.cite(place, objects(part.get("annotations"))[self.told.get((item, "cited", at), 0) :])

    def rest(self, place: Place, whole: Any) -> str:
        return (string(whole) or "")[self.told.get(place, 0) :]

    def tell(self, place: Place, text: Any, logprobs: Any) -> list[Delta]:
        if not isinstance(text, str) or not text:
            return []
        name = TEXTS[place[1]][0]
        before = self.told.get(place, 0)
        self.told[place] = before + len(text)
        if name == "content":
            if not before:
                self.starts[place] = self.content_length
            self.content_length += len(text)
            return [Delta({"content": text}, logprobs=chat_logprobs(logprobs) if logprobs else None)]
        if name == "reasoning_content":
            # The paragraphs of a summary come without anything between them.
            text = text if self.thinking in (None, place) else "\n\n" + text
            self.thinking = place
        return [Delta({name: text})]

    def cite(self, text: Place, said: list[dict[str, Any]]) -> list[Delta]:
        counted = (text[0], "cited", text[2])
        self.told[counted] = self.told.get(counted, 0) + len(said)
        start = self.starts.get(text, 0)
        citations = [citation for given in said if (citation := url_citation(given, start)) is not None]
        return [Delta({"annotations": citations})] if citations else []

    def open(self, item: Item, said: Mapping[str, Any]) -> list[Delta]:
        """A call's name is told at once; what other items begin with, their texts tell."""
        name = string(said.get("type")) or ""
        if name not in CALLS or item in self.calls:
            return []
        kind, asks = CALLS[name]
        index = len(self.calls)
        self.calls[item] = (index, kind, asks)
        call_id = string(said.get("call_id")) or "call_" + secrets.token_urlsafe(18)
        call = {"name": string(said.get("name")) or "", asks: ""}
        return [Delta({"tool_calls": [{"index": index, "id": call_id, "type": kind, kind: call}]})]

    def ask(self, item: Item, fragment: Any) -> list[Delta]:
        if not isinstance(fragment, str) or not fragment or item not in self.calls:
            return []
        index, kind, asks = self.calls[item]
        place = (item, kind, 0)
        self.told[place] = self.told.get(place, 0) + len(fragment)
        return [Delta({"tool_calls": [{"index": index, kind: {asks: fragment}}]})]


def stream(rendered: ProviderRequest) -> Stream:
    return Stream(rendered.body.get("model", ""))


def parse(body: Mapping[str, Any], rendered: ProviderRequest) -> Reply:
    """Raises `ProviderError` where the response failed, is not finished or is none."""
    if not isinstance(body, dict):
        raise ProviderError(BAD_RESPONSE, said=f"{body!r:.200}")
    translator, gathered = stream(rendered), Gathered()
    for delta in translator.close(body):
        gathered.add(delta)
    return gathered.reply(translator.facts)
