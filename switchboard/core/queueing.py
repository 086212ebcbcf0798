"""The operators' queue: who waits, and the moment somebody is free for somebody who waits.

Event-driven in both directions. A caller who comes (or whose operator did not answer) looks for a person; a
person who becomes ready looks for a caller in every queue they serve. Nothing polls.
"""

from __future__ import annotations

import msgspec

from switchboard.core.call_state import Call, Waiting
from switchboard.core.entries import PersonState
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_music, let_hear_ringing
from switchboard.core.matching import next_caller, next_person
from switchboard.core.offering import offer_to_person
from switchboard.core.policy import QueueStep
from switchboard.core.staff import PersonRecord


def why_nobody_serves(floor: Floor, call: Call, queue: str) -> str | None:
    """Why waiting in ``queue`` would be in vain; ``None`` when somebody on shift may be rung, now or later."""
    on_shift = [person for person in _serving(floor, call, queue) if person.on_shift]
    if not on_shift:
        return f"nobody who serves queue {queue} is signed in"
    if all(person.person_id in call.not_again for person in on_shift):
        return f"nobody left to ring in queue {queue}: all who are signed in did not take this call before"
    return None


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
    ring_for(floor, call, person)
    return True


def wait_again(floor: Floor, call: Call, queue: str) -> None:
    """The call waits, and nobody refused it: whoever is ready rings for the first in line, which may be another."""
    let_hear_music(floor, call, floor.policy_of(call).queues[queue].music)
    for person in floor.servers(call, queue):
        floor.touch(person)


def next_call(floor: Floor, person: PersonRecord) -> Call | None:
    """The caller of any queue whom this person should be rung for now; ``None`` when none or not ready."""
    if person.state is not PersonState.READY:
        return None
    caller = next_caller(person.person_id, floor.waiting_for(person.person_id))
    return floor.calls[caller.call] if caller is not None else None


def ring_for(floor: Floor, call: Call, person: PersonRecord) -> None:
    """Ring a person who is ready for a call that waits."""
    state = call.state
    assert isinstance(state, Waiting)
    queue = floor.policy_of(call).queues[state.queue]
    idle_s = (floor.at_ms - person.idle_since_ms) / 1000
    why = f"queue {queue.name}: idle longest of those ready ({idle_s:.1f} s)"
    offer = offer_to_person(floor, call, person.person_id, queue.ring_ms, why)
    let_hear_ringing(floor, call, queue.music)
    call.enter(msgspec.structs.replace(state, offers=(offer,)))


def _serving(floor: Floor, call: Call, queue: str) -> list[PersonRecord]:
    return [floor.people[person] for person in floor.servers(call, queue) if person in floor.people]
