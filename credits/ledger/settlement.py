"""What a completion came to: its row, its charge, the balance, the hold and the key's use, in one statement."""

import logging
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

import psycopg

from credits import page_notifications
from credits.ledger.batches import Statement, ask
from credits.ledger.one_or_many import RequestList

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
    """One SQL statement that reads `completions` (completion_id text, user_id bigint, "row" jsonb), writes the row of
    each of them and returns (completion_id text, user_id bigint, key_id bigint, due_cents bigint, corrects boolean):
    one row if it is new or corrects a `lost` one (then due is the difference, and may be negative), none if
    there is nothing to do. It has no parameters. Raises `WrongReceipt`.
    """

    sql: str

    def __post_init__(self) -> None:
        returned = self.sql.rpartition("RETURNING")[2]
        if missing := [name for name in RETURNED if not re.search(rf"\b{name}\b", returned)]:
            raise WrongReceipt(f"a receipt's statement returns no {', '.join(missing)}")
        if parameters := re.findall(r"%\(\w+\)s|\$\d", self.sql):
            raise WrongReceipt(f"a receipt's statement takes {', '.join(parameters)} and not `completions`")


RETURNED = ("completion_id", "user_id", "key_id", "due_cents", "corrects")
READ_HERE = ("completion_id", "user_id", "details", "description", "row")


async def settle(
    *,
    receipt: ReceiptStatement,
    params: dict[str, Any],
    key_window: datetime | str | None = None,
    only_if_beat: int | None = None,
    only_with: dict[str, Any] | None = None,
) -> Settled | None:
    """Charges a completion once, whoever repeats it; None if it was settled before (its hold is released all the same).

    `params` are `completion_id`, `user_id`, the charge's `details` (a dict) and `description`, and `row` (a dict),
    which is the receipt's own. Raises `WrongReceipt` where one of them is missing.

    `key_window` is the Admission's: a correction, whose hold is gone, needs it to reach the key's use.
    With `only_if_beat`, nothing happens and None is returned unless the hold is open and its beat is still this one.
    `only_with` is what the hold says in its details, if it says so; that of a later attempt under the same id says
    otherwise, and stays.
    """
    if missing := [name for name in READ_HERE if name not in params]:
        raise WrongReceipt(f"a receipt has no {', '.join(missing)}")
    user_id, completion_id = params["user_id"], params["completion_id"]
    window = key_window.isoformat() if isinstance(key_window, datetime) else key_window
    request = {**params, "asked_window": window, "asked_beat": only_if_beat, "asked_with": only_with}
    try:
        is_new, *facts = await ask(_settling(receipt.sql), user_id, completion_id, request)
    except psycopg.DatabaseError as error:
        if error.sqlstate == STILL_ALIVE:
            return None
        raise
    if not is_new:
        return None
    page_notifications.announce_soon(user_id)
    settled = Settled(*facts[:4])
    if settled.written_off_cents > 0:
        log.warning("account %s: %s cents of %s were written off", user_id, settled.written_off_cents, completion_id)
    return settled


@lru_cache
def _settling(receipt: str) -> Statement:
    return Statement.of_accounts(partial(settling, receipt))


COLUMNS = """
    completion_id text, user_id bigint, details jsonb, description text, "row" jsonb, asked_window timestamptz,
    asked_beat bigint, asked_with jsonb
  """
PAID = "due + unwritten + unrefunded - written_off"


