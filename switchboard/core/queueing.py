"""The operators' queue: who waits, and the moment somebody is free for somebody who waits.

Event-driven in both directions. A caller who comes (or whose operator did not answer) looks for a person; a
person who becomes ready looks for a caller in every queue they serve. Nothing polls.
"""

from __future__ import annotations

from switchboard.core.call_state import Call, Waiting
from switchboard.core.entries import PersonState
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_music, let_hear_ringing
from switchboard.core.matching import WaitingCaller, next_caller, next_person
from switchboard.core.offering import offer_to_person
from switchboard.core.policy import QueueStep
from switchboard.core.staff import PersonRecord


def why_nobody_serves(floor: Floor, call: Call, queue: str) -> str | None:
    """Why waiting in ``queue`` would be in vain; ``None`` when somebody who serves it is on shift."""
    if any(person.on_shift for person in _serving(floor, call, queue)):
        return None
    return f"nobody who serves queue {queue} is signed in"


def join(floor: Floor, call: Call, step: QueueStep) -> None:
    """Let the caller wait in the step's queue, and look for somebody at once."""
    call.flag = step.flag or call.flag
    until_ms = floor.at_ms + step.at_most_ms
    call.enter(Waiting(step.queue, until_ms))
    floor.join_queue(call, step.queue)
    floor.because(call, "step", f"waits in queue {step.queue}, at most {step.at_most_ms / 1000:g} s")
    find_person(floor, call)


def find_person(floor: Floor, call: Call) -> bool:
    """Ring the next person for a call that waits; music when there is none. Says whether somebody rings."""
    assert isinstance(call.state, Waiting)
    queue = call.state.queue
    person = next_person(floor.as_waiting(call, queue), _serving(floor, call, queue))
    if person is None:
        let_hear_music(floor, call, floor.policy_of(call).queues[queue].music)
        return False
    _offer(floor, call, person, call.state)
    return True


def find_caller(floor: Floor, person: PersonRecord) -> bool:
    """Ring a person who became ready for the next caller of any queue they serve. Says whether they ring."""
    if person.state is not PersonState.READY:
        return False
    waiting: list[WaitingCaller] = []
    for queue in floor.policy.queues.values():
        if person.person_id in queue.people:
            waiting += floor.waiting_callers(queue.name)
    caller = next_caller(person.person_id, waiting)
    if caller is None:
        return False
    call = floor.calls[caller.call]
    assert isinstance(call.state, Waiting)
    _offer(floor, call, person, call.state)
    return True


def _offer(floor: Floor, call: Call, person: PersonRecord, state: Waiting) -> None:
    queue = floor.policy_of(call).queues[state.queue]
    idle_s = (floor.at_ms - person.idle_since_ms) / 1000
    why = f"queue {queue.name}: idle longest of those ready ({idle_s:.1f} s)"
    offer = offer_to_person(floor, call, person.person_id, queue.ring_ms, why)
    let_hear_ringing(floor, call)
    call.enter(Waiting(state.queue, state.step_until_ms, (offer,)))


def _serving(floor: Floor, call: Call, queue: str) -> list[PersonRecord]:
    people = floor.policy_of(call).queues[queue].people
    return [floor.people[person] for person in people if person in floor.people]
