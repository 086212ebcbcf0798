INSERT INTO audit (at, person, what, about, call_id, by_call, allowed, was, becomes, why, log, log_position, log_index)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT DO NOTHING
