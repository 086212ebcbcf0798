"""Voicemail: a table of messages, what became of each, and the outcome of their calls."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OUTCOMES = (
    "served",
    "transferred",
    "connected",
    "message",
    "callback",
    "voicemail",
    "abandoned_early",
    "abandoned_waiting",
    "abandoned_ringing",
    "abandoned_short",
    "abandoned_hand_over",
    "callback_booked",
    "no_answer",
    "busy",
    "refused",
    "code",
    "switch_lost",
    "carrier_fault",
    "overflow",
    "turned_away",
    "our_fault",
)
COMMENT = """
COMMENT ON COLUMN call_record.outcome IS
    'How it ended, exactly one; NULL while it lives. served: by an operator; transferred: taken by the person it '
    'was handed to; connected: a call that staff placed was answered; message, callback: nobody could take it; '
    'voicemail: they left a message in a box; '
    'abandoned_early, _waiting, _ringing: the caller left, where; abandoned_short: left a queue within seconds; '
    'abandoned_hand_over: had talked with somebody, and left on hold or on the way to somebody else; '
    'callback_booked: left it to be called back, keeping their place; no_answer, busy, refused: a call that staff '
    'placed; code: done; switch_lost: Asterisk was restarted; carrier_fault: far end or trunk failed; overflow: too '
    'many callers, given to Asterisk''s own queue; turned_away: too many even for that, told to try later; '
    'our_fault: a bug'
"""


TABLE = """
CREATE TABLE voicemail (
    message_id text PRIMARY KEY,
    call_id text NOT NULL,
    box text NOT NULL,
    title text NOT NULL,
    department text NOT NULL,
    left_at timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    line text,
    caller_number text,
    client_id text,
    client_name text,
    language text NOT NULL,
    mail_to text[] NOT NULL,
    keep_days integer NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    again_at timestamptz NOT NULL DEFAULT '-infinity',
    trouble text,
    mailed_at timestamptz,
    done_at timestamptz,
    expired_at timestamptz,
    log text NOT NULL,
    log_position bigint NOT NULL,
    log_index integer NOT NULL
)
"""
COLUMNS = {
    "message_id": "Names its recording; begins with the id of its call",
    "duration_ms": "As Asterisk said: whole seconds",
    "mail_to": "Addresses it is sent to; empty: it is not sent",
    "tries": "How many times its sending failed",
    "again_at": "Not before then is it looked at again",
    "trouble": "Why it could not be sent the last time",
    "mailed_at": "When a mail server took it",
    "done_at": "When nothing was left to be done but to delete it one day: sent, or nobody to send it to, or given up",
    "expired_at": "When its sound was found old; where it lies, and whether it is deleted, says call_recording",
}


def upgrade() -> None:
    listed = ", ".join(f"'{outcome}'" for outcome in OUTCOMES)
    op.execute("ALTER TABLE call DROP CONSTRAINT call_outcome_check")
    # NOT VALID: the rows there satisfied a narrower list, so no scan of the table holds up the recorder
    op.execute(f"ALTER TABLE call ADD CONSTRAINT call_outcome_check CHECK (outcome IN ({listed})) NOT VALID")
    op.execute(TABLE)
    op.execute("CREATE INDEX voicemail_call ON voicemail (call_id)")
    op.execute("CREATE INDEX voicemail_to_do ON voicemail (again_at) WHERE done_at IS NULL")
    op.execute("CREATE INDEX voicemail_to_expire ON voicemail (left_at) WHERE expired_at IS NULL")
    op.execute("COMMENT ON TABLE voicemail IS 'One row for each message that a caller left'")
    for column, comment in COLUMNS.items():
        op.execute(f"COMMENT ON COLUMN voicemail.{column} IS '{comment}'")
    op.execute(COMMENT.replace(":", "\\:"))


def downgrade() -> None:
    raise RuntimeError("records are not thrown away by a downgrade: restore a backup")
