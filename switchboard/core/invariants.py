"""What must hold between any two facts, whatever happened: read by tests, the simulation, and at will live.

These promises are about the state. Promises about the history (nobody stops ringing before their time, one
outcome per call) are in the simulation's checks.
"""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.core import phones
from switchboard.core.call_state import (
    Call,
    Connecting,
    Ending,
    Keeping,
    LeavingMessage,
    Listening,
    OnHold,
    Saying,
    Summoning,
    Talking,
    Telling,
    Waiting,
)
from switchboard.core.entries import PersonState
from switchboard.core.floor import Floor
from switchboard.core.ids import PersonId
from switchboard.core.listeners import is_there
from switchboard.core.queue_rules import QueueStrategy
from switchboard.core.seating import backup_tier
from switchboard.core.staff import Doing, PersonRecord
from switchboard.core.state_parts import Mode


def broken_promises(floor: Floor) -> list[str]:
    """Every broken promise, in words; empty when all is well."""
    found = [problem for call in floor.calls.values() for problem in _of_call(floor, call)]
    found += [problem for person in floor.people.values() for problem in _of_person(floor, person)]
    found += _of_index(floor)
    found += _of_bookings(floor)
    return found


def broken_by_the_last_fact(floor: Floor) -> list[str]:
    """The same for the calls and people that the last fact touched; indexes are left to the check of everything."""
    calls = [floor.calls[call] for call in floor.changed if call in floor.calls]
    people = [floor.people[person] for person in floor.touched if person in floor.people]
    found = [problem for call in calls for problem in _of_call(floor, call)]
    found += [problem for person in people for problem in _of_person(floor, person)]
    found += [problem for call in calls for problem in _of_waiting(floor, call)]
    return found


def _of_call(floor: Floor, call: Call) -> Iterator[str]:
    name = f"call {call.call_id} ({type(call.state).__name__})"
    if isinstance(call.state, Ending) != (call.outcome is not None):
        yield f"{name}: outcome {call.outcome}"
    if call.outcome is None and not call.caller_there and not isinstance(call.state, Keeping):
        yield f"{name}: goes on without its caller"
    if call.policy_version not in floor.policies:
        yield f"{name}: its policy {call.policy_version} is gone"
    if call.caller_there and floor.leg_owner.get(call.leg) != call.call_id:
        yield f"{name}: its caller's leg is not known to be its own"
    if isinstance(call.state, Ending) and not call.caller_there and not call.legs:
        yield f"{name}: over, but not forgotten"
    rung = [offer.person for offer in call.offers if offer.person is not None]
    if len(set(rung)) != len(rung):
        yield f"{name}: rings one person twice"
    for offer in call.offers:
        if offer.leg not in call.legs:
            yield f"{name}: an offer's leg is gone"
        if offer.person in call.not_again:
            yield f"{name}: rings {offer.person}, who did not take it before"
        if (call.ringing_since_ms is None) or call.outcome is not None:
            yield f"{name}: somebody rings, but not for it"
        record = floor.people.get(offer.person) if offer.person is not None else None
        if record is not None and (offer.leg not in record.legs or record.legs[offer.leg].ending):
            yield f"{name}: {offer.person} does not know of being rung"
    state = call.state
    if isinstance(state, Listening):
        yield from _of_listening(floor, call, state)
    needed = state.leg if isinstance(state, Talking) else state.offer.leg if isinstance(state, Connecting) else None
    if needed is not None and needed not in call.legs:
        yield f"{name}: talks with nobody"
    if isinstance(state, Talking | Connecting | Saying | Telling | LeavingMessage) and not call.answered:
        yield f"{name}: the caller was not answered"
    if call.lent is not None and floor.leg_owner.get(call.lent) != call.call_id:
        yield f"{name}: a leg that was lent to it is gone, and somebody is on hold for it"
    yield from _of_forgotten_legs(floor, call)
    yield from _of_recording(floor, call)
    if isinstance(state, Waiting) and call.call_id not in floor.waiting.get(state.queue, {}):
        yield f"{name}: not in queue {state.queue}"


def _of_forgotten_legs(floor: Floor, call: Call) -> Iterator[str]:
    """Somebody of the staff who picked up, and is neither talking nor told to end: they would sit there alone."""
    for leg, person in call.legs.items():
        record = floor.people.get(person) if person is not None else None
        engaged = record.legs.get(leg) if record is not None else None
        if engaged is not None and engaged.doing is Doing.TALKING and not engaged.ending and not is_there(call, leg):
            yield f"call {call.call_id} ({type(call.state).__name__}): {person} picked up and is forgotten"


def _of_listening(floor: Floor, call: Call, state: Listening) -> Iterator[str]:
    name = f"call {call.call_id} ({call.caller_person} listens to {state.person})"
    talk = floor.calls.get(state.talk)
    if talk is None or not isinstance(talk.state, Talking | OnHold | Connecting) or not is_there(talk, state.to):
        yield f"{name}: the talk is over"
        return
    if state.post is None and state.coming is None:
        yield f"{name}: hears nothing, and will not"
    for post in state.posts:
        if (post.snoop is None) != (post.mode is Mode.BARGE_IN) or (post.bridge == talk.state.bridge) != (
            post.mode is Mode.BARGE_IN
        ):
            yield f"{name}: is in the wrong bridge to {post.mode}"
        if post.snoop is not None and post.snoop not in call.legs:
            yield f"{name}: the leg that spies is gone"
    if call.call_id not in floor.listeners:
        yield f"{name}: would go on without the talk"