def settling(receipt: str, requests: RequestList, lock: str, accounts: str) -> str:
    """A shortfall is written off before the full charge. A correction that gives money back first takes from it what
    was written off or refunded of the charge, so that nobody gets back what they never paid.

    Accounts are locked first, and what stands below is theirs alone; their rows are written from what the lock read,
    as admission says why (`hold_rule.admitting`). Settlements of one account count in their order:
    each finds what those before left, and what is left is never below zero. After it once had to be held at zero, it
    lies as far above the plain sum as the lowest of all sums so far lies below zero: that far is `short`, what was
    written off until then.
    """
    return f"""
WITH request AS MATERIALIZED (
  {requests.listed(COLUMNS)}
),
turn AS MATERIALIZED (
  SELECT user_id, balance_cents, held_cents AS held_of_all, running, balance_cents - held_cents AS available
  FROM credits_creditaccount WHERE user_id {requests.users("request")} FOR NO KEY UPDATE {lock}
),
completions AS MATERIALIZED (SELECT request.*, balance_cents, available FROM request {accounts} turn USING (user_id)),
receipt AS ({receipt}),
hold AS (
  DELETE FROM credits_hold h USING completions c
  WHERE h.completion_id = c.completion_id AND h.account_id = c.user_id AND (SELECT count(*) FROM receipt) >= 0
    AND (asked_beat IS NULL OR h.beat = asked_beat) AND (asked_with IS NULL OR h.details @> asked_with
      OR NOT h.details ?| ARRAY(SELECT jsonb_object_keys(asked_with)))
  RETURNING h.completion_id, h.key_id, h.key_window, h.cents
),
bill AS MATERIALIZED (
  SELECT c.*, r.completion_id IS NOT NULL AS is_new, 'inference:' || c.completion_id AS charge,
         r.user_id AS billed, coalesce(h.key_id, r.key_id) AS key_id,
         coalesce(h.key_window, asked_window) AS key_window,
         coalesce(r.due_cents, 0)::bigint AS due, coalesce(r.corrects, false) AS corrects,
         coalesce(h.cents, 0) AS held,
         CASE WHEN due_cents < 0 THEN credits_taken_back('inference:' || c.completion_id, 'write_off', -due_cents)
           ELSE 0 END AS unwritten,
         CASE WHEN due_cents < 0 THEN credits_taken_back('inference:' || c.completion_id, 'refund', -due_cents)
           ELSE 0 END AS unrefunded
  FROM completions c LEFT JOIN receipt r USING (completion_id) LEFT JOIN hold h USING (completion_id)
),
summed AS (
  SELECT *, greatest(0, -{requests.so_far("min", "plain")}) AS short
  FROM (SELECT *, available + {requests.so_far("sum", "held - due - unwritten - unrefunded")} AS plain FROM bill) b
),
billed AS MATERIALIZED (SELECT *, short - {requests.before("short")} AS written_off FROM summed),
key AS (
  UPDATE credits_keyuse u
  SET held_cents = u.held_cents - s.held, spent_cents = u.spent_cents + s.due,
      running = greatest(0, u.running - s.holds)
  FROM ({requests.sums("key_id, key_window", "billed", held="held", due="due", holds="sign(held)")}) s
  WHERE u.key_id = s.key_id AND u.window_start = s.key_window
),
account AS (
  UPDATE credits_creditaccount a
  SET held_cents = turn.held_of_all - s.held,
      running = greatest(0, turn.running - s.holds),
      balance_cents = turn.balance_cents - s.paid
  FROM ({requests.sums("user_id", "billed", held="held", holds="sign(held)", paid=PAID)}) s
  JOIN turn USING (user_id) WHERE a.user_id = s.user_id
),
line AS MATERIALIZED (
  SELECT billed.*, place, type, amount::bigint,
         balance_cents + sum(amount) OVER (PARTITION BY user_id ORDER BY n, place) AS balance
  FROM billed CROSS JOIN LATERAL (
    VALUES (1, 'write_off', written_off), (2, 'inference', -due), (3, 'write_off', -unwritten),
           (4, 'refund', -unrefunded)) line (place, type, amount)
),
entry AS (
  INSERT INTO credits_credittransaction (account_id, type, amount_cents, balance_after_cents, reference, refers_to,
                                         description, details, key_id)
  SELECT user_id, type, amount, balance,
         type || ':' || completion_id || CASE WHEN corrects THEN '.corrected' ELSE '' END,
         CASE WHEN corrects OR type <> 'inference' THEN charge END,
         description, details, key_id
  FROM line WHERE amount <> 0 ORDER BY user_id, n, place
)
SELECT n, is_new, coalesce(balance, 0)::bigint, coalesce(plain + short, 0)::bigint, due,
       (written_off - unwritten)::bigint,
       CASE WHEN asked_beat IS NOT NULL AND held = 0 THEN credits_give_up('{STILL_ALIVE}')
            WHEN billed <> user_id OR balance_cents IS NULL AND due <> 0 THEN credits_give_up('CC002') END
FROM line WHERE place = 4"""
