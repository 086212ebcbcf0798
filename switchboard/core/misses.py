"""Misses: a queue's call that somebody did not take, counted, and what follows for them."""

from __future__ import annotations

from switchboard.core.floor import Floor
from switchboard.core.ids import PersonId


def count_miss(floor: Floor, person_id: PersonId, *, rang_out: bool) -> None:
    """A queue's call was not taken. Whose phone takes none is paused: callers must not wait for it again and again.
    Who only let it ring out may have left their desk: until they say that they are there no other call goes to them."""
    person = floor.people.get(person_id)
    if person is None:
        return
    person.misses += 1
    limits = floor.policy.limits
    floor.touch(person_id)
    if limits.pause_after_misses and person.misses >= limits.pause_after_misses and person.pause is None:
        person.pause, person.missed_until_ms = f"took none of the last {person.misses} calls", None
    elif rang_out and limits.missed_ms:
        person.missed_until_ms = floor.at_ms + limits.missed_ms


def count_taken(floor: Floor, person_id: PersonId) -> None:
    person = floor.people.get(person_id)
    if person is not None:
        person.misses, person.missed_until_ms = 0, None
