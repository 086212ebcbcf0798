-- $1 log
SELECT log_position, log_index FROM recorder_cursor WHERE log = $1
