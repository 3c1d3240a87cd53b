UPDATE accounts_apikey SET last_used_at = clock_timestamp()
WHERE id = ANY($1) AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute')
