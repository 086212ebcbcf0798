"""Ways out of a queue: outcomes abandoned_short (left within seconds) and callback_booked, direction callback."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OUTCOMES = (
    "served",
    "transferred",
    "connected",
    "message",
    "callback",
    "abandoned_early",
    "abandoned_waiting",
    "abandoned_ringing",
    "abandoned_short",
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
    'abandoned_early, _waiting, _ringing: the caller left, where; abandoned_short: left a queue within seconds; '
    'callback_booked: left it to be called back, keeping their place; no_answer, busy, refused: a call that staff '
    'placed; code: done; switch_lost: Asterisk was restarted; carrier_fault: far end or trunk failed; overflow: too '
    'many callers, given to Asterisk''s own queue; turned_away: too many even for that, told to try later; '
    'our_fault: a bug'
"""


def upgrade() -> None:
    listed = ", ".join(f"'{outcome}'" for outcome in OUTCOMES)
    op.execute("ALTER TABLE call DROP CONSTRAINT call_outcome_check")
    # NOT VALID: the rows there satisfied a narrower list, so no scan of the table holds up the recorder
    op.execute(f"ALTER TABLE call ADD CONSTRAINT call_outcome_check CHECK (outcome IN ({listed})) NOT VALID")
    op.execute("ALTER TABLE call DROP CONSTRAINT call_direction_check")
    directions = "'inbound', 'internal', 'outbound', 'code', 'callback'"
    op.execute(f"ALTER TABLE call ADD CONSTRAINT call_direction_check CHECK (direction IN ({directions})) NOT VALID")
    op.execute(COMMENT.replace(":", "\\:"))


def downgrade() -> None:
    raise RuntimeError("records are not thrown away by a downgrade: restore a backup")
