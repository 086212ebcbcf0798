-- The row may be there already, made by the file that was filed before the talk was over.
INSERT INTO call_recording (
    recording_id, call_id, number, person, started_at, ended_at, paused_ms, pauses, rule, trouble, log, log_position,
    log_index)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (recording_id) DO UPDATE SET
    number = excluded.number, person = excluded.person, started_at = excluded.started_at,
    ended_at = excluded.ended_at, paused_ms = excluded.paused_ms, pauses = excluded.pauses, rule = excluded.rule,
    trouble = excluded.trouble, log = excluded.log, log_position = excluded.log_position,
    log_index = excluded.log_index
