"""The reply on its way to the client: gathered, written in the caller's format, and its end kept until it is booked.

take (deltas) → flush (bytes for the channel) → end; or whole, for a JSON caller
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from inference.chat.format import Shown, Writer, in_words_of
from inference.chat.reply import Delta, Reply
from inference.chat.usage import Usage
from inference.completion import errors
from inference.completion.channel import Channel
from inference.completion.state import CompletionState

ANSWERS = ("content", "refusal", "tool_calls")  # fields of a delta that are no thoughts


@dataclass(slots=True)
class Delivery:
    state: CompletionState
    channel: Channel = field(default_factory=Channel)
    # Set when there is something to answer: the first bytes, the end, or a long silence.
    answerable: asyncio.Event = field(default_factory=asyncio.Event)
    writer: Writer = field(init=False)
    reply: Reply | None = None  # the provider's, where it came as JSON
    pending: list[Delta] = field(default_factory=list)
    finishes: list[Delta] = field(default_factory=list)

    def __post_init__(self) -> None:
        state = self.state
        self.writer = state.format.writer(state.id, state.rendered.request, state.listing.upstream_id)

    # While it comes

    async def deliver(self, deltas: Iterable[Delta]) -> None:
        self.take(deltas)
        await self.flush()

    def take(self, deltas: Iterable[Delta]) -> None:
        state = self.state
        for delta in deltas:
            if delta.finish_reason is not None:
                delta.finish_reason = self.finish_of(delta)
            state.gathered.add(delta)
            if state.first_word is None and any(map(delta.fields.get, ANSWERS)):
                state.first_word = time.monotonic()
            if delta.finish_reason is None:
                self.pending.append(delta)
            else:
                self.finishes.append(delta)  # sent with the end, after the settlement is booked

    def finish_of(self, delta: Delta) -> str | None:
        """`tool_calls` where calls were made, and only there: agents end their loop on `stop`."""
        reason = delta.finish_reason
        if self.state.listing.provider.relays_finish or reason not in ("stop", "tool_calls"):
            return reason
        return "tool_calls" if self.state.gathered.calls.get(delta.index) else "stop"

    async def flush(self) -> None:
        """Sends the client all that came in one read, in one write."""
        if not self.pending:
            return
        state = self.state
        deltas, self.pending = self.pending, []
        if state.first_byte is None:
            state.first_byte = time.monotonic()
        self.writer.begin(state.facts)
        if not state.is_stream:
            self.writer.note(deltas)
        elif not state.client_left and (piece := self.writer.events(deltas)):
            self.answerable.set()
            await self.channel.put(piece)

    # The end

    async def end(self) -> None:
        """Sends what the client waits for, after the settlement is booked."""
        state = self.state
        state.ended = True
        begun = self.answerable.is_set()  # else a failure can still be told by its status
        if state.is_stream and not state.client_left and (begun or state.fault is None):
            await self.channel.put(self.last_bytes(), is_last=True)
        self.channel.close()
        self.answerable.set()

    def last_bytes(self) -> bytes:
        state = self.state
        if state.fault is not None:
            return self.writer.fault(in_words_of(state.format, errors.answer_to(state.fault)), state.request_id)
        self.writer.begin(state.facts)  # a reply without a word begins here
        return self.writer.end(self.finishes, self.shown())

    def whole(self) -> bytes:
        """The reply for a JSON caller."""
        state = self.state
        self.writer.begin(state.facts)
        return self.writer.whole(lambda: self.reply or state.gathered.reply(state.facts), self.shown())

    def shown(self) -> Shown:
        usage, booked = self.state.usage or Usage(), self.state.booked
        if booked is None:
            return Shown(usage)
        cost = f"{booked.cost_usd.normalize():f}"
        return Shown(usage, {"cost_usd": cost, "charged_cents": booked.charged_cents})
