UPDATE voicemail SET expired_at = $2 WHERE message_id = $1 AND expired_at IS NULL
