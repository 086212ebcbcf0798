"""Where calls begin: on a line of the company, or on a staff member's phone."""

from __future__ import annotations

from switchboard.core import codes, holding, hot_desk, phones, pick_up, shifts, talk_commands, wishes
from switchboard.core.actions import LookUpCaller
from switchboard.core.admission import why_not_taken
from switchboard.core.call_state import Call, LookingUp
from switchboard.core.classification import unidentified, why_not_looked_up
from switchboard.core.destinations import find_way
from switchboard.core.ending import end
from switchboard.core.entries import Direction, Outcome
from switchboard.core.facts import CallArrived, Entrance, StaffCommanded
from switchboard.core.floor import Floor
from switchboard.core.hearing import set_language
from switchboard.core.identified import send_on
from switchboard.core.ids import CallId, call_id_for
from switchboard.core.lines import find_line, read_often
from switchboard.core.outside import may_dial
from switchboard.core.phone_number import NumberKind, PhoneNumber
from switchboard.core.policy import (
    EndStep,
    OutsideStep,
    Person,
    Plan,
    Policy,
    RingStep,
    Whom,
    WhomKind,
)
from switchboard.core.staff import Doing
from switchboard.core.staff_commands import StaffCommand
from switchboard.core.state_parts import Hears
from switchboard.core.steps import BUSY_CAUSE, CONGESTION_CAUSE, NO_ANSWER_CAUSE, REFUSED_CAUSE, begin_plan, say

_CREDIBLE_WAIT_MS = 600_000
"""Nobody has listened to ringing for longer: then it is a clock that was set."""


def begin(floor: Floor, fact: CallArrived) -> Call:
    """Make the call that came with ``fact`` and begin to serve it."""
    call_id = call_id_for(fact.leg, floor.at_ms)
    return _from_line(floor, fact, call_id) if fact.entrance is Entrance.LINE else _from_phone(floor, fact, call_id)


def _new_call(floor: Floor, fact: CallArrived, call_id: CallId, direction: Direction, number: PhoneNumber) -> Call:
    policy = floor.policy
    call = Call(
        call_id=call_id,
        direction=direction,
        leg=fact.leg,
        number=number,
        dialled=fact.dialled,
        policy_version=policy.version,
        arrived_at_ms=floor.at_ms - (fact.waited_ms if fact.waited_ms <= _CREDIBLE_WAIT_MS else 0),
        state=LookingUp(floor.at_ms + policy.limits.look_up_ms),
    )
    floor.add_call(call)
    return call


# on a line -----------------------------------------------------------------------------------------------------


def _from_line(floor: Floor, fact: CallArrived, call_id: CallId) -> Call:
    policy = floor.policy
    not_taken = why_not_taken(floor)
    call = _new_call(floor, fact, call_id, Direction.INBOUND, read_often(fact.number, policy.number_plan))
    call.line = find_line(policy, fact.dialled)
    floor.because(call, "arrived", f"on line {call.line.name}" if call.line else "on a number that no line has")
    if not_taken is not None:
        whither = "goes to Asterisk's own queue" if not_taken.outcome is Outcome.OVERFLOW else "is told to try later"
        end(floor, call, not_taken.outcome, f"{whither}: {not_taken.why}", cause=CONGESTION_CAUSE)
        return call
    set_language(floor, call)
    call.hears = Hears.RINGING  # the dialplan saw to it before it gave us the call
    why_not = why_not_looked_up(call.number)
    if why_not is None:
        floor.act(LookUpCaller(call_id, call.number, policy.limits.look_up_ms))
    else:
        send_on(floor, call, unidentified(why_not))
    return call


# on a staff phone ----------------------------------------------------------------------------------------------


def _from_phone(floor: Floor, fact: CallArrived, call_id: CallId) -> Call:
    """A code, a colleague's extension, or a number outside; anything else is refused with its reason."""
    policy = floor.policy
    user = phones.person_at(floor.people, policy, fact.phone)
    person = policy.people.get(user) if user is not None else None
    owner = phones.owner_of(policy, fact.phone)
    extension = person.extension if person is not None else fact.number
    number = PhoneNumber(extension, NumberKind.INTERNAL, digits=extension)
    direction = Direction.INTERNAL if person is None and owner is None else _direction(policy, fact.dialled)
    call = _new_call(floor, fact, call_id, direction, number)
    call.dialled = codes.for_the_record(policy, fact.dialled)
    if fact.phone is not None and (asked := codes.read_hot_desk(policy, fact.dialled)) is not None:
        if person is not None:
            _comes_from(floor, call, person, direction)
        hot_desk.begin(floor, call, fact.phone, asked)
        return call
    if person is None and owner is not None and fact.dialled in policy.outbound.always_allowed:
        floor.because(call, "arrived", "from a phone whose owner uses another one")
        _call_out(floor, call, policy.people[owner])
        return call
    if person is None:
        floor.because(call, "arrived", "from a phone that belongs to nobody")
        end(floor, call, Outcome.REFUSED, "the phone is nobody's", cause=REFUSED_CAUSE)
        return call
    _comes_from(floor, call, person, direction)
    match direction:
        case Direction.CODE:
            _carry_out_code(floor, call, person)
        case Direction.INTERNAL:
            _call_colleague(floor, call)
        case _:
            _call_out(floor, call, person)
    return call


