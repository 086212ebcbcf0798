"""The strategies of queues: who of those ready rings first, as a rank; and the tallies that some of them go by."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import assert_never

from switchboard.core.call_state import Call
from switchboard.core.floor import Floor
from switchboard.core.ids import PersonId
from switchboard.core.matching import Rank
from switchboard.core.queue_rules import Queue, QueueStrategy
from switchboard.core.staff import PersonRecord, Tally

_NOTHING = Tally()


def rank(queue: Queue, person: PersonRecord) -> Rank:
    """Orders the ready people of a queue, smallest first; of equal ones the first by id rings."""
    tally = person.tallies.get(queue.name, _NOTHING)
    match queue.strategy:
        case QueueStrategy.LONGEST_IDLE | QueueStrategy.ALL | QueueStrategy.RANDOM_WEIGHTED:
            return person.idle_since_ms
        case QueueStrategy.ROUND_ROBIN:
            return (tally.rung_at_ms, _place(queue, person.person_id))
        case QueueStrategy.FEWEST_CALLS:
            return (tally.taken, person.idle_since_ms)
        case QueueStrategy.LEAST_TALK:
            return (tally.talk_ms, person.idle_since_ms)
        case QueueStrategy.ORDERED:
            return _place(queue, person.person_id)
        case _:
            assert_never(queue.strategy)


def _place(queue: Queue, person: PersonId) -> int:
    return queue.everybody.index(person)


def explain(queue: Queue, person: PersonRecord, at_ms: int) -> str:
    """Why this person rings, for the record."""
    tally = person.tallies.get(queue.name, _NOTHING)
    match queue.strategy:
        case QueueStrategy.LONGEST_IDLE:
            why = f"idle longest of those ready ({(at_ms - person.idle_since_ms) / 1000:.1f} s)"
        case QueueStrategy.ROUND_ROBIN:
            why = "next in turn"
        case QueueStrategy.FEWEST_CALLS:
            why = f"took the fewest calls ({tally.taken})"
        case QueueStrategy.LEAST_TALK:
            why = f"talked least ({tally.talk_ms / 60_000:.0f} min)"
        case QueueStrategy.ORDERED:
            why = "the first of those ready"
        case QueueStrategy.RANDOM_WEIGHTED:
            why = "by lot"
        case QueueStrategy.ALL:
            why = "all who are ready ring"
        case _:
            assert_never(queue.strategy)
    return f"queue {queue.name}: {why}"


def draw(queue: Queue, people: Sequence[PersonId], call: Call) -> PersonId:
    """One of ``people``, by lot and by weight. The lot is made from the call and its rings so far, so that a replay
    draws the same person."""
    weights = [max(1, queue.weights.get(person, 1)) for person in people]
    lot = int.from_bytes(blake2b(f"{call.call_id} {call.ids_made}".encode(), digest_size=8).digest()) % sum(weights)
    for person, weight in zip(people, weights, strict=True):
        lot -= weight
        if lot < 0:
            return person
    raise AssertionError("the lot is less than the sum of the weights")


# tallies -------------------------------------------------------------------------------------------------------


def begin_shift(floor: Floor, person: PersonRecord) -> None:
    """Nobody begins a shift behind the others, or every call of the next hour would be theirs."""
    person.tallies = {}
    for queue in floor.policy.queues.values():
        if queue.strategy not in (QueueStrategy.FEWEST_CALLS, QueueStrategy.LEAST_TALK):
            continue
        if person.person_id not in queue.everybody:
            continue
        others = [
            record.tallies.get(queue.name, _NOTHING)
            for one in queue.everybody
            if one != person.person_id and (record := floor.people.get(one)) is not None and record.signed_in
        ]
        if others:
            taken, talk_ms = min(one.taken for one in others), min(one.talk_ms for one in others)
            person.tallies[queue.name] = Tally(taken, talk_ms)


def count_ring(floor: Floor, person: PersonRecord, queue: str) -> None:
    person.tallies.setdefault(queue, Tally()).rung_at_ms = floor.at_ms


def count_talk(floor: Floor, person: PersonRecord, call: Call) -> None:
    """A talk from a queue is over."""
    if call.talk_queue is not None and call.talk_since_ms is not None:
        tally = person.tallies.setdefault(call.talk_queue, Tally())
        tally.taken += 1
        tally.talk_ms += floor.at_ms - call.talk_since_ms
