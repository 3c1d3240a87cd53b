"""What a completion came to: its row, its charge, the balance, the hold and the key's use, in one statement."""

import logging
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int8

from conway.common import database
from credits import page_notifications
from credits.ledger.account_lock import turn

STILL_ALIVE = "CC001"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    balance_cents: int
    available_cents: int
    charged_cents: int  # of a correction: what was booked on top, negative for money back
    written_off_cents: int


class WrongReceipt(ValueError):
    """A statement or its parameters are not what `settle` can wrap; the message names what is wrong."""


@dataclass(frozen=True, slots=True)
class ReceiptStatement:
    """One SQL statement that writes a completion's row and returns (completion_id text, user_id bigint, key_id bigint,
    due_cents bigint, corrects boolean): one row if it is new or corrects a `lost` one (then due is the difference, and
    may be negative), none if there is nothing to do. Parameters named `ledger_` are ours. Raises `WrongReceipt`.
    """

    sql: str

    def __post_init__(self) -> None:
        returned = self.sql.rpartition("RETURNING")[2]
        if missing := [name for name in RETURNED if not re.search(rf"\b{name}\b", returned)]:
            raise WrongReceipt(f"a receipt's statement returns no {', '.join(missing)}")
        if reserved := re.findall(r"%\((ledger_\w*)\)", self.sql):
            raise WrongReceipt(f"a receipt's statement takes {', '.join(reserved)}, which is the ledger's")


RETURNED = ("completion_id", "user_id", "key_id", "due_cents", "corrects")
READ_HERE = ("completion_id", "user_id", "details", "description")


async def settle(
    *,
    receipt: ReceiptStatement,
    params: dict[str, Any],
    key_window: datetime | str | None = None,
    only_if_beat: int | None = None,
) -> Settled | None:
    """Charges a completion once, whoever repeats it; None if it was settled before (its hold is released all the same).

    `params` are the receipt's named parameters; of these `completion_id`, `user_id`, `details` (a dict) and
    `description` are read here too. Raises `WrongReceipt` where one of the four is missing.

    `key_window` is the Admission's: a correction, whose hold is gone, needs it to reach the key's use.
    With `only_if_beat`, nothing happens and None is returned unless the hold is open and its beat is still this one.
    """
    if missing := [name for name in READ_HERE if name not in params]:
        raise WrongReceipt(f"a receipt has no {', '.join(missing)}")
    ours = {
        "details": Jsonb(params["details"]),
        "user_id": Int8(params["user_id"]),
        "ledger_window": key_window,
        "ledger_beat": None if only_if_beat is None else Int8(only_if_beat),
    }
    async with turn(params["user_id"]):
        try:
            row = await database.fetch_one(_settling(receipt.sql), {**params, **ours})
        except psycopg.DatabaseError as error:
            if error.sqlstate == STILL_ALIVE:
                return None
            raise
    if row is None or not row[0]:
        return None
    page_notifications.announce_soon(params["user_id"])
    settled = Settled(*row[1:5])
    if settled.written_off_cents > 0:
        told = params["user_id"], settled.written_off_cents, params["completion_id"]
        log.warning("account %s: %s cents of %s were written off", *told)
    return settled


@lru_cache
def _settling(receipt: str) -> str:
    """A shortfall is written off before the full charge. A correction that gives money back first takes from it what
    was written off or refunded of the charge, so that nobody gets back what they never paid."""
    return squeezed(f"""
WITH receipt AS ({receipt}),
hold AS (
  DELETE FROM credits_hold
  WHERE completion_id = %(completion_id)s AND account_id = %(user_id)s AND (SELECT count(*) FROM receipt) >= 0
    AND (%(ledger_beat)s::bigint IS NULL OR beat = %(ledger_beat)s)
  RETURNING account_id, key_id, key_window, cents
),
bill AS MATERIALIZED (
  SELECT r.completion_id IS NOT NULL AS is_new, 'inference:' || %(completion_id)s::text AS charge,
         coalesce(r.user_id, h.account_id) AS user_id, coalesce(h.key_id, r.key_id) AS key_id,
         coalesce(h.key_window, %(ledger_window)s::timestamptz) AS key_window,
         coalesce(r.due_cents, 0)::bigint AS due, coalesce(r.corrects, false) AS corrects, coalesce(h.cents, 0) AS held
  FROM receipt r FULL JOIN hold h ON h.account_id = r.user_id
),
key AS (
  UPDATE credits_keyuse u SET held_cents = u.held_cents - bill.held, spent_cents = u.spent_cents + bill.due,
    running = greatest(0, u.running - sign(bill.held)::int)
  FROM bill WHERE u.key_id = bill.key_id AND u.window_start = bill.key_window
  RETURNING u.key_id
),
account AS (
  UPDATE credits_creditaccount a
  SET held_cents = a.held_cents - bill.held,
      running = greatest(0, a.running - sign(bill.held)::int),
      balance_cents = a.balance_cents - CASE
        WHEN bill.due >= 0 THEN least(bill.due, a.balance_cents - a.held_cents + bill.held)
        ELSE bill.due + credits_taken_back(bill.charge, 'write_off', -bill.due)
                      + credits_taken_back(bill.charge, 'refund', -bill.due) END
  FROM bill LEFT JOIN key ON true
  WHERE a.user_id = bill.user_id
  RETURNING bill.*, key.key_id AS limited_key, old.balance_cents AS was, new.balance_cents AS balance,
            new.balance_cents - new.held_cents AS available,
            greatest(0, bill.due - (old.balance_cents - new.balance_cents)) AS written_off,
            CASE WHEN bill.due < 0 THEN credits_taken_back(bill.charge, 'write_off', -bill.due) END AS unwritten,
            CASE WHEN bill.due < 0 THEN credits_taken_back(bill.charge, 'refund', -bill.due) END AS unrefunded
),
entry AS (
  INSERT INTO credits_credittransaction (account_id, type, amount_cents, balance_after_cents, reference, refers_to,
                                         description, details, key_id)
  SELECT user_id, type, amount, was + sum(amount) OVER (ORDER BY place),
         type || ':' || %(completion_id)s::text || CASE WHEN corrects THEN '.corrected' ELSE '' END,
         CASE WHEN corrects OR type <> 'inference' THEN charge END,
         %(description)s, %(details)s, key_id
  FROM account CROSS JOIN LATERAL (
    VALUES (1, 'write_off', CASE WHEN due > 0 THEN written_off END), (2, 'inference', -due),
           (3, 'write_off', -unwritten), (4, 'refund', -unrefunded)) line (place, type, amount)
  WHERE amount <> 0
  ORDER BY place
)
SELECT bill.is_new, coalesce(account.balance, 0), coalesce(account.available, 0), bill.due,
       coalesce(CASE WHEN bill.due > 0 THEN account.written_off ELSE -account.unwritten END, 0),
       CASE WHEN %(ledger_beat)s::bigint IS NOT NULL AND bill.held = 0 THEN credits_give_up('{STILL_ALIVE}')
            WHEN account.user_id IS NULL AND bill.due <> 0 THEN credits_give_up('CC002') END
FROM bill LEFT JOIN account ON true""")


def squeezed(sql: str) -> str:
    """psycopg keeps what it made of a statement up to 4096 characters; beyond, every call pays for its parsing anew."""
    short = re.sub(r" ?([(),=<>+|]) ?| (-) (?!-)", r"\1\2", " ".join(sql.split()))
    if re.findall(LITERAL, short) != re.findall(LITERAL, sql):
        raise WrongReceipt("a literal of a receipt's statement holds blanks around a sign")
    return short


LITERAL = r"'[^']*'"
