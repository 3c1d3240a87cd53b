SELECT completion_id, account_id, key_id, key_window, cents, admitted_at, details, checkpoint
FROM credits_hold WHERE completion_id = $1 AND beat = $2
