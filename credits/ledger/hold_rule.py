"""The hold rule, in the database's own words: it holds only where the rows it speaks of are locked.

room = min(available, what is left of the key's limit, the caller's cap)
refused if available < max(10 cents, need) or room < need, or if too much was written off since the last top-up
refused if the account, or the key, has as many holds open as may run at once
hold = min(worst, room, max(need, 10 cents, a quarter of available)), and at least 1 cent

Every statement takes one parameter, a list of who asks for how much (`callers`), and answers each by its number in it.
ADMIT holds; WOULD_ADMIT_SQL says what it would hold; WHY_REFUSED_SQL says why not.
"""

from credits.ledger.batches import Statement
from credits.ledger.one_or_many import MANY, RequestList

ADMITTED_AT_LEAST_CENTS = 10

# `concurrency` is the default of accounts whose own is not set.
COLUMNS = """
    user_id bigint, asked_key bigint, need bigint, worst bigint, cap bigint, most_written_off bigint,
    default_concurrency int, completion_id text, idempotent boolean, process text, details jsonb
  """


def callers(requests: RequestList) -> str:
    return f"""
request AS MATERIALIZED (
  {requests.listed(COLUMNS)}
),
caller AS MATERIALIZED (
  SELECT request.*, k.id AS key_id, k.limit_cents, k.limit_period, k.requests_per_minute,
         coalesce(u.concurrency, default_concurrency) AS concurrency, k.concurrency AS key_concurrency,
         num_nonnulls(k.limit_cents, k.requests_per_minute, k.concurrency) > 0 AS limited
  FROM request JOIN accounts_user u ON u.id = request.user_id
  LEFT JOIN accounts_apikey k ON k.id = asked_key AND k.user_id = u.id
    AND k.revoked_at IS NULL AND k.paused_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
  WHERE u.is_active AND (asked_key IS NULL OR k.id IS NOT NULL)
)"""


# What is left of each limited key. Reads the clock after the key's row was locked. Days, months and minutes are UTC; a
# limit without a period never ends.
ROOM = """
room AS MATERIALIZED (
  SELECT used.*,
         CASE WHEN limit_cents IS NULL THEN NULL
              WHEN same_window THEN greatest(0, limit_cents - spent_cents - held_cents)
              ELSE limit_cents END AS key_left,
         CASE WHEN same_window THEN running ELSE 0 END AS key_running,
         CASE WHEN minute = this_minute THEN minute_used ELSE 0 END AS used_this_minute,
         CASE WHEN same_window THEN window_start ELSE clock_timestamp() END AS key_window
  FROM (SELECT locked.*,
               limit_period IS NULL OR date_trunc(limit_period, window_start, 'UTC')
                 = date_trunc(limit_period, clock_timestamp(), 'UTC') AS same_window,
               date_trunc('minute', clock_timestamp(), 'UTC') AS this_minute
        FROM locked) used
)"""

KEY_LIMITS = "SELECT DISTINCT key_id, limit_cents, limit_period FROM caller WHERE limited"

# Of who asks: what is held, and whether anything is.
HOLD_CENTS = f"""
greatest(1, least(worst, available, key_left, cap, greatest(need, {ADMITTED_AT_LEAST_CENTS}, available / 4)))"""
MAY_PASS = f"""
    available >= greatest({ADMITTED_AT_LEAST_CENTS}, need)
    AND written_off_cents <= most_written_off
    AND coalesce(key_left, need) >= need
    AND coalesce(cap, need) >= need
    AND coalesce(used_this_minute < requests_per_minute, true)
    AND running < concurrency
    AND coalesce(key_running < key_concurrency, true)"""


def before_all() -> str:
    """What an account has before the first of a statement."""
    return """
  SELECT user_id, 0::bigint AS place, NULL::bigint AS n, available, running, '{}'::jsonb AS of_keys,
         NULL::bigint AS cents, NULL::bigint AS key_left
  FROM turn"""


