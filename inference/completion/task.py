"""One completion under way: a task of its own reads the provider, whatever becomes of the client, and settles it.

provider_call.read → ending → entry → settle → the end goes to the client
"""

import asyncio
import logging
import time
from dataclasses import InitVar, dataclass, field

from inference.billing import settlement
from inference.billing.settlement import UnableToBook
from inference.catalog import availability
from inference.chat.provider_error import NO_SUCH_MODEL, ErrorKind, ProviderError, without_frames
from inference.completion import concurrency, outcome, report, routing
from inference.completion.delivery import Delivery
from inference.completion.provider_call import ProviderCall
from inference.completion.state import CLIENT_LEFT, COMPLETE, STOPPED, TOO_LONG, CompletionState
from inference.upstream import client as upstream

LONGEST_SECONDS = 3600
LEFT_SECONDS = upstream.JSON_SECONDS

CUT = {
    CLIENT_LEFT: ProviderError(ErrorKind(499, "client_left"), "The client left."),
    STOPPED: ProviderError(
        ErrorKind(503, "server_stopping", retry_after=1), "The server is being restarted; send the request again."
    ),
    TOO_LONG: ProviderError(ErrorKind(504, "upstream_timeout")),
}
UNBOOKED = ErrorKind(503, "settlement_unavailable", may_heal=False)
INTERNAL = ErrorKind(500, "internal_error", may_heal=False)

log = logging.getLogger(__name__)

running: dict[str, "CompletionTask"] = {}


@dataclass(slots=True)
class CompletionTask:
    """`payload`: of `state.rendered`, as it is sent. `drain_seconds`: how long it is read for a client that left."""

    state: CompletionState
    payload: InitVar[bytes]
    drain_seconds: float

    delivery: Delivery = field(init=False)
    provider_call: ProviderCall = field(init=False)
    deadline: asyncio.Timeout | None = None
    task: asyncio.Task[None] | None = None

    def __post_init__(self, payload: bytes) -> None:
        self.delivery = Delivery(self.state)
        self.provider_call = ProviderCall(self.state, self.delivery, payload)

    def start(self) -> None:
        running[self.state.id] = self
        concurrency.begin(self.state.caller)
        self.task = asyncio.create_task(self.run())

    async def run(self) -> None:
        state = self.state
        try:
            async with asyncio.timeout(LONGEST_SECONDS) as self.deadline:
                await self.provider_call.read()
        except TimeoutError:
            state.ending = TOO_LONG if state.ending == COMPLETE else state.ending
            state.fault = CUT[state.ending]
        except ProviderError as fault:
            state.fault, state.ending = without_frames(fault), fault.code[:40]
            if fault.meaning.code == NO_SUCH_MODEL.code:
                fault.advice = routing.instead(state.catalog, state.listing).strip()
        except Exception:
            log.exception("completion %s failed", state.id)
            state.fault, state.ending = ProviderError(INTERNAL, "Something went wrong on our side."), "internal_error"
        finally:
            self.deadline = None
            state.read_until = time.monotonic()
        try:
            await self.settle()
            await self.note_availability()
        except UnableToBook:
            state.fault = ProviderError(
                UNBOOKED, "The answer is complete, but could not be recorded. It is not lost; do not send it again."
            )
        finally:
            settled_at = time.monotonic()
            concurrency.end(state.caller)  # before the client is told the end, and asks again
            await self.delivery.end()
            if running.get(state.id) is self:  # the next attempt under an idempotency key has the same id
                del running[state.id]
            report.ended(state, settled_at)

    async def settle(self) -> None:
        entry = outcome.entry(self.state, await outcome.of(self.state))
        self.state.usage = entry.usage
        self.state.booked = await settlement.settle(entry)

    async def note_availability(self) -> None:
        """A model that its provider denies is listed as unavailable, until it answers."""
        state = self.state
        if state.fault is None:
            await availability.note_found(state.listing)
        elif state.fault.meaning.code == NO_SUCH_MODEL.code:
            await availability.note_missing(state.listing, state.catalog.now())

    # Cut short

    def cut(self, ending: str, seconds: float = 0) -> None:
        """The provider is read no longer than that."""
        state = self.state
        if self.deadline is None or (state.ending != COMPLETE and ending == state.ending):
            return
        state.ending = ending
        when = asyncio.get_running_loop().time() + seconds
        if (before := self.deadline.when()) is None or when < before:
            self.deadline.reschedule(when)

    def leave(self) -> None:
        """The client is gone. What is all in the stream is drained for a while; what hides tokens, or was not seen yet,
        is read to its end, for only there the provider says what it charges.
        """
        state = self.state
        self.delivery.channel.abandon()  # the end may be waiting there for a reader who stalls
        if state.client_left or state.ended:
            return
        state.client_left = True
        may_drain = state.was_seen and not state.hides_tokens
        self.cut(CLIENT_LEFT, self.drain_seconds if may_drain else LEFT_SECONDS)


def cut_all(ending: str, seconds: float) -> None:
    for task in list(running.values()):
        task.cut(ending, seconds)
