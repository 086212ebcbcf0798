"""Calls that Asterisk's own queue had while the service was away: put on record once they are over and we know of them.

Nothing can be done about such a call any more but to remember it. It gets a record like every other one, with the
moments at which things happened, and no client: whom it would have been for was never asked. Who was not served and can
be called back is.
"""

from __future__ import annotations

from switchboard.core import segments
from switchboard.core.call_state import Call, Ending
from switchboard.core.entries import Direction, Outcome
from switchboard.core.fallback_call import FallbackCall
from switchboard.core.floor import Floor
from switchboard.core.ids import call_id_for
from switchboard.core.lines import find_line
from switchboard.core.phone_number import read_number
from switchboard.core.phones import person_at
from switchboard.core.policy import Whom, WhomKind
from switchboard.core.steps import open_task

_BY_WHOM = "by Asterisk's own queue, while the service was away"


def put_on_record(floor: Floor, told: FallbackCall) -> None:
    """Make the record of a call that is over. Moments out of order (a clock was set) are put in order."""
    policy = floor.policy
    began_ms = told.arrived_at_ms
    ended_ms = max(began_ms, told.answered_at_ms or 0, told.ended_at_ms or 0)
    call = Call(
        call_id=call_id_for(told.leg, began_ms),
        direction=Direction.INBOUND,
        leg=told.leg,
        caller_there=False,
        number=read_number(told.number, policy.number_plan),
        dialled=told.dialled,
        line=find_line(policy, told.dialled),
        policy_version=policy.version,
        arrived_at_ms=began_ms,
        state=Ending(ended_ms),
        ring_ms=told.ring_ms,
        ended_at_ms=ended_ms,
    )
    where = f"on line {call.line.name}" if call.line is not None else "on a number that no line has"
    floor.because(call, "arrived", f"{where}; taken {_BY_WHOM}", at_ms=began_ms)
    if told.answered_at_ms is not None:
        call.answered_at_ms = max(told.answered_at_ms, began_ms)
        call.answered_by = person_at(floor.people, policy, told.phone)
        whose = "" if call.answered_by is not None else f" on the phone {told.phone}, which is nobody's"
        floor.because(call, "answered", f"{_BY_WHOM}{whose}", call.answered_by, at_ms=call.answered_at_ms)
    segments.as_told(call)
    call.outcome, why = _outcome(told)
    floor.because(call, "ended", why, at_ms=ended_ms)
    if call.answered_at_ms is None and call.number.e164 is not None:
        open_task(floor, call, "call_back", (Whom(WhomKind.DEPARTMENT_HEAD),), f"{why} (the service was away)")
    floor.gone[call.call_id] = call


def _outcome(told: FallbackCall) -> tuple[Outcome, str]:
    if told.lost:
        return Outcome.SWITCH_LOST, "Asterisk was restarted"
    if told.answered_at_ms is not None:
        return Outcome.SERVED, "one of the two hung up"
    if told.unserved:
        return Outcome.MESSAGE, "nobody took the call, the caller heard the message"
    if told.ringing:
        return Outcome.ABANDONED_RINGING, "the caller left the queue while a phone rang"
    return Outcome.ABANDONED_WAITING, "the caller left the queue"
