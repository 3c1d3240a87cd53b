"""Setting credit aside for a completion.

room = min(available, what is left of the key's limit, the caller's cap)
refused if available < max(10 cents, need) or room < need
hold = min(worst, room, max(need, 10 cents, a quarter of available)), and at least 1 cent
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int8

from accounts import database
from credits.ledger.amounts import bound_cents
from credits.ledger.turns import turn

Reason = Literal[
    "key_revoked", "duplicate", "rate_limited", "insufficient_credits", "key_limit_reached", "cost_cap", "unknown"
]
ADMITTED_AT_LEAST_CENTS = 10
TRIES = 3  # a first use of a limited key needs two; a refusal whose cause went away meanwhile may need another


@dataclass(frozen=True, slots=True)
class Admission:
    completion_id: str
    cents: int
    available_cents: int  # after this hold
    key_left_cents: int | None  # after this hold; None where the key has no limit
    key_window: datetime | None  # to be kept with the completion: a later correction needs it


class Refused(Exception):
    def __init__(
        self,
        reason: Reason,
        *,
        available_cents: int = 0,
        held_cents: int = 0,
        needed_cents: int = 0,
        key_left_cents: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.available_cents = available_cents
        self.held_cents = held_cents
        self.needed_cents = needed_cents
        self.key_left_cents = key_left_cents


async def admit(
    *,
    completion_id: str,
    user_id: int,
    key_id: int | None,
    need_cents: int,
    worst_cents: int,
    cap_cents: int | None = None,
    process: str,
    details: dict[str, Any],
    idempotent: bool = False,
) -> Admission:
    """Raises Refused. With `idempotent`, a completion that is under way or was charged is refused as a duplicate."""
    params = {
        "completion_id": completion_id,
        "user_id": Int8(user_id),
        "key_id": None if key_id is None else Int8(key_id),
        "need": Int8(bound_cents(need_cents)),
        "worst": Int8(bound_cents(worst_cents)),
        "cap": None if cap_cents is None else Int8(bound_cents(cap_cents)),
        "process": process,
        "details": Jsonb(details),
        "idempotent": idempotent,
        "charges": [f"inference:{completion_id}", f"inference:{completion_id}.corrected"],
    }
    async with turn(user_id):
        for _ in range(TRIES):
            if (row := await _held(params)) is not None:
                return Admission(completion_id, *row)
            if (refused := await _why_refused(params)) is not None:
                raise refused
    raise Refused("unknown", needed_cents=need_cents)


async def _held(params: dict[str, Any]) -> tuple[Any, ...] | None:
    try:
        return await database.fetch_one(ADMIT, params)
    except UniqueViolation as error:
        raise Refused("duplicate", needed_cents=params["need"]) from error


async def _why_refused(params: dict[str, Any]) -> Refused | None:
    """None if it may be tried again: the key's use is counted from now on, or what stood in the way is gone."""
    row = await database.fetch_one(WHY_REFUSED, params)
    assert row is not None
    balance, held, nobody, limited, counted, key_left, too_many, known = row
    available, need, cap = balance - held, params["need"], params["cap"]
    if limited and not counted:
        await database.execute(FIRST_KEY_USE, params)
        return None
    reasons: dict[Reason, bool] = {
        "key_revoked": nobody,
        "duplicate": params["idempotent"] and known,
        "rate_limited": too_many,
        "insufficient_credits": available < max(ADMITTED_AT_LEAST_CENTS, need),
        "key_limit_reached": key_left is not None and key_left < need,
        "cost_cap": cap is not None and cap < need,
    }
    facts = {"available_cents": available, "held_cents": held, "needed_cents": int(need), "key_left_cents": key_left}
    return next((Refused(reason, **facts) for reason, holds in reasons.items() if holds), None)


CALLER = """
  SELECT u.id AS user_id, k.id AS key_id, k.limit_cents, k.limit_period, k.requests_per_minute,
         k.limit_cents IS NOT NULL OR k.requests_per_minute IS NOT NULL AS limited
  FROM accounts_user u
  LEFT JOIN accounts_apikey k ON k.id = %(key_id)s::bigint AND k.user_id = u.id
    AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
  WHERE u.id = %(user_id)s AND u.is_active AND (%(key_id)s::bigint IS NULL OR k.id IS NOT NULL)"""

