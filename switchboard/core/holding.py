"""Hold and park: the caller hears music and waits for somebody who talked with them.

A phone that holds says so by SIP, and Asterisk plays the music; at the desk it is we who take the two apart. Either
way the hold has its clock. A caller who is on hold for too long, or whose holder hangs up, comes back to the holder's
phone, and if that is not answered to the head of the queue. A parked caller waits for anybody who dials the code.
"""

from __future__ import annotations

import msgspec

from switchboard.core import hand_overs, transfer
from switchboard.core.actions import Answer
from switchboard.core.call_state import Call, OnHold, Parked, Ringing, Talking
from switchboard.core.connecting import bring_together
from switchboard.core.ending import end
from switchboard.core.entries import Direction, HandOverKind, Outcome
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_music
from switchboard.core.ids import LegId, PersonId
from switchboard.core.policy import Plan
from switchboard.core.state_parts import Party

TOO_LONG = "hold"
"""What the caller comes back from, as the phone shows it: ``back from hold``."""


def when_held(floor: Floor, call: Call, leg: LegId) -> bool:
    """A phone put the other side on hold. Among three it only leaves their round for a while."""
    state = call.state
    side = transfer.side_of(call, leg)
    if not isinstance(state, Talking) or state.third is not None or side is None or side.person is None:
        return False
    limits = floor.policy_of(call).limits
    until_ms = floor.at_ms + limits.hold_at_most_ms
    call.enter(OnHold(state.leg, state.person, leg, floor.at_ms, until_ms, state.bridge))
    floor.because(call, "hold", "puts the other side on hold", side.person)
    return True


def when_unheld(floor: Floor, call: Call, leg: LegId) -> bool:
    state = call.state
    if not isinstance(state, OnHold) or state.bridge is None or state.by != leg:
        return False
    _talk_on(floor, call, state, "takes the other side off hold")
    return True


def _talk_on(floor: Floor, call: Call, state: OnHold, why: str) -> None:
    assert state.bridge is not None
    longest_ms = floor.policy_of(call).limits.longest_call_ms
    call.enter(Talking(state.leg, state.person, state.bridge, floor.at_ms + longest_ms))
    floor.because(call, "hold", why, state.person)


def hold(floor: Floor, call: Call, holder: Party) -> str | None:
    """At the desk: the caller hears music, their partner nothing; or why not."""
    state = call.state
    if not isinstance(state, Talking) or state.third is not None or call.lent is not None:
        return "talks with nobody who can be put on hold"
    if holder.leg == call.leg:
        transfer.turn_round(floor, call)
    transfer.separate(floor, call)
    let_hear_music(floor, call)
    until_ms = floor.at_ms + floor.policy_of(call).limits.hold_at_most_ms
    call.enter(OnHold(holder.leg, holder.person, holder.leg, floor.at_ms, until_ms))
    floor.because(call, "hold", "puts the caller on hold", holder.person)
    floor.changed[call.call_id] = None
    return None


def resume(floor: Floor, call: Call) -> str | None:
    """At the desk: they talk on; or why not."""
    state = call.state
    if not isinstance(state, OnHold) or state.bridge is not None or state.other is not None:
        return "holds nobody"
    floor.because(call, "hold", "takes the caller off hold", state.person)
    call.first_plan = call.first_plan or call.plan
    back = transfer.way_back(floor, call, state.person, "connection lost")
    call.plan, call.step = Plan("hand-over", back), -1
    floor.changed[call.call_id] = None
    bring_together(floor, call, Party(state.leg, state.person), Ringing((), (), 0, floor.at_ms))
    return None


def when_late(floor: Floor, call: Call, state: OnHold) -> None:
    """The caller was on hold for as long as anybody may be."""
    if state.other is not None:
        end(floor, floor.calls[state.other], Outcome.CONNECTED, "longest call reached")
    elif state.bridge is not None and not state.sure:
        _talk_on(floor, call, state, "nobody knows whether they are still on hold")
    else:
        side = transfer.side_of(call, state.by)
        assert side is not None
        transfer.bring_back(floor, call, side, TOO_LONG)


def when_holder_gone(floor: Floor, call: Call, state: OnHold) -> bool:
    """Who held the caller has hung up. A caller from outside comes back to them; false: the call is over."""
    if call.direction is not Direction.INBOUND or state.by != state.leg:
        return False
    transfer.separate(floor, call)
    transfer.settle_talk(floor, call, state.person)
    hand_overs.begin(floor, call, HandOverKind.HELD_TOO_LONG, state.person, TOO_LONG)
    let_hear_music(floor, call)
    transfer.go(floor, call, state.person, transfer.NOWHERE, "on")
    return True


# parking -------------------------------------------------------------------------------------------------------


def park(floor: Floor, call: Call, giver: Party) -> str | None:
    """``giver`` leaves; the other side waits, with music, for whoever retrieves them."""
    if giver.person is None or not transfer.may_leave(call, giver):
        return "has nobody to park"
    transfer.leave_to_the_other(floor, call, giver)
    hand_overs.begin(floor, call, HandOverKind.PARK, giver.person, "park")
    until_ms = floor.at_ms + floor.policy_of(call).limits.parked_at_most_ms
    call.enter(Parked(giver.person, floor.at_ms, until_ms))
    floor.changed[call.call_id] = None
    return None


def parked_by(floor: Floor, person: PersonId) -> Call | None:
    """Whom they parked first, of those who still wait."""
    waiting = [call for call in floor.calls.values() if isinstance(call.state, Parked) and call.state.by == person]
    return min(waiting, key=_parked_since, default=None)


def _parked_since(call: Call) -> int:
    return call.state.since_ms if isinstance(call.state, Parked) else 0


def retrieve(floor: Floor, own: Call, person: PersonId, by: PersonId) -> str | None:
    """Connect ``own``, the call by which ``person`` dialled the code, with whom ``by`` parked; or why not."""
    call = parked_by(floor, by)
    if call is None:
        return f"{by} has parked nobody"
    if call.caller_person == person:
        return "is the caller"
    own.caller_there = False  # their leg is no longer this call's, and is not hung up
    floor.because(own, "code", "retrieve", person)
    end(floor, own, Outcome.CODE, f"took whom {by} parked")
    floor.move_leg(own.leg, own, call, person)
    floor.because(call, "picked_up", f"retrieves whom {by} parked", person)
    floor.act(Answer(call.call_id, own.leg))
    call.first_plan = call.first_plan or call.plan
    call.plan, call.step = Plan("hand-over", transfer.way_back(floor, call, by, "back from park")), -1
    floor.changed[call.call_id] = None
    bring_together(floor, call, Party(own.leg, person), Ringing((), (), 0, floor.at_ms))
    return None


def when_parked_too_long(floor: Floor, call: Call, state: Parked) -> None:
    transfer.go(floor, call, state.by, transfer.PARK, "from")


def believe_less(call: Call) -> None:
    """The connection was away: a phone may have ended its hold, and nobody heard of it."""
    if isinstance(call.state, OnHold) and call.state.bridge is not None:
        call.enter(msgspec.structs.replace(call.state, sure=False))
