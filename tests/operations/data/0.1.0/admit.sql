WITH caller AS MATERIALIZED (
  SELECT u.id AS user_id, k.id AS key_id, k.limit_cents, k.limit_period, k.requests_per_minute,
         k.limit_cents IS NOT NULL OR k.requests_per_minute IS NOT NULL AS limited
  FROM accounts_user u
  LEFT JOIN accounts_apikey k ON k.id = $1::bigint AND k.user_id = u.id
    AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
  WHERE u.id = $2 AND u.is_active AND ($1::bigint IS NULL OR k.id IS NOT NULL)),
locked AS MATERIALIZED (
  SELECT caller.*, u.window_start, u.spent_cents, u.held_cents, u.minute, u.minute_used
  FROM caller JOIN credits_keyuse u ON u.key_id = caller.key_id WHERE limited
  FOR NO KEY UPDATE OF u
),
allowed AS MATERIALIZED (
  SELECT user_id, key_id, true AS limited, requests_per_minute, window_start, same_window, key_left, this_minute,
         used_this_minute
  FROM (
  SELECT used.*,
         CASE WHEN limit_cents IS NULL THEN NULL
              WHEN same_window THEN greatest(0, limit_cents - spent_cents - held_cents)
              ELSE limit_cents END AS key_left,
         CASE WHEN minute = this_minute THEN minute_used ELSE 0 END AS used_this_minute
  FROM (SELECT locked.*,
               limit_period IS NULL OR date_trunc(limit_period, window_start, 'UTC')
                 = date_trunc(limit_period, clock_timestamp(), 'UTC') AS same_window,
               date_trunc('minute', clock_timestamp(), 'UTC') AS this_minute
        FROM locked) used) room
  UNION ALL
  SELECT user_id, key_id, false, NULL, NULL, NULL, NULL, NULL, NULL FROM caller WHERE limited IS NOT TRUE),
account AS (
  UPDATE credits_creditaccount a
  SET held_cents = a.held_cents + greatest(1, least(
        $3, a.balance_cents - a.held_cents, allowed.key_left, $4::bigint,
        greatest($5, 10, (a.balance_cents - a.held_cents) / 4)))
  FROM allowed
  WHERE 
    a.user_id = allowed.user_id
    AND a.balance_cents - a.held_cents >= greatest(10, $5)
    AND coalesce(allowed.key_left, $5) >= $5
    AND coalesce($4::bigint, $5) >= $5
    AND coalesce(allowed.used_this_minute < allowed.requests_per_minute, true)
    AND NOT ($6 AND EXISTS (
          SELECT FROM credits_hold WHERE completion_id = $7
          UNION ALL
          SELECT FROM credits_credittransaction WHERE reference = ANY ($8)))
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
  SELECT $7, user_id, key_id, key_window, cents, $9, $10, 0 FROM account
)
SELECT cents, available, CASE WHEN key_left IS NOT NULL THEN greatest(0, key_left - cents) END, key_window
FROM account
