"""One completion under way: a task of its own reads the provider, whatever becomes of the client, and settles it.

ask → read (stream or JSON, retried before the first byte only) → ending → entry → settle → the end goes to the client
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from inference import metrics
from inference.billing import settlement
from inference.billing.fair import Turns
from inference.billing.settlement import UnableToBook
from inference.catalog import availability
from inference.chat.format import Shown, Writer, in_words_of
from inference.chat.provider_error import BAD_RESPONSE, NO_SUCH_MODEL, ErrorKind, ProviderError
from inference.chat.reply import Delta, Facts, Reply
from inference.chat.usage import Usage
from inference.completion import concurrency, errors, outcome, preparing, report, routing, traces
from inference.completion.attempts import Attempts
from inference.completion.channel import Channel
from inference.completion.state import CLIENT_LEFT, COMPLETE, STOPPED, TOO_LONG, CompletionState
from inference.dialects import Translator
from inference.dialects.untrusted_json import body_value
from inference.sse import Decoder, EventTooLarge
from inference.upstream import client as upstream
from inference.upstream import image_fetch

LONGEST_SECONDS = 3600
FETCHES = Turns(32, of_one=4)  # of images, in this process: slow hosts of one account do not keep others waiting
LEFT_SECONDS = upstream.JSON_SECONDS

ANSWERS = ("content", "refusal", "tool_calls")  # fields of a delta that are no thoughts
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


@dataclass(slots=True, kw_only=True)
class CompletionTask(CompletionState):
    payload: bytes  # of `rendered`, as it is sent
    drain_seconds: float

    reply: Reply | None = None
    pending: list[Delta] = field(default_factory=list)
    finishes: list[Delta] = field(default_factory=list)
    channel: Channel = field(default_factory=Channel)
    writer: Writer = field(init=False)
    # Set when there is something to answer: the first bytes, the end, or a long silence.
    answerable: asyncio.Event = field(default_factory=asyncio.Event)
    deadline: asyncio.Timeout | None = None
    task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.writer = self.format.writer(self.id, self.rendered.request, self.listing.upstream_id)

    # The task

    def start(self) -> None:
        running[self.id] = self
        concurrency.begin(self.caller)
        self.task = asyncio.create_task(self.run())

    async def run(self) -> None:
        try:
            async with asyncio.timeout(LONGEST_SECONDS) as self.deadline:
                await self.read()
        except TimeoutError:
            self.ending = TOO_LONG if self.ending == COMPLETE else self.ending
            self.fault = CUT[self.ending]
        except ProviderError as fault:
            self.fault, self.ending = fault, fault.code[:40]
            if fault.meaning.code == NO_SUCH_MODEL.code:
                fault.advice = routing.instead(self.catalog, self.listing).strip()
        except Exception:
            log.exception("completion %s failed", self.id)
            self.fault, self.ending = ProviderError(INTERNAL, "Something went wrong on our side."), "internal_error"
        finally:
            self.deadline = None
            self.read_until = time.monotonic()
        try:
            await self.settle()
            await self.note_availability()
        except UnableToBook:
            self.fault = ProviderError(
                UNBOOKED, "The answer is complete, but could not be recorded. It is not lost; do not send it again."
            )
        finally:
            settled_at = time.monotonic()
            concurrency.end(self.caller)  # before the client is told the end, and asks again
            await self.end()
            running.pop(self.id, None)
            report.ended(self, settled_at)

    async def note_availability(self) -> None:
        """A model that its provider denies is listed as unavailable, until it answers."""
        if self.fault is None:
            await availability.note_found(self.listing)
        elif self.fault.meaning.code == NO_SUCH_MODEL.code:
            await availability.note_missing(self.listing, self.catalog.now())

    def cut(self, ending: str, seconds: float = 0) -> None:
        """The provider is read no longer than that."""
        if self.deadline is None or (self.ending != COMPLETE and ending == self.ending):
            return
        self.ending = ending
        when = asyncio.get_running_loop().time() + seconds
        if (before := self.deadline.when()) is None or when < before:
            self.deadline.reschedule(when)

    def leave(self) -> None:
        """The client is gone. What is all in the stream is drained for a while; what hides tokens, or was not seen yet,
        is read to its end, for only there the provider says what it charges.
        """
        self.channel.abandon()  # the end may be waiting there for a reader who stalls
        if self.client_left or self.ended:
            return
        self.client_left = True
        may_drain = self.was_seen and not self.hides_tokens
        self.cut(CLIENT_LEFT, self.drain_seconds if may_drain else LEFT_SECONDS)

    # Reading

    async def read(self) -> None:
        await self.fetch_images()
        attempts = Attempts(self.patience, began=self.received)
        try:
            while True:
                attempts.asked = time.monotonic()
                try:
                    return await self.ask()
                except ProviderError as fault:
                    metrics.UPSTREAM_ERRORS.labels(self.listing.provider.name, fault.meaning.code).inc()
                    if self.finishes and self.facts.usage is not None:
                        return  # all was said; only the farewell is missing
                    if (pause := self.pause(attempts, fault)) is None:
                        raise
                metrics.UPSTREAM_RETRIES.labels(self.listing.provider.name).inc()
                await asyncio.sleep(pause)
                self.is_answered, self.facts = False, Facts()
                if self.rendered.mended:
                    self.payload = await preparing.encoded(self.caller.user_id, self.rendered, len(self.payload))
        finally:
            attempts.tell(self.facts)

    async def fetch_images(self) -> None:
        """Into the body, for a provider that fetches none itself."""
        if not self.rendered.to_fetch:
            return
        await image_fetch.fetch_all(self.rendered.to_fetch, partial(FETCHES.of, self.caller.user_id))
        size = len(self.payload) + sum(len(place["url"]) for place in self.rendered.to_fetch)
        self.payload = await preparing.encoded(self.caller.user_id, self.rendered, size)

    def pause(self, attempts: Attempts, fault: ProviderError) -> float | None:
        """Until the provider is asked again; None where it is not: something was told, or nobody waits any more."""
        if not self.gathered.empty or self.client_left:
            return None
        self.rendered.mended |= not self.is_answered and self.listing.dialect.mend(self.rendered, fault)
        return attempts.pause(fault, self.facts, is_answered=self.is_answered, is_mended=self.rendered.mended)

    async def ask(self) -> None:
        with traces.call(self) as passed_on:
            await self.send(passed_on)

    async def send(self, passed_on: Mapping[str, str]) -> None:
        dialect, wants_stream = self.listing.dialect, self.is_stream or self.listing.dialect.STREAMS_ALWAYS
        path = dialect.path(self.listing.upstream_id, stream=wants_stream)
        headers = {**self.rendered.headers, **passed_on, "x-request-id": self.request_id}
        self.asked = time.monotonic()
        self.first_asked = self.first_asked or self.asked
        account = self.caller.user_id
        async with upstream.post(
            self.listing.provider, path, self.payload, headers, stream=wants_stream, account=account
        ) as response:
            try:
                if response.status >= 300:
                    said = await response.read(upstream.ERROR_BODY_BYTES)
                    raise dialect.fault(response.status, response.headers, said)
                self.is_answered = True
                if await response.is_stream():
                    await self.read_stream(response)
                else:
                    await self.read_json(response)
            except ProviderError as fault:
                self.facts = fault.facts or self.facts
                self.facts.upstream_id = self.facts.upstream_id or fault.upstream_id or response.request_id
                raise

    async def read_stream(self, response: upstream.Response) -> None:
        decoder, translator = Decoder(), self.listing.dialect.stream(self.rendered)
        self.facts = translator.facts
        try:
            async for read in response:
                for event in decoder.feed(read):
                    if event.data == "[DONE]":
                        await self.deliver(translator.end())
                        return
                    self.take(translator.feed(event))
                await self.flush()
            for event in decoder.end():
                if event.data != "[DONE]":
                    self.take(translator.feed(event))
            await self.deliver(translator.end())
        except upstream.Broken as broken:
            await self.deliver(farewell(translator, broken))
        except EventTooLarge as error:
            raise ProviderError(BAD_RESPONSE, "An event of the stream never ended.") from error
        finally:
            await self.flush()

    async def read_json(self, response: upstream.Response) -> None:
        reply = self.listing.dialect.parse(body_value(await response.read()), self.rendered)
        self.facts = reply.facts
        self.reply = reply
        await self.deliver(reply.deltas())
        for choice in reply.choices:
            choice.finish_reason = self.gathered.finished[choice.index]

    async def deliver(self, deltas: Iterable[Delta]) -> None:
        self.take(deltas)
        await self.flush()

    def take(self, deltas: Iterable[Delta]) -> None:
        for delta in deltas:
            if delta.finish_reason is not None:
                delta.finish_reason = self.finish_of(delta)
            self.gathered.add(delta)
            if self.first_word is None and any(map(delta.fields.get, ANSWERS)):
                self.first_word = time.monotonic()
            if delta.finish_reason is None:
                self.pending.append(delta)
            else:
                self.finishes.append(delta)  # told with the end, after the books have it

    def finish_of(self, delta: Delta) -> str | None:
        """`tool_calls` where calls were made, and only there: agents end their loop on `stop`."""
        reason = delta.finish_reason
        if self.listing.provider.relays_finish or reason not in ("stop", "tool_calls"):
            return reason
        return "tool_calls" if self.gathered.calls.get(delta.index) else "stop"

    async def flush(self) -> None:
        """To the client, one write for all that came in one read."""
        if not self.pending:
            return
        deltas, self.pending = self.pending, []
        if self.first_byte is None:
            self.first_byte = time.monotonic()
        self.writer.begin(self.facts)
        if not self.is_stream:
            self.writer.note(deltas)
        elif not self.client_left and (piece := self.writer.events(deltas)):
            self.answerable.set()
            await self.channel.put(piece)

    # Settling

    async def settle(self) -> None:
        entry = outcome.entry(self, await outcome.of(self))
        self.usage = entry.usage
        self.booked = await settlement.settle(entry)

    # The end

    async def end(self) -> None:
        """After the books: what the client waits for."""
        self.ended = True
        begun = self.answerable.is_set()  # else a failure can still be told by its status
        if self.is_stream and not self.client_left and (begun or self.fault is None):
            await self.channel.put(self.last_bytes(), is_last=True)
        self.channel.close()
        self.answerable.set()

    def last_bytes(self) -> bytes:
        if self.fault is not None:
            return self.writer.fault(in_words_of(self.format, errors.answer_to(self.fault)), self.request_id)
        self.writer.begin(self.facts)  # a reply without a word begins here
        return self.writer.end(self.finishes, self.shown())

    def shown(self) -> Shown:
        usage, booked = self.usage or Usage(), self.booked
        if booked is None:
            return Shown(usage)
        cost = f"{booked.cost_usd.normalize():f}"
        return Shown(usage, {"cost_usd": cost, "charged_cents": booked.charged_cents})

    def whole(self) -> bytes:
        """The reply for a JSON caller."""
        self.writer.begin(self.facts)
        return self.writer.whole(lambda: self.reply or self.gathered.reply(self.facts), self.shown())


def farewell(translator: Translator, broken: ProviderError) -> list[Delta]:
    """Of a stream that broke: all was said where its end and its usage are known."""
    try:
        deltas = translator.end()
    except ProviderError:
        raise broken from None
    if translator.facts.usage is None:
        raise broken
    return deltas


def cut_all(ending: str, seconds: float) -> None:
    for task in list(running.values()):
        task.cut(ending, seconds)
