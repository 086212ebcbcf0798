-- $1 log. Takes the row lock that makes two recorders of one log take turns; makes the row the first time.
INSERT INTO recorder_cursor AS cursor (log, log_position, log_index)
VALUES ($1, 0, -1)
ON CONFLICT (log) DO UPDATE SET log = excluded.log
RETURNING log_position, log_index
