"""Who rings for whom: two choices, as functions of what they choose from. Doing it is the queue's job."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from switchboard.core.entries import PersonState
from switchboard.core.ids import CallId, PersonId
from switchboard.core.staff import PersonRecord


class WaitingCaller(Struct, frozen=True):
    """A caller for whom nobody is being rung."""

    call: CallId
    priority: int
    arrived_at_ms: int
    not_again: tuple[PersonId, ...]


def next_person(caller: WaitingCaller, serving: Iterable[PersonRecord]) -> PersonRecord | None:
    """The ready person who has been idle longest and has not yet refused or missed this caller."""
    return min(
        (
            person
            for person in serving
            if person.state is PersonState.READY and person.person_id not in caller.not_again
        ),
        key=lambda person: (person.idle_since_ms, person.person_id),
        default=None,
    )


def next_caller(person: PersonId, waiting: Iterable[WaitingCaller]) -> WaitingCaller | None:
    """The caller of the highest priority, oldest first, whom this person has not yet refused or missed."""
    return min(
        (caller for caller in waiting if person not in caller.not_again),
        key=lambda caller: (-caller.priority, caller.arrived_at_ms, caller.call),
        default=None,
    )
