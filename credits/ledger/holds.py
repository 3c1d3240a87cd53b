"""What is under way: the balance and what is held of it, heartbeats, and the holds whose process may be dead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int8

from conway.common import database


@dataclass(frozen=True, slots=True)
class OpenHold:
    completion_id: str
    process: str
    beat: int


@dataclass(frozen=True, slots=True)
class LostHold:
    completion_id: str
    user_id: int
    key_id: int | None
    key_window: datetime | None
    cents: int
    admitted_at: datetime
    details: dict[str, Any]
    checkpoint: Any


async def balance(user_id: int) -> tuple[int, int]:
    """Balance and held cents; available is the difference."""
    return await database.fetch_one(BALANCE_SQL, {"user_id": Int8(user_id)}) or (0, 0)


async def beat(process: str, checkpoints: Mapping[str, Any]) -> set[str]:
    """Renews this process's holds on these completions and keeps their checkpoints (None keeps the one before).

    Returns those still held; what is missing was settled meanwhile, here or by a reaper that took us for dead.
    """
    rows = await database.fetch_all(BEAT_SQL, {"process": process, "checkpoints": Jsonb(dict(checkpoints))})
    return {completion_id for (completion_id,) in rows}


async def open_holds() -> list[OpenHold]:
    """Raises DatabaseUnavailable in a read-only spell: it can be read then, but no beat can move."""
    rows = await database.fetch_all(OPEN_HOLDS_SQL)
    if any(is_read_only for *_, is_read_only in rows):
        await database.renew()
        raise database.DatabaseUnavailable("The database is read-only.")
    return [OpenHold(*hold) for *hold, _ in rows]


async def lost_hold(*, completion_id: str, beat: int) -> LostHold | None:
    """What is known of a hold whose beat has not moved since; settle it with `only_if_beat=beat`."""
    row = await database.fetch_one(LOST_HOLD_SQL, {"completion_id": completion_id, "beat": Int8(beat)})
    return LostHold(*row) if row else None


BALANCE_SQL = "SELECT balance_cents, held_cents FROM credits_creditaccount WHERE user_id = %(user_id)s"

OPEN_HOLDS_SQL = """
SELECT completion_id, process, beat, current_setting('transaction_read_only') = 'on' FROM credits_hold"""

LOST_HOLD_SQL = """
SELECT completion_id, account_id, key_id, key_window, cents, admitted_at, details, checkpoint
FROM credits_hold WHERE completion_id = %(completion_id)s AND beat = %(beat)s"""

# Touches hold rows only and waits for none: a row that is locked is being settled at this moment.
BEAT_SQL = """
WITH told AS MATERIALIZED (SELECT key AS completion_id, value AS checkpoint FROM jsonb_each(%(checkpoints)s)),
free AS MATERIALIZED (
  SELECT completion_id FROM credits_hold JOIN told USING (completion_id) WHERE process = %(process)s
  FOR NO KEY UPDATE OF credits_hold SKIP LOCKED
),
renewed AS (
  UPDATE credits_hold h
  SET beat = h.beat + 1, checkpoint = coalesce(nullif(told.checkpoint, 'null'), h.checkpoint)
  FROM free JOIN told USING (completion_id) WHERE h.completion_id = free.completion_id
)
SELECT completion_id FROM credits_hold JOIN told USING (completion_id) WHERE process = %(process)s"""
