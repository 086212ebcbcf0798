INSERT INTO call_recording (recording_id, call_id, filed_at, file, sha256, bytes, log, log_position, log_index)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (recording_id) DO UPDATE SET
    filed_at = COALESCE(call_recording.filed_at, excluded.filed_at), file = excluded.file, sha256 = excluded.sha256,
    bytes = excluded.bytes
