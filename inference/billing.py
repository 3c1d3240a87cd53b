"""Money's two doors: `admit` before anything is sent, `settle` after everything was read. The rest is in
credits.ledger.

A settlement is an *entry*: a plain dict that JSON holds, so that the spool, a checkpoint and the database take the
same thing,
and booking it twice is booking it once.
"""

import asyncio
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings
from psycopg.types.json import Jsonb

from accounts.authentication import Caller
from accounts.database import DatabaseUnavailable
from credits import ledger
from credits.ledger import Admission, Refused, Settled
from inference import tokens
from inference.catalog import Listing, PricePoint
from inference.chat.request import ChatRequest
from inference.pricing import Bound, charged_cents
from inference.spool import Spool
from inference.usage import BUCKETS, Usage

PROCESS = uuid.uuid4().hex  # holds carry it: whose heartbeat keeps them
MINIMUM_CENTS = 10
NEEDED_OUTPUT_TOKENS = 256
DATABASE_SECONDS = 5

log = logging.getLogger(__name__)

# Entries the database has not taken yet: in the spool (or, with the disk full too, only here). Their holds go on
# beating.
waiting: dict[str, dict[str, Any]] = {}


@cache
def spool() -> Spool:
    return Spool(settings.CONWAY_DATA_DIR / "spool", PROCESS)


# Admitting