# Reads the clock after the key's row was locked. Days, months and minutes are UTC; a limit without a period never ends.
KEY_ROOM = """
  SELECT used.*,
         CASE WHEN limit_cents IS NULL THEN NULL
              WHEN same_window THEN greatest(0, limit_cents - spent_cents - held_cents)
              ELSE limit_cents END AS key_left,
         CASE WHEN minute = this_minute THEN minute_used ELSE 0 END AS used_this_minute
  FROM (SELECT locked.*,
               limit_period IS NULL OR date_trunc(limit_period, window_start, 'UTC')
                 = date_trunc(limit_period, clock_timestamp(), 'UTC') AS same_window,
               date_trunc('minute', clock_timestamp(), 'UTC') AS this_minute
        FROM locked) used"""

ADMIT = f"""
WITH caller AS MATERIALIZED ({CALLER}),
locked AS MATERIALIZED (
  SELECT caller.*, u.window_start, u.spent_cents, u.held_cents, u.minute, u.minute_used
  FROM caller JOIN credits_keyuse u ON u.key_id = caller.key_id WHERE limited
  FOR NO KEY UPDATE OF u
),
allowed AS MATERIALIZED (
  SELECT user_id, key_id, true AS limited, requests_per_minute, window_start, same_window, key_left, this_minute,
         used_this_minute
  FROM ({KEY_ROOM}) room
  UNION ALL
  SELECT user_id, key_id, false, NULL, NULL, NULL, NULL, NULL, NULL FROM caller WHERE limited IS NOT TRUE
),
account AS (
  UPDATE credits_creditaccount a
  SET held_cents = a.held_cents + greatest(1, least(
        %(worst)s, a.balance_cents - a.held_cents, allowed.key_left, %(cap)s::bigint,
        greatest(%(need)s, {ADMITTED_AT_LEAST_CENTS}, (a.balance_cents - a.held_cents) / 4)))
  FROM allowed
  WHERE a.user_id = allowed.user_id
    AND a.balance_cents - a.held_cents >= greatest({ADMITTED_AT_LEAST_CENTS}, %(need)s)
    AND coalesce(allowed.key_left, %(need)s) >= %(need)s
    AND coalesce(%(cap)s::bigint, %(need)s) >= %(need)s
    AND coalesce(allowed.used_this_minute < allowed.requests_per_minute, true)
    AND NOT (%(idempotent)s AND EXISTS (
          SELECT FROM credits_hold WHERE completion_id = %(completion_id)s
          UNION ALL
          SELECT FROM credits_credittransaction WHERE reference = ANY (%(charges)s)))
  RETURNING allowed.*, new.held_cents - old.held_cents AS cents, new.balance_cents - new.held_cents AS available,
            CASE WHEN allowed.same_window THEN allowed.window_start
                 WHEN allowed.limited THEN clock_timestamp() END AS key_window
),
key AS (
  UPDATE credits_keyuse u
  SET window_start = account.key_window,
      spent_cents = CASE WHEN account.same_window THEN u.spent_cents ELSE 0 END,
      held_cents = CASE WHEN account.same_window THEN u.held_cents ELSE 0 END + account.cents,
      minute = account.this_minute,
      minute_used = account.used_this_minute + 1
  FROM account WHERE u.key_id = account.key_id AND account.limited
),
hold AS (
  INSERT INTO credits_hold (completion_id, account_id, key_id, key_window, cents, process, details, beat)
  SELECT %(completion_id)s, user_id, key_id, key_window, cents, %(process)s, %(details)s, 0 FROM account
)
SELECT cents, available, CASE WHEN key_left IS NOT NULL THEN greatest(0, key_left - cents) END, key_window
FROM account"""

# Nothing is locked here: it tells what is so a moment after the refusal.
WHY_REFUSED = f"""
WITH caller AS ({CALLER}),
locked AS (
  SELECT caller.*, u.window_start, u.spent_cents, u.held_cents, u.minute, u.minute_used
  FROM caller JOIN credits_keyuse u ON u.key_id = caller.key_id WHERE limited
)
SELECT coalesce(a.balance_cents, 0), coalesce(a.held_cents, 0), caller.user_id IS NULL, coalesce(caller.limited, false),
       room.key_id IS NOT NULL, room.key_left, coalesce(room.used_this_minute >= room.requests_per_minute, false),
       EXISTS (SELECT FROM credits_hold WHERE completion_id = %(completion_id)s) OR
       EXISTS (SELECT FROM credits_credittransaction WHERE reference = ANY (%(charges)s))
FROM (SELECT) one LEFT JOIN caller ON true LEFT JOIN ({KEY_ROOM}) room ON true
LEFT JOIN credits_creditaccount a ON a.user_id = %(user_id)s"""

FIRST_KEY_USE = "INSERT INTO credits_keyuse (key_id) VALUES (%(key_id)s) ON CONFLICT DO NOTHING"
