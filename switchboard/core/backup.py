"""Backup groups: who stands in when the others cannot keep the service level, or are not there (duty D22).

The level is looked at when it may have changed: a caller was answered, gave up, or has just waited too long.
"""

from __future__ import annotations

from switchboard.core.call_state import Call, Waiting
from switchboard.core.floor import Floor
from switchboard.core.queue_rules import Backup, Queue
from switchboard.core.seating import tell_of_backup
from switchboard.core.service_level import ServiceLevel

_AT_LEAST_OPEN_MS = 60_000
"""Opened and closed every few seconds it would help nobody."""
_FEWEST_CALLS = 3
"""A level can be told by so many."""


def note_answered(floor: Floor, call: Call) -> None:
    """Somebody of the queue talks with the caller."""
    if call.from_queue is not None:
        _note(floor, call, call.from_queue)


def note_given_up(floor: Floor, call: Call) -> None:
    """The caller leaves a queue unanswered: hangs up, or goes on to the next step."""
    if isinstance(call.state, Waiting):
        _note(floor, call, call.state.queue, unanswered=True)


def _note(floor: Floor, call: Call, name: str, *, unanswered: bool = False) -> None:
    queue = floor.policy.queues.get(name)
    if queue is None or queue.backup is None:
        return
    waited_ms = floor.at_ms - call.arrived_at_ms
    in_time = waited_ms <= queue.backup.within_ms
    if unanswered and in_time:
        return  # gone before anybody could be expected to answer
    level = floor.service.setdefault(name, ServiceLevel())
    level.note(floor.at_ms, queue.backup.over_ms, in_time=in_time)
    _review(floor, call, queue, queue.backup)


def stands_in(floor: Floor, queue: str) -> bool:
    level = floor.service.get(queue)
    return level is not None and level.backup_since_ms is not None


def review_for(floor: Floor, call: Call, name: str) -> None:
    """The caller joined this queue, or has waited in it for a while."""
    queue = floor.policy.queues.get(name)
    if queue is not None and queue.backup is not None:
        _review(floor, call, queue, queue.backup)


def _review(floor: Floor, call: Call, queue: Queue, backup: Backup) -> None:
    """Open or close the backup group; the record of ``call``, which made us look, says so. When it opens, its people
    ring for whoever is first in line."""
    level = floor.service.setdefault(queue.name, ServiceLevel())
    level.forget_before(floor.at_ms - backup.over_ms)
    late = _waiting_too_long(floor, queue.name, backup.within_ms)
    percent, calls, in_time = level.percent(late)
    nobody_else = not any(_on_shift(floor, queue))
    is_low = nobody_else or (percent < backup.below_percent and calls >= _FEWEST_CALLS)
    if level.backup_since_ms is None and is_low:
        level.backup_since_ms = floor.at_ms
        low = f"{in_time} of {calls} calls were answered within {backup.within_ms / 1000:g} s"
        why = "nobody else is signed in" if nobody_else else f"{low}, less than {backup.below_percent} %"
        floor.because(call, "backup", f"the backup group of queue {queue.name} stands in: {why}")
        for person in backup.people:
            floor.touch(person)
    elif level.backup_since_ms is not None and not is_low and not late:
        _close(floor, call, queue, level, level.backup_since_ms)
    tell_of_backup(floor, queue)


def _close(floor: Floor, call: Call, queue: Queue, level: ServiceLevel, since_ms: int) -> None:
    if floor.at_ms - since_ms >= _AT_LEAST_OPEN_MS:
        level.backup_since_ms = None
        floor.because(call, "backup", f"the backup group of queue {queue.name} is not needed any more")


def _waiting_too_long(floor: Floor, queue: str, within_ms: int) -> int:
    waiting = (floor.calls[call] for call in floor.waiting.get(queue, ()))
    return sum(isinstance(call.state, Waiting) and floor.at_ms - call.arrived_at_ms > within_ms for call in waiting)


def _on_shift(floor: Floor, queue: Queue) -> list[bool]:
    """Of everybody but the backup group."""
    people = (*queue.people, *(person for tier in queue.tiers for person in tier.people))
    return [record.on_shift for one in people if (record := floor.people.get(one)) is not None]
