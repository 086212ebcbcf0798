-- With nobody to send it to, nothing is left to be done.
INSERT INTO voicemail (
    message_id, call_id, box, title, department, left_at, duration_ms, line, caller_number, client_id, client_name,
    language, mail_to, keep_days, log, log_position, log_index, done_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
    CASE WHEN cardinality($13::text[]) = 0 THEN $6::timestamptz END)
ON CONFLICT DO NOTHING
