"""Deadlines: one heap for all calls, people and bookings; an entry whose owner has moved on is skipped."""

from __future__ import annotations

import heapq

from switchboard.core.facts import DeadlinePassed
from switchboard.core.floor import Floor
from switchboard.core.ids import CallId, PersonId


def next_ms(floor: Floor) -> int | None:
    """When ``due`` will next have something; ``None`` when nothing can become late: not while Asterisk is away."""
    if not floor.switch_ready:
        return None
    heap = floor.deadlines
    while heap and not _is_current(floor, *heap[0]):
        _pop(floor)
    return heap[0][0] if heap else None


def due(floor: Floor, at_ms: int) -> list[DeadlinePassed]:
    """Deadlines that have come by ``at_ms``, each handed out once, to be put among the facts."""
    facts = []
    while (until_ms := next_ms(floor)) is not None and until_ms <= at_ms:
        until_ms, kind, owner = _pop(floor)
        if kind == "call":
            facts.append(DeadlinePassed(until_ms, call=CallId(owner)))
        elif kind == "booking":
            facts.append(DeadlinePassed(until_ms, booking=CallId(owner)))
        else:
            facts.append(DeadlinePassed(until_ms, person=PersonId(owner)))
    return facts


def _pop(floor: Floor) -> tuple[int, str, str]:
    until_ms, kind, owner = heapq.heappop(floor.deadlines)
    if floor.armed.get((kind, owner)) == until_ms:
        del floor.armed[kind, owner]
    return until_ms, kind, owner


def _is_current(floor: Floor, until_ms: int, kind: str, owner: str) -> bool:
    if floor.armed.get((kind, owner)) != until_ms:
        return False  # armed anew since, or handed out already
    if kind == "call":
        call = floor.calls.get(CallId(owner))
        return call is not None and call.until_ms == until_ms
    if kind == "booking":
        booking = floor.bookings.get(CallId(owner))
        return booking is not None and booking.until_ms == until_ms
    person = floor.people.get(PersonId(owner))
    return person is not None and person.until_ms == until_ms
