"""Wishes to listen to a talk: dialled as a code, or asked for at the desk, and whether they are granted.

By code the call of the code becomes the listening itself. At the desk the supervisor's own phone rings first, as the
call's own leg, and they hear when they pick up.
"""

from __future__ import annotations

from switchboard.core.actions import Ring
from switchboard.core.call_state import Call, Listening, Summoning
from switchboard.core.entries import Direction
from switchboard.core.facts import StaffCommanded
from switchboard.core.floor import Floor
from switchboard.core.ids import LegId, call_id_for, nth_id
from switchboard.core.listeners import note_attempt, talk_of, why_not_heard
from switchboard.core.listening import begin, change
from switchboard.core.offering import BACKSTOP_MS
from switchboard.core.phone_number import NumberKind, PhoneNumber
from switchboard.core.staff import Doing, PersonRecord
from switchboard.core.staff_commands import StaffCommand
from switchboard.core.state_parts import Hears, Mode, Wish

COMMANDS = (StaffCommand.LISTEN, StaffCommand.WHISPER, StaffCommand.BARGE_IN)
"""Named as the modes are."""
RING_MS = 20_000
"""How long the phone of somebody rings who asked at the desk."""


def on_the_phone(floor: Floor, own: Call, asked: StaffCommanded) -> str | None:
    """``own``, the call by which the code was dialled, becomes the listening; or why not."""
    own.direction = Direction.LISTEN
    why_not = _why_not(floor, asked)
    note_attempt(floor, own.call_id, asked, why_not)
    if why_not is not None or asked.whom is None:
        return why_not
    own.listens = Wish(asked.whom, Mode(asked.command))
    begin(floor, own)
    return None


def by_command(floor: Floor, person: PersonRecord, asked: StaffCommanded) -> str | None:
    """Ring the supervisor, who hears when they pick up. Who listens already to the same person changes the mode."""
    mode = Mode(asked.command)
    for leg, engaged in person.legs.items():
        own = floor.calls.get(engaged.call)
        if own is not None and own.leg == leg and isinstance(own.state, Listening) and own.state.person == asked.whom:
            return change(floor, own, own.state, mode)
    why_not = _why_not(floor, asked)
    if why_not is None and not floor.switch_ready:
        why_not = "Asterisk is away"
    if why_not is None and (not person.registered or person.unasked):
        why_not = "has no registered phone"
    if why_not is None and (person.legs or person.elsewhere):
        why_not = "is on a call"
    if why_not is not None or asked.whom is None:
        note_attempt(floor, None, asked, why_not)
        return why_not
    call = _summon(floor, person, Wish(asked.whom, mode))
    note_attempt(floor, call.call_id, asked, None)
    return None


def _why_not(floor: Floor, asked: StaffCommanded) -> str | None:
    if asked.whom is None:
        return asked.reason or "listens to nobody"
    why_not = why_not_heard(floor.policy, asked.person, asked.whom)
    if why_not is None and isinstance(talk := talk_of(floor, asked.whom, asked.person), str):
        return talk
    return why_not


def _summon(floor: Floor, person: PersonRecord, wish: Wish) -> Call:
    policy, who = floor.policy, person.person_id
    call_id = call_id_for(LegId(f"{who} listens to {wish.person}"), floor.at_ms)
    extension = policy.people[who].extension
    call = Call(
        call_id=call_id,
        direction=Direction.LISTEN,
        leg=LegId(nth_id(call_id, 0)),
        number=PhoneNumber(extension, NumberKind.INTERNAL, digits=extension),
        dialled=policy.people[wish.person].extension,
        caller_person=who,
        policy_version=policy.version,
        arrived_at_ms=floor.at_ms,
        state=Summoning(who, floor.at_ms, floor.at_ms + RING_MS),
        hears=Hears.RINGING,
        listens=wish,
    )
    floor.add_call(call)
    floor.engage(who, call.leg, call_id, Doing.RINGING)
    shown = policy.people[wish.person]
    floor.act(
        Ring(
            call_id,
            call.leg,
            floor.phone_of(call, who),
            caller_number=shown.extension,
            caller_name=shown.name,
            like=None,
            ring_ms=RING_MS + BACKSTOP_MS,
        )
    )
    floor.because(call, "offered", f"wants to listen to {wish.person}: rings them first", who)
    return call


def picked_up(floor: Floor, call: Call, state: Summoning) -> None:
    """The supervisor who asked at the desk has picked up; the talk may be over by now."""
    floor.engage(state.person, call.leg, call.call_id, Doing.TALKING)
    call.answered, call.hears = True, Hears.NOTHING
    floor.because(call, "picked_up", "the supervisor picked up", state.person)
    begin(floor, call)
