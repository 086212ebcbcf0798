"""Pick-up: taking the call that rings a colleague's phone right now.

By code, who dials is connected at once: their leg leaves its own call, which is over with that, and becomes the second
leg of the caller's. At the desk their own phone rings in place of the colleague's. Either way every other phone that
rang stops with "answered elsewhere", nobody has missed anything, and the record names both.
"""

from __future__ import annotations

import msgspec

from switchboard.core.actions import Answer
from switchboard.core.call_state import Call, Ringing, Waiting
from switchboard.core.connecting import connect_with
from switchboard.core.ending import end
from switchboard.core.entries import Outcome
from switchboard.core.floor import Floor
from switchboard.core.ids import PersonId
from switchboard.core.offering import ANSWERED_ELSEWHERE, offer_to_person, withdraw
from switchboard.core.policy import Policy
from switchboard.core.staff import PersonRecord, why_not_by_colleague
from switchboard.core.state_parts import Offer


def on_the_phone(floor: Floor, own: Call, picker: PersonId, whom: PersonId | None) -> str | None:
    """Connect ``own``, the call by which the picker dialled the code, with the caller; or say why not."""
    found = _ringing_call(floor, picker, whom)
    if isinstance(found, str):
        return found
    call, taken = found
    state = call.state
    assert isinstance(state, Ringing | Waiting)
    own.caller_there = False  # their leg is no longer this call's, and is not hung up
    floor.because(own, "code", "pick_up", picker)
    end(floor, own, Outcome.CODE, f"took the call that rang at {whom}")
    floor.add_leg(call, own.leg, picker)
    floor.because(call, "picked_up", f"takes the call that rings at {whom}", picker)
    floor.act(Answer(call.call_id, own.leg))
    connect_with(floor, call, Offer(own.leg, picker, taken.since_ms, floor.at_ms))
    return None


def at_the_desk(floor: Floor, picker: PersonRecord, whom: PersonId | None) -> str | None:
    """Ring the picker's phone instead; or say why not."""
    if not floor.switch_ready:
        return "Asterisk is away"
    found = _ringing_call(floor, picker.person_id, whom)
    if isinstance(found, str):
        return found
    call, taken = found
    state = call.state
    assert isinstance(state, Ringing | Waiting)
    if picker.person_id in call.not_again:
        return "did not take this call before"
    if (why_not := why_not_by_colleague(picker)) is not None:
        return why_not
    queue = floor.queue_of(call, state.queue) if isinstance(state, Waiting) else None
    ring_ms = state.each_ms if isinstance(state, Ringing) else queue.ring_ms if queue is not None else 0
    withdraw(floor, call, [taken], ANSWERED_ELSEWHERE)
    offer = offer_to_person(floor, call, picker.person_id, ring_ms, f"wants the call that rings at {whom}")
    others = tuple(other for other in state.offers if other is not taken)
    call.enter(msgspec.structs.replace(state, offers=(*others, offer)))
    return None


def _ringing_call(floor: Floor, picker: PersonId, whom: PersonId | None) -> tuple[Call, Offer] | str:
    """The call that rings ``whom``, and its offer; or why there is none for this picker."""
    if whom is None or whom == picker:
        return "picks up for nobody else"
    if not _may(floor.policy, picker, whom):
        return f"shares no department, queue or pool with {whom}"
    for call in floor.calls.values():
        for offer in call.offers:
            if offer.person == whom:
                return (call, offer) if call.caller_person != picker else "is the caller"
    return f"nothing rings at {whom}"


def _may(policy: Policy, picker: PersonId, whom: PersonId) -> bool:
    mine, theirs = policy.people.get(picker), policy.people.get(whom)
    if mine is None or theirs is None:
        return False
    groups = [*(queue.everybody for queue in policy.queues.values()), *(pool.people for pool in policy.pools.values())]
    return (
        policy.codes.pick_up_anybody
        or (mine.department != "" and mine.department == theirs.department)
        or any(picker in group and whom in group for group in groups)
    )
