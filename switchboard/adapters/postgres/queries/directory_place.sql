-- Where the client file stands now. The snapshot says which transactions it holds; it means something only in the
-- history it was taken in: of this server, this timeline (a restored backup begins another), this database, this feed.
SELECT pg_current_snapshot()::text AS snapshot,
       concat_ws('.', (SELECT system_identifier FROM pg_control_system()),
                 substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8),
                 (SELECT oid FROM pg_database WHERE datname = current_database()),
                 'client_change'::regclass::oid) AS history
