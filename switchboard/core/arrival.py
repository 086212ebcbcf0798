"""Where calls begin: on a line of the company, or on a staff member's phone."""

from __future__ import annotations

from switchboard.core import shifts
from switchboard.core.actions import LookUpCaller
from switchboard.core.admission import why_not_taken
from switchboard.core.call import send_on
from switchboard.core.call_state import Call, Hears, LookingUp
from switchboard.core.classification import unidentified, why_not_looked_up
from switchboard.core.ending import end
from switchboard.core.entries import Direction, Outcome
from switchboard.core.facts import CallArrived, Entrance
from switchboard.core.floor import Floor
from switchboard.core.hearing import set_language
from switchboard.core.ids import CallId, call_id_for
from switchboard.core.lines import find_line, read_often
from switchboard.core.phone_number import NumberKind, PhoneNumber, read_number
from switchboard.core.policy import EndStep, OutsideStep, Person, Plan, Policy, RingStep, Whom, WhomKind
from switchboard.core.staff import Doing
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
    person = next((person for person in policy.people.values() if person.phone == fact.phone), None)
    extension = person.extension if person is not None else fact.number
    number = PhoneNumber(extension, NumberKind.INTERNAL, digits=extension)
    direction = Direction.INTERNAL if person is None else _direction(policy, fact.dialled)
    call = _new_call(floor, fact, call_id, direction, number)
    if person is None or person.person_id not in floor.people:
        floor.because(call, "arrived", "from a phone that belongs to nobody")
        end(floor, call, Outcome.REFUSED, "the phone is nobody's", cause=REFUSED_CAUSE)
        return call
    call.caller_person = person.person_id
    floor.people[person.person_id].registered = True
    floor.engage(person.person_id, call.leg, call_id, Doing.TALKING)
    floor.because(call, "arrived", f"dialled on their phone: {direction}", person.person_id)
    match direction:
        case Direction.CODE:
            _carry_out_code(floor, call, person)
        case Direction.INTERNAL:
            _call_colleague(floor, call)
        case _:
            _call_out(floor, call, person)
    return call


def _direction(policy: Policy, dialled: str) -> Direction:
    if dialled.startswith(("*", "#")):
        return Direction.CODE
    if any(person.extension == dialled for person in policy.people.values()):
        return Direction.INTERNAL
    return Direction.OUTBOUND


def _carry_out_code(floor: Floor, call: Call, person: Person) -> None:
    meant = shifts.read_code(floor.policy, call.dialled)
    if meant is None:
        floor.because(call, "refused", "no such code", person.person_id)
        say(floor, call, floor.policy.prompts.refused, Outcome.REFUSED)
        return
    command, reason = meant
    shifts.carry_out(floor, person.person_id, command, reason)
    floor.because(call, "code", command, person.person_id)
    say(floor, call, shifts.confirmation(floor.policy, command), Outcome.CODE)


def _call_colleague(floor: Floor, call: Call) -> None:
    policy = floor.policy
    callee = next(person for person in policy.people.values() if person.extension == call.dialled)
    ring_ms = policy.limits.internal_ring_ms
    ring = RingStep((Whom(WhomKind.PERSON, callee.person_id),), ring_ms, ring_ms)
    last = EndStep(NO_ANSWER_CAUSE, "the colleague did not take the call")
    call.last_cause = BUSY_CAUSE if callee.person_id == call.caller_person else NO_ANSWER_CAUSE
    begin_plan(floor, call, Plan("internal", (ring, last)))


def _call_out(floor: Floor, call: Call, person: Person) -> None:
    why_not, number = _may_dial(floor.policy, person, call.dialled)
    if why_not is not None:
        end(floor, call, Outcome.REFUSED, why_not, cause=REFUSED_CAUSE)
        return
    last = EndStep(NO_ANSWER_CAUSE, "the number outside did not take the call")
    begin_plan(floor, call, Plan("outbound", (OutsideStep(number, floor.policy.outbound.ring_ms), last)))


def _may_dial(policy: Policy, person: Person, dialled: str) -> tuple[str | None, str]:
    """Why this person may not dial this number outside (``None``: they may), and the number for the trunk.

    Only what the number plan can read goes out: never a string from a phone, digit for digit (toll fraud).
    """
    if dialled in policy.outbound.always_allowed:
        return None, dialled
    prefix = policy.outbound.prefix
    if not dialled.startswith(prefix):
        return f"no such extension, and no outside number: those begin with {prefix}", ""
    number = read_number(dialled.removeprefix(prefix), policy.number_plan)
    if number.kind is not NumberKind.PUBLIC or number.e164 is None:
        return "neither an extension nor a number that can be read", ""
    if not person.may_call_out:
        return "may not call outside numbers", ""
    if find_line(policy, number.e164) is not None:
        return "that is a line of our own", ""
    return None, number.e164
