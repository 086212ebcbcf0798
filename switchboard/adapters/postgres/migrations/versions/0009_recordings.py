"""Recordings: one row for each, with its talk, its file and what became of that."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COMMENTS = {
    "recording_id": "Names its file; begins with the id of its call",
    "number": "Which talk of the call, 1 …; NULL for what is no talk",
    "person": "Who talked with the caller; NULL for a number outside",
    "started_at": "When the two could talk",
    "ended_at": "When they no longer did; NULL while they talk",
    "paused_ms": "How much of it was left out",
    "pauses": "From and to of each pause that is over, Unix milliseconds",
    "rule": "Name of the rule in company.toml why it was recorded",
    "trouble": "Why there is no recording, or not of the whole talk; empty where all is well",
    "missing": "Why the file was never found; empty where it was, or is still to come",
    "file": "Its place in the folder of recordings; NULL until it lies there",
    "sha256": "Of the file, hexadecimal",
    "deleted_at": "When the file was deleted because it was old",
}


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE call_recording (
            recording_id text PRIMARY KEY,
            call_id text NOT NULL,
            number integer,
            person text,
            started_at timestamptz,
            ended_at timestamptz,
            paused_ms integer NOT NULL DEFAULT 0,
            pauses jsonb NOT NULL DEFAULT '[]',
            rule text,
            trouble text NOT NULL DEFAULT '',
            missing text NOT NULL DEFAULT '',
            filed_at timestamptz,
            file text,
            sha256 text,
            bytes bigint,
            deleted_at timestamptz,
            log text NOT NULL,
            log_position bigint NOT NULL,
            log_index integer NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX call_recording_call ON call_recording (call_id)")
    op.execute("CREATE INDEX call_recording_started ON call_recording (started_at)")
    op.execute("COMMENT ON TABLE call_recording IS 'One row for each recording; a call with several talks has several'")
    for column, comment in COMMENTS.items():
        op.execute(f"COMMENT ON COLUMN call_recording.{column} IS '{comment}'")


def downgrade() -> None:
    raise RuntimeError("records are not thrown away by a downgrade: restore a backup")
