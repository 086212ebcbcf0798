"""What staff do while they talk: by command from the desk, by code, by keys, or by their phone's own means (REFER).

All of it comes to the same few operations, which are in ``transfer``, ``consulting`` and ``holding``. Here is found who
does it, in which call, and whether they may.
"""

from __future__ import annotations

from switchboard.core import consulting, holding, segments, transfer
from switchboard.core.actions import HangUp
from switchboard.core.call_state import Call, OnHold, Talking
from switchboard.core.destinations import Way, find_way
from switchboard.core.entries import Direction
from switchboard.core.facts import LegsTransferred, LegTransferred, StaffCommanded
from switchboard.core.floor import Floor
from switchboard.core.ids import LegId, PersonId, call_id_of
from switchboard.core.offering import hang_up_leg
from switchboard.core.staff import PersonRecord
from switchboard.core.staff_commands import StaffCommand
from switchboard.core.state_parts import Party

_IN_A_TALK = frozenset(
    {
        StaffCommand.HAND_OVER, StaffCommand.CONSULT, StaffCommand.SWAP, StaffCommand.JOIN, StaffCommand.COMPLETE,
        StaffCommand.CALL_OFF, StaffCommand.HOLD, StaffCommand.TALK_ON, StaffCommand.PARK,
    }
)  # fmt: skip


def call_meant(floor: Floor, asked: StaffCommanded) -> Call | None:
    """The call that a command is about: a bug in it ends that one."""
    person = floor.people.get(asked.person)
    talk = talk_of(floor, person) if person is not None and asked.command in _IN_A_TALK else None
    return talk[0] if talk is not None else None


def carry_out(floor: Floor, person: PersonRecord, asked: StaffCommanded) -> str | None:
    """Do it, or say why not: to the desk, and in the history of the call that it was about."""
    if not floor.switch_ready:
        return "Asterisk is away"
    talk = talk_of(floor, person)
    if talk is None:
        return "talks with nobody"
    call, side = talk
    why_not = do(floor, call, side, asked.command, asked.to)
    if why_not is not None:
        floor.because(call, "refused", f"{asked.command} by command: {why_not}", person.person_id)
    return why_not


def do(floor: Floor, call: Call, side: Party, command: StaffCommand, to: str) -> str | None:
    """What ``side``, one of the two (or three) who talk in ``call``, wants; or why it cannot be."""
    if call.lent is not None and call.lent != side.leg:
        return "is asked by somebody, who holds a caller: it is for them to say"
    match command:
        case StaffCommand.HAND_OVER:
            return hand_over(floor, call, side, to)
        case StaffCommand.CONSULT:
            return consulting.ask(floor, call, side, to)
        case StaffCommand.SWAP:
            return consulting.swap(floor, call, side)
        case StaffCommand.JOIN:
            return consulting.join(floor, call, side)
        case StaffCommand.COMPLETE:
            return _complete(floor, call, side)
        case StaffCommand.CALL_OFF:
            return consulting.cancel(floor, call)
        case StaffCommand.HOLD:
            return holding.hold(floor, call, side)
        case StaffCommand.TALK_ON:
            return holding.resume(floor, call)
        case StaffCommand.PARK:
            return holding.park(floor, call, side) if call.lent is None else "ask, or park: not both"
        case _:
            return "is dialled on a phone"


def talk_of(floor: Floor, person: PersonRecord) -> tuple[Call, Party] | None:
    """The call in which somebody talks now, or holds somebody, and their side of it; the newest first."""
    found: list[tuple[bool, Call, Party]] = []
    for leg, engaged in person.legs.items():
        call = floor.calls.get(engaged.call)
        if call is None or engaged.ending or call.outcome is not None:
            continue
        side = transfer.side_of(call, leg)
        if side is None and leg == call.lent:
            side = Party(leg, person.person_id)  # what they asked still rings
        if side is not None:
            found.append((isinstance(call.state, OnHold), call, side))
    talking = [(call, side) for on_hold, call, side in reversed(found) if not on_hold]
    return next(iter(talking), next(((call, side) for _, call, side in reversed(found)), None))


def hand_over(floor: Floor, call: Call, giver: Party, to: str) -> str | None:
    """Give the other side away."""
    if call.lent is not None:
        return "is asking somebody: complete it, or call it off"
    if not isinstance(call.state, Talking | OnHold):
        return "talks with nobody"
    if giver.person is None or not transfer.may_leave(call, giver):
        return "has nobody to give away"
    if to == floor.policy.codes.park and to:
        return holding.park(floor, call, giver)
    way = way_for(floor, giver.person, to)
    if isinstance(way, str):
        return way
    state = call.state
    if isinstance(state, Talking) and state.third is not None:
        hang_up_leg(floor, call, state.third.leg)
    transfer.hand_over(floor, call, giver, way)
    floor.changed[call.call_id] = None
    return None


