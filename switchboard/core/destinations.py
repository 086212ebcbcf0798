"""Destinations: whom or what staff mean when they give a caller away, or want to ask somebody, by what they dial.

A colleague's extension, the number of a duty (the same queues and plans that rules choose), or a number outside, as far
as they may dial it. A destination is a list of steps that may come to nothing; what happens then is not its affair.
"""

from __future__ import annotations

from msgspec import Struct

from switchboard.core.ids import PersonId
from switchboard.core.outside import may_dial
from switchboard.core.policy import (
    Destination,
    OutsideStep,
    Policy,
    QueueStep,
    RingStep,
    Step,
    Whom,
    WhomKind,
)


class Way(Struct, frozen=True):
    """How a destination is reached."""

    title: str
    """For the record: ``extension 202``."""
    steps: tuple[Step, ...]
    """They may come to nothing."""
    end: tuple[Step, ...] = ()
    """What the destination itself does then: its message, its voicemail."""
    opens_task: str | None = None


def find_way(policy: Policy, asker: PersonId, dialled: str, ring_ms: int) -> Way | str:
    """The way to what ``asker`` dialled, or why there is none for them."""
    meant = policy.destinations.get(dialled)
    if meant is not None:
        return _to_duty(policy, meant)
    colleague = next((one for one in policy.people.values() if dialled and one.extension == dialled), None)
    if colleague is not None:
        if colleague.person_id == asker:
            return "that is their own extension"
        whom = (Whom(WhomKind.PERSON, colleague.person_id),)
        return Way(f"extension {dialled}", (RingStep(whom, ring_ms, ring_ms, asked_for=True),))
    person = policy.people.get(asker)
    if person is None:
        return "is not among the staff"
    why_not, number = may_dial(policy, person, dialled)
    if why_not is not None:
        return why_not
    return Way("a number outside", (OutsideStep(number, policy.outbound.ring_ms),))


def _to_duty(policy: Policy, meant: Destination) -> Way:
    if meant.plan is not None:
        plan = policy.plans[meant.plan]
        return Way(meant.title, plan.steps[:-1], plan.steps[-1:], plan.opens_task)
    assert meant.queue is not None
    waits = [step for plan in policy.plans.values() for step in plan.steps if isinstance(step, QueueStep)]
    usual = next((step for step in waits if step.queue == meant.queue), None)
    at_most_ms = usual.at_most_ms if usual is not None else policy.limits.return_wait_ms
    return Way(meant.title, (QueueStep(meant.queue, at_most_ms),))
