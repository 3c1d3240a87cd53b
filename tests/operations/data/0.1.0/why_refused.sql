WITH 
caller AS (
  SELECT u.id AS user_id, k.id AS key_id, k.limit_cents, k.limit_period, k.requests_per_minute,
         k.limit_cents IS NOT NULL OR k.requests_per_minute IS NOT NULL AS limited
  FROM accounts_user u
  LEFT JOIN accounts_apikey k ON k.id = $1::bigint AND k.user_id = u.id
    AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
  WHERE u.id = $2 AND u.is_active AND ($1::bigint IS NULL OR k.id IS NOT NULL)),
locked AS (
  SELECT caller.*, u.key_id IS NULL AS is_uncounted, coalesce(u.window_start, clock_timestamp()) AS window_start,
         coalesce(u.spent_cents, 0) AS spent_cents, coalesce(u.held_cents, 0) AS held_cents, u.minute, u.minute_used
  FROM caller LEFT JOIN credits_keyuse u ON u.key_id = caller.key_id WHERE limited
)
SELECT coalesce(a.balance_cents, 0), coalesce(a.held_cents, 0), caller.user_id IS NULL,
       coalesce(room.is_uncounted, false), room.key_left,
       coalesce(room.used_this_minute >= room.requests_per_minute, false),
       EXISTS (SELECT FROM credits_hold WHERE completion_id = $3) OR
       EXISTS (SELECT FROM credits_credittransaction WHERE reference = ANY ($4))
FROM (SELECT) one LEFT JOIN caller ON true LEFT JOIN (
  SELECT used.*,
         CASE WHEN limit_cents IS NULL THEN NULL
              WHEN same_window THEN greatest(0, limit_cents - spent_cents - held_cents)
              ELSE limit_cents END AS key_left,
         CASE WHEN minute = this_minute THEN minute_used ELSE 0 END AS used_this_minute
  FROM (SELECT locked.*,
               limit_period IS NULL OR date_trunc(limit_period, window_start, 'UTC')
                 = date_trunc(limit_period, clock_timestamp(), 'UTC') AS same_window,
               date_trunc('minute', clock_timestamp(), 'UTC') AS this_minute
        FROM locked) used) room ON true
LEFT JOIN credits_creditaccount a ON a.user_id = $2
