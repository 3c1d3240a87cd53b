"""One completion under way: a task of its own reads the provider, whatever becomes of the client, and settles what it
came to.

ask → read (stream or JSON, retried before the first byte only) → ending → entry → settle → the end goes to the client
"""

import asyncio
import json
import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.authentication import Caller
from accounts.database import DatabaseUnavailable
from credits.ledger import Admission
from inference import billing, learning, tokens, upstream
from inference.answer import Chunks, error_event, fault_error
from inference.billing import Booked, UnableToBook
from inference.catalog import Catalog, Listing, PricePoint
from inference.channel import Channel
from inference.chat.fault import BAD_RESPONSE, Fault, Meaning
from inference.chat.rendered import Rendered
from inference.chat.reply import Delta, Facts, Gathered, Reply
from inference.sse import KEEP_ALIVE, Decoder, EventTooLarge
from inference.usage import INPUT_BUCKETS, Usage

SILENCE_SECONDS = 15  # then the client gets its headers and a comment, so that nothing between us gives up
LONGEST_SECONDS = 3600
LEFT_JSON_SECONDS = upstream.JSON_SECONDS
LONGEST_RETRY_WAIT_SECONDS = 2.0

COMPLETE, CLIENT_LEFT, STOPPED, TOO_LONG = "complete", "client_left", "stopped", "too_long"
CUT = {
    CLIENT_LEFT: Fault(Meaning(499, "client_left"), "The client left."),
    STOPPED: Fault(
        Meaning(503, "server_stopping", retry_after=1), "The server is being restarted; send the request again."
    ),
    TOO_LONG: Fault(Meaning(504, "upstream_timeout")),
}
UNBOOKED = Meaning(503, "settlement_unavailable", may_heal=False)
INTERNAL = Meaning(500, "internal_error", may_heal=False)

log = logging.getLogger(__name__)

running: dict[str, "Exchange"] = {}


