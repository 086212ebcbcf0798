"""The call's row and history, as entries made from the call itself."""

from __future__ import annotations

from collections.abc import Sequence

from switchboard.core import segments
from switchboard.core.call_state import Call
from switchboard.core.classification import debt_minor
from switchboard.core.entries import CallRecord, CallStep, Entry, Reason


def record_of(call: Call) -> CallRecord:
    """The whole row as it stands now."""
    answered, ended = call.answered_at_ms, call.ended_at_ms
    is_known = answered is not None and ended is not None
    plan, placed_by = call.first_plan or call.plan, call.placed_by or call.caller_person
    waited_until = answered if answered is not None else ended
    return CallRecord(
        call=call.call_id,
        direction=call.direction,
        line=call.line.name if call.line is not None else None,
        dialled=call.dialled,
        caller_raw=call.number.raw,
        caller_number=call.number.e164 or (call.number.raw if placed_by is not None else None),
        number_kind=call.number.kind,
        caller_person=placed_by,
        client_id=call.client.client_id if call.client is not None else None,
        client_name=call.client.name if call.client is not None else None,
        client_class=call.client_class,
        debt=call.debt,
        debt_minor=debt_minor(call.client) if call.client is not None else 0,
        rule=call.rule,
        plan=plan.name if plan is not None else None,
        flag=call.flag,
        reasons=tuple(call.reasons),
        arrived_at_ms=call.arrived_at_ms,
        answered_at_ms=answered,
        ended_at_ms=ended,
        answered_by=call.answered_by,
        outcome=call.outcome,
        wait_ms=waited_until - call.arrived_at_ms if waited_until is not None else None,
        ring_ms=call.ring_ms if waited_until is not None else None,
        talk_ms=segments.talk_ms(call) if is_known else None,
        hold_ms=segments.between_ms(call) if is_known else None,
        policy_version=call.policy_version,
        segments=tuple(call.segments) if ended is not None else (),
        hand_overs=tuple(call.hand_overs),
    )


def history_of(call: Call, fact: str, decisions: Sequence[Reason], at_ms: int) -> list[Entry]:
    """The steps that one fact made in the call's history: one for each decision, or one for a mere change of state."""
    to_state = "Gone" if not call.caller_there and not call.legs and call.outcome else type(call.state).__name__
    if not decisions and to_state == call.noted_state:
        return []
    steps: list[Entry] = []
    for decision in decisions or [Reason(at_ms, "", "")]:
        call.steps_noted += 1
        steps.append(
            CallStep(
                call=call.call_id,
                number=call.steps_noted,
                at_ms=decision.at_ms,
                from_state=call.noted_state,
                fact=fact,
                to_state=to_state,
                reason=f"{decision.what}: {decision.why}" if decision.what else "",
                person=decision.person,
            )
        )
    call.noted_state = to_state
    return steps
