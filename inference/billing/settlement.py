"""Money's two doors: `admit` before anything is sent, `settle` after everything was read. The rest is credits.ledger's.

A settlement is an *entry*: a plain dict that JSON holds, so that the spool, a checkpoint and the database take the
same thing, and booking it twice is booking it once.
"""

import asyncio
import json
import logging
import math
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from django.conf import settings
from psycopg.types.json import Jsonb

from accounts.authentication import Caller
from conway.common.database import DatabaseUnavailable
from credits import ledger
from credits.ledger import Admission, AdmissionDenied, Outlook, Settled
from inference.billing.measure import Measure
from inference.billing.quotes import Quote, quote
from inference.billing.spool import Spool
from inference.catalog.pricing import charged_cents
from inference.catalog.snapshot import PricePoint
from inference.chat.usage import BUCKETS, Usage

PROCESS = uuid.uuid4().hex  # holds carry it: whose heartbeat keeps them
DATABASE_SECONDS = 5

T = TypeVar("T")

log = logging.getLogger(__name__)

# Entries the database has not taken yet: in the spool, or, with the disk full too, only here. Their holds beat on.
waiting: dict[str, dict[str, Any]] = {}


@cache
def spool() -> Spool:
    return Spool(settings.CONWAY_DATA_DIR / "spool", PROCESS)


# Admitting


async def admit(
    *,
    completion_id: str,
    caller: Caller,
    measure: Measure,
    price: PricePoint,
    cap_cents: int | None,
    is_idempotent: bool,
    details: dict[str, Any],
) -> tuple[Quote, Admission]:
    """Raises `AdmissionDenied`. What the cheap bound could not pay, the counted one may."""

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

    return await cheaply_or_counted(measure, price, hold)


async def would_admit(
    *, caller: Caller, measure: Measure, price: PricePoint, cap_cents: int | None
) -> tuple[Quote, Outlook]:
    """What `admit` would answer now. Raises `AdmissionDenied`."""

    async def ask(quoted: Quote) -> Outlook:
        return await ledger.would_admit(
            user_id=caller.user_id,
            key_id=caller.key_id,
            need_cents=quoted.need_cents,
            worst_cents=quoted.worst_cents,
            cap_cents=cap_cents,
        )

    return await cheaply_or_counted(measure, price, ask)


async def cheaply_or_counted(
    measure: Measure, price: PricePoint, ask: Callable[[Quote], Awaitable[T]]
) -> tuple[Quote, T]:
    cheap = await quote(measure, price, counted=False)
    try:
        return cheap, await ask(cheap)
    except AdmissionDenied:
        exact = await quote(measure, price, counted=True)
        if exact.need_cents >= cheap.need_cents:
            raise
        return exact, await ask(exact)


async def release(completion_id: str, user_id: int) -> None:
    """A hold for what was never sent, if there is one: no receipt, no charge."""
    nothing = {"completion_id": completion_id, "user_id": user_id, "details": {}, "description": ""}
    await ledger.settle(receipt=NO_RECEIPT, params=nothing)


def release_soon(completion_id: str, user_id: int) -> None:
    """If it fails, the reaper finds a hold without a heartbeat."""
    releasing.add(task := asyncio.create_task(release(completion_id, user_id)))
    task.add_done_callback(released)


def released(task: "asyncio.Task[None]") -> None:
    releasing.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("a hold could not be released: %s", error)


releasing: set["asyncio.Task[None]"] = set()

NO_RECEIPT = """
SELECT NULL::text completion_id, NULL::bigint user_id, NULL::bigint key_id, 0::bigint due_cents, false corrects
WHERE false"""

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


def bucket_columns(usage: Usage) -> dict[str, int | None]:
    return {**{f"{bucket}_tokens": getattr(usage, bucket) for bucket in BUCKETS}, "reasoning_tokens": usage.reasoning}


