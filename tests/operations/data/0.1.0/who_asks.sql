SELECT u.id, k.id, k.allowed_models, k.limit_cents, k.limit_period, k.requests_per_minute, k.expires_at,
       CASE WHEN k.revoked_at IS NOT NULL THEN 'This API key has been revoked.'
            WHEN k.expires_at <= clock_timestamp() THEN 'This API key has expired.'
            WHEN NOT u.is_active THEN 'This account is deactivated.' END
FROM accounts_apikey k JOIN accounts_user u ON u.id = k.user_id WHERE k.digest = $1
