WITH told AS MATERIALIZED (SELECT key AS completion_id, value AS checkpoint FROM jsonb_each($1)),
free AS MATERIALIZED (
  SELECT completion_id FROM credits_hold JOIN told USING (completion_id) WHERE process = $2
  FOR NO KEY UPDATE OF credits_hold SKIP LOCKED
),
renewed AS (
  UPDATE credits_hold h
  SET beat = h.beat + 1, checkpoint = coalesce(nullif(told.checkpoint, 'null'), h.checkpoint)
  FROM free JOIN told USING (completion_id) WHERE h.completion_id = free.completion_id
)
SELECT completion_id FROM credits_hold JOIN told USING (completion_id) WHERE process = $2
