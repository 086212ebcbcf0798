"""The book of hand-overs: who gave the caller to whom, when, and what became of it."""

from __future__ import annotations

import msgspec

from switchboard.core.call_state import Call
from switchboard.core.entries import HandOver, HandOverKind
from switchboard.core.floor import Floor
from switchboard.core.ids import PersonId


def begin(floor: Floor, call: Call, kind: HandOverKind, giver: PersonId | None, to: str) -> None:
    """One that is still under way ends with this one."""
    settle(floor, call, "given on")
    call.hand_overs.append(HandOver(kind, giver, to, floor.at_ms))
    floor.because(call, "hand_over", f"{kind} to {to}", giver)


def note_answer(floor: Floor, call: Call, person: PersonId | None) -> None:
    if call.is_handed_over:
        returned = person is not None and person == call.hand_overs[-1].giver
        settle(floor, call, "returned" if returned else "answered", person)


def settle(floor: Floor, call: Call, result: str, person: PersonId | None = None) -> None:
    """What became of the hand-over that is under way, if there is one."""
    if call.is_handed_over:
        last = call.hand_overs[-1]
        call.hand_overs[-1] = msgspec.structs.replace(last, result=result, person=person, until_ms=floor.at_ms)
