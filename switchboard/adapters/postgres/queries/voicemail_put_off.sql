UPDATE voicemail SET again_at = $2, trouble = $3, tries = tries + 1 WHERE message_id = $1 AND done_at IS NULL
