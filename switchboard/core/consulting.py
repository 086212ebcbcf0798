"""Consulting: somebody asks a colleague about a caller who hears music meanwhile, and then gives them over, or not.

The question is a call of its own: it rings, waits and fails like any other. Two calls share the leg of whoever asks.
It is *lent* to the one in which they talk now; the other is ``OnHold`` and names that one. Swapping moves the leg to
the other call. Whatever ends one of the two gives the leg back to the other, and that goes on. When it is the asker who
hangs up, the two parties are given to each other: nobody is left alone. A phone that consults by itself, with a second
call and a transfer (REFER with Replaces), comes to the same: two calls, and ``give``.
"""

from __future__ import annotations

import msgspec

from switchboard.core import hand_overs, holding, transfer
from switchboard.core.actions import HangUp
from switchboard.core.call_state import Call, Connecting, OnHold, Ringing, Talking, Waiting
from switchboard.core.connecting import bring_together
from switchboard.core.destinations import find_way
from switchboard.core.ending import end, forget_if_gone
from switchboard.core.entries import Direction, HandOverKind, Outcome
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_music, stop_what_is_heard
from switchboard.core.ids import BridgeId, LegId, PersonId, call_id_for
from switchboard.core.offering import hang_up_leg
from switchboard.core.phone_number import NumberKind, PhoneNumber
from switchboard.core.policy import EndStep, Plan
from switchboard.core.staff import Doing
from switchboard.core.state_parts import Party
from switchboard.core.steps import NO_ANSWER_CAUSE, begin_plan, next_step

# asking --------------------------------------------------------------------------------------------------------


def ask(floor: Floor, call: Call, asker: Party, dialled: str) -> str | None:
    """``asker``, who talks in ``call``, asks whoever ``dialled`` means; or why not."""
    state = call.state
    person = floor.policy.people.get(asker.person) if asker.person is not None else None
    if person is None or not isinstance(state, Talking) or state.third is not None or call.lent is not None:
        return "cannot consult now"
    way = find_way(floor.policy, person.person_id, dialled, floor.policy.limits.internal_ring_ms)
    if isinstance(way, str):
        return way
    if asker.leg == call.leg:
        transfer.turn_round(floor, call)
    bridge = transfer.leave_bridge(floor, call)
    let_hear_music(floor, call)
    call.is_question = False  # whoever it was once about is gone
    question = _question(floor, call, asker, person.extension, dialled)
    _set_aside(floor, call, asker, question)
    floor.because(call, "consult", f"asks {way.title} (call {question.call_id})", asker.person)
    floor.because(question, "arrived", f"asks about the caller of call {call.call_id}", asker.person)
    last = EndStep(NO_ANSWER_CAUSE, "who was asked did not take the call")
    begin_plan(floor, question, Plan(f"consult {way.title}", (*way.steps, last)))
    if question.outcome is None:
        transfer.take_down(floor, call, bridge)
    else:  # nobody could be rung: they talk on at once
        floor.to_give_back[question.call_id] = bridge
    return None


def _question(floor: Floor, call: Call, asker: Party, extension: str, dialled: str) -> Call:
    call_id = call_id_for(LegId(call.make_id()), floor.at_ms)
    outside = not any(one.extension == dialled for one in floor.policy.people.values())
    question = Call(
        call_id=call_id,
        direction=Direction.OUTBOUND if outside and dialled not in floor.policy.destinations else Direction.INTERNAL,
        leg=asker.leg,
        number=PhoneNumber(extension, NumberKind.INTERNAL, digits=extension),
        dialled=dialled,
        line=call.line,
        client=call.client,
        client_class=call.client_class,
        caller_person=asker.person,
        policy_version=floor.policy.version,
        arrived_at_ms=floor.at_ms,
        state=Ringing((), (), 0, floor.at_ms),
        answered=True,
        is_question=True,
        consults_for=call.call_id,
        lent=asker.leg,
    )
    call.legs.pop(asker.leg, None)
    floor.add_call(question)
    if asker.person is not None:
        floor.engage(asker.person, asker.leg, call_id, Doing.TALKING)
    return question


