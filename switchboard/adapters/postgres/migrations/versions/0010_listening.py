"""The audit: who listened to whose talk, or wanted to. Direction listen, outcome listened."""

from __future__ import annotations

import re

from alembic import op
from sqlalchemy import text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

AUDIT = """
CREATE TABLE audit (
    at           timestamptz NOT NULL,
    person       text NOT NULL,
    what         text NOT NULL,
    about        text,
    call_id      text,
    by_call      text,
    allowed      boolean NOT NULL,
    was          text,
    becomes      text,
    why          text NOT NULL,
    log          text NOT NULL,
    log_position bigint NOT NULL,
    log_index    integer NOT NULL,
    PRIMARY KEY (log, log_position, log_index)
);
COMMENT ON TABLE audit IS 'What must be answered for: every attempt to listen to a talk, and each change of it';
COMMENT ON COLUMN audit.person IS 'Who';
COMMENT ON COLUMN audit.what IS 'listen, whisper, barge_in; stop: its end';
COMMENT ON COLUMN audit.about IS 'Whose talk; NULL when nobody has the extension that was dialled';
COMMENT ON COLUMN audit.call_id IS 'The call that was listened to; NULL when there was none';
COMMENT ON COLUMN audit.by_call IS 'The call by which it was done; NULL when it was refused at the desk';
COMMENT ON COLUMN audit.allowed IS 'false: refused, nothing was heard';
COMMENT ON COLUMN audit.was IS 'What they did until then: listen, whisper, barge_in; NULL: nothing';
COMMENT ON COLUMN audit.becomes IS 'What they do from then on; NULL: nothing';
COMMENT ON COLUMN audit.why IS 'Why it was refused, or ended; else empty';
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_person ON audit (person, at);
CREATE INDEX audit_by_about ON audit (about, at);
"""


def upgrade() -> None:
    op.execute(AUDIT.replace(":", "\\:"))
    _one_more("direction", "listen")
    _one_more("outcome", "listened")


def _one_more(column: str, value: str) -> None:
    """A closed list gets one more value, whatever is in it already."""
    known = op.get_bind().execute(
        text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
        {"name": f"call_{column}_check"},
    )
    values = [*re.findall(r"'([^']+)'", known.scalar_one()), value]
    listed = ", ".join(f"'{each}'" for each in values)
    op.execute(f"ALTER TABLE call DROP CONSTRAINT call_{column}_check")
    # NOT VALID: the rows there satisfied a narrower list, so no scan of the table holds up the recorder
    op.execute(f"ALTER TABLE call ADD CONSTRAINT call_{column}_check CHECK ({column} IN ({listed})) NOT VALID")


def downgrade() -> None:
    raise RuntimeError("records are not thrown away by a downgrade: restore a backup")
