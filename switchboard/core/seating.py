"""Seating: keeps the board up to date with the floor: who serves what, who is ready, who waits and in which order.

The order of callers is one over all queues: by when they came, earlier by what the priority of their class is worth. So
nobody starves: a caller is overtaken only by those who came later by less than the difference in points.
"""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.core import strategies
from switchboard.core.booking import Booking
from switchboard.core.call_state import Call, Waiting
from switchboard.core.entries import PersonState
from switchboard.core.floor import Floor
from switchboard.core.ids import PersonId
from switchboard.core.matching import Board, Need, Rank, Seat, WaitingCaller
from switchboard.core.policy import Policy, QueueStep
from switchboard.core.queue_rules import Queue
from switchboard.core.staff import PersonRecord


def set_up(floor: Floor) -> None:
    """Make the board anew: who serves what may have changed."""
    floor.board = Board()
    if floor.current_version is None:
        return
    for queue in floor.policy.queues.values():
        tell_of_backup(floor, queue)
    tiers = _tiers(floor)
    for name, need in needs_of(floor.policy):
        floor.board.expect(name, need)
    for queue in floor.queues.values():
        if queue.backup is not None:
            floor.board.has_backup(queue.name, backup_tier(queue))
    for person_id, record in floor.people.items():
        person = floor.policy.people.get(person_id)
        floor.board.seat(person_id, Seat(tiers.get(person_id, {}), person.skills if person is not None else {}))
        if record.state is PersonState.READY:
            floor.board.ready(person_id, _ranks(floor, record))
    for call in floor.calls.values():
        if isinstance(call.state, Waiting) and not call.state.offers:
            floor.board.wait(as_waiting(floor, call))
    for booking in floor.bookings.values():
        seat_booking(floor, booking)


def seat_booking(floor: Floor, booking: Booking) -> None:
    """Let the board know whether somebody who is to be called back has a turn now; all tiers are open for them."""
    stands = floor.bookings.get(booking.booking) is booking and booking.booking not in floor.calls
    stands = stands and booking.call is None and not booking.rests and not booking.got_through
    rules = floor.policy.queues.get(booking.queue)
    if not stands or rules is None:
        floor.board.leave(booking.booking)
        return
    need = Need(len(rules.tiers))
    floor.board.wait(
        WaitingCaller(booking.booking, rules.name, place_of_booking(rules, booking), need, booking.not_again)
    )


def place_of_booking(rules: Queue, booking: Booking) -> int:
    return _place(rules, booking.arrived_at_ms, booking.client_class)


def _tiers(floor: Floor) -> dict[PersonId, dict[str, int]]:
    """For everybody, their tier in each queue; also in queues that were closed while callers wait in them."""
    floor.queues = dict(floor.policy.queues)
    for call in floor.calls.values():
        for name in [name for name, line_up in floor.waiting.items() if call.call_id in line_up]:
            floor.queues.setdefault(name, floor.queue_of(call, name))
    floor.tiers = {queue.name: tiers_of(queue) for queue in floor.queues.values()}
    found: dict[PersonId, dict[str, int]] = {}
    for name, tiers in floor.tiers.items():
        for person, tier in tiers.items():
            found.setdefault(person, {})[name] = tier
    return found


def needs_of(policy: Policy) -> Iterator[tuple[str, Need]]:
    """All that callers ask for by the plans, first and later, by queue; and what those do who are given to a queue."""
    for queue in policy.queues.values():
        for tier in range(len(queue.tiers) + 1):
            yield queue.name, Need(tier)
    for plan in policy.plans.values():
        for step in plan.steps:
            if isinstance(step, QueueStep):
                for tier in range(len(policy.queues[step.queue].tiers) + 1):
                    for relaxed in range(max(step.skills.values(), default=0) + 1 if step.relax_every_ms else 1):
                        yield step.queue, Need(tier, skills_asked_for(step, relaxed))


def skills_asked_for(step: QueueStep, relaxed: int) -> tuple[tuple[str, int], ...]:
    """What the step asks for when every level has fallen by ``relaxed``."""
    return tuple((skill, level - relaxed) for skill, level in sorted(step.skills.items()) if level > relaxed)


def tiers_of(queue: Queue) -> dict[PersonId, int]:
    """Everybody of a queue with their tier: 0 is rung first of all, the backup group is the last one."""
    backup = queue.backup.people if queue.backup is not None else ()
    groups = (queue.people, *(tier.people for tier in queue.tiers), backup)
    found: dict[PersonId, int] = {}
    for number, people in enumerate(groups):
        for person in people:
            found.setdefault(person, number)
    return found


def backup_tier(queue: Queue) -> int:
    return len(queue.tiers) + 1


def tell_of_backup(floor: Floor, queue: Queue) -> None:
    """Let the board know whether the queue's backup group stands in."""
    level = floor.service.get(queue.name)
    if queue.backup is not None and level is not None and level.backup_since_ms is not None:
        floor.board.backup_open[queue.name] = backup_tier(queue)
    else:
        floor.board.backup_open.pop(queue.name, None)


def settle(floor: Floor) -> list[PersonRecord]:
    """Let the board know of everybody whom this fact touched; the ready ones, longest idle first. Who became ready now
    begins to idle now."""
    ready = []
    for person_id in floor.touched:
        person = floor.people.get(person_id)
        if person is None or person.state is not PersonState.READY:
            floor.board.busy(person_id)
            continue
        if person.noted is not PersonState.READY:
            person.idle_since_ms = floor.at_ms
        floor.board.ready(person_id, _ranks(floor, person))
        ready.append(person)
    return sorted(ready, key=lambda person: (person.idle_since_ms, person.person_id))


def _ranks(floor: Floor, person: PersonRecord) -> dict[str, Rank]:
    return {name: strategies.rank(floor.queues[name], person) for name in floor.board.queues_of(person.person_id)}


def as_waiting(floor: Floor, call: Call) -> WaitingCaller:
    """A call that waits in a queue, as the board sees it."""
    state = call.state
    assert isinstance(state, Waiting)
    place_ms = place_of(floor, call, state.queue)
    return WaitingCaller(call.call_id, state.queue, place_ms, state.need, tuple(call.not_again), state.only)


def place_of(floor: Floor, call: Call, queue: str) -> int:
    """The caller's place in the one order: smaller is served first."""
    return _place(floor.queue_of(call, queue), call.place_since_ms, call.client_class)


def _place(rules: Queue, since_ms: int, client_class: str | None) -> int:
    """When they came, earlier by what their class is worth."""
    return since_ms - rules.priority.get(client_class or "", 0) * rules.point_ms
