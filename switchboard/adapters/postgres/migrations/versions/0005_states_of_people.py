"""One more state of a person, missed; until when a state lasts, and how many offers they had not taken by then."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATES = ("ready", "ringing", "talking", "wrap_up", "paused", "away", "missed", "offline")


def upgrade() -> None:
    listed = ", ".join(f"'{state}'" for state in STATES)
    op.execute("ALTER TABLE person_event DROP CONSTRAINT person_event_state_check")
    # NOT VALID: the rows there satisfied a narrower list, so no scan of the table holds up the recorder
    op.execute(
        f"ALTER TABLE person_event ADD CONSTRAINT person_event_state_check CHECK (state IN ({listed})) NOT VALID"
    )
    op.execute("ALTER TABLE person_event ADD COLUMN until timestamptz, ADD COLUMN misses integer NOT NULL DEFAULT 0")
    op.execute(
        "COMMENT ON COLUMN person_event.until IS "
        "'When the state ends by itself, as far as that was known; a later row of the same state says otherwise'"
    )
    op.execute("COMMENT ON COLUMN person_event.misses IS 'Offers from queues in a row that they did not take, by then'")


def downgrade() -> None:
    raise RuntimeError("records are not thrown away by a downgrade: restore a backup")
