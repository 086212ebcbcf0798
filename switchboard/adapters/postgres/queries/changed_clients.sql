-- $1 snapshot we last read at: the clients touched by transactions that it could not see.
SELECT DISTINCT client_id FROM client_change
WHERE changed_in >= pg_snapshot_xmin($1::text::pg_snapshot)
  AND NOT pg_visible_in_snapshot(changed_in, $1::text::pg_snapshot)
