"""Wrap-up: the time an operator has to themselves after a call of a queue, exact to the millisecond.

It is owed when the talk ends, and its clock runs only while no leg of the person lives: it begins when the last leg
is gone, stands still while they are rung or talk about something else (a colleague's call, a code they dial), and goes
on with what is left. So nothing another call does can end it early or swallow it; only its clock, the person or their
desk can. What was paused for meanwhile holds afterwards.
"""

from __future__ import annotations

from switchboard.core.policy import Limits
from switchboard.core.queue_rules import Queue
from switchboard.core.staff import PersonRecord


def owe(person: PersonRecord, queue: Queue, at_ms: int) -> None:
    """They talked with a caller of ``queue``. What is left of an earlier wrap-up is not added: the longer counts."""
    hold(person, at_ms)
    if queue.wrap_up_ms > (person.wrap_up_left_ms or 0):
        person.wrap_up_left_ms, person.wrap_up_of = queue.wrap_up_ms, queue.name
    go_on(person, at_ms)


def hold(person: PersonRecord, at_ms: int) -> None:
    """The clock stands still: a leg of theirs begins to live."""
    if person.wrap_up_until_ms is not None:
        person.wrap_up_left_ms = max(0, person.wrap_up_until_ms - at_ms) or None
        person.wrap_up_until_ms = None


def go_on(person: PersonRecord, at_ms: int) -> None:
    """The clock runs, if anything is owed and they are at rest."""
    if person.wrap_up_left_ms is not None and not person.legs and not person.elsewhere:
        person.wrap_up_until_ms, person.wrap_up_left_ms = at_ms + person.wrap_up_left_ms, None


def cancel(person: PersonRecord) -> None:
    person.wrap_up_until_ms = person.wrap_up_left_ms = None


def extend(person: PersonRecord, by_ms: int, limits: Limits, at_ms: int) -> str | None:
    """Give them ``by_ms`` more, up to the most that may be left; why not, where there is no wrap-up."""
    if person.wrap_up_until_ms is None and person.wrap_up_left_ms is None:
        return "is not in wrap-up"
    if by_ms <= 0:
        return "wrap-up can only become longer"
    hold(person, at_ms)
    left_ms = person.wrap_up_left_ms or 0
    person.wrap_up_left_ms = max(left_ms, min(left_ms + by_ms, limits.wrap_up_at_most_ms))
    go_on(person, at_ms)
    return None
