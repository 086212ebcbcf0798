"""Who may listen to whom, what there is to hear, and the entries of the audit: every attempt is on record."""

from __future__ import annotations

from msgspec import Struct

from switchboard.core.call_state import Call, Connecting, OnHold, Talking
from switchboard.core.entries import Audited
from switchboard.core.facts import StaffCommanded
from switchboard.core.floor import Floor
from switchboard.core.ids import BridgeId, CallId, LegId, PersonId
from switchboard.core.policy import Policy
from switchboard.core.state_parts import Mode, Offer

STOP = "stop"


class Heard(Struct, frozen=True):
    """A talk of somebody of the staff."""

    call: Call
    leg: LegId
    """Theirs."""
    bridge: BridgeId


def why_not_heard(policy: Policy, who: PersonId, whom: PersonId) -> str | None:
    """Why ``who`` may not listen to ``whom``; ``None``: they may."""
    mine, theirs = policy.people.get(who), policy.people.get(whom)
    if mine is None or theirs is None:
        return "is not among the staff"
    if who == whom:
        return "listens to nobody else"
    may = mine.may_listen
    if may.everybody or any(whom in policy.queues[queue].everybody for queue in may.queues if queue in policy.queues):
        return None
    department = policy.departments.get(theirs.department)
    if may.department and theirs.department and theirs.department == mine.department:
        return None
    if may.department and department is not None and department.head == who:
        return None
    return f"may not listen to {whom}"


def is_there(call: Call | None, leg: LegId) -> bool:
    """Whether ``leg`` is one of those who talk in ``call``, hold somebody in it, or are about to talk on."""
    match call.state if call is not None else None:
        case Talking(leg=partner, third=third) | Connecting(offer=Offer(leg=partner), third=third):
            others = (partner, third.leg) if third is not None else (partner,)
        case OnHold(leg=partner):
            others = (partner,)
        case _:
            return False
    return call is not None and leg in (call.leg, *others)


def talk_of(floor: Floor, whom: PersonId, but_for: PersonId | None = None) -> Heard | str:
    """What ``whom`` talks, or why there is nothing to hear; nor is there for one who talks with them (``but_for``)."""
    record = floor.people.get(whom)
    for leg, engaged in record.legs.items() if record is not None else ():
        call = floor.calls.get(engaged.call)
        if call is None or not isinstance(call.state, Talking) or not is_there(call, leg):
            continue
        third = call.state.third
        if but_for is not None and but_for in (call.caller_person, call.state.person, third.person if third else None):
            return f"talks with {whom}"
        return Heard(call, leg, call.state.bridge)
    return f"{whom} talks with nobody"


def note_attempt(
    floor: Floor, call: CallId | None, asked: StaffCommanded, why_not: str | None, was: Mode | None = None
) -> None:
    """Somebody asked to listen, or to go on in another mode; ``why_not``: what they were told."""
    talk = talk_of(floor, asked.whom) if asked.whom is not None else "nobody"
    floor.entries.append(
        Audited(
            at_ms=floor.at_ms,
            person=asked.person,
            what=asked.command,
            about=asked.whom,
            call=talk.call.call_id if isinstance(talk, Heard) else None,
            by_call=call,
            allowed=why_not is None,
            was=was,
            becomes=asked.command if why_not is None else was,
            why=why_not or "",
        )
    )


def note_end(floor: Floor, call: Call, was: Mode | None, why: str, becomes: Mode | None = None) -> None:
    """What they did, or only wished to (``was`` is ``None``), is over or could not be done.

    ``becomes``: how they go on listening, if they do.
    """
    wish = call.listens
    if wish is None or call.caller_person is None:
        return
    state = call.state
    floor.entries.append(
        Audited(
            at_ms=floor.at_ms,
            person=call.caller_person,
            what=becomes or STOP,
            about=wish.person,
            call=getattr(state, "talk", None),
            by_call=call.call_id,
            allowed=True,
            was=was or wish.mode,
            becomes=becomes,
            why=why,
        )
    )