@dataclass(frozen=True, slots=True)
class Quote:
    """What a request may cost. `limit` is the output tokens allowed per choice, the caller's or the model's."""

    prompt_tokens: int
    limit: int
    choices: int
    bound: Bound

    @property
    def need_cents(self) -> int:
        return self.bound.cents(min(NEEDED_OUTPUT_TOKENS, self.limit))

    @property
    def worst_cents(self) -> int:
        return self.bound.cents(self.choices * self.limit)

    def affordable(self, cents: int) -> int:
        """Output tokens per choice that a hold buys; thinking counts."""
        return min(self.limit, max(1, self.bound.affordable_output(cents) // self.choices))


def quote(request: ChatRequest, listing: Listing, price: PricePoint, *, counted: bool) -> Quote:
    """Bytes count as tokens where that already fits into the minimum; `counted` asks for the tokenizer."""
    bytes_bound = tokens.bytes_bound(request, listing.traits)
    first = quote_of(bytes_bound, request, listing, price)
    if not counted and first.need_cents <= MINIMUM_CENTS:
        return first
    return quote_of(tokens.counted_bound(request, listing.traits, listing.bound_percent), request, listing, price)


def quote_of(prompt_tokens: int, request: ChatRequest, listing: Listing, price: PricePoint) -> Quote:
    room = max(1, listing.traits.context_tokens - prompt_tokens)
    limit = min(request.output_limit or room, listing.traits.max_output_tokens)
    return Quote(
        prompt_tokens, limit, request.choices, price.sheet.bound(prompt_tokens, tokens.reachable_buckets(request))
    )


async def admit(
    *,
    completion_id: str,
    caller: Caller,
    request: ChatRequest,
    listing: Listing,
    price: PricePoint,
    cap_cents: int | None,
    is_idempotent: bool,
    details: dict[str, Any],
) -> tuple[Quote, Admission]:
    """Raises `Refused`. What the cheap bound could not pay, the counted one may."""

    async def hold(quoted: Quote) -> Admission:
        return await ledger.admit(
            completion_id=completion_id,
            user_id=caller.user_id,
            key_id=caller.key_id,
            need_cents=quoted.need_cents,
            worst_cents=quoted.worst_cents,
            cap_cents=cap_cents,
            process=PROCESS,
            details=details,
            idempotent=is_idempotent,
        )

    cheap = quote(request, listing, price, counted=False)
    try:
        return cheap, await hold(cheap)
    except Refused:
        exact = quote(request, listing, price, counted=True)
        if exact.need_cents >= cheap.need_cents:
            raise
        return exact, await hold(exact)


# Settling


@dataclass(frozen=True, slots=True)
class Booked:
    """`pending`: kept in the spool, the balance is not known yet."""

    charged_cents: int
    cost_usd: Decimal
    balance_cents: int | None = None
    pending: bool = False


class UnableToBook(Exception):
    """Neither the database nor the spool took it. It is tried again, but nobody may be told that the answer is
    complete.
    """


def bill(usage: Usage, price: PricePoint, settlement: str) -> tuple[Decimal, int]:
    """Cost and charge; what was not served costs nothing."""
    cost = Decimal(0) if settlement == "none" else price.sheet.cost_usd(usage)
    return cost, charged_cents(cost)


def bucket_params(usage: Usage) -> dict[str, int]:
    return {bucket: getattr(usage, bucket) for bucket in BUCKETS}


async def settle(entry: dict[str, Any]) -> Booked:
    """Commits, or within a few seconds keeps it safe elsewhere. Raises `UnableToBook`."""
    cost = Decimal(entry["cost_usd"])
    waiting[entry["completion_id"]] = entry
    booking = asyncio.create_task(book(entry))
    # Not cancelled when it is slow: it may still succeed, and to book it again is to book it once.
    await asyncio.wait({booking}, timeout=DATABASE_SECONDS)
    if not booking.done():
        booking.add_done_callback(asyncio.Task.exception)
        return await keep_safe(entry, cost)
    if (error := booking.exception()) is not None:
        if not isinstance(error, DatabaseUnavailable):
            log.error("settlement of %s was refused by the database", entry["completion_id"], exc_info=error)
        return await keep_safe(entry, cost)
    del waiting[entry["completion_id"]]
    settled = booking.result()
    return Booked(entry["charged_cents"], cost, settled.balance_cents if settled else None)


async def keep_safe(entry: dict[str, Any], cost: Decimal) -> Booked:
    try:
        # A disk in trouble can block for seconds: only then, and only here, a thread is worth its price.
        await asyncio.to_thread(spool().write, entry)
    except OSError as error:
        log.critical("settlement of %s is in memory only: %s", entry["completion_id"], error)
        raise UnableToBook from error
    return Booked(entry["charged_cents"], cost, pending=True)


async def book(entry: Mapping[str, Any], *, only_if_beat: int | None = None) -> Settled | None:
    params = {
        **entry,
        "raw_usage": as_json(entry["raw_usage"]),
        "seen": as_json(entry["seen"]),
        "alerts": as_json(entry["alerts"]),
    }
    window = entry["key_window"]
    return await ledger.settle(
        receipt=RECEIPT,
        params=params,
        key_window=datetime.fromisoformat(window) if window else None,
        only_if_beat=only_if_beat,
    )


def as_json(value: Any) -> Any:
    return None if value is None else Jsonb(value)


BUCKET_COLUMNS = ", ".join(f"{bucket}_tokens" for bucket in BUCKETS)
BUCKET_VALUES = ", ".join(f"%({bucket})s::bigint" for bucket in BUCKETS)
REPLACED = (
    *(f"{bucket}_tokens" for bucket in BUCKETS),
    *(
        "reasoning_tokens",
        "served_model",
        "upstream_id",
        "price_id",
        "cost_usd",
        "charged_cents",
        "settlement",
        "ending",
    ),
    *("status", "finish_reason", "alerts", "raw_usage", "seen", "first_byte_ms", "total_ms", "request_id"),
)

# One row, or one correction of a `lost` one. A `none` may be followed by a new attempt under the same idempotency key.
RECEIPT = f"""
INSERT INTO inference_completion AS was (
  id, user_id, key_id, request_id, model_id, provider, served_model, upstream_id, price_id, is_stream,
  {BUCKET_COLUMNS}, reasoning_tokens,
  cost_usd, charged_cents, settlement, ending, status, finish_reason, alerts, raw_usage, seen,
  admitted_at, first_byte_ms, total_ms)
SELECT %(completion_id)s::text, %(user_id)s::bigint, %(key_id)s::bigint, %(request_id)s::text, %(model)s::text,
  %(provider)s::text, %(served_model)s::text, %(upstream_id)s::text, %(price_id)s::bigint, %(is_stream)s::boolean,
  {BUCKET_VALUES}, %(reasoning)s::bigint,
  %(cost_usd)s::numeric, %(charged_cents)s::bigint, %(settlement)s::text, %(ending)s::text, %(status)s::smallint,
  %(finish_reason)s::text, %(alerts)s::jsonb, %(raw_usage)s::jsonb, %(seen)s::jsonb,
  coalesce((SELECT admitted_at FROM credits_hold WHERE completion_id = %(completion_id)s::text),
           %(admitted_at)s::timestamptz),
  %(first_byte_ms)s::integer, %(total_ms)s::integer
ON CONFLICT (id) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in REPLACED)}
  WHERE was.settlement = 'none' OR (was.settlement = 'lost' AND excluded.settlement <> 'lost')
RETURNING new.id AS completion_id, new.user_id, new.key_id, new.charged_cents - coalesce(old.charged_cents, 0) AS
due_cents,
  coalesce(old.settlement = 'lost', false) AS corrects"""
