"""The change feed of the client file: which clients were touched, by whichever program, and in which transaction.

Triggers, not our importer, write it, so that a line of SQL typed in psql is noticed as well. They work by statement:
an import of 100 000 clients runs a dozen of them, not a million. What they promise to whoever writes the client file:

- nobody waits for anybody because of them. A row is keyed by its transaction too, so two writers never meet on one;
  rows that a newer one makes superfluous are removed only if nobody holds them, and only under READ COMMITTED, since
  under a stricter isolation their removal could fail the writer's transaction. So there is about one row per client.
- no rights are needed but those on the client file: the function runs with its owner's.

A reader remembers the snapshot it last read at and asks for the rows which that one could not see
(``queries/changed_clients.sql``). So a transaction that commits long after others that began later is not missed.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("client", "client_phone", "receivable")

FEED = """
CREATE TABLE client_change (
    client_id  text NOT NULL,
    changed_in xid8 NOT NULL,
    PRIMARY KEY (client_id, changed_in)
);
COMMENT ON TABLE client_change IS
    'Clients whose file, phones or receivables changed, written by triggers; outlives the client, to tell of its end';
COMMENT ON COLUMN client_change.changed_in IS 'Transaction, as of pg_current_xact_id()';
CREATE INDEX client_change_by_transaction ON client_change (changed_in);
"""

FUNCTION = """
CREATE FUNCTION note_client_changes() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    mine    xid8 := pg_current_xact_id();
    touched text[];
    noted   bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := ARRAY(SELECT DISTINCT client_id FROM new_rows);
    ELSIF TG_OP = 'DELETE' THEN
        touched := ARRAY(SELECT DISTINCT client_id FROM old_rows);
    ELSIF TG_OP = 'UPDATE' THEN
        touched := ARRAY(SELECT client_id FROM old_rows UNION SELECT client_id FROM new_rows);
    ELSE  -- TRUNCATE, while the rows are still there
        EXECUTE format('SELECT ARRAY(SELECT DISTINCT client_id FROM %I.%I)', TG_TABLE_SCHEMA, TG_TABLE_NAME)
        INTO touched;
    END IF;
    INSERT INTO client_change SELECT unnest(touched), mine ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS noted = ROW_COUNT;
    IF noted > 0 THEN  -- else this transaction has noted and told it all before
        IF current_setting('transaction_isolation') = 'read committed' THEN
            DELETE FROM client_change WHERE (client_id, changed_in) IN (
                SELECT older.client_id, older.changed_in
                FROM unnest(touched) AS each(client_id) JOIN client_change AS older USING (client_id)
                WHERE older.changed_in <> mine
                FOR UPDATE OF older SKIP LOCKED
            );
        END IF;
        PERFORM pg_notify('client_change', '');  -- once per transaction, however often it is said
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION note_client_changes() IS 'Trigger: notes in client_change who was touched, and tells who listens';
"""

TRIGGERS = """
CREATE TRIGGER note_insert AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_client_changes();
CREATE TRIGGER note_update AFTER UPDATE ON {table}
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_client_changes();
CREATE TRIGGER note_delete AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_client_changes();
CREATE TRIGGER note_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION note_client_changes();
"""


def upgrade() -> None:
    schema = op.get_bind().execute(text("SELECT quote_ident(current_schema())")).scalar_one()
    for sql in (FEED, FUNCTION.format(schema=schema), *(TRIGGERS.format(table=table) for table in TABLES)):
        op.execute(sql.replace(":", "\\:"))  # no bind parameters in here


def downgrade() -> None:
    raise RuntimeError("records are not thrown away by a downgrade: restore a backup")
