"""What a completion is charged after everything was read: booked in one statement, or kept safe until it can be."""

import asyncio
import logging
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from django.conf import settings

from conway.common.database import DatabaseUnavailable
from credits import ledger
from credits.ledger import ReceiptStatement, Settled
from inference import metrics
from inference.billing.entry import Entry
from inference.billing.spool import PROCESS, Spool
from inference.chat.usage import BUCKETS

DATABASE_SECONDS = 5

log = logging.getLogger(__name__)

# Entries the database has not taken yet: in the spool, or, with the disk full too, only here. Their holds beat on.
waiting: dict[str, Entry] = {}


@cache
def spool() -> Spool:
    return Spool(settings.CONWAY_DATA_DIR / "spool", PROCESS)


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


async def settle(entry: Entry) -> Booked:
    """Commits, or within a few seconds keeps it safe elsewhere. Raises `UnableToBook`."""
    waiting[entry.id] = entry
    booking = asyncio.create_task(book(entry))
    # Not cancelled when it is slow: it may still succeed, and to book it again is to book it once.
    await asyncio.wait({booking}, timeout=DATABASE_SECONDS)
    if booking.done() and booking.exception() is None:
        del waiting[entry.id]
        settled = booking.result()
        return Booked(entry.charged_cents, entry.cost_usd, settled.balance_cents if settled else None)
    if booking.done() and not isinstance(booking.exception(), DatabaseUnavailable):
        log.error("settlement of %s was refused by the database", entry.id, exc_info=booking.exception())
    booking.add_done_callback(asyncio.Task.exception)
    await keep_safe(entry)
    return Booked(entry.charged_cents, entry.cost_usd, pending=True)


async def keep_safe(entry: Entry) -> None:
    try:
        # A disk in trouble can block for seconds: only then, and only here, a thread is worth its price.
        await asyncio.to_thread(spool().write, entry.as_json())
    except OSError as error:
        log.critical("settlement of %s is in memory only: %s", entry.id, error)
        raise UnableToBook from error


async def book(entry: Entry, *, only_if_beat: int | None = None) -> Settled | None:
    written = entry.as_json()
    settled = await ledger.settle(
        receipt=RECEIPT,
        params={
            "completion_id": entry.id,
            "user_id": entry.user_id,
            "row": written["row"],
            "details": written["details"],
            "description": written["description"],
        },
        key_window=entry.key_window,
        only_if_beat=only_if_beat,
        only_with={"request_id": entry.request_id},
    )
    if settled is not None:
        metrics.booked(written["row"], due_cents=settled.charged_cents, written_off_cents=settled.written_off_cents)
    return settled


# What a correction, or a second attempt under one idempotency key, says anew.
REPLACED = (
    *("model_id", "asked_model", "provider", "is_stream"),
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

# All columns that this release knows: one that a later release has beside them gets its default while both run.
WRITTEN = ("id", "user_id", "key_id", "admitted_at", "created_at", *REPLACED)

# One row, or one correction of a `lost` one; a `none` may be followed by a new attempt under the same idempotency key.
# An admission's time is its hold's, by the database's clock; where the hold is gone, the row's own. The row is made in
# FROM: in the list of SELECT, PostgreSQL would make it once for each of its columns (0.9 ms of 1.4).
RECEIPT = ReceiptStatement(f"""
INSERT INTO inference_completion AS was ({", ".join(WRITTEN)})
SELECT {", ".join(f"written.{name}" for name in WRITTEN)}
FROM completions c, jsonb_populate_record(NULL::inference_completion,
  c.row || jsonb_strip_nulls(jsonb_build_object('created_at', clock_timestamp(), 'admitted_at',
    (SELECT admitted_at FROM credits_hold WHERE completion_id = c.completion_id)))) written
ON CONFLICT (id) DO UPDATE SET ({", ".join(REPLACED)}) = ROW({", ".join(f"excluded.{name}" for name in REPLACED)})
  WHERE was.settlement = 'none' OR (was.settlement = 'lost' AND excluded.settlement <> 'lost')
RETURNING id completion_id, user_id, key_id, charged_cents - coalesce(old.charged_cents, 0) due_cents,
  (old.settlement = 'lost') IS TRUE corrects""")