def way_for(floor: Floor, person: PersonId, to: str) -> Way | str:
    return find_way(floor.policy, person, to, floor.policy.limits.hand_over_ring_ms)


def _complete(floor: Floor, call: Call, side: Party) -> str | None:
    """Also for a phone that holds one call and talks in another, by commands alone."""
    if call.lent is not None:
        return consulting.complete(floor, call)
    held = held_by(floor, side.person)
    if held is None or held is call or not isinstance(held.state, OnHold):
        return "nobody is being asked"
    legs = {call.call_id: side.leg, held.call_id: held.state.by}
    main, question = _callers_first(held, call)
    giver = Party(legs[main.call_id], side.person)
    if not transfer.may_leave(main, giver):
        return "is asked by somebody, who holds a caller: it is for them to say"
    return consulting.give(floor, main, question, giver, legs[question.call_id])


def _callers_first(one: Call, other: Call) -> tuple[Call, Call]:
    """The call of somebody from outside goes on when two become one; else the one that came first."""
    main, question = sorted(
        (one, other), key=lambda each: (each.direction is not Direction.INBOUND, each.arrived_at_ms)
    )
    return main, question


def held_by(floor: Floor, person: PersonId | None) -> Call | None:
    """The call that somebody's phone holds, if any; the newest."""
    return next((call for call in reversed(floor.calls.values()) if _holds(call, person)), None)


def _holds(call: Call, person: PersonId | None) -> bool:
    state = call.state
    if not isinstance(state, OnHold) or state.bridge is None:
        return False
    return person is not None and person == (call.caller_person if state.by == call.leg else state.person)


# by the phone's own means (REFER) --------------------------------------------------------------------------------


def when_transferred(floor: Floor, call: Call | None, fact: LegTransferred) -> bool:
    """Asterisk has agreed already: what is not permitted brings the caller back to who tried it."""
    giver = transfer.side_of(call, fact.leg) if call is not None else None
    if call is None or giver is None or giver.person is None or not transfer.may_leave(call, giver):
        give_up_stand_ins(floor, fact.stand_ins, call)
        return False
    segments.hold_goes_on(call, floor.at_ms, segments.UNHELD_TO_GIVEN_MS)
    if call.lent == fact.leg and consulting.asker_left(floor, call):
        give_up_stand_ins(floor, fact.stand_ins, call)
        return True
    why_not = hand_over(floor, call, giver, fact.dialled)
    if why_not is not None:
        floor.because(call, "refused", f"cannot be given to {fact.dialled!r}: {why_not}", giver.person)
        transfer.hand_over(floor, call, giver, Way(fact.dialled[:20], ()))
    give_up_stand_ins(floor, fact.stand_ins, call)
    return True


def when_joined(floor: Floor, call: Call | None, other: Call | None, fact: LegsTransferred) -> bool:
    """The caller's call goes on, with whoever is on the other one; of two callers the one who came first."""
    meant = call is not None and other is not None and call is not other and _join(floor, call, other, fact)
    give_up_stand_ins(floor, fact.stand_ins, call or other)
    return meant


def _join(floor: Floor, call: Call, other: Call, fact: LegsTransferred) -> bool:
    legs = {call.call_id: fact.leg, other.call_id: fact.other}
    main, question = _callers_first(call, other)
    giver = transfer.side_of(main, legs[main.call_id])
    if giver is None:
        main, question = question, main
        giver = transfer.side_of(main, legs[main.call_id])
    if giver is None or giver.person is None or not transfer.may_leave(main, giver):
        return False
    for one in (main, question):
        segments.hold_goes_on(one, floor.at_ms, segments.UNHELD_TO_JOINED_MS)
    why_not = consulting.give(floor, main, question, giver, legs[question.call_id])
    if why_not is not None:
        floor.because(main, "refused", f"cannot be given to the other call: {why_not}", giver.person)
        transfer.hand_over(floor, main, giver, Way("the other call", ()))
    return True


def give_up_stand_ins(floor: Floor, stand_ins: tuple[LegId, ...], call: Call | None) -> None:
    """One half takes the other with it."""
    for leg in stand_ins[:1]:
        floor.act(HangUp(call.call_id if call is not None else call_id_of(leg), leg))
