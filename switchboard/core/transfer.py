"""Hand-overs: somebody who talks with a caller gives them to somebody else, and the caller is never lost.

Three roles: the *giver*, the party that *stays* (the call is theirs from its first moment to its last), and whoever
takes them. The giver leaves; the party that stays hears music and goes the way to the destination as if a rule had sent
them. If that comes to nothing they go back to the giver, with a sign of it; if the giver is busy or does not answer, to
the head of the queue they came from; and in the end on with what their plan says for callers whom nobody takes.

Whoever gives away a call that they placed themselves leaves it to the party they had reached (``turn_round``).
"""

from __future__ import annotations

import msgspec

from switchboard.core import hand_overs, recording, sticky, strategies, wrap_up
from switchboard.core.actions import TakeDownBridge
from switchboard.core.call_state import Call, Connecting, OnHold, Ringing, Talking
from switchboard.core.destinations import Way
from switchboard.core.entries import Direction, HandOverKind
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_music
from switchboard.core.ids import BridgeId, LegId, PersonId
from switchboard.core.offering import hang_up_leg
from switchboard.core.policy import EndStep, Plan, QueueStep, ReturnStep, Step
from switchboard.core.state_parts import Hears, Party
from switchboard.core.steps import NO_ANSWER_CAUSE, begin_plan

NOWHERE, PARK = Way("hold", ()), Way("park", ())
"""Ways that lead nowhere but back."""


def side_of(call: Call, leg: LegId | None) -> Party | None:
    """Who of the two that talk (one of them may be on hold) is on ``leg``."""
    partner = call.partner
    if partner is None or leg is None:
        return None
    return partner if leg == partner.leg else Party(leg, call.caller_person) if leg == call.leg else None


def may_leave(call: Call, giver: Party) -> bool:
    """Whether there is anybody to whom ``giver`` could leave the call: not while the other one is asking somebody else,
    or asks them, and holds a caller. If they leave then, they have hung up."""
    state = call.state
    if isinstance(state, OnHold) and state.other is not None and giver.leg == call.leg:
        return False
    return call.lent is None or giver.leg == call.lent


def other_side(call: Call, leg: LegId | None) -> Party | None:
    """Who talks with whoever is on ``leg``."""
    partner = call.partner
    if partner is None or leg is None:
        return None
    return partner if leg == call.leg else Party(call.leg, call.caller_person) if leg == partner.leg else None


def hand_over(floor: Floor, call: Call, giver: Party, way: Way) -> None:
    """``giver``, one of the two who talk, leaves; the other goes ``way``, at once."""
    leave_to_the_other(floor, call, giver)
    hand_overs.begin(floor, call, HandOverKind.BLIND, giver.person, way.title)
    go(floor, call, giver.person, way)


def go(floor: Floor, call: Call, giver: PersonId | None, way: Way, kind: str = "to") -> None:
    """Send the party that stays the ``way``, and back if it comes to nothing."""
    call.not_again = [giver] if giver is not None else []
    steps = (*way.steps, *way_back(floor, call, giver, f"back from {way.title}", way.end))
    call.first_plan, call.step = call.first_plan or call.plan, -1
    call.enter(Ringing((), (), 0, floor.at_ms))  # nobody yet
    begin_plan(floor, call, Plan(f"hand-over {kind} {way.title}", steps, way.opens_task))


def bring_back(floor: Floor, call: Call, giver: Party, why: str) -> None:
    """The party that stays was on hold for too long: they come back to ``giver``, whose phone rings anew."""
    leave_to_the_other(floor, call, giver)
    hand_overs.begin(floor, call, HandOverKind.HELD_TOO_LONG, giver.person, why)
    go(floor, call, giver.person, Way(why, ()), "on")


def way_back(
    floor: Floor, call: Call, giver: PersonId | None, sign: str, end: tuple[Step, ...] = ()
) -> tuple[Step, ...]:
    """The steps that follow when nobody takes the party that stays; the last always works."""
    limits = floor.policy_of(call).limits
    back: tuple[Step, ...] = (ReturnStep(giver, limits.return_ring_ms, sign),) if giver is not None else ()
    if call.direction is not Direction.INBOUND:
        return (*back, EndStep(NO_ANSWER_CAUSE, "nobody took the call"))
    first = call.first_plan or call.plan
    assert first is not None
    if call.from_queue is None:
        return (*back, *end, *first.steps) if not end else (*back, *end)
    return (*back, QueueStep(call.from_queue, limits.return_wait_ms, at_head=True), *(end or first.steps[-1:]))


# who stays, who leaves -----------------------------------------------------------------------------------------


def leave_to_the_other(floor: Floor, call: Call, giver: Party) -> None:
    """``giver`` is hung up, and what they owe for the talk is settled; the party that stays hears music."""
    if giver.leg == call.leg:
        turn_round(floor, call)
    separate(floor, call)
    settle_talk(floor, call, giver.person)
    hang_up_leg(floor, call, giver.leg)
    let_hear_music(floor, call)


def turn_round(floor: Floor, call: Call) -> None:
    """Who placed the call is about to leave it: the party they reached is whose call it is from now on."""
    state = call.state
    assert isinstance(state, Talking | OnHold)
    placer, old_leg = call.caller_person, call.leg
    call.placed_by = call.placed_by or placer
    call.shown = call.shown or ("" if call.direction is Direction.CALLBACK else call.dialled)
    call.legs.pop(state.leg, None)
    call.legs[old_leg] = placer
    call.leg, call.caller_person = state.leg, state.person
    call.enter(msgspec.structs.replace(state, leg=old_leg, person=placer))
    floor.because(call, "turned", "goes on with the party that was reached", placer)


def separate(floor: Floor, call: Call) -> None:
    """Nobody shares a bridge with the party that stays any more."""
    take_down(floor, call, leave_bridge(floor, call))


def leave_bridge(floor: Floor, call: Call) -> BridgeId | None:
    """The talk in ``call`` is over, and somebody goes on in another bridge. They must be out of this one when it is
    taken down, or Asterisk, now and then, takes them out of the new one as well. So that is left to the caller of this:
    ``take_down``, on behalf of the call in which they go on, once they are connected there."""
    recording.stop(floor, call)
    state = call.state
    bridge = state.bridge if isinstance(state, Talking | OnHold | Connecting) else None
    if bridge is not None:
        call.hears = Hears.NOTHING
    if isinstance(state, Talking | Connecting) and state.third is not None:
        hang_up_leg(floor, call, state.third.leg)
    return bridge


def take_down(floor: Floor, call: Call, bridge: BridgeId | None) -> None:
    """On behalf of ``call``."""
    if bridge is not None:
        floor.act(TakeDownBridge(call.call_id, bridge))


def settle_talk(floor: Floor, call: Call, person_id: PersonId | None) -> None:
    """Somebody's talk with this caller is over: it counts for their queue, and they have their wrap-up."""
    person = floor.people.get(person_id) if person_id is not None else None
    queue = call.talk_queue
    if person is not None:
        strategies.count_talk(floor, person, call)
    sticky.remember(floor, call)
    if person is not None and queue is not None:
        wrap_up.owe(person, floor.queue_of(call, queue), floor.at_ms)
        floor.touch(person.person_id)
    call.talk_queue = call.talk_since_ms = None
