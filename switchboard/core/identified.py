"""Who calls, and where to: the directory has answered, or will not; the caller's class and plan follow."""

from __future__ import annotations

from switchboard.core.call_state import Call, LookingUp
from switchboard.core.classification import Classified, classify, unidentified
from switchboard.core.facts import CallerFound
from switchboard.core.floor import Floor
from switchboard.core.routing import Asked, route
from switchboard.core.steps import begin_plan


def when_found(floor: Floor, call: Call, found: CallerFound) -> bool:
    if not isinstance(call.state, LookingUp):
        return False
    return send_on(floor, call, classify(found.clients, found.age_ms))


def when_not_found(floor: Floor, call: Call, why: str) -> bool:
    if not isinstance(call.state, LookingUp):
        return False
    return send_on(floor, call, unidentified(f"look-up failed ({why})"))


def send_on(floor: Floor, call: Call, classified: Classified) -> bool:
    """The caller is as known as they will be: choose the plan and begin it."""
    policy = floor.policy_of(call)
    call.client, call.client_class, call.debt = classified.client, classified.client_class, classified.debt
    for reason in classified.reasons:
        floor.because(call, "class", reason)
    line = call.line.name if call.line is not None else None
    asked = Asked(classified.client_class, classified.debt, line, call.number.kind, call.arrived_at_ms)
    routed = route(policy, asked)
    call.rule = routed.rule
    floor.because(call, "rule", routed.reason)
    begin_plan(floor, call, routed.plan)
    return True