def _set_aside(floor: Floor, call: Call, asker: Party, other: Call) -> None:
    longest_ms = floor.policy_of(call).limits.longest_call_ms
    until_ms = floor.at_ms + longest_ms
    call.enter(OnHold(asker.leg, asker.person, asker.leg, floor.at_ms, until_ms, other=other.call_id))
    floor.changed[call.call_id] = None


def partner_call(floor: Floor, call: Call) -> Call | None:
    """The call that is on hold while the person of ``lent`` talks in ``call``."""
    other = floor.calls.get(call.consults_for) if call.consults_for is not None else None
    on_hold = other is not None and isinstance(other.state, OnHold) and other.state.other == call.call_id
    return other if on_hold else None


# to and fro ----------------------------------------------------------------------------------------------------


def swap(floor: Floor, here: Call, asker: Party) -> str | None:
    """``asker`` talks in ``here``, and goes on in the call that is on hold; ``here`` is on hold instead."""
    there = partner_call(floor, here)
    if there is None or not isinstance(here.state, Talking):
        return "there is nobody to swap with"
    if asker.leg == here.leg:
        transfer.turn_round(floor, here)
    bridge = transfer.leave_bridge(floor, here)
    _move(floor, asker, here, there)
    here.consults_for = here.lent = None
    there.consults_for, there.lent = here.call_id, asker.leg
    _set_aside(floor, here, asker, there)
    let_hear_music(floor, here)  # begun in the bridge it goes on when that is gone
    floor.because(here, "swap", f"on hold: goes on in call {there.call_id}", asker.person)
    _go_on_talking(floor, there, asker)
    transfer.take_down(floor, there, bridge)
    return None


def cancel(floor: Floor, here: Call) -> str | None:
    """Who was asked is let go; the asker goes back to the caller."""
    pair = _pair(floor, here)
    if pair is None:
        return "nobody is being asked"
    question = pair[1]
    end(floor, question, Outcome.NO_ANSWER if question.answered_at_ms is None else Outcome.CONNECTED, "called off")
    return None


def join(floor: Floor, here: Call, asker: Party) -> str | None:
    """All three talk, in the call of the caller."""
    pair = _pair(floor, here)
    if pair is None or not isinstance(here.state, Talking):
        return "there are no three to talk"
    main, question = pair
    guest = _who_was_asked(question, asker.leg)
    if guest is None:
        return "who is asked has not answered yet"
    bridge = transfer.leave_bridge(floor, here)
    _no_pair(main, question)
    if question is here:
        _move(floor, asker, question, main)
    _move(floor, guest, question, main)
    _is_left(floor, question)
    end(floor, question, Outcome.CONNECTED, f"goes on in call {main.call_id}, where three talk")
    floor.because(main, "conference", "three talk", guest.person)
    bring_together(floor, main, asker, _back_to(floor, main, asker.person), third=guest)
    transfer.take_down(floor, main, bridge)
    return None


def _pair(floor: Floor, here: Call) -> tuple[Call, Call] | None:
    """The caller's call and the question, in either of which the asker talks now."""
    there = partner_call(floor, here)
    if there is None:
        return None
    return (there, here) if here.is_question else (here, there)


def _no_pair(*calls: Call) -> None:
    for call in calls:
        call.consults_for = call.lent = None


def _who_was_asked(question: Call, asker: LegId | None) -> Party | None:
    """``None`` while nobody has answered."""
    state = question.state
    if isinstance(state, OnHold) and state.other is not None:
        return Party(question.leg, question.caller_person)
    if isinstance(state, Connecting):
        offer = state.offer
        return Party(question.leg, question.caller_person) if offer.leg == asker else Party(offer.leg, offer.person)
    return transfer.other_side(question, asker)


def _move(floor: Floor, party: Party, source: Call, target: Call) -> None:
    """A party goes over to another call. Music would go on in their ear among voices."""
    if party.leg == source.leg:
        stop_what_is_heard(floor, source, on_behalf_of=target)
    floor.move_leg(party.leg, source, target, party.person)


def _go_on_talking(floor: Floor, call: Call, asker: Party) -> None:
    back_to = _back_to(floor, call, asker.person)
    floor.changed[call.call_id] = None
    bring_together(floor, call, asker, back_to)


