"""The client file, the call record with its history, tasks, people's states, and the recorder's cursor.

Times are ``timestamptz``, durations whole milliseconds, money minor units. Closed lists are text with a CHECK:
readable in every report, and a new member is one ALTER. They mirror the enums of ``core``; a test compares them.

Rows that came through the log carry their place in it (``log``, ``log_position``, ``log_index``): an entry that
is delivered again is recognised by it. ``log`` tells logs apart, so that one that was begun anew (a lost disk)
counts from 1 without colliding with the old one's rows.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CLIENTS = """
CREATE TABLE client (
    client_id          text PRIMARY KEY,
    name               text NOT NULL,
    client_class       text NOT NULL,
    manager            text,
    department         text,
    credit_limit_minor bigint CHECK (credit_limit_minor >= 0),
    price_column       text,
    last_order_on      date,
    updated_at         timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE client IS 'The client file, imported from CSV. manager and department are ids of the config files';
COMMENT ON COLUMN client.credit_limit_minor IS 'NULL: no limit was agreed, so none can be exceeded';

CREATE TABLE client_phone (
    client_id text NOT NULL REFERENCES client ON DELETE CASCADE,
    e164      text NOT NULL CHECK (e164 ~ '^[+][0-9]{7,15}$'),
    raw       text NOT NULL,
    extension text,
    main      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (client_id, e164)
);
COMMENT ON TABLE client_phone IS 'Numbers of clients; one number may belong to several, see core/caller.py';
COMMENT ON COLUMN client_phone.raw IS 'As it stood in the imported file';
CREATE INDEX client_phone_by_number ON client_phone (e164);

CREATE TABLE receivable (
    client_id    text NOT NULL REFERENCES client ON DELETE CASCADE,
    document     text NOT NULL,
    amount_minor bigint NOT NULL,
    due_on       date NOT NULL,
    PRIMARY KEY (client_id, document)
);
COMMENT ON TABLE receivable IS 'What clients owe, one row per document; each import replaces them all';
COMMENT ON COLUMN receivable.amount_minor IS 'Below zero: a credit note, lowers what is owed';
"""

CALLS = """
CREATE TABLE call (
    call_id        text PRIMARY KEY,
    direction      text NOT NULL CHECK (direction IN ('inbound', 'internal', 'outbound', 'code')),
    line           text,
    dialled        text NOT NULL,
    caller_raw     text NOT NULL,
    caller_number  text,
    number_kind    text NOT NULL
        CHECK (number_kind IN ('public', 'internal', 'short', 'withheld', 'unreadable')),
    caller_person  text,
    client_id      text,
    client_name    text,
    client_class   text,
    debt           text CHECK (debt IN ('none', 'overdue', 'over_limit', 'overdue_and_over_limit')),
    debt_minor     bigint NOT NULL,
    rule           text,
    plan           text,
    flag           text,
    reasons        jsonb NOT NULL,
    arrived_at     timestamptz NOT NULL,
    answered_at    timestamptz,
    ended_at       timestamptz,
    answered_by    text,
    outcome        text CHECK (outcome IN (
        'served', 'transferred', 'connected', 'message', 'callback', 'abandoned_early', 'abandoned_waiting',
        'abandoned_ringing', 'no_answer', 'busy', 'refused', 'code', 'switch_lost', 'carrier_fault', 'our_fault')),
    wait_ms        bigint,
    ring_ms        bigint,
    talk_ms        bigint,
    policy_version text NOT NULL,
    log            text NOT NULL,
    log_position   bigint NOT NULL,
    log_index      integer NOT NULL
);
COMMENT ON TABLE call IS
    'One row per call, live from its arrival. client_id is no foreign key: a record outlives the client file';
CREATE INDEX call_by_arrival ON call (arrived_at);
CREATE INDEX call_by_client ON call (client_id, arrived_at) WHERE client_id IS NOT NULL;
CREATE INDEX call_by_line ON call (line, arrived_at);
CREATE INDEX call_by_answerer ON call (answered_by, arrived_at) WHERE answered_by IS NOT NULL;
CREATE INDEX call_by_number ON call (caller_number, arrived_at);
CREATE INDEX call_alive ON call (arrived_at) WHERE ended_at IS NULL;

CREATE TABLE call_event (
    call_id      text NOT NULL,
    number       integer NOT NULL,
    at           timestamptz NOT NULL,
    from_state   text NOT NULL,
    fact         text NOT NULL,
    to_state     text NOT NULL,
    reason       text NOT NULL,
    person       text,
    leg          text,
    log          text NOT NULL,
    log_position bigint NOT NULL,
    log_index    integer NOT NULL,
    PRIMARY KEY (log, log_position, log_index)
);
COMMENT ON TABLE call_event IS 'A call''s history: one row per step, numbered from 1 within the call';
CREATE INDEX call_event_by_call ON call_event (call_id, number);

CREATE TABLE task (
    task_id       text PRIMARY KEY,
    kind          text NOT NULL,
    about         text NOT NULL,
    person        text NOT NULL,
    call_id       text NOT NULL,
    client_id     text,
    caller_number text,
    reason        text NOT NULL,
    opened_at     timestamptz NOT NULL,
    done_at       timestamptz,
    done_by       text,
    result        text,
    log           text NOT NULL,
    log_position  bigint NOT NULL,
    log_index     integer NOT NULL
);
COMMENT ON TABLE task IS 'What somebody has to do: assign a manager to a new client, call back …';
COMMENT ON COLUMN task.about IS 'Client id, else number, else call id: one open task per kind and about';
CREATE UNIQUE INDEX task_open_once ON task (kind, about) WHERE done_at IS NULL;
CREATE INDEX task_open_by_person ON task (person, opened_at) WHERE done_at IS NULL;

CREATE TABLE person_event (
    person       text NOT NULL,
    at           timestamptz NOT NULL,
    state        text NOT NULL
        CHECK (state IN ('ready', 'ringing', 'talking', 'wrap_up', 'paused', 'away', 'offline')),
    reason       text NOT NULL,
    call_id      text,
    log          text NOT NULL,
    log_position bigint NOT NULL,
    log_index    integer NOT NULL,
    PRIMARY KEY (log, log_position, log_index)
);
COMMENT ON TABLE person_event IS 'A person''s state from this moment on';
CREATE INDEX person_event_by_person ON person_event (person, at);
"""

DELIVERY = """
CREATE TABLE recorder_cursor (
    log          text PRIMARY KEY,
    log_position bigint NOT NULL,
    log_index    integer NOT NULL
);
COMMENT ON TABLE recorder_cursor IS 'Place of the last entry stored, per log; moves with the rows it stands for';

CREATE TABLE entry_refused (
    log          text NOT NULL,
    log_position bigint NOT NULL,
    log_index    integer NOT NULL,
    entry        text NOT NULL,
    why          text NOT NULL,
    refused_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (log, log_position, log_index)
);
COMMENT ON TABLE entry_refused IS
    'Entries that fit no table (a bug of ours): kept whole, as JSON, so that they hold up no others and can be mended';
"""

VIEW = """
CREATE VIEW call_record AS
SELECT call_id, direction, line, caller_number, client_id, client_class, debt, plan, reasons, arrived_at,
       answered_at, ended_at, answered_by, outcome, wait_ms, ring_ms, talk_ms, policy_version
FROM call;
COMMENT ON VIEW call_record IS
    'Every call, one row each, for reports. Columns are added, never renamed; tables behind it may change';
COMMENT ON COLUMN call_record.call_id IS 'Id of the call; sorts by arrival';
COMMENT ON COLUMN call_record.direction IS
    'inbound: to a line; internal: between staff; outbound: by staff to outside; code: a service code dialled';
COMMENT ON COLUMN call_record.line IS 'Name of the line that was dialled; NULL for calls that staff place';
COMMENT ON COLUMN call_record.caller_number IS
    'E.164 with +; an extension for calls from staff; NULL when withheld or unreadable';
COMMENT ON COLUMN call_record.client_id IS 'Client the caller was taken for; NULL when none; may be gone from client';
COMMENT ON COLUMN call_record.client_class IS
    'Class at the time of the call, or derived: new, unidentified; NULL for calls that staff place';
COMMENT ON COLUMN call_record.debt IS
    'none, overdue, over_limit or overdue_and_over_limit at the time of the call; NULL when nobody was looked up';
COMMENT ON COLUMN call_record.plan IS 'Name of the plan that the routing rules chose';
COMMENT ON COLUMN call_record.reasons IS
    'Every decision in order: [{at_ms: Unix ms, what, why, person or absent}, …]';
COMMENT ON COLUMN call_record.arrived_at IS 'When the call came to us';
COMMENT ON COLUMN call_record.answered_at IS 'When a person and the caller could talk; NULL when nobody answered';
COMMENT ON COLUMN call_record.ended_at IS 'When it ended; NULL while it lives';
COMMENT ON COLUMN call_record.answered_by IS 'Person who answered first';
COMMENT ON COLUMN call_record.outcome IS
    'How it ended, exactly one; NULL while it lives. served: by an operator; transferred: taken by the person it '
    'was handed to; connected: a call that staff placed was answered; message, callback: nobody could take it; '
    'abandoned_early, _waiting, _ringing: the caller left, where; no_answer, busy, refused: a call that staff '
    'placed; code: done; switch_lost: Asterisk was away; carrier_fault: far end or trunk failed; our_fault: a bug';
COMMENT ON COLUMN call_record.wait_ms IS
    'Milliseconds from arrival to the answer, or to the end where nobody answered; NULL until then';
COMMENT ON COLUMN call_record.ring_ms IS 'Milliseconds that phones rang for it, all offers together';
COMMENT ON COLUMN call_record.talk_ms IS 'Milliseconds from the answer to the end; NULL where nobody answered';
COMMENT ON COLUMN call_record.policy_version IS 'Version of the rules the call was routed by';
"""


def upgrade() -> None:
    for sql in (CLIENTS, CALLS, DELIVERY, VIEW):
        op.execute(sql.replace(":", "\\:"))  # no bind parameters in here


def downgrade() -> None:
    raise RuntimeError("records are not thrown away by a downgrade: restore a backup")
