SELECT m.name, m.display_name, m.provider, m.dialect, m.upstream_id, m.is_on, m.successor, m.retirement, m.traits,
       m.bound_percent, m.estimate_percent,
       coalesce((SELECT jsonb_agg(
                   jsonb_build_array(p.id, extract(epoch FROM p.starts_at), p.sheet, p.source, p.checked_on)
                   ORDER BY p.starts_at DESC)
                 FROM inference_price p WHERE p.model_id = m.name), '[]'), clock_timestamp()
FROM inference_chatmodel m ORDER BY m.position, m.name
