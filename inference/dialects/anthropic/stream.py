"""Events → deltas (docs/providers/anthropic.md)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from inference.chat.provider_error import BAD_RESPONSE, TRUNCATED, ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Delta, Facts
from inference.dialects import failures
from inference.dialects.alike import Alike
from inference.dialects.anthropic import blocks, usage
from inference.dialects.anthropic.blocks import Block, Said
from inference.dialects.anthropic.faults import fault_in_reply
from inference.dialects.anthropic.fence import Fence
from inference.dialects.anthropic.finish import BILLED_REFUSALS, category, finish_reason, refusal
from inference.dialects.anthropic.output_format import is_unfenced
from inference.dialects.untrusted_json import event_object, mapping, string
from inference.sse import Event

UNNAMED = "message"  # an event without an `event:` line


def stream(rendered: ProviderRequest) -> "Messages":
    return Messages(Fence() if is_unfenced(rendered.request) else None, said=Said(rendered.names))


@dataclass(slots=True)
class Messages:
    """One response. `usage` is the provider's object as far as told; `open` the blocks by its index of them."""

    fence: Fence | None = None
    facts: Facts = field(default_factory=Facts)
    said: Said = field(default_factory=Said)
    open: dict[int, Block] = field(default_factory=dict)
    usage: dict[str, Any] = field(default_factory=dict)
    stop_reason: str | None = None
    stop_details: Any = None
    stop_sequence: Any = None
    started: bool = False
    done: bool = False
    alike: Alike = field(default_factory=Alike)

    def feed(self, event: Event) -> list[Delta]:
        if self.done:
            return []
        if (grown := self.alike.deltas(self, event.data)) is not None:
            return grown
        told = event_object(event.data)
        if told.get("type") == "content_block_delta":
            deltas = self.take(told)
            self.expect_alike(event.data, told["delta"], self.open[told["index"]])
            return deltas
        if "type" not in told and event.name != UNNAMED:  # some servers say what it is on the `event:` line alone
            told = {**told, "type": event.name}
        return self.take(told)

    def expect_alike(self, data: str, grown: dict[str, Any], block: Block) -> None:
        kind = grown.get("type")
        name = blocks.GROWS.get(kind) if isinstance(kind, str) else None
        if name is None or grown.keys() != {"type", name}:
            return

        def go_on(messages: "Messages", text: str, _: Sequence[str]) -> list[Delta]:
            deltas = block.grow({"type": kind, name: text})
            return messages.fence.pass_on(deltas) if messages.fence else deltas

        self.alike.learn(data, name, grown[name], go_on)

    def end(self) -> list[Delta]:
        """Where the reason and the usage have come and no block is open, only the farewell is missing."""
        if self.done:
            return []
        if not self.started or self.stop_reason is None or self.facts.usage is None or self.open:
            raise ProviderError(TRUNCATED)
        return self.take({"type": "message_stop"})

    def take(self, told: dict[str, Any]) -> list[Delta]:
        """Events of kinds we do not know are ignored: the provider adds them without a new version."""
        kind = told.get("type")
        step = STEPS.get(kind) if isinstance(kind, str) else None
        if step is None:
            if told.get("error") or (kind is None and failures.error_of(told)):
                raise fault_in_reply(told)
            return []
        deltas = step(self, told)
        return self.fence.pass_on(deltas) if self.fence else deltas

    def start(self, told: dict[str, Any]) -> list[Delta]:
        """The prompt's tokens are exact here; the output's are a placeholder, unless the message is already whole."""
        message = part_of(told, "message")
        self.started = True
        self.facts.model = named(message.get("model")) or self.facts.model
        self.facts.upstream_id = named(message.get("id")) or self.facts.upstream_id
        self.stop(message)
        self.count(message.get("usage"), with_output=self.stop_reason is not None)
        content = message.get("content")
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        return [delta for given in (content if isinstance(content, list) else ()) for delta in self.whole_block(given)]

    def message(self, told: dict[str, Any]) -> list[Delta]:
        """A whole one: a JSON reply, or some servers' only event."""
        if self.started:
            return []
        begun = self.start({"message": told})
        self.count(told.get("usage"))
        if self.said.nothing and self.stop_reason is None and self.facts.usage is None:
            raise ProviderError(BAD_RESPONSE, "a message that says nothing")
        return begun + self.message_stop({})

    def whole_block(self, given: Any) -> list[Delta]:
        if not isinstance(given, dict):
            raise ProviderError(BAD_RESPONSE, "a content block that is no object")
        block = blocks.new(given.get("type"), self.said)
        return block.open(given) + block.close()

    def open_block(self, told: dict[str, Any]) -> list[Delta]:
        given = part_of(told, "content_block")
        unclosed = self.close_block(told)
        block = self.open[index_of(told)] = blocks.new(given.get("type"), self.said)
        return unclosed + block.open(given)

    def grow_block(self, told: dict[str, Any]) -> list[Delta]:
        block = self.open.get(index_of(told))
        if block is None:
            raise ProviderError(BAD_RESPONSE, "a delta of a block that is not open")
        return block.grow(part_of(told, "delta"))

    def close_block(self, told: dict[str, Any]) -> list[Delta]:
        block = self.open.pop(index_of(told), None)
        return block.close() if block else []

    def message_delta(self, told: dict[str, Any]) -> list[Delta]:
        self.stop(part_of(told, "delta"))
        self.count(told.get("usage"))
        return []

    def message_stop(self, told: dict[str, Any]) -> list[Delta]:
        if not self.started:
            raise ProviderError(BAD_RESPONSE, "the end of a message that never started")
        self.done = True
        self.facts.stopped = {
            "stop_reason": self.stop_reason,
            "stop_sequence": string(self.stop_sequence),
            "stop_details": mapping(self.stop_details) or None,
        }
        deltas = [delta for block in self.open.values() for delta in block.close()]
        if (refused := refusal(self.stop_reason, self.stop_details)) is not None:
            self.facts.refused = category(self.stop_details) or "refusal"
            self.facts.free = self.said.nothing and self.facts.refused not in BILLED_REFUSALS
            deltas.append(Delta({"refusal": refused}))
        return [*deltas, Delta(finish_reason=finish_reason(self.stop_reason, calls=self.said.calls > 0))]

    def stop(self, told: dict[str, Any]) -> None:
        self.stop_reason = string(told.get("stop_reason")) or self.stop_reason
        self.stop_details = told.get("stop_details") or self.stop_details
        self.stop_sequence = told.get("stop_sequence") or self.stop_sequence

    def count(self, told: Any, *, with_output: bool = True) -> None:
        self.usage = usage.updated(self.usage, told)
        self.facts.raw_usage = self.usage or None
        self.facts.known_input = usage.read(self.usage, with_output=False)
        if with_output and isinstance(told, dict) and told.get("output_tokens") is not None:
            self.facts.usage = usage.read(self.usage)

    def error(self, told: dict[str, Any]) -> list[Delta]:
        raise fault_in_reply(told)


STEPS: dict[str, Callable[[Messages, dict[str, Any]], list[Delta]]] = {
    "message_start": Messages.start,
    "message": Messages.message,
    "content_block_start": Messages.open_block,
    "content_block_delta": Messages.grow_block,
    "content_block_stop": Messages.close_block,
    "message_delta": Messages.message_delta,
    "message_stop": Messages.message_stop,
    "error": Messages.error,
}


def part_of(told: dict[str, Any], name: str) -> dict[str, Any]:
    part = told.get(name)
    if not isinstance(part, dict):
        raise ProviderError(BAD_RESPONSE, f"an event without its {name}")
    return part


def index_of(told: dict[str, Any]) -> int:
    index = told.get("index")
    if not isinstance(index, int):
        raise ProviderError(BAD_RESPONSE, "an event without its index")
    return index


def named(value: Any) -> str | None:
    """For the books and a header: no control characters, no halves of characters."""
    return value if isinstance(value, str) and value.isprintable() else None
