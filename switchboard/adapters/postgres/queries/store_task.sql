-- Conflicts with itself (delivered again) and with the open task of the same kind and about: neither opens another.
INSERT INTO task (
    task_id, kind, about, person, call_id, client_id, caller_number, reason, opened_at, log, log_position,
    log_index)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT DO NOTHING
