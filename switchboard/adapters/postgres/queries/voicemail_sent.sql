UPDATE voicemail SET mailed_at = $2, done_at = $2, trouble = NULL WHERE message_id = $1 AND done_at IS NULL
