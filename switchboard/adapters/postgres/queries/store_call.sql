-- The whole row as it stands now. An older one never replaces a newer one of the same log.
INSERT INTO call (
    call_id, direction, line, dialled, caller_raw, caller_number, number_kind, caller_person, client_id,
    client_name, client_class, debt, debt_minor, rule, plan, flag, reasons, arrived_at, answered_at, ended_at,
    answered_by, outcome, wait_ms, ring_ms, talk_ms, policy_version, hold_ms, segments, hand_overs, log, log_position, log_index)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
        $24, $25, $26, $27, $28, $29, $30, $31, $32)
ON CONFLICT (call_id) DO UPDATE SET
    direction = excluded.direction,
    line = excluded.line,
    dialled = excluded.dialled,
    caller_raw = excluded.caller_raw,
    caller_number = excluded.caller_number,
    number_kind = excluded.number_kind,
    caller_person = excluded.caller_person,
    client_id = excluded.client_id,
    client_name = excluded.client_name,
    client_class = excluded.client_class,
    debt = excluded.debt,
    debt_minor = excluded.debt_minor,
    rule = excluded.rule,
    plan = excluded.plan,
    flag = excluded.flag,
    reasons = excluded.reasons,
    arrived_at = excluded.arrived_at,
    answered_at = excluded.answered_at,
    ended_at = excluded.ended_at,
    answered_by = excluded.answered_by,
    outcome = excluded.outcome,
    wait_ms = excluded.wait_ms,
    ring_ms = excluded.ring_ms,
    talk_ms = excluded.talk_ms,
    policy_version = excluded.policy_version,
    hold_ms = excluded.hold_ms,
    segments = excluded.segments,
    hand_overs = excluded.hand_overs,
    log = excluded.log,
    log_position = excluded.log_position,
    log_index = excluded.log_index
WHERE call.log <> excluded.log
   OR (call.log_position, call.log_index) < (excluded.log_position, excluded.log_index)
