"""The hold rule, in the database's own words: it holds only where the rows it speaks of are locked.

room = min(available, what is left of the key's limit, the caller's cap)
refused if available < max(10 cents, need) or room < need, or if too much was written off since the last top-up
refused if the account, or the key, has as many holds open as may run at once
hold = min(worst, room, max(need, 10 cents, a quarter of available)), and at least 1 cent

ADMIT_SQL holds; WOULD_ADMIT_SQL says what it would hold; WHY_REFUSED_SQL says why not. All take user_id, key_id,
need, worst, cap, and concurrency, the default of accounts whose own is not set.
"""

ADMITTED_AT_LEAST_CENTS = 10

CALLER = """
  SELECT u.id AS user_id, k.id AS key_id, k.limit_cents, k.limit_period, k.requests_per_minute,
         coalesce(u.concurrency, %(concurrency)s) AS concurrency, k.concurrency AS key_concurrency,
         num_nonnulls(k.limit_cents, k.requests_per_minute, k.concurrency) > 0 AS limited
  FROM accounts_user u
  LEFT JOIN accounts_apikey k ON k.id = %(key_id)s::bigint AND k.user_id = u.id
    AND k.revoked_at IS NULL AND k.paused_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
  WHERE u.id = %(user_id)s AND u.is_active AND (%(key_id)s::bigint IS NULL OR k.id IS NOT NULL)"""

# Reads the clock after the key's row was locked. Days, months and minutes are UTC; a limit without a period never ends.
KEY_ROOM = """
  SELECT used.*,
         CASE WHEN limit_cents IS NULL THEN NULL
              WHEN same_window THEN greatest(0, limit_cents - spent_cents - held_cents)
              ELSE limit_cents END AS key_left,
         CASE WHEN same_window THEN running ELSE 0 END AS key_running,
         CASE WHEN minute = this_minute THEN minute_used ELSE 0 END AS used_this_minute
  FROM (SELECT locked.*,
               limit_period IS NULL OR date_trunc(limit_period, window_start, 'UTC')
                 = date_trunc(limit_period, clock_timestamp(), 'UTC') AS same_window,
               date_trunc('minute', clock_timestamp(), 'UTC') AS this_minute
        FROM locked) used"""

# From `caller` and `locked`: whose the account is, with what is left of the key's limits where it has any.
ALLOWED = f"""
  SELECT user_id, key_id, true AS limited, requests_per_minute, window_start, same_window, key_left, this_minute,
         used_this_minute, concurrency, key_concurrency, key_running
  FROM ({KEY_ROOM}) room
  UNION ALL
  SELECT user_id, key_id, false, NULL, NULL, NULL, NULL, NULL, NULL, concurrency, NULL, NULL
  FROM caller WHERE limited IS NOT TRUE"""

# Of the account `a`: what is held, and whether anything is.
HOLD_CENTS = f"""greatest(1, least(
        %(worst)s, a.balance_cents - a.held_cents, allowed.key_left, %(cap)s::bigint,
        greatest(%(need)s, {ADMITTED_AT_LEAST_CENTS}, (a.balance_cents - a.held_cents) / 4)))"""
MAY_PASS = f"""
    a.user_id = allowed.user_id
    AND a.balance_cents - a.held_cents >= greatest({ADMITTED_AT_LEAST_CENTS}, %(need)s)
    AND a.written_off_cents <= %(most_written_off)s
    AND coalesce(allowed.key_left, %(need)s) >= %(need)s
    AND coalesce(%(cap)s::bigint, %(need)s) >= %(need)s
    AND coalesce(allowed.used_this_minute < allowed.requests_per_minute, true)
    AND a.running < allowed.concurrency
    AND coalesce(allowed.key_running < allowed.key_concurrency, true)"""

ADMIT_SQL = f"""
WITH caller AS MATERIALIZED ({CALLER}),
locked AS MATERIALIZED (
  SELECT caller.*, u.window_start, u.spent_cents, u.held_cents, u.running, u.minute,
         u.minute_used
  FROM caller JOIN credits_keyuse u ON u.key_id = caller.key_id WHERE limited
  FOR NO KEY UPDATE OF u
),
allowed AS MATERIALIZED ({ALLOWED}),
account AS (
  UPDATE credits_creditaccount a
  SET held_cents = a.held_cents + {HOLD_CENTS}, running = a.running + 1
  FROM allowed
  WHERE {MAY_PASS}
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
      running = account.key_running + 1,
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

# Nothing is locked here. A key whose use is not counted yet has used nothing.
LOOKED_AT = f"""
caller AS ({CALLER}),
locked AS (
  SELECT caller.*, u.key_id IS NULL AS is_uncounted, coalesce(u.window_start, clock_timestamp()) AS window_start,
         coalesce(u.spent_cents, 0) AS spent_cents, coalesce(u.held_cents, 0) AS held_cents,
         coalesce(u.running, 0) AS running, u.minute, u.minute_used
  FROM caller LEFT JOIN credits_keyuse u ON u.key_id = caller.key_id WHERE limited
)"""

WOULD_ADMIT_SQL = f"""
WITH {LOOKED_AT}, allowed AS ({ALLOWED})
SELECT {HOLD_CENTS}, a.balance_cents - a.held_cents, a.held_cents
FROM allowed, credits_creditaccount a WHERE {MAY_PASS}"""

# It tells what is so a moment after the refusal.
WHY_REFUSED_SQL = f"""
WITH {LOOKED_AT}
SELECT coalesce(a.balance_cents, 0), coalesce(a.held_cents, 0), caller.user_id IS NULL,
       coalesce(room.is_uncounted, false), room.key_left,
       coalesce(room.used_this_minute >= room.requests_per_minute, false),
       coalesce(a.running, 0), caller.concurrency, coalesce(room.key_running, 0), caller.key_concurrency,
       EXISTS (SELECT FROM credits_hold WHERE completion_id = %(completion_id)s) OR
       EXISTS (SELECT FROM credits_credittransaction WHERE reference = ANY (%(charges)s)),
       coalesce(a.written_off_cents, 0)
FROM (SELECT) one LEFT JOIN caller ON true LEFT JOIN ({KEY_ROOM}) room ON true
LEFT JOIN credits_creditaccount a ON a.user_id = %(user_id)s"""

# Counted anew, by a volatile function under the row's lock: processes of an older version count no requests.
RECOUNT_SQL = """
UPDATE credits_creditaccount SET running = credits_open_holds(user_id)
WHERE user_id = %(user_id)s AND running <> credits_open_holds(user_id)"""
RECOUNT_OF_KEY_SQL = """
UPDATE credits_keyuse SET running = credits_open_holds_of_key(%(user_id)s, key_id, window_start)
WHERE key_id = %(key_id)s AND running <> credits_open_holds_of_key(%(user_id)s, key_id, window_start)"""

LIMITS_SQL = f"""
WITH {LOOKED_AT}
SELECT caller.concurrency, coalesce(a.running, 0), caller.key_concurrency, coalesce(room.key_running, 0),
       caller.requests_per_minute, coalesce(room.used_this_minute, 0), caller.limit_cents, caller.limit_period,
       room.key_left
FROM caller LEFT JOIN ({KEY_ROOM}) room ON true LEFT JOIN credits_creditaccount a ON a.user_id = caller.user_id"""

FIRST_KEY_USE_SQL = "INSERT INTO credits_keyuse (key_id) VALUES (%(key_id)s) ON CONFLICT DO NOTHING"
