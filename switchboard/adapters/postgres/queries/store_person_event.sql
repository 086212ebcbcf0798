INSERT INTO person_event (person, at, state, reason, call_id, until, misses, log, log_position, log_index)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING
