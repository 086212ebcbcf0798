"""How fast a queue moves: from answer to answer, as long as people wait. What an expected wait rests on.

A gap counts only if whoever was answered had been waiting already when the one before was: then everybody who serves
the queue was busy all the time between, and the gap has in it all that makes a queue slow (long talks, wrap-up,
pauses, other queues of the same people). A caller's wait is their place times the mean gap of the last hour.
"""

from __future__ import annotations

from collections.abc import Container

from msgspec import Struct

MOST_GAPS, FEWEST_GAPS = 20, 3
LONGEST_AGO_MS = 3_600_000


class Gap(Struct, frozen=True):
    at_ms: int
    gap_ms: int


class Pace(Struct, frozen=True):
    """Of one queue. The newest gap is the last."""

    answered_at_ms: int
    gaps: tuple[Gap, ...] = ()


def note_answer(paces: dict[str, Pace], queue: str, since_ms: int, at_ms: int, open_queues: Container[str]) -> None:
    """Somebody who waited in ``queue`` since then was answered. What closed is forgotten."""
    before = paces.get(queue)
    gaps = before.gaps if before is not None else ()
    if before is not None and 0 < since_ms <= before.answered_at_ms:
        gaps = (*gaps, Gap(at_ms, at_ms - before.answered_at_ms))[-MOST_GAPS:]
    for closed in [name for name in paces if name not in open_queues]:
        del paces[closed]
    paces[queue] = Pace(at_ms, gaps)


def expected_wait_ms(pace: Pace | None, place: int, at_ms: int) -> int | None:
    """How long whoever stands at ``place`` (1: next) will probably wait; ``None`` while too little is known."""
    gaps = [one.gap_ms for one in pace.gaps if one.at_ms > at_ms - LONGEST_AGO_MS] if pace is not None else []
    return place * sum(gaps) // len(gaps) if len(gaps) >= FEWEST_GAPS else None
