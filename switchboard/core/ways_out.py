"""Ways out of a queue: why a step does not let a caller wait, and who only looked in."""

from __future__ import annotations

from switchboard.core.call_state import Call, Waiting
from switchboard.core.entries import Outcome
from switchboard.core.floor import Floor
from switchboard.core.kept_places import keep
from switchboard.core.opening_hours import opening_at
from switchboard.core.policy import QueueStep
from switchboard.core.queueing import why_nobody_serves


def why_not_joined(floor: Floor, call: Call, step: QueueStep) -> str | None:
    """Why the caller does not wait in the step's queue: closed, full, or nobody there; ``None``: they may."""
    policy = floor.policy_of(call)
    if step.hours is not None:
        opening = opening_at(policy.hours[step.hours], floor.at_ms)
        if not opening.is_open:
            return f"queue {step.queue} is closed ({opening.reason})"
    most = floor.queue_of(call, step.queue).most_waiting
    if most and len(floor.waiting.get(step.queue, ())) >= most:
        return f"queue {step.queue} is full ({most} wait)"
    return why_nobody_serves(floor, call, step.queue)


def outcome_of_leaving(floor: Floor, call: Call, state: Waiting) -> Outcome:
    """How a call ended whose caller left a queue; unless they only looked in, their place is kept for a while."""
    if floor.at_ms - call.arrived_at_ms < floor.policy_of(call).limits.short_hang_up_ms:
        return Outcome.ABANDONED_SHORT
    keep(floor, call, state)
    return Outcome.ABANDONED_RINGING if state.offers else Outcome.ABANDONED_WAITING
