-- $1 log, $2 position, $3 index
UPDATE recorder_cursor SET log_position = $2, log_index = $3 WHERE log = $1