def _of_recording(floor: Floor, call: Call) -> Iterator[str]:
    part, name = call.recording, f"call {call.call_id} ({type(call.state).__name__})"
    if part is None:
        return
    state = call.state
    if not isinstance(state, Talking | OnHold) or state.bridge != part.bridge:
        yield f"{name}: records a talk that is over"
    if part.paused_at_ms is not None:
        latest_ms = part.paused_at_ms + floor.policy_of(call).recording.pause_at_most_ms
        if part.until_ms is None or part.until_ms > latest_ms or call.until_ms > latest_ms:
            yield f"{name}: its recording is paused without an end"


def _of_person(floor: Floor, person: PersonRecord) -> Iterator[str]:
    for leg, engaged in person.legs.items():
        call = floor.calls.get(engaged.call)
        if call is None:
            yield f"{person.person_id}: busy with {engaged.call}, which does not exist"
        elif leg not in call.legs and not (leg == call.leg and call.caller_there):
            yield f"{person.person_id}: busy with leg {leg}, which {engaged.call} does not have"
    if sum(engaged.doing is Doing.RINGING and not engaged.ending for engaged in person.legs.values()) > 1:
        yield f"{person.person_id}: rung for two callers at once"
    at_rest = not person.legs and not person.elsewhere
    if (person.wrap_up_left_ms if at_rest else person.wrap_up_until_ms) is not None:
        yield f"{person.person_id}: the clock of wrap-up {'stands still' if at_rest else 'runs'} at the wrong time"
    if person.seat is not None and phones.person_at(floor.people, floor.policy, person.seat) != person.person_id:
        yield f"{person.person_id}: shares the phone {person.seat}"
    yield from _of_readiness(floor, person)


def _of_readiness(floor: Floor, person: PersonRecord) -> Iterator[str]:
    if person.state is not PersonState.READY or not floor.switch_ready:
        return
    for queue, line_up in floor.waiting.items():
        if line_up and person.person_id in floor.tiers[queue]:
            for call_id in line_up:
                yield from _neglected(floor, floor.calls[call_id], person)


def _of_waiting(floor: Floor, call: Call) -> Iterator[str]:
    if isinstance(call.state, Waiting) and floor.switch_ready:
        for person in floor.tiers[call.state.queue]:
            if person in floor.people and floor.people[person].state is PersonState.READY:
                yield from _neglected(floor, call, floor.people[person])


def _neglected(floor: Floor, call: Call, person: PersonRecord) -> Iterator[str]:
    state = call.state
    if not isinstance(state, Waiting) or not may_be_rung(floor, person.person_id, call):
        return
    if not state.offers or floor.queue_of(call, state.queue).strategy is QueueStrategy.ALL:
        yield f"{person.person_id}: ready while {call.call_id} waits"


def may_be_rung(floor: Floor, person_id: PersonId, call: Call) -> bool:
    """Whether somebody, if ready, may be rung for a call that waits. Told without the board, whose rule this is."""
    state, person = call.state, floor.policy.people.get(person_id)
    if not isinstance(state, Waiting) or person_id in call.not_again:
        return False
    queue = floor.queue_of(call, state.queue)
    tier = floor.tiers[state.queue].get(person_id)
    if state.only is not None or tier is None:
        return state.only == person_id
    skills = person.skills if person is not None else {}
    if any(skills.get(skill, 0) < level for skill, level in state.need.skills):
        return False
    if queue.backup is not None and tier == backup_tier(queue):
        level = floor.service.get(queue.name)
        return level is not None and level.backup_since_ms is not None
    return tier <= state.need.tier


def _of_bookings(floor: Floor) -> Iterator[str]:
    for booking in floor.bookings.values():
        call = floor.calls.get(booking.call) if booking.call is not None else None
        if booking.call is not None and (call is None or call.outcome is not None):
            yield f"booking {booking.booking}: is not being called back, and has no turn"
        if (booking.call is not None) != (booking.booking in floor.called_back):
            yield f"booking {booking.booking}: nobody looks what becomes of it"
    for call in floor.calls.values():
        if isinstance(call.state, Summoning) and call.listens is None and call.call_back_of not in floor.called_back:
            yield f"call {call.call_id}: calls back what is not booked"


def _of_index(floor: Floor) -> Iterator[str]:
    for leg, owner in floor.leg_owner.items():
        call = floor.calls.get(owner)
        if call is None or (leg != call.leg and leg not in call.legs):
            yield f"leg {leg}: belongs to {owner}, which does not have it"
    for queue, line_up in floor.waiting.items():
        for call_id in line_up:
            state = floor.calls[call_id].state if call_id in floor.calls else None
            state = state.back_to if isinstance(state, Connecting) else state
            if not isinstance(state, Waiting) or state.queue != queue:
                yield f"queue {queue}: {call_id} stands in it but does not wait"
