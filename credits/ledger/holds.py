"""What is under way: the balance and what is held of it, heartbeats, and the holds whose process may be dead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int8

from conway.common import database

LOST_AT_ONCE = 1_000


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
    beat: int


async def balance(user_id: int) -> tuple[int, int]:
    """Balance and held cents; available is the difference."""
    return await database.fetch_one(BALANCE_SQL, {"user_id": Int8(user_id)}) or (0, 0)


async def beat(process: str, checkpoints: Mapping[str, Any]) -> set[str]:
    """Renews this process's holds on these completions and keeps their checkpoints (None keeps the one before).

    Returns those still held; what is missing was settled meanwhile, here or by a reaper that took us for dead.
    """
    rows = await database.fetch_all(BEAT_SQL, {"process": process, "checkpoints": Jsonb(dict(checkpoints))})
    return {completion_id for (completion_id,) in rows}


async def lost_holds(seconds: float) -> list[LostHold]:
    """Holds whose beat has not moved for `seconds` in which somebody looked without interruption; settle each with
    `only_if_beat=beat`. Nothing where another process has looked just now: one looks for all.
    """
    rows = await database.fetch_all(LOST_HOLDS_SQL, {"seconds": float(seconds), "most": Int8(LOST_AT_ONCE)})
    return [LostHold(*row) for row in rows]


BALANCE_SQL = "SELECT balance_cents, held_cents FROM credits_creditaccount WHERE user_id = %(user_id)s"

# A look is due a twelfth of the time after the last one; after half of it without one, nobody can say that a beat stood
# still: the database was away, or all of us were. By one clock, the database's; where that was set back, or forward by
# as much as counts as an interruption, the watch begins anew. A look that is not due reads one row. The newest come
# first: what cannot be settled stays, and keeps no other waiting.
LOST_HOLDS_SQL = """
WITH spans AS MATERIALIZED (
  SELECT now() - lost_in / 12 AS just_now, now() - lost_in / 2 AS blink, now() + lost_in / 2 AS ahead,
         now() - lost_in AS lost
  FROM make_interval(secs => %(seconds)s) AS lost_in
),
begun AS (
  INSERT INTO credits_holdwatch (id, looked_at, unbroken_since) SELECT 1, now(), now()
  WHERE NOT EXISTS (SELECT FROM credits_holdwatch) ON CONFLICT DO NOTHING
),
looked AS (
  UPDATE credits_holdwatch w SET looked_at = now(),
    unbroken_since = CASE WHEN w.looked_at BETWEEN blink AND ahead THEN w.unbroken_since ELSE now() END
  FROM spans WHERE w.looked_at NOT BETWEEN just_now AND ahead
  RETURNING w.unbroken_since
)
SELECT completion_id, account_id, key_id, key_window, cents, admitted_at, details, checkpoint, beat
FROM credits_hold, spans
WHERE beat_at <= lost AND (SELECT unbroken_since <= spans.lost FROM looked)
ORDER BY beat_at DESC LIMIT %(most)s"""

# Touches hold rows only and waits for none: a row that is locked is being settled at this moment.
BEAT_SQL = """
WITH reported AS MATERIALIZED (SELECT key AS completion_id, value AS checkpoint FROM jsonb_each(%(checkpoints)s)),
free AS MATERIALIZED (
  SELECT completion_id FROM credits_hold JOIN reported USING (completion_id) WHERE process = %(process)s
  FOR NO KEY UPDATE OF credits_hold SKIP LOCKED
),
renewed AS (
  UPDATE credits_hold h
  SET beat = h.beat + 1, checkpoint = coalesce(nullif(reported.checkpoint, 'null'), h.checkpoint)
  FROM free JOIN reported USING (completion_id) WHERE h.completion_id = free.completion_id
)
SELECT completion_id FROM credits_hold JOIN reported USING (completion_id) WHERE process = %(process)s"""