def _comes_from(floor: Floor, call: Call, person: Person, direction: Direction) -> None:
    record = floor.people[person.person_id]
    call.caller_person = person.person_id
    record.registered = True
    floor.engage(person.person_id, call.leg, call.call_id, Doing.TALKING)
    where = "their phone" if record.seat is None else f"the phone {record.seat}"
    floor.because(call, "arrived", f"dialled on {where}: {direction}", person.person_id)


def _direction(policy: Policy, dialled: str) -> Direction:
    if dialled.startswith(("*", "#")):
        return Direction.CODE
    if dialled in policy.destinations or any(person.extension == dialled for person in policy.people.values()):
        return Direction.INTERNAL
    return Direction.OUTBOUND


def _carry_out_code(floor: Floor, call: Call, person: Person) -> None:
    asked = codes.read_code(floor, person.person_id, call.dialled)
    if isinstance(asked, StaffCommanded) and asked.command in (StaffCommand.PICK_UP, StaffCommand.RETRIEVE):
        if asked.command is StaffCommand.PICK_UP:
            why_not = pick_up.on_the_phone(floor, call, person.person_id, asked.whom)
        else:
            why_not = holding.retrieve(floor, call, person.person_id, asked.whom or person.person_id)
        if why_not is None:
            return
    elif isinstance(asked, StaffCommanded) and asked.command in wishes.COMMANDS:
        why_not = wishes.on_the_phone(floor, call, asked)
        if why_not is None:
            return
    else:
        why_not = shifts.carry_out(floor, asked) if isinstance(asked, StaffCommanded) else asked
    if why_not is not None or isinstance(asked, str):
        floor.because(call, "refused", why_not or "", person.person_id)
        say(floor, call, floor.policy.prompts.refused, Outcome.REFUSED)
        return
    floor.because(call, "code", asked.command, person.person_id)
    say(floor, call, codes.confirmation(floor.policy, asked.command), Outcome.CODE)


def _call_colleague(floor: Floor, call: Call) -> None:
    policy = floor.policy
    if call.dialled in policy.destinations:
        _call_duty(floor, call)
        return
    callee = next(person for person in policy.people.values() if person.extension == call.dialled)
    ring_ms = policy.limits.internal_ring_ms
    ring = RingStep((Whom(WhomKind.PERSON, callee.person_id),), ring_ms, ring_ms)
    last = EndStep(NO_ANSWER_CAUSE, "the colleague did not take the call")
    call.last_cause = BUSY_CAUSE if callee.person_id == call.caller_person else NO_ANSWER_CAUSE
    begin_plan(floor, call, Plan("internal", (ring, last)))


def _call_duty(floor: Floor, call: Call) -> None:
    """A colleague asks a queue or a duty. Whom they hold meanwhile is whom it is about: "their own manager" is that
    client's."""
    assert call.caller_person is not None
    way = find_way(floor.policy, call.caller_person, call.dialled, floor.policy.limits.internal_ring_ms)
    if isinstance(way, str):
        end(floor, call, Outcome.REFUSED, way, cause=REFUSED_CAUSE)
        return
    about = talk_commands.held_by(floor, call.caller_person)
    if about is not None:
        call.client, call.client_class, call.line = about.client, about.client_class, about.line
    last = EndStep(NO_ANSWER_CAUSE, f"{way.title}: nobody took the call")
    begin_plan(floor, call, Plan(f"internal to {way.title}", (*way.steps, last)))


def _call_out(floor: Floor, call: Call, person: Person) -> None:
    why_not, number = may_dial(floor.policy, person, call.dialled)
    if why_not is not None:
        end(floor, call, Outcome.REFUSED, why_not, cause=REFUSED_CAUSE)
        return
    last = EndStep(NO_ANSWER_CAUSE, "the number outside did not take the call")
    begin_plan(floor, call, Plan("outbound", (OutsideStep(number, floor.policy.outbound.ring_ms), last)))