def _back_to(floor: Floor, call: Call, person: PersonId | None) -> Ringing:
    """Where the call goes on if the two cannot be connected."""
    call.first_plan = call.first_plan or call.plan
    call.plan, call.step = Plan("hand-over", transfer.way_back(floor, call, person, "connection lost")), -1
    return Ringing((), (), 0, floor.at_ms)


# giving over ---------------------------------------------------------------------------------------------------


def complete(floor: Floor, here: Call) -> str | None:
    """The asker leaves; the caller gets whoever was asked, or still rings."""
    pair = _pair(floor, here)
    if pair is None:
        return "nobody is being asked"
    main, question = pair
    asker = here.lent
    holder = transfer.side_of(main, asker) or Party(asker or LegId(""), _holder(main))
    return give(floor, main, question, holder, asker)


def _holder(call: Call) -> PersonId | None:
    state = call.state
    return state.offer.person if isinstance(state, Connecting) else state.person if isinstance(state, OnHold) else None


def give(floor: Floor, call: Call, question: Call, giver: Party, giver_there: LegId | None) -> str | None:
    """The party of ``call`` gets whoever ``question`` reached, or still rings; or why not. ``giver`` leaves both: a
    phone has a leg in each of them, ``giver.leg`` and ``giver_there``; otherwise the two are one. To whomever the giver
    holds besides they have hung up."""
    state = question.state
    asks = isinstance(state, OnHold) and state.other is not None and state.other != call.call_id
    asked = None if asks else _who_was_asked(question, giver_there)
    reached = asks or asked is not None or isinstance(state, Ringing | Waiting)
    if not reached or question.plan is None or call.plan is None:
        return "nobody was reached"
    for other in [partner_call(floor, one) for one in (call, question)]:
        if other is not None and other is not call and other is not question:
            _lose_asker(floor, other)
    if giver.leg == call.leg:
        transfer.turn_round(floor, call)
    if isinstance(state, OnHold) and asks:
        _hold_instead(floor, call, question, giver, state)
    elif asked is not None:
        _give_who_was_asked(floor, call, question, giver, asked)
    else:
        _give_who_still_rings(floor, call, question, giver)
    return None


def _give_who_was_asked(floor: Floor, call: Call, question: Call, giver: Party, asked: Party) -> None:
    assert question.plan is not None
    steps = question.plan.steps
    _no_pair(call, question)
    bridges = (_leave(floor, call, question, giver, HandOverKind.ATTENDED), transfer.leave_bridge(floor, question))
    call.step = len(steps) - 2
    _move(floor, asked, question, call)
    _is_left(floor, question)
    end(floor, question, Outcome.CONNECTED, f"given to the caller of call {call.call_id}")
    bring_together(floor, call, asked, Ringing((), (), 0, floor.at_ms))
    for bridge in bridges:
        transfer.take_down(floor, call, bridge)


def _give_who_still_rings(floor: Floor, call: Call, question: Call, giver: Party) -> None:
    state = question.state
    _no_pair(call, question)
    transfer.take_down(floor, call, _leave(floor, call, question, giver, HandOverKind.EARLY))
    let_hear_music(floor, call)
    if isinstance(state, Ringing) and state.offers:
        _take_over_ringing(floor, call, question, state)
    end(floor, question, Outcome.NO_ANSWER, f"given to the caller of call {call.call_id} before anybody answered")
    if not isinstance(call.state, Ringing):
        call.step -= 1
        call.enter(Ringing((), (), 0, floor.at_ms))  # nobody yet
        next_step(floor, call)


def _is_left(floor: Floor, question: Call) -> None:
    """Whoever was in it goes on in the caller's call: the end of it must not take their bridge down before."""
    question.enter(Ringing((), (), 0, floor.at_ms))


