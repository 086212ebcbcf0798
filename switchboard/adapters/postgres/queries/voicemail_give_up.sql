UPDATE voicemail SET done_at = $2, trouble = $3 WHERE message_id = $1 AND done_at IS NULL