def after(before: str) -> str:
    """What it has after the next, and what the next may hold."""
    return f"""
  SELECT user_id, place, n, available - coalesce(cents, 0) AS available, running + num_nonnulls(cents) AS running,
         CASE WHEN limited AND cents IS NOT NULL
           THEN of_keys || jsonb_build_object(key_id, jsonb_build_array(taken_cents + cents, taken + 1))
           ELSE of_keys END AS of_keys,
         cents, CASE WHEN key_left IS NOT NULL THEN greatest(0, key_left - cents) END AS key_left
  FROM (SELECT *, CASE WHEN {MAY_PASS} THEN {HOLD_CENTS} END AS cents
        FROM (SELECT queue.user_id, queue.place, queue.n, key_id, limited, need, worst, cap, written_off_cents,
                     most_written_off, concurrency, key_concurrency, requests_per_minute,
                     available, running, of_keys, taken_cents, taken,
                     CASE WHEN queue.key_left IS NOT NULL
                       THEN greatest(0, queue.key_left - taken_cents) END AS key_left,
                     key_running + taken AS key_running, used_this_minute + taken AS used_this_minute
              FROM {before} step JOIN queue ON queue.user_id = step.user_id AND queue.place = step.place + 1
              CROSS JOIN LATERAL (
                SELECT coalesce((of_keys -> key_id::text ->> 0)::bigint, 0) AS taken_cents,
                       coalesce((of_keys -> key_id::text ->> 1)::int, 0) AS taken) of_key
              OFFSET 0) asking
        OFFSET 0) answered"""


def admitting(requests: RequestList, lock: str, accounts: str) -> str:
    """Accounts are locked first, and what stands below is theirs alone. Requests of one account are answered one after
    the other (`step`), each with what those before left; `of_keys` is what they took of each limited key.

    An account's row is written from what the lock read, its balance too: PostgreSQL first tries an update on the row as
    it was when the statement began, and checks its constraints there. A top-up that was waited for is not in it.
    """
    return f"""
WITH RECURSIVE {callers(requests)},
turn AS MATERIALIZED (
  SELECT user_id, balance_cents, held_cents, balance_cents - held_cents AS available, running, written_off_cents
  FROM credits_creditaccount WHERE user_id {requests.users("request")} FOR NO KEY UPDATE {lock}
),
locked AS MATERIALIZED (
  SELECT k.*, u.window_start, u.spent_cents, u.held_cents, u.running, u.minute, u.minute_used
  FROM ({KEY_LIMITS} AND user_id {requests.users("turn")}) k
  JOIN credits_keyuse u USING (key_id) FOR NO KEY UPDATE OF u
),
{ROOM},
queue AS MATERIALIZED (
  SELECT caller.*, written_off_cents, key_left, key_running, used_this_minute, key_window,
         {requests.place} AS place
  FROM caller JOIN turn USING (user_id) LEFT JOIN room USING (key_id)
  WHERE (NOT limited OR key_window IS NOT NULL)
    AND NOT (EXISTS (SELECT FROM credits_hold h WHERE h.completion_id = caller.completion_id)
             OR idempotent AND EXISTS (
               SELECT FROM credits_credittransaction WHERE reference
                 IN ('inference:' || caller.completion_id, 'inference:' || caller.completion_id || '.corrected')))
),
{requests.one_after_the_other(before_all(), after)},
admitted AS MATERIALIZED (
  SELECT queue.*, step.cents, step.available, step.key_left AS left_then FROM step JOIN queue USING (n)
  WHERE step.cents IS NOT NULL
),
account AS (
  UPDATE credits_creditaccount a
  SET balance_cents = turn.balance_cents, held_cents = turn.held_cents + s.cents, running = turn.running + s.number
  FROM ({requests.sums("user_id", "admitted", cents="cents", number="1")}) s
  JOIN turn USING (user_id) WHERE a.user_id = s.user_id
),
key AS (
  UPDATE credits_keyuse u
  SET window_start = room.key_window,
      spent_cents = CASE WHEN same_window THEN u.spent_cents ELSE 0 END,
      held_cents = CASE WHEN same_window THEN u.held_cents ELSE 0 END + s.cents,
      running = key_running + s.number,
      minute = this_minute,
      minute_used = used_this_minute + s.number
  FROM ({requests.sums("key_id", "admitted WHERE limited", cents="cents", number="1")}) s
  JOIN room USING (key_id) WHERE u.key_id = s.key_id
),
hold AS (
  INSERT INTO credits_hold (completion_id, account_id, key_id, key_window, cents, process, details, beat)
  SELECT completion_id, user_id, key_id, key_window, cents, process, details, 0 FROM admitted
)
SELECT request.n, cents, admitted.available, left_then, key_window
FROM request {accounts} turn USING (user_id) LEFT JOIN admitted USING (n)"""


