"""What stands on record of a visit, laid beside what the observer saw of it. They must agree to within 200 ms."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

from devkit.processes import Deadline
from devkit.soft_call import SoftCall
from devkit.soft_company import SoftCompany
from tests.tools.observer import Part, Visit, visit_of, without_short

WITHIN_MS = 200
SHORT_US, LONGEST_SHORT_US = 150_000, 350_000
"""What is over so soon, on either side, need not be on the other."""
LATE_BYE_MS = 550
"""So long may the phone of who gave somebody away not hear that it is out: while Asterisk joins two other calls, for
half a second, some of its messages wait. Until then the observer takes the caller for one on hold."""
_KINDS = {
    "wait": "wait",
    "talk": "talk",
    "conference": "conference",
    "hold": "held",
    "consult": "held",
    "hand_over": "between",
    "parked": "between",
    "message": "between",
}
"""What the record calls a part → what the observer can tell of it."""
_OF_SOMEBODY = ("talk", "hold", "consult", "conference")


def seen(company: SoftCompany, call: SoftCall) -> Visit:
    """What the observer says of this caller's call, up to now."""
    return visit_of(call, company.name_of, company.staff.values(), time.time_ns() // 1000)


async def on_record(company: SoftCompany, number: str, timeout_s: float = 15) -> list[dict[str, Any]]:
    """The rows of this caller's calls, once they all are over."""
    deadline = Deadline(timeout_s, f"the record of the caller …{number[-4:]}")
    while True:
        rows = await company.query(
            "SELECT * FROM call WHERE caller_number = $1 AND direction = 'inbound' ORDER BY arrived_at", number
        )
        if rows and all(row["ended_at"] is not None for row in rows):
            return [dict(row) for row in rows]
        await deadline.pause(0.05)


async def recorded_parts(company: SoftCompany, row: dict[str, Any]) -> list[Part]:
    """The segments of this call, in the observer's words."""
    segments = await company.query(
        "SELECT kind, person, (extract(epoch FROM began_at) * 1000)::bigint AS from_ms, lasted_ms FROM call_segment "
        "WHERE call_id = $1 ORDER BY number",
        row["call_id"],
    )
    return [
        Part(
            _KINDS[segment["kind"]],
            (segment["person"] or "outside",) if segment["kind"] in _OF_SOMEBODY else (),
            segment["from_ms"] * 1000,
            (segment["from_ms"] + segment["lasted_ms"]) * 1000,
        )
        for segment in segments
    ]


def gaps(parts: Sequence[Part], row: dict[str, Any]) -> Iterator[str]:
    """Where the segments of a call do not add up to it, to the millisecond."""
    at_us = _ms(row["arrived_at"]) * 1000
    for part in parts:
        if part.from_us != at_us:
            yield f"a gap of {(part.from_us - at_us) / 1000:.0f} ms before {part}"
        at_us = part.to_us
    if at_us != _ms(row["ended_at"]) * 1000:
        yield f"the segments end {_ms(row['ended_at']) - at_us // 1000} ms before the call"


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def disagreements(visit: Visit, recorded: Sequence[Part], within_ms: float = WITHIN_MS) -> list[str]:
    """Where both tell another story, or the same at other times."""
    shorts = (SHORT_US, 250_000, LONGEST_SHORT_US)
    tries = [_disagreements(visit.parts, _plain(recorded), within_ms, short_us) for short_us in shorts]
    if all(tries) and abs(_held_ms(visit.parts) - _held_ms(recorded)) <= LATE_BYE_MS + within_ms:
        ours, theirs = _away(visit.parts), _away(recorded)
        tries += [_disagreements(ours, theirs, within_ms, short_us) for short_us in shorts]
    return min(tries, key=len)


def _away(parts: Sequence[Part]) -> list[Part]:
    """Without telling hold from what follows it."""
    apart = ("held", "between")
    return without_short([replace(part, kind="away", who=()) if part.kind in apart else part for part in parts], 0)


def _held_ms(parts: Sequence[Part]) -> float:
    return sum(part.ms for part in parts if part.kind == "held")


def _disagreements(seen: Sequence[Part], recorded: Sequence[Part], within_ms: float, short_us: int) -> list[str]:
    ours, theirs = without_short(seen, short_us), without_short(recorded, short_us)
    found = []
    for mine, other in zip_longest(ours, theirs):
        if mine is None or other is None or (mine.kind, _who(mine)) != (other.kind, _who(other)):
            story = f"seen: {'; '.join(map(str, ours))}\nrecorded: {'; '.join(map(str, theirs))}"
            return [f"seen {mine}, recorded {other}\n{story}"]
        for what, a_us, b_us in (("begins", mine.from_us, other.from_us), ("ends", mine.to_us, other.to_us)):
            if abs(a_us - b_us) > within_ms * 1000:
                found.append(f"{mine} {what} {(b_us - a_us) / 1000:+.0f} ms on record")
    return found


def _who(part: Part) -> tuple[str, ...]:
    return () if part.kind in ("wait", "between", "away", "conference") else part.who


def _plain(recorded: Sequence[Part]) -> list[Part]:
    """Neighbours alike made one: hold and consulting are both being held."""
    return without_short(recorded, 0)


async def problems(company: SoftCompany, call: SoftCall, number: str, within_ms: float = WITHIN_MS) -> list[str]:
    """Everything that is wrong on record with this caller's only call, once it is over."""
    rows = await on_record(company, number)
    if len(rows) != 1:
        return [f"{len(rows)} calls on record for one visit"]
    recorded = await recorded_parts(company, rows[0])
    return [*gaps(recorded, rows[0]), *disagreements(seen(company, call), recorded, within_ms)]
