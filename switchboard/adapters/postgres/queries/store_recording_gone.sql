INSERT INTO call_recording (recording_id, call_id, deleted_at, missing, log, log_position, log_index)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (recording_id) DO UPDATE SET
    deleted_at = COALESCE(call_recording.deleted_at, excluded.deleted_at),
    missing = CASE WHEN excluded.missing <> '' THEN excluded.missing ELSE call_recording.missing END
