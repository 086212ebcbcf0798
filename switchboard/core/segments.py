"""Segments: what a visit consisted of, from its first moment to its last, without a gap.

What goes on is read off the call's state, after every fact; nothing else notes it. So the segments of a call add up to
the time it lasted, whatever happened in whatever order.
"""

from __future__ import annotations

from typing import assert_never

import msgspec

from switchboard.core.call_state import (
    Asking,
    Call,
    Checking,
    Connecting,
    Ending,
    Keeping,
    LeavingMessage,
    Listening,
    LookingUp,
    OnHold,
    Parked,
    Ringing,
    Saying,
    Summoning,
    Talking,
    Telling,
    Waiting,
)
from switchboard.core.entries import Segment, SegmentKind
from switchboard.core.ids import PersonId

UNHELD_TO_GIVEN_MS, UNHELD_TO_JOINED_MS = 150, 700
"""The end of a hold that belongs to a transfer comes 2 to 4 ms before it, or half a second where two calls are joined.
An earlier one was meant: they talked."""
TALKS = (SegmentKind.TALK, SegmentKind.CONFERENCE, SegmentKind.LISTEN)


def look(call: Call, at_ms: int) -> None:
    """Note what goes on by now; when it is not what went on, that is over."""
    state, last = call.state, call.segment
    if isinstance(state, Ending):
        if last is None and not call.segments:
            last = _first(call)
        if last is not None:
            _close(call, last, call.ended_at_ms if call.ended_at_ms is not None else at_ms)
            call.segment = None
        return
    kind, person = _now(call)
    if last is None:
        last = _first(call)
    if (last.kind, last.person) != (kind, person):
        _close(call, last, at_ms)
        last = Segment(kind, at_ms, at_ms, person)
    call.segment = last


def _first(call: Call) -> Segment:
    """Where a visit begins; or where it is, for a call that talked already when this was not noted yet."""
    last = Segment(SegmentKind.WAIT, call.arrived_at_ms, call.arrived_at_ms)
    if call.answered_at_ms is None or not isinstance(call.state, Talking):
        return last
    _close(call, last, call.answered_at_ms)
    return Segment(SegmentKind.TALK, call.answered_at_ms, call.answered_at_ms, call.state.person)


def _close(call: Call, last: Segment, at_ms: int) -> None:
    at_ms = max(at_ms, last.from_ms)
    before = call.segments[-1] if call.segments else None
    if at_ms == last.from_ms:
        return  # it was over in the moment it began
    if before is not None and (before.kind, before.person) == (last.kind, last.person):
        call.segments[-1] = msgspec.structs.replace(before, until_ms=at_ms)
    else:
        call.segments.append(msgspec.structs.replace(last, until_ms=at_ms))


def _now(call: Call) -> tuple[SegmentKind, PersonId | None]:
    match call.state:
        case Talking(person=person, third=third):
            return (SegmentKind.TALK if third is None else SegmentKind.CONFERENCE), person
        case OnHold(by=by, person=person, other=other):
            holder = call.caller_person if by == call.leg else person
            return (SegmentKind.HOLD if other is None else SegmentKind.CONSULT), holder
        case Parked(by=by):
            return SegmentKind.PARKED, by
        case Listening(person=person) if call.answered_at_ms is not None:
            return SegmentKind.LISTEN, person
        case Saying() | LeavingMessage() | Keeping():
            return SegmentKind.MESSAGE, None
        case (
            Telling()
            | Listening()
            | LookingUp()
            | Ringing()
            | Waiting()
            | Asking()
            | Summoning()
            | Connecting()
            | Checking()
            | Ending()
        ):
            return (SegmentKind.WAIT if call.answered_at_ms is None else SegmentKind.HAND_OVER), None
        case _:
            assert_never(call.state)


def hold_goes_on(call: Call, at_ms: int, within_ms: int) -> None:
    """A phone takes the other side off hold for the moment in which Asterisk transfers them: no talk in truth."""
    last, before = call.segment, call.segments[-1] if call.segments else None
    if last is None or before is None or last.kind is not SegmentKind.TALK or before.kind is not SegmentKind.HOLD:
        return
    if last.person == before.person and at_ms - last.from_ms <= within_ms:
        call.segment = msgspec.structs.replace(before, until_ms=before.from_ms)
        call.segments.pop()


def as_told(call: Call) -> None:
    """A call that we only heard of: it waited, and maybe talked."""
    answered_ms, ended_ms = call.answered_at_ms, call.ended_at_ms
    assert ended_ms is not None
    waited_ms = ended_ms if answered_ms is None else answered_ms
    _close(call, Segment(SegmentKind.WAIT, call.arrived_at_ms, call.arrived_at_ms), waited_ms)
    if answered_ms is not None:
        _close(call, Segment(SegmentKind.TALK, answered_ms, answered_ms, call.answered_by), ended_ms)


def talk_ms(call: Call) -> int:
    return sum(one.until_ms - one.from_ms for one in call.segments if one.kind in TALKS)


def between_ms(call: Call) -> int:
    """The time after the first answer that was no talk: hold, consulting, parked, on the way, a last message."""
    assert call.answered_at_ms is not None
    begins_ms = call.answered_at_ms
    later = [one for one in call.segments if one.from_ms >= begins_ms and one.kind not in TALKS]
    return sum(one.until_ms - one.from_ms for one in later)
