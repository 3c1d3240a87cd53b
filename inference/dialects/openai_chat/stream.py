"""A streamed reply, chunk by chunk (docs/providers/).

`feed` runs for every token of every OpenAI-shaped stream: keep it lean.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inference.chat.provider_error import TRUNCATED, ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Delta, Facts
from inference.dialects.alike import MISSES, Alike
from inference.dialects.openai_chat import calls, faults, finish
from inference.dialects.openai_chat.reply import learn, learn_usage, logprobs, reasoning, spoken
from inference.dialects.untrusted_json import event_object, mapping, number, objects
from inference.sse import Event

Body = dict[str, Any]

DONE = "[DONE]"
PLAIN = frozenset({"role", "content", "reasoning_content", "refusal"})  # of a delta: what is not kept for later


def stream(rendered: ProviderRequest) -> "Chunks":
    return Chunks(rendered.names)


@dataclass(slots=True)
class Voice:
    """One choice of the stream. Its finish waits for the end: usage comes after it, and other servers say it twice."""

    calls: calls.Calls
    finish: str | None = None
    has_spoken: bool = False


@dataclass(slots=True)
class Chunks:
    """The translator of one stream; `names` maps tool names back to the caller's."""

    names: Mapping[str, str]
    facts: Facts = field(default_factory=Facts)
    voices: dict[int, Voice] = field(default_factory=dict)
    has_ended: bool = False
    alike: Alike = field(default_factory=Alike)

    @property
    def may_run(self) -> bool:
        return self.alike.misses < MISSES

    def run(self, read: bytes, start: int) -> tuple[list[Delta], int]:
        texts, stop = self.alike.run(read, start) if not self.has_ended else ([], start)
        if not texts or self.alike.go_on is None:
            return [], stop
        deltas = self.alike.go_on(self, "".join(texts), ())
        deltas[0].pieces = texts
        return deltas, stop

    def feed(self, event: Event) -> list[Delta]:
        data = event.data
        if self.has_ended or not data or data.isspace():
            return []
        if event.name == "message" and (alike := self.alike.deltas(self, data)) is not None:
            return alike
        if data.startswith(DONE):
            return self.end()
        chunk = event_object(data)
        choices = chunk.get("choices")
        if not choices or "error" in chunk or event.name == "error":
            faults.refuse(chunk, event.name)
        if chunk.get("usage"):
            learn_usage(self.facts, chunk["usage"])
        if self.facts.model is None or not choices:
            learn(self.facts, chunk)
        if choices.__class__ is list and len(choices) == 1 and choices[0].__class__ is dict:
            deltas = self.hear(choices[0])
            if event.name == "message" and not chunk.get("usage") and is_plain(choices[0]):
                self.expect_alike(data, deltas)
            return deltas
        return [delta for choice in objects(choices) for delta in self.hear(choice)]

    def expect_alike(self, data: str, deltas: list[Delta]) -> None:
        if len(deltas) == 1 and len(deltas[0].fields) == 1 and deltas[0].logprobs is None:
            index, ((name, said),) = deltas[0].index, deltas[0].fields.items()
            self.alike.learn(data, name, said, lambda _, text, __: [Delta({name: text}, None, index)] if text else [])

    def hear(self, choice: Body) -> list[Delta]:
        index = choice.get("index", 0)
        if index.__class__ is not int:
            index = number(index) or 0
        voice = self.voices.get(index) or self.open(index)
        delta = choice.get("delta")
        deltas = self.deltas(delta, index, voice) if delta.__class__ is dict else []
        if deltas:
            voice.has_spoken = True
        elif "message" in choice and not voice.has_spoken:
            deltas = self.deltas(numbered(mapping(choice["message"])), index, voice)
        if choice.get("logprobs") is not None and (odds := logprobs(choice["logprobs"])):
            # A token that is half an emoji has its odds before it has text.
            deltas = deltas or [Delta({"content": ""}, index=index)]
            deltas[0].logprobs = odds
        if choice.get("finish_reason") is not None:
            voice.finish = voice.finish or finish.reason(choice["finish_reason"])
            learn_usage(self.facts, choice.get("usage"))
        return deltas

    def open(self, index: int) -> Voice:
        voice = self.voices[index] = Voice(calls.Calls(self.names))
        return voice

    def deltas(self, message: Body, index: int, voice: Voice) -> list[Delta]:
        """One kind of field in each."""
        text = message.get("content")
        if len(message) == 1 and text.__class__ is str:  # nineteen chunks of twenty
            return [Delta({"content": text}, None, index)] if text else []
        deltas = []
        text, thought = spoken(text)
        if thought := reasoning(message) or thought:
            deltas.append(Delta({"reasoning_content": thought}, index=index))
        if text:
            deltas.append(Delta({"content": text}, index=index))
        if (refusal := message.get("refusal")) and isinstance(refusal, str):
            deltas.append(Delta({"refusal": refusal}, index=index))
        if annotations := objects(message.get("annotations")):
            deltas.append(Delta({"annotations": annotations}, index=index))
        if message.get("tool_calls") or message.get("function_call"):
            pieces = [piece for fragment in calls.fragments(message) for piece in voice.calls.add(fragment)]
            deltas += [Delta({"tool_calls": [piece]}, index=index) for piece in pieces]
        return deltas

    def end(self) -> list[Delta]:
        """The finish of every choice. Raises `ProviderError` where one has none: `stop` is never made up."""
        if self.has_ended:
            return []
        self.has_ended = True
        voices = sorted(self.voices.items())
        if not voices or any(voice.finish is None for _, voice in voices):
            raise ProviderError(TRUNCATED)
        return [delta for index, voice in voices for delta in closing(index, voice)]


def numbered(message: Body) -> Body:
    """A whole message, which some servers send as one event, as a delta: its calls are told apart by their numbers."""
    called = [{**call, "index": number} for number, call in enumerate(calls.fragments(message))]
    return {**message, "tool_calls": called, "function_call": None}


def is_plain(choice: Body) -> bool:
    """Whether the same once more would say nothing but the same text again."""
    delta, more = choice.get("delta"), choice.get("finish_reason") is not None or "message" in choice
    return not more and delta.__class__ is dict and PLAIN.issuperset(delta)


def closing(index: int, voice: Voice) -> list[Delta]:
    owed = [Delta({"tool_calls": [piece]}, index=index) for piece in voice.calls.close()]
    return [*owed, Delta(finish_reason=voice.finish, index=index)]