def _leave(floor: Floor, call: Call, question: Call, giver: Party, kind: HandOverKind) -> BridgeId | None:
    """``giver`` is out of the caller's call, which goes on where the question is in its plan, and else back. The bridge
    is still to be taken down."""
    assert question.plan is not None
    title = _title(floor, question)
    bridge = transfer.leave_bridge(floor, call)
    transfer.settle_talk(floor, call, giver.person)
    hang_up_leg(floor, call, giver.leg)
    call.first_plan = call.first_plan or call.plan
    call.not_again = [giver.person] if giver.person is not None else []
    floor.changed[call.call_id] = None
    hand_overs.begin(floor, call, kind, giver.person, title)
    back = transfer.way_back(floor, call, giver.person, f"back from {title}")
    call.plan, call.step = Plan(f"hand-over to {title}", (*question.plan.steps[:-1], *back)), question.step
    return bridge


def _hold_instead(floor: Floor, call: Call, question: Call, giver: Party, state: OnHold) -> None:
    """Whoever was asked is asking somebody else just now, and holds the giver: they hold the caller instead."""
    assert question.plan is not None
    _no_pair(call)
    transfer.take_down(floor, call, _leave(floor, call, question, giver, HandOverKind.ATTENDED))
    call.step = len(question.plan.steps) - 2
    let_hear_music(floor, call)
    assert state.other is not None
    floor.calls[state.other].consults_for = call.call_id
    question.enter(msgspec.structs.replace(state, other=None))
    call.enter(msgspec.structs.replace(state, since_ms=floor.at_ms))
    end(floor, question, Outcome.CONNECTED, f"given to the caller of call {call.call_id}")


def _take_over_ringing(floor: Floor, call: Call, question: Call, state: Ringing) -> None:
    """The phones that ring go on ringing, for the party on hold."""
    for offer in state.offers:
        question.legs.pop(offer.leg, None)
        call.legs[offer.leg] = offer.person
        floor.leg_owner[offer.leg] = call.call_id
        if offer.person is not None:
            floor.engage(offer.person, offer.leg, call.call_id, Doing.RINGING)
    question.enter(Ringing((), state.candidates, state.each_ms, state.step_until_ms))
    call.ringing_since_ms = call.ringing_since_ms or question.ringing_since_ms
    call.enter(state)


def _title(floor: Floor, question: Call) -> str:
    meant = floor.policy_of(question).destinations.get(question.dialled)
    if meant is not None:
        return meant.title
    return f"extension {question.dialled}" if question.direction is Direction.INTERNAL else "a number outside"


# when somebody leaves ------------------------------------------------------------------------------------------


def asker_left(floor: Floor, here: Call) -> bool:
    """Who talks in ``here`` and holds the other call has hung up: the two parties have each other, if both are there.
    False: there is nobody to give."""
    return partner_call(floor, here) is not None and complete(floor, here) is None


def settle(floor: Floor) -> None:
    """After each fact: legs that were lent to calls which are over go back; whose asker is gone as well comes back by
    themselves."""
    for gone in list(floor.gone.values()):
        if gone.consults_for is not None:
            floor.to_give_back.setdefault(gone.call_id, None)
    for call_id, bridge in list(floor.to_give_back.items()):
        over = floor.calls.get(call_id) or floor.gone.get(call_id)
        if over is not None:
            goes_on = _give_back(floor, over, over.lent) if over.lent is not None else None
            transfer.take_down(floor, goes_on or over, bridge)


def _give_back(floor: Floor, over: Call, leg: LegId) -> Call | None:
    """The call in which whoever asked talks on, if they do."""
    there = partner_call(floor, over)
    still_there = over.caller_there if leg == over.leg else leg in over.legs
    over.consults_for = over.lent = None
    if there is None:
        if still_there:
            floor.act(HangUp(over.call_id, leg))
        return None
    asker = Party(leg, _holder(there))
    if not still_there:
        _lose_asker(floor, there)
        return None
    _move(floor, asker, over, there)
    forget_if_gone(floor, over)
    floor.because(there, "consult", f"call {over.call_id} is over: back to the caller", asker.person)
    _go_on_talking(floor, there, asker)
    return there


def _lose_asker(floor: Floor, call: Call) -> None:
    state = call.state
    assert isinstance(state, OnHold)
    floor.changed[call.call_id] = None
    state = msgspec.structs.replace(state, other=None)
    call.enter(state)
    if not holding.when_holder_gone(floor, call, state):
        end(floor, call, Outcome.CONNECTED, "who was holding them is gone")
