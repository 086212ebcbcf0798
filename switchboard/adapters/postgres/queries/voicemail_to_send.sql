SELECT v.message_id, v.call_id, v.box, v.title, v.left_at, v.duration_ms, v.line, v.caller_number, v.client_id,
    v.client_name, v.language, v.mail_to, v.tries, r.file
FROM voicemail v JOIN call_recording r ON r.recording_id = v.message_id
WHERE v.done_at IS NULL AND v.again_at <= $1 AND (r.file IS NOT NULL OR r.missing <> '')
ORDER BY v.left_at LIMIT $2
