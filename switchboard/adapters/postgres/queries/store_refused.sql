INSERT INTO entry_refused (log, log_position, log_index, entry, why)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
