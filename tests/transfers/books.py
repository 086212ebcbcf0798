"""What stands on record of a visit, laid beside what the observer saw of it. They must agree to within 200 ms.

But for what is held up in between: while Asterisk joins two calls of a phone, for half a second, it leaves unread (or
unsent) what falls to the same of its 31 queues; so a BYE is seen later than it was meant, a re-INVITE is heard later
than it was sent. And the machine itself stands still now and then. For so long, and only then, they may differ more.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from devkit.processes import Deadline
from devkit.soft_call import SoftCall
from devkit.soft_company import SoftCompany
from tests.tools.observer import Part, Visit, visit_of, without_short

WITHIN_MS = 200
SHORT_US, LONGEST_SHORT_US = 150_000, 350_000
"""What is over so soon, on either side, need not be on the other."""
JOINED_WITHIN_US = 550_000
"""So long Asterisk takes from a phone's REFER to the end of the join."""
Windows = Sequence[tuple[int, int]]
"""From when to when something was held up; microseconds since the epoch."""
Key = tuple[str, tuple[str, ...]]
"""What a part is, whenever it was."""
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


def joins(company: SoftCompany) -> list[tuple[int, int]]:
    """When Asterisk joined two calls of somebody's phone, of late."""
    return [
        (one.at_us, one.at_us + JOINED_WITHIN_US)
        for phone in company.staff.values()
        for one in phone.trace
        if one.sent and one.text.startswith("REFER ") and "Replaces" in one.message.headers["refer-to"]
    ]


def disagreements(visit: Visit, recorded: Sequence[Part], held_up: Windows = ()) -> list[str]:
    """Where both tell another story, or the same at other times."""
    if _agree(visit.parts, recorded, held_up):
        return []
    ours, theirs = (without_short(parts, SHORT_US) for parts in (visit.parts, recorded))
    return [f"seen: {'; '.join(map(str, ours))}\nrecorded: {'; '.join(map(str, theirs))}"]


def _agree(seen: Sequence[Part], recorded: Sequence[Part], held_up: Windows) -> bool:
    """Whether the two are the same but for parts that are short: then who came before lasts on."""

    def near(a_us: int, b_us: int) -> bool:
        begin_us, end_us = sorted((a_us, b_us))
        return end_us - begin_us <= WITHIN_MS * 1000 + _held_up_us(begin_us, end_us, held_up)

    def may_miss(part: Part, before: Key) -> bool:
        longest_us = LONGEST_SHORT_US + _held_up_us(part.from_us, part.to_us, held_up)
        return _key(part) == before or part.to_us - part.from_us < longest_us

    @cache
    def rest_agrees(nth: int, other: int, before: Key | None) -> bool:
        mine, theirs = seen[nth : nth + 1], recorded[other : other + 1]
        if not mine and not theirs:
            return near(seen[-1].to_us, recorded[-1].to_us)
        if before is not None and mine and may_miss(mine[0], before) and rest_agrees(nth + 1, other, before):
            return True
        if before is not None and theirs and may_miss(theirs[0], before) and rest_agrees(nth, other + 1, before):
            return True
        if not mine or not theirs or _key(mine[0]) != _key(theirs[0]) or _key(mine[0]) == before:
            return False
        return near(mine[0].from_us, theirs[0].from_us) and rest_agrees(nth + 1, other + 1, _key(mine[0]))

    return rest_agrees(0, 0, None)


def _held_up_us(from_us: int, to_us: int, held_up: Windows) -> int:
    """For how much of this time."""
    cut = sorted((max(from_us, begin), min(to_us, end)) for begin, end in held_up if begin < to_us and end > from_us)
    total_us = 0
    for begin, end in cut:
        total_us += max(0, end - max(begin, from_us))
        from_us = max(from_us, end)
    return total_us


def _key(part: Part) -> Key:
    return part.kind, _who(part)


def _who(part: Part) -> tuple[str, ...]:
    return () if part.kind in ("wait", "between", "conference") else part.who


async def problems(company: SoftCompany, call: SoftCall, number: str, stalls: Windows = ()) -> list[str]:
    """Everything that is wrong on record with this caller's only call, once it is over."""
    rows = await on_record(company, number)
    if len(rows) != 1:
        return [f"{len(rows)} calls on record for one visit"]
    recorded = await recorded_parts(company, rows[0])
    held_up = (*joins(company), *stalls)
    return [*gaps(recorded, rows[0]), *disagreements(seen(company, call), recorded, held_up)]