@dataclass(slots=True)
class Exchange:
    id: str
    request_id: str
    caller: Caller
    catalog: Catalog
    listing: Listing
    price: PricePoint
    rendered: Rendered
    payload: bytes  # of `rendered`, as it is sent
    admission: Admission
    admitted_at: datetime
    drain_seconds: float
    prompt_bound: int
    lowered_limit: int | None = None

    facts: Facts = field(default_factory=Facts)
    gathered: Gathered = field(default_factory=Gathered)
    reply: Reply | None = None
    pending: list[Delta] = field(default_factory=list)
    finishes: list[Delta] = field(default_factory=list)
    channel: Channel = field(default_factory=Channel)
    chunks: Chunks = field(init=False)
    # Set when there is something to answer: the first bytes, the end, or a long silence.
    answerable: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False
    fault: Fault | None = None
    booked: Booked | None = None
    count: int = 0
    counted_characters: int = 0
    ending: str = COMPLETE
    client_left: bool = False
    deadline: asyncio.Timeout | None = None
    began: float = field(default_factory=time.monotonic)
    first_byte: float | None = None
    task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.chunks = Chunks(self.id, self.rendered.request)

    @property
    def is_stream(self) -> bool:
        return bool(self.rendered.request.stream)

    @property
    def was_seen(self) -> bool:
        """Whether the caller got any of the reply."""
        return self.is_stream and not self.gathered.empty

    # The task

    def start(self) -> None:
        running[self.id] = self
        self.task = asyncio.create_task(self.run())

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        silence = loop.call_later(SILENCE_SECONDS, self.keep_alive) if self.is_stream else None
        try:
            async with asyncio.timeout(LONGEST_SECONDS) as self.deadline:
                await self.read()
        except TimeoutError:
            self.ending = TOO_LONG if self.ending == COMPLETE else self.ending
            self.fault = CUT[self.ending]
        except Fault as fault:
            self.fault, self.ending = fault, fault.code[:40]
        except Exception:
            log.exception("completion %s failed", self.id)
            self.fault, self.ending = Fault(INTERNAL, "Something went wrong on our side."), "internal_error"
        finally:
            self.deadline = None
            if silence:
                silence.cancel()
        try:
            await self.settle()
        except UnableToBook:
            self.fault = Fault(
                UNBOOKED, "The answer is complete, but could not be recorded. It is not lost; do not send it again."
            )
        finally:
            await self.end()
            running.pop(self.id, None)
        with suppress(DatabaseUnavailable):
            await learning.learn(self)

    def cut(self, ending: str, seconds: float = 0) -> None:
        """The provider is read no longer than that."""
        if self.deadline is None or (self.ending != COMPLETE and ending == self.ending):
            return
        self.ending = ending
        when = asyncio.get_running_loop().time() + seconds
        if (before := self.deadline.when()) is None or when < before:
            self.deadline.reschedule(when)

    def leave(self) -> None:
        """The client is gone. What it could see is drained for a while; what it could not is read to its end."""
        if self.client_left or self.ended:
            return
        self.client_left = True
        self.channel.abandon()
        self.cut(CLIENT_LEFT, self.drain_seconds if self.was_seen else LEFT_JSON_SECONDS)

    # Reading

    async def read(self) -> None:
        tries = 0
        while True:
            try:
                return await self.ask()
            except Fault as fault:
                if self.finishes and self.facts.usage is not None:
                    return  # all was said; only the farewell is missing
                pause = fault.retry_after if fault.retry_after is not None else 0.25 * 2**tries
                if (
                    not self.gathered.empty
                    or self.reply
                    or tries >= fault.meaning.retries
                    or pause > LONGEST_RETRY_WAIT_SECONDS
                ):
                    raise
                tries += 1
            await asyncio.sleep(pause)
            self.payload = self.rendered.encoded()  # a dialect may have mended what the provider refused

    async def ask(self) -> None:
        dialect, wants_stream = self.listing.dialect, self.is_stream or self.listing.dialect.STREAMS_ALWAYS
        path = dialect.path(self.listing.upstream_id, stream=wants_stream)
        headers = {**self.rendered.headers, "x-request-id": self.request_id}
        async with upstream.post(self.listing.provider, path, self.payload, headers, stream=wants_stream) as response:
            if response.status >= 300:
                raise dialect.fault(response.status, response.headers, await response.read(upstream.ERROR_BODY_BYTES))
            if response.is_stream:
                await self.read_stream(response)
            else:
                await self.read_json(response)

    async def read_stream(self, response: upstream.Response) -> None:
        decoder, translator = Decoder(), self.listing.dialect.stream(self.rendered)
        self.facts = translator.facts
        try:
            async for read in response.reads():
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
        except EventTooLarge as error:
            raise Fault(BAD_RESPONSE, "An event of the stream never ended.") from error
        finally:
            await self.flush()

    async def read_json(self, response: upstream.Response) -> None:
        body = await response.read()
        try:
            parsed = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Fault(BAD_RESPONSE, "The answer is not JSON.") from error
        reply = self.listing.dialect.parse(parsed, self.rendered)
        self.facts = reply.facts
        self.reply = reply
        await self.deliver(reply.deltas())

    async def deliver(self, deltas: Iterable[Delta]) -> None:
        self.take(deltas)
        await self.flush()

    def take(self, deltas: Iterable[Delta]) -> None:
        for delta in deltas:
            self.gathered.add(delta)
            if delta.finish_reason is None:
                self.pending.append(delta)
            else:
                self.finishes.append(delta)  # told with the end, after the books have it

    async def flush(self) -> None:
        """To the client, one write for all that came in one read."""
        if not self.pending:
            return
        deltas, self.pending = self.pending, []
        if self.first_byte is None:
            self.first_byte = time.monotonic()
        if self.is_stream and not self.client_left:
            await self.send(self.encoded(deltas))

    def encoded(self, deltas: list[Delta]) -> bytes:
        if not self.chunks.head:
            self.chunks.begin(self.facts, self.listing.upstream_id)
        return self.chunks.encode(deltas)

    async def send(self, piece: bytes) -> None:
        self.answerable.set()
        await self.channel.put(piece)

    def keep_alive(self) -> None:
        """Fifteen seconds of silence at the start: the headers go out, and with them the chance of another status."""
        if not self.ended and not self.answerable.is_set():
            self.answerable.set()
            self.channel.pieces.append(KEEP_ALIVE)
            self.channel.filled.set()

    # Settling

    async def settle(self) -> None:
        self.booked = await billing.settle(self.entry())

    def entry(self, *, lost: bool = False) -> dict[str, Any]:
        """What this came to, as billing books it; with `lost`, what it would come to if we died now."""
        settlement, usage, alerts = ("lost", self.estimate(), []) if lost else self.outcome()
        price, more_alerts = self.price_served()
        cost_usd, cents = billing.bill(usage, price, settlement)
        alerts += (
            more_alerts
            + [f"unpriced:{bucket}" for bucket in price.sheet.unpriced(usage)]
            + (["doubtful_usage"] if usage.doubtful else [])
        )
        if settlement != "none" and cents > self.admission.cents:
            alerts.append("charge_above_hold")
        window = self.admission.key_window
        return {
            "row": {
                "id": self.id,
                "user_id": self.caller.user_id,
                "key_id": self.caller.key_id,
                "request_id": self.request_id,
                "model_id": self.listing.name,
                "provider": self.listing.provider.name,
                "served_model": (self.facts.model or "")[:200],
                "upstream_id": (self.facts.upstream_id or "")[:200],
                "price_id": price.id,
                "is_stream": self.is_stream,
                **billing.bucket_columns(usage),
                "cost_usd": format(cost_usd, "f"),
                "charged_cents": cents,
                "settlement": settlement,
                "ending": "process_died" if lost else self.ending,
                "status": self.status,
                "finish_reason": next(iter(self.gathered.finished.values()), "")[:40],
                "alerts": alerts,
                "raw_usage": self.facts.raw_usage,
                "seen": {"characters": len(self.gathered.written()), "visible": self.was_seen},
                "admitted_at": self.admitted_at.isoformat(),
                "first_byte_ms": milliseconds(self.began, self.first_byte),
                "total_ms": milliseconds(self.began, time.monotonic()),
            },
            "key_window": window.isoformat() if window else None,
            "description": f"{self.listing.name}: {usage.prompt_tokens:,} tokens in, {usage.output:,} out",
            "details": {
                "model": self.listing.name,
                "provider": self.listing.provider.name,
                "tokens": usage.buckets(),
                "cost_usd": format(cost_usd, "f"),
                "receipt": self.id,
                "settlement": settlement,
            },
        }

    @property
    def status(self) -> int:
        """Of the answer: once a stream has begun, its status has been sent."""
        return 200 if self.fault is None or self.was_seen else self.fault.meaning.status

    def outcome(self) -> tuple[str, Usage, list[str]]:
        """How it is settled, on which numbers, and what staff should look at (design.md, section 4)."""
        alerts = [f"provider:{self.fault.meaning.code}"] if self.fault and self.fault.meaning.alert else []
        if self.fault is None:
            if self.facts.free:
                return "none", self.facts.usage or Usage(), alerts
            if self.facts.usage is not None:
                return "exact", self.facts.usage, alerts
            return "estimated", self.estimate(), [*alerts, "no_usage"]
        was_cut = self.ending in (CLIENT_LEFT, STOPPED)  # by us, for a client that had left: the provider charges for it
        if self.was_seen or (self.client_left and (was_cut or not self.gathered.empty)):
            return "estimated", self.estimate(), alerts
        return "none", Usage(), alerts

    def estimate(self) -> Usage:
        """What is known, and for the rest a count of what we saw; never a provider's placeholder."""
        listing, request = self.listing, self.rendered.request
        known = self.facts.usage or self.facts.known_input
        if known is None:
            known = Usage(input=tokens.estimated_prompt(request, listing.estimate_percent, listing.traits))
        seen = self.counted() * listing.estimate_percent // 100 + 1 if not self.gathered.empty else 0
        reported = self.facts.usage.output if self.facts.usage else 0
        inputs = {bucket: getattr(known, bucket) for bucket in INPUT_BUCKETS}
        return Usage(**inputs, output=max(seen, reported), reasoning=known.reasoning, doubtful=known.doubtful)

    def counted(self) -> int:
        """o200k tokens of what was written so far; a checkpoint counts only what came since the last."""
        written = self.gathered.written()
        self.count += tokens.count(written[self.counted_characters :])
        self.counted_characters = len(written)
        return self.count

    def price_served(self) -> tuple[PricePoint, list[str]]:
        """The price of the model actually served; of an unknown one, the price of the one asked for, and staff are
        told.
        """
        served = self.facts.model
        if not served or self.listing.is_named(served):
            return self.price, []
        other = self.catalog.served(served, self.listing.provider)
        price = other.price_at(self.admitted_at) if other else None
        return price or self.price, [f"served:{served[:100]}"]

    # The end

    async def end(self) -> None:
        """After the books: what the client waits for."""
        self.ended = True
        begun = self.answerable.is_set()  # else a failure can still be told by its status
        if self.is_stream and not self.client_left and (begun or self.fault is None):
            await self.channel.put(self.last_bytes())
        self.channel.close()
        self.answerable.set()

    def last_bytes(self) -> bytes:
        if self.fault is not None:
            return error_event(fault_error(self.fault))
        last = self.encoded(self.finishes)
        return (
            last
            + (self.chunks.usage(self.usage_shown()) if self.rendered.request.wants_usage else b"")
            + b"data: [DONE]\n\n"
        )

    def usage_shown(self) -> dict[str, Any]:
        shown = (self.facts.usage or self.estimate()).as_openai()
        if self.booked is not None:
            shown |= {
                "cost_usd": format(self.booked.cost_usd.normalize(), "f"),
                "charged_cents": self.booked.charged_cents,
            }
        return shown

    def whole(self) -> Reply:
        """The reply for a JSON caller."""
        return self.reply or self.gathered.reply(self.facts)


def milliseconds(begin: float, end: float | None) -> int | None:
    return None if end is None else int((end - begin) * 1000)


def cut_all(ending: str, seconds: float) -> None:
    for exchange in list(running.values()):
        exchange.cut(ending, seconds)