async def settle(entry: dict[str, Any]) -> Booked:
    """Commits, or within a few seconds keeps it safe elsewhere. Raises `UnableToBook`."""
    row = entry["row"]
    completion_id, charged_cents, cost_usd = row["id"], row["charged_cents"], Decimal(row["cost_usd"])
    waiting[completion_id] = entry
    booking = asyncio.create_task(book(entry))
    # Not cancelled when it is slow: it may still succeed, and to book it again is to book it once.
    await asyncio.wait({booking}, timeout=DATABASE_SECONDS)
    if booking.done() and booking.exception() is None:
        del waiting[completion_id]
        settled = booking.result()
        return Booked(charged_cents, cost_usd, settled.balance_cents if settled else None)
    if booking.done() and not isinstance(booking.exception(), DatabaseUnavailable):
        log.error("settlement of %s was refused by the database", completion_id, exc_info=booking.exception())
    booking.add_done_callback(asyncio.Task.exception)
    await keep_safe(entry)
    return Booked(charged_cents, cost_usd, pending=True)


async def keep_safe(entry: dict[str, Any]) -> None:
    try:
        # A disk in trouble can block for seconds: only then, and only here, a thread is worth its price.
        await asyncio.to_thread(spool().write, entry)
    except OSError as error:
        log.critical("settlement of %s is in memory only: %s", entry["row"]["id"], error)
        raise UnableToBook from error


async def book(entry: Mapping[str, Any], *, only_if_beat: int | None = None) -> Settled | None:
    clean = storable(entry)
    row, window = clean["row"], clean["key_window"]
    return await ledger.settle(
        receipt=RECEIPT,
        params={
            "completion_id": row["id"],
            "user_id": row["user_id"],
            "row": Jsonb(row),
            "details": clean["details"],
            "description": clean["description"],
        },
        key_window=datetime.fromisoformat(window) if window else None,
        only_if_beat=only_if_beat,
    )


def storable(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what PostgreSQL stores nowhere: NUL and lone surrogates, which a provider's own strings may hold."""
    # One look at the JSON is a tenth of what a walk through every string costs.
    return cleaned(entry) if SUSPECT.search(json.dumps(entry)) else entry


SUSPECT = re.compile(r"\\u(?:0000|d[89a-f])|Infinity|NaN")  # a pair of surrogates is a letter, left alone
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def cleaned(value: Any) -> Any:
    match value:
        case str():
            return UNSTORABLE.sub("\ufffd", value)
        case dict():
            return {cleaned(name): cleaned(inner) for name, inner in value.items()}
        case list():
            return [cleaned(inner) for inner in value]
        case float() if not math.isfinite(value):
            return None
    return value


# What a correction, or a second attempt under one idempotency key, says anew.
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

# One row, or one correction of a `lost` one; a `none` may be followed by a new attempt under the same idempotency key.
# An admission's time is its hold's, by the database's clock; where the hold is gone, the row's own. The row is made in
# FROM: in the list of SELECT, PostgreSQL would make it once for each of its columns (0.9 ms of 1.4).
RECEIPT = f"""
INSERT INTO inference_completion AS was
SELECT told.* FROM jsonb_populate_record(NULL::inference_completion, %(row)s || jsonb_build_object(
  'created_at', clock_timestamp(),
  'admitted_at', coalesce((SELECT to_jsonb(admitted_at) FROM credits_hold WHERE completion_id = %(completion_id)s),
                          %(row)s -> 'admitted_at'))) told
ON CONFLICT (id) DO UPDATE SET ({", ".join(REPLACED)}) = ROW({", ".join(f"excluded.{name}" for name in REPLACED)})
  WHERE was.settlement = 'none' OR (was.settlement = 'lost' AND excluded.settlement <> 'lost')
RETURNING new.id completion_id, new.user_id, new.key_id, new.charged_cents - coalesce(old.charged_cents, 0) due_cents,
  coalesce(old.settlement = 'lost', false) corrects"""
