"""Events, or a whole answer, → deltas (docs/providers/gemini.md).

Each event is a whole `GenerateContentResponse`; nothing but the end of the stream says that there are no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from inference.chat.provider_error import BAD_RESPONSE, TRUNCATED, ProviderError, keeping
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Delta, Facts, Gathered, Reply
from inference.dialects.alike import Alike
from inference.dialects.gemini import finish, signatures, usage
from inference.dialects.gemini.calls import Calls
from inference.dialects.gemini.choice import Choice
from inference.dialects.gemini.faults import fault_in_reply
from inference.dialects.untrusted_json import event_value, mapping, number, objects, string
from inference.sse import Event


def stream(rendered: ProviderRequest) -> "Generation":
    return Generation(rendered)


def parse(body: Any, rendered: ProviderRequest) -> Reply:
    """A JSON answer; a list of them where a stream was asked for without `alt=sse`. Raises `ProviderError`."""
    generation, gathered = Generation(rendered), Gathered()
    with keeping(generation.facts):
        for delta in generation.read(body):
            gathered.add(delta)
        if not generation.choices and generation.blocked is None:
            raise ProviderError(BAD_RESPONSE, "an answer without candidates")
        for delta in generation.end():
            gathered.add(delta)
    return gathered.reply(generation.facts)


@dataclass(slots=True)
class Generation:
    """One reply. `blocked`: why the prompt was, where it was."""

    rendered: ProviderRequest
    facts: Facts = field(default_factory=Facts)
    usage: dict[str, Any] = field(default_factory=dict)
    choices: dict[int, Choice] = field(default_factory=dict)
    blocked: str | None = None
    block_message: str = ""
    alike: Alike = field(default_factory=Alike)

    def feed(self, event: Event) -> list[Delta]:
        if (deltas := self.alike.deltas(self, event.data)) is not None:
            return deltas
        told = event_value(event.data)
        deltas = self.read(told)
        match told:
            case {"candidates": [{"content": {"parts": [{"text": str()} as part]}} as candidate]}:
                self.expect_alike(event.data, part, self.choice(candidate, 0), mapping(told.get("usageMetadata")))
        return deltas

    def expect_alike(self, data: str, part: dict[str, Any], choice: Choice, said: dict[str, Any]) -> None:
        """Gemini counts the tokens so far in each event."""

        def go_on(generation: "Generation", text: str, counts: Sequence[str]) -> list[Delta]:
            if counts:
                generation.count(dict(zip(generation.alike.others, map(int, counts), strict=True)))
            return tell(text)

        if "functionCall" not in part:
            tell = choice.think if part.get("thought") is True else choice.write
            growing = [name for name in usage.GROWING if said.get(name).__class__ is int]
            self.alike.learn(data, "text", part["text"], go_on, growing)

    def read(self, told: Any) -> list[Delta]:
        answers = told if isinstance(told, list) else [told]
        if not all(isinstance(answer, dict) for answer in answers):
            raise ProviderError(BAD_RESPONSE, "an answer that is no object")
        return [delta for answer in answers for delta in self.take(answer)]

    def take(self, answer: dict[str, Any]) -> list[Delta]:
        if answer.get("error"):
            raise fault_in_reply(answer)
        self.note(answer)
        deltas: list[Delta] = []
        for position, candidate in enumerate(objects(answer.get("candidates"))):
            deltas += self.choice(candidate, position).take(candidate)
        return deltas

    def note(self, answer: dict[str, Any]) -> None:
        self.facts.model = model_name(answer.get("modelVersion")) or self.facts.model
        self.facts.upstream_id = printable(answer.get("responseId")) or self.facts.upstream_id
        if said := answer.get("usageMetadata"):
            self.count(said)
        if feedback := answer.get("promptFeedback"):
            self.blocked = printable(mapping(feedback).get("blockReason")) or self.blocked
            self.block_message = string(mapping(feedback).get("blockReasonMessage")) or self.block_message

    def count(self, said: Any) -> None:
        self.usage = usage.updated(self.usage, said)
        self.facts.raw_usage, self.facts.usage = self.usage, usage.read(self.usage)

    def choice(self, candidate: dict[str, Any], position: int) -> Choice:
        index = number(candidate.get("index"))
        index = position if index is None else index
        if (found := self.choices.get(index)) is None:
            request = self.rendered.request
            calls = Calls(self.rendered.names, only_one=request.parallel_tool_calls is False or request.legacy)
            found = self.choices[index] = Choice(index, calls)
        return found

    def end(self) -> list[Delta]:
        """Raises `ProviderError`."""
        is_silent = all(choice.is_silent and choice.reason is None for choice in self.choices.values())
        if self.blocked is not None and is_silent:
            self.facts.free, self.facts.refused = True, self.blocked
            said = finish.refusal(self.blocked, self.block_message)
            return [Delta({"refusal": said}), Delta(finish_reason="content_filter")]
        if not self.choices:
            raise ProviderError(TRUNCATED)
        if any(choice.reason == finish.UNSIGNED for choice in self.choices.values()):
            self.rendered.mended = signatures.renewed(self.rendered)
        is_blocked = self.blocked is not None
        deltas = [delta for choice in self.choices.values() for delta in choice.end(is_blocked=is_blocked)]
        if any(delta.finish_reason == "content_filter" for delta in deltas):
            self.facts.refused = next(
                (choice.reason for choice in self.choices.values() if choice.reason), self.blocked
            )
        self.doubt_silence()
        return deltas

    def doubt_silence(self) -> None:
        """Output that was seen and never counted was not free: the prompt's tokens are known, the rest is estimated."""
        was_seen = not all(choice.is_silent for choice in self.choices.values())
        if was_seen and self.facts.usage is not None and not self.facts.usage.output:
            self.facts.known_input, self.facts.usage = self.facts.usage, None


def model_name(said: Any) -> str | None:
    name = printable(said)
    return name.removeprefix("models/") if name else None


def printable(value: Any) -> str | None:
    """For the books and a header: no control characters, no halves of characters."""
    text = string(value)
    return text if text and text.isprintable() else None
