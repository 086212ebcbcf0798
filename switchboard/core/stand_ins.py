"""Stand-ins: who is rung where somebody is meant (own manager, head, pool, a colleague), and gets their tasks.

Somebody who is absent (by the staff file, or away until a time they named) is replaced by their deputy, and the deputy,
if absent too, by theirs; that is as far as it goes, and never back to anybody asked before. Outside their hours nobody
is handed a client's call. Who forwards is replaced by whom they forward to: one hop, whatever that person forwards to.
Every replacement is a decision on record.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from switchboard.core.call_state import Call
from switchboard.core.entries import Direction
from switchboard.core.floor import Floor
from switchboard.core.ids import PersonId
from switchboard.core.opening_hours import opening_at
from switchboard.core.policy import Policy

MOST_DEPUTIES = 2
"""The deputy, and one hop further."""


class Away(Struct, frozen=True):
    why: str
    deputy: PersonId | None


def whom_to_ring(floor: Floor, call: Call, meant: PersonId) -> PersonId | None:
    """Who is rung for ``call`` where ``meant`` is meant; ``None``: nobody, and the record says why."""
    person = _who_is_there(floor, call, meant)
    if person is None:
        return None
    record = floor.people.get(person)
    target = record.forward_to if record is not None else None
    if target is None:
        return person
    if target not in floor.people:
        floor.because(call, "skipped", f"forwards to {target}, who is no longer among the staff", person)
        return None
    floor.because(call, "forwarded", f"forwards to {target}", person)
    away = why_away(floor, target)
    if away is not None:
        floor.because(call, "skipped", away.why, target)
        return None
    return target


def whose_task(floor: Floor, meant: PersonId) -> PersonId:
    """Who gets a task that is meant for ``meant``: they themselves, if no deputy is there either."""
    asked = [meant]
    while (away := why_away(floor, asked[-1])) is not None:
        if away.deputy is None or away.deputy in asked or len(asked) > MOST_DEPUTIES:
            return meant
        asked.append(away.deputy)
    return asked[-1]


def why_away(floor: Floor, person: PersonId) -> Away | None:
    """Whether somebody is absent now, by the staff file or their own word."""
    record = floor.people.get(person)
    if record is not None and record.away_until_ms is not None:
        return Away(f"is away until {local_moment(floor.policy, record.away_until_ms)}", record.deputy)
    of_staff = floor.policy.people.get(person)
    for absence in of_staff.absences if of_staff is not None else ():
        if absence.since_ms <= floor.at_ms < absence.until_ms:
            why = f" ({absence.reason})" if absence.reason else ""
            return Away(f"is absent until {absence.last_day}{why}", absence.deputy)
    return None


def local_moment(policy: Policy, at_ms: int) -> str:
    """For people to read, e.g. ``2026-12-14 18:00``."""
    return datetime.fromtimestamp(at_ms // 1000, tz=ZoneInfo(policy.timezone)).strftime("%Y-%m-%d %H:%M")


def _who_is_there(floor: Floor, call: Call, meant: PersonId) -> PersonId | None:
    internal = call.direction is Direction.INTERNAL
    asked = [meant]
    while (away := why_away(floor, asked[-1])) is not None:
        if internal and away.deputy is None:
            return asked[-1]  # a colleague knows whom they call
        floor.because(call, "skipped", away.why, asked[-1])
        if away.deputy is None or away.deputy in asked or len(asked) > MOST_DEPUTIES:
            return None
        asked.append(away.deputy)
        floor.because(call, "deputy", f"stands in for {meant}", asked[-1])
    why_not = None if internal else _out_of_hours(floor, asked[-1])
    if why_not is not None:
        floor.because(call, "skipped", why_not, asked[-1])
        return None
    return asked[-1]


def _out_of_hours(floor: Floor, person: PersonId) -> str | None:
    of_staff = floor.policy.people.get(person)
    if of_staff is None or of_staff.hours is None:
        return None
    opening = opening_at(floor.policy.hours[of_staff.hours], floor.at_ms)
    return None if opening.is_open else f"is out of hours ({opening.reason})"
