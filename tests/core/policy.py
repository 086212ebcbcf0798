"""The company of the core's tests: the sample one, and what it becomes when an admin loads new rules."""

from __future__ import annotations

import msgspec

from switchboard.core.ids import PersonId, PhoneId
from switchboard.core.policy import Person, Policy, Queue, Role
from switchboard.sim.company import sample_policy

POLICY = sample_policy()


def with_sofia() -> Policy:
    """A fourth operator joins the operators' queue; rita leaves the company."""
    sofia = Person(PersonId("sofia"), "Sofia", Role.OPERATOR, PhoneId("sofia"), "104", "wholesale")
    people = {one: person for one, person in POLICY.people.items() if one != "rita"} | {sofia.person_id: sofia}
    queues = {
        name: _with(queue, people=(*(one for one in queue.people if one != "rita"), sofia.person_id))
        for name, queue in POLICY.queues.items()
    }
    return msgspec.structs.replace(POLICY, version="with sofia", people=people, queues=queues)


def with_short_rings() -> Policy:
    """Operators' phones ring for five seconds only."""
    queues = {name: _with(queue, ring_ms=5_000) for name, queue in POLICY.queues.items()}
    return msgspec.structs.replace(POLICY, version="short rings", queues=queues)


def without_dispatch() -> Policy:
    """The dispatch desk is closed: its queue, line and rule are gone."""
    return msgspec.structs.replace(
        POLICY,
        version="without dispatch",
        queues={"operators": POLICY.queues["operators"]},
        lines={"orders": POLICY.lines["orders"]},
        plans={name: plan for name, plan in POLICY.plans.items() if name != "freight"},
        rules=tuple(rule for rule in POLICY.rules if rule.plan != "freight"),
    )


def with_two_calls_at_once() -> Policy:
    """A very small exchange."""
    limits = msgspec.structs.replace(POLICY.limits, calls_at_once=2)
    return msgspec.structs.replace(POLICY, version="two calls at once", limits=limits)


def with_a_narrow_door() -> Policy:
    """One call at once, and one a second for Asterisk's own queue."""
    limits = msgspec.structs.replace(POLICY.limits, calls_at_once=1, overflow_calls_per_s=1)
    return msgspec.structs.replace(POLICY, version="a narrow door", limits=limits)


def _with(queue: Queue, **changes: object) -> Queue:
    return msgspec.structs.replace(queue, **changes)


POLICIES = {
    "sample": POLICY,
    "sofia": with_sofia(),
    "short rings": with_short_rings(),
    "no dispatch": without_dispatch(),
    "narrow door": with_a_narrow_door(),
    "two calls": with_two_calls_at_once(),
}