# Nothing is locked here. A key whose use is not counted yet has used nothing.
LOOKED_AT = f"""
WITH {callers(MANY)},
locked AS (
  SELECT k.*, u.key_id IS NULL AS is_uncounted, coalesce(u.window_start, clock_timestamp()) AS window_start,
         coalesce(u.spent_cents, 0) AS spent_cents, coalesce(u.held_cents, 0) AS held_cents,
         coalesce(u.running, 0) AS running, u.minute, u.minute_used
  FROM ({KEY_LIMITS}) k LEFT JOIN credits_keyuse u USING (key_id)
),
{ROOM}"""

WOULD_ADMIT_SQL = f"""
{LOOKED_AT}
SELECT n, {HOLD_CENTS}, available, held_cents
FROM (SELECT caller.*, key_left, key_running, used_this_minute, a.balance_cents - a.held_cents AS available,
             a.held_cents, a.running, a.written_off_cents
      FROM caller LEFT JOIN room USING (key_id) JOIN credits_creditaccount a USING (user_id)) asking
WHERE {MAY_PASS}"""

# It tells what is so a moment after the refusal.
WHY_REFUSED_SQL = f"""
{LOOKED_AT}
SELECT request.n, coalesce(a.balance_cents, 0), coalesce(a.held_cents, 0), caller.n IS NULL,
       coalesce(is_uncounted, false), key_left, coalesce(used_this_minute >= requests_per_minute, false),
       coalesce(a.running, 0), concurrency, coalesce(key_running, 0), key_concurrency,
       EXISTS (SELECT FROM credits_hold h WHERE h.completion_id = request.completion_id),
       EXISTS (SELECT FROM credits_credittransaction WHERE reference
         IN ('inference:' || request.completion_id, 'inference:' || request.completion_id || '.corrected')),
       coalesce(a.written_off_cents, 0)
FROM request LEFT JOIN caller USING (n) LEFT JOIN room USING (key_id)
LEFT JOIN credits_creditaccount a ON a.user_id = request.user_id"""

LIMITS_SQL = f"""
{LOOKED_AT}
SELECT n, concurrency, coalesce(a.running, 0), key_concurrency, coalesce(key_running, 0),
       requests_per_minute, coalesce(used_this_minute, 0), caller.limit_cents, caller.limit_period, key_left
FROM caller LEFT JOIN room USING (key_id) LEFT JOIN credits_creditaccount a USING (user_id)"""


def recounting(requests: RequestList, lock: str, accounts: str) -> str:
    """Counted anew, by a volatile function under the account's lock: processes of an older version do not count."""
    return f"""
WITH {callers(requests)},
turn AS MATERIALIZED (
  SELECT user_id, running FROM credits_creditaccount
  WHERE user_id {requests.users("request")} FOR NO KEY UPDATE {lock}
),
account AS (
  UPDATE credits_creditaccount a SET running = credits_open_holds(a.user_id) FROM turn
  WHERE a.user_id = turn.user_id AND turn.running <> credits_open_holds(turn.user_id) RETURNING a.user_id
),
key AS (
  UPDATE credits_keyuse u SET running = credits_open_holds_of_key(k.user_id, u.key_id, u.window_start)
  FROM turn JOIN accounts_apikey k USING (user_id)
  WHERE u.key_id = k.id AND k.id IN (SELECT asked_key FROM request)
    AND u.running <> credits_open_holds_of_key(k.user_id, u.key_id, u.window_start) RETURNING u.key_id
)
SELECT n, account.user_id IS NOT NULL OR key.key_id IS NOT NULL
FROM request {accounts} turn USING (user_id) LEFT JOIN account USING (user_id)
LEFT JOIN key ON key.key_id = asked_key"""


FIRST_KEY_USE_SQL = f"""
WITH {callers(MANY)},
made AS (INSERT INTO credits_keyuse (key_id) SELECT DISTINCT asked_key FROM request ON CONFLICT DO NOTHING)
SELECT n FROM request"""

ADMIT = Statement.of_accounts(admitting)
RECOUNT = Statement.of_accounts(recounting)
REFUSED = Statement.of_all(WHY_REFUSED_SQL)
COUNT_KEY = Statement.of_all(FIRST_KEY_USE_SQL)
