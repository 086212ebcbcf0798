INSERT INTO call_event (
    call_id, number, at, from_state, fact, to_state, reason, person, leg, log, log_position, log_index)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT DO NOTHING
