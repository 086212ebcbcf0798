"""What a visit consisted of: its segments, and who gave the caller to whom; outcome abandoned_hand_over."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
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
COLUMNS = """
ALTER TABLE call
    ADD COLUMN hold_ms integer,
    ADD COLUMN segments jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN hand_overs jsonb NOT NULL DEFAULT '[]';
CREATE OR REPLACE VIEW call_record AS
SELECT call_id, direction, line, caller_number, client_id, client_class, debt, plan, reasons, arrived_at,
       answered_at, ended_at, answered_by, outcome, wait_ms, ring_ms, talk_ms, policy_version, hold_ms
FROM call;
COMMENT ON COLUMN call_record.talk_ms IS
    'Milliseconds of talk with people, without hold and the ways between them; NULL where nobody answered';
COMMENT ON COLUMN call_record.hold_ms IS
    'Milliseconds after the answer that were no talk: on hold, consulted about, parked, on the way to somebody else, '
    'a last message; wait_ms + talk_ms + hold_ms is what the call lasted. NULL where nobody answered, and before 0007';
CREATE VIEW call_segment AS
SELECT call_id, number::integer, part->>'kind' AS kind, part->>'person' AS person,
       to_timestamp((part->>'from_ms')::bigint / 1000.0) AS began_at,
       (part->>'until_ms')::bigint - (part->>'from_ms')::bigint AS lasted_ms
FROM call, jsonb_array_elements(segments) WITH ORDINALITY AS parts (part, number);
COMMENT ON VIEW call_segment IS
    'What the visit of an ended call consisted of, in order and without a gap: wait, talk, hold, consult, conference, '
    'hand_over, parked, message; person: who talked, held, asked or parked';
CREATE VIEW call_hand_over AS
SELECT call_id, number::integer, part->>'kind' AS kind, part->>'giver' AS giver, part->>'to' AS given_to,
       to_timestamp((part->>'at_ms')::bigint / 1000.0) AS began_at, part->>'result' AS result,
       part->>'person' AS person, (part->>'until_ms')::bigint - (part->>'at_ms')::bigint AS lasted_ms
FROM call, jsonb_array_elements(hand_overs) WITH ORDINALITY AS parts (part, number);
COMMENT ON VIEW call_hand_over IS
    'Who gave the caller to whom: blind, attended, early (completed while the other phone rang), park, held_too_long; '
    'result: answered, returned, given on, or the outcome with which the call ended; NULL while it is under way';
"""
COMMENT = """
COMMENT ON COLUMN call_record.outcome IS
    'How it ended, exactly one; NULL while it lives. served: by an operator; transferred: taken by the person it '
    'was handed to; connected: a call that staff placed was answered; message, callback: nobody could take it; '
    'abandoned_early, _waiting, _ringing: the caller left, where; abandoned_short: left a queue within seconds; '
    'abandoned_hand_over: had talked with somebody, and left on hold or on the way to somebody else; '
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
    op.execute(COLUMNS.replace(":", "\\:"))
    op.execute(COMMENT.replace(":", "\\:"))


def downgrade() -> None:
    raise RuntimeError("records are not thrown away by a downgrade: restore a backup")
