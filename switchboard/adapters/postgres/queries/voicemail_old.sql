SELECT message_id, keep_days FROM voicemail
WHERE expired_at IS NULL AND done_at IS NOT NULL AND left_at + make_interval(days => keep_days) <= $1
ORDER BY left_at LIMIT $2
