"""Who rings for whom: the board of those who wait and those who are ready, and the two choices made from it.

Doing what is chosen is the queue's job; the board only answers, and it is derived: from the same floor it can be
made again at any time, and then answers the same.

Callers who ask for the same stand in one heap; for each person the board knows the heaps of those they may be rung for.
A ready person stands in a heap for each queue and skill of theirs, by level. So each choice looks at the first of a few
heaps, however many wait: some ten microseconds among 10 000 people and 100 000 callers (``benchmarks/matching.py``).
What its owner has left behind in a heap (a call that ended, a person who is busy) is dropped when it comes to the top.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush
from typing import Any

from msgspec import Struct, field

from switchboard.core.ids import CallId, PersonId

HIGHEST_LEVEL = 5
_SMALL = 64
"""A heap of so few is never tidied."""

Rank = int | tuple[int, ...]
"""Orders the ready people of one queue: smallest first. All ranks of a queue are of one kind."""


class Need(Struct, frozen=True):
    """What a caller asks of whoever is rung for them. It weakens with time, never strengthens."""

    tier: int = 0
    """People of this tier and those before it may be rung."""
    skills: tuple[tuple[str, int], ...] = ()
    """Each skill with its lowest level (1–5), sorted by name."""


class WaitingCaller(Struct, frozen=True):
    """A caller for whom nobody is being rung."""

    call: CallId
    queue: str
    place_ms: int
    """Orders the callers, smallest first: when they came, earlier by what their priority is worth."""
    need: Need = Need()
    not_again: tuple[PersonId, ...] = ()
    """Who did not take this call before."""
    only: PersonId | None = None
    """For now kept for this person."""


class Seat(Struct, frozen=True):
    """What somebody may be rung for: their tier in each queue, and their skills (levels 1–5)."""

    tiers: Mapping[str, int]
    skills: Mapping[str, int] = field(default_factory=dict)


_Entry = tuple[Any, str, int]
"""Rank, id and ticket of somebody in a heap: counts for nothing once the ticket is no longer theirs."""


class _Heap(list[_Entry]):
    """Smallest first."""

    limit = _SMALL

    def put(self, entry: _Entry, tickets: Mapping[str, int]) -> None:
        if len(self) >= self.limit:
            self[:] = [one for one in self if tickets.get(one[1]) == one[2]]
            heapify(self)
            self.limit = max(_SMALL, 2 * len(self))
        heappush(self, entry)

    def tidy(self, tickets: Mapping[str, int]) -> bool:
        """Drop what does not count from the top; whether anybody is left."""
        while self and tickets.get(self[0][1]) != self[0][2]:
            heappop(self)
        return bool(self)


class Board:
    """Everybody who waits and everybody who is ready."""

    def __init__(self) -> None:
        self.backup_open: dict[str, int] = {}
        """By queue, the tier of its backup group while that is open."""
        self._backup: dict[str, int] = {}
        self._seats: dict[PersonId, Seat] = {}
        self._callers: dict[tuple[str, Need], _Heap] = {}
        self._callers_of: dict[PersonId, list[_Heap]] = {}
        """For everybody, where those stand whom they may be rung for."""
        self._callers_of_backup: dict[tuple[PersonId, str], list[_Heap]] = {}
        """The same for people of a queue's backup group."""
        self._kept_for: dict[PersonId, _Heap] = {}
        self._people: dict[tuple[str, int, str, int], _Heap] = {}
        """Ready people by queue, tier, skill ("" for none) and level."""
        self._people_of: dict[PersonId, list[tuple[str, _Heap]]] = {}
        """For everybody, where they stand when they are ready."""
        self._waiting: dict[str, WaitingCaller] = {}
        self._caller_tickets: dict[str, int] = {}
        self._ready_tickets: dict[str, int] = {}
        self._ready_ranks: dict[PersonId, Mapping[str, Rank]] = {}
        self._tickets = 0

    # who may serve what ------------------------------------------------------------------------------------------

    def has_backup(self, queue: str, tier: int) -> None:
        """People of ``tier`` are the queue's backup group: rung only while it is open. Say so before they are
        seated."""
        self._backup[queue] = tier

    def seat(self, person: PersonId, seat: Seat) -> None:
        """Somebody may from now on be rung for this. Nobody is seated twice."""
        self._seats[person] = seat
        self._callers_of[person] = []
        self._people_of[person] = [
            (queue, self._people.setdefault((queue, tier, skill, level), _Heap()))
            for queue, tier in seat.tiers.items()
            for skill, level in (("", 0), *seat.skills.items())
        ]
        for (queue, need), heap in self._callers.items():
            self._let_serve(person, seat, queue, need, heap)

    def expect(self, queue: str, need: Need) -> _Heap:
        """Callers will ask for this. Any may; but the first to ask for something unheard of takes time."""
        heap = self._callers.get((queue, need))
        if heap is None:
            heap = self._callers[queue, need] = _Heap()
            for person, seat in self._seats.items():
                self._let_serve(person, seat, queue, need, heap)
        return heap

    def _let_serve(self, person: PersonId, seat: Seat, queue: str, need: Need, heap: _Heap) -> None:
        tier = seat.tiers.get(queue)
        if tier is None or not covers(seat.skills, need.skills):
            return
        if tier == self._backup.get(queue):
            self._callers_of_backup.setdefault((person, queue), []).append(heap)
        elif tier <= need.tier:
            self._callers_of[person].append(heap)

    def queues_of(self, person: PersonId) -> tuple[str, ...]:
        seat = self._seats.get(person)
        return tuple(seat.tiers) if seat is not None else ()

    # who waits, who is ready -------------------------------------------------------------------------------------

    def wait(self, caller: WaitingCaller) -> None:
        """Somebody waits, or waits for something else than before."""
        if self._waiting.get(caller.call) == caller:
            return
        self._tickets += 1
        self._waiting[caller.call] = caller
        self._caller_tickets[caller.call] = self._tickets
        if caller.only is not None:
            heap = self._kept_for.setdefault(caller.only, _Heap())
        else:
            heap = self.expect(caller.queue, caller.need)
        heap.put((caller.place_ms, caller.call, self._tickets), self._caller_tickets)

    def leave(self, call: CallId) -> None:
        """Nobody need be found for this call any more."""
        self._waiting.pop(call, None)
        self._caller_tickets.pop(call, None)

    def ready(self, person: PersonId, ranks: Mapping[str, Rank]) -> None:
        """Somebody is ready, with a rank in each of their queues."""
        if person not in self._seats or self._ready_ranks.get(person) == ranks:
            return
        self._tickets += 1
        self._ready_tickets[person] = self._tickets
        self._ready_ranks[person] = ranks
        for queue, heap in self._people_of[person]:
            heap.put((ranks[queue], person, self._tickets), self._ready_tickets)

    def busy(self, person: PersonId) -> None:
        self._ready_tickets.pop(person, None)
        self._ready_ranks.pop(person, None)

    # the two choices ---------------------------------------------------------------------------------------------

    def caller_for(self, person: PersonId) -> WaitingCaller | None:
        """The caller whose place comes first among all whom ``person`` may be rung for; ``None`` when there is none."""
        heaps = self._callers_of.get(person, [])
        for queue in self.backup_open:
            heaps = heaps + self._callers_of_backup.get((person, queue), [])
        if person in self._kept_for:
            heaps = [*heaps, self._kept_for[person]]
        passed_over: list[tuple[_Heap, _Entry]] = []
        found = None
        while (heap := min(filter(None, heaps), default=None)) is not None:  # lists compare by their first entry
            if self._caller_tickets.get(heap[0][1]) != heap[0][2]:
                heap.tidy(self._caller_tickets)
                continue
            caller = self._waiting[heap[0][1]]
            if person not in caller.not_again:
                found = caller
                break
            passed_over.append((heap, heappop(heap)))
        for heap, entry in passed_over:
            heappush(heap, entry)
        return found

    def person_for(self, caller: WaitingCaller, is_ready: Callable[[PersonId], bool]) -> PersonId | None:
        """The ready person of the first open tier whom the queue's strategy puts first; ``None`` when there is none.

        ``is_ready`` has the last word: the board may not have heard yet that somebody is busy.
        """

        def may_be_rung(entry: _Entry) -> bool:
            person = PersonId(entry[1])
            is_there = self._ready_tickets.get(person) == entry[2] and is_ready(person)
            return is_there and person not in caller.not_again and covers(self._seats[person].skills, skills)

        if caller.only is not None:
            is_free = caller.only in self._ready_tickets and is_ready(caller.only)
            return caller.only if is_free and caller.only not in caller.not_again else None
        skills = caller.need.skills
        skill, lowest = skills[0] if skills else ("", 0)
        for tier in self._open_tiers(caller):
            best: _Entry | None = None
            for level in range(lowest, HIGHEST_LEVEL + 1) if skill else (0,):
                heap = self._people.get((caller.queue, tier, skill, level))
                if heap is None or not heap.tidy(self._ready_tickets):
                    continue
                first = heap[0] if may_be_rung(heap[0]) else min(filter(may_be_rung, heap), default=None)
                if first is not None and (best is None or first < best):
                    best = first
            if best is not None:
                return PersonId(best[1])
        return None

    def _open_tiers(self, caller: WaitingCaller) -> list[int]:
        """Tiers whose people may be rung, in the order in which they are."""
        backup = self._backup.get(caller.queue)
        tiers = [tier for tier in range(caller.need.tier + 1) if tier != backup]
        return [*tiers, backup] if backup is not None and caller.queue in self.backup_open else tiers

    def suits(self, person: PersonId, caller: WaitingCaller) -> bool:
        """Whether ``person``, if ready, may be rung for this caller now."""
        seat = self._seats.get(person)
        if seat is None or person in caller.not_again:
            return False
        if caller.only is not None:
            return caller.only == person
        tier = seat.tiers.get(caller.queue)
        if tier is None or not covers(seat.skills, caller.need.skills):
            return False
        if tier == self._backup.get(caller.queue):
            return caller.queue in self.backup_open
        return tier <= caller.need.tier


def covers(known: Mapping[str, int], asked_for: tuple[tuple[str, int], ...]) -> bool:
    """Whether every skill that is asked for is known at its level or above."""
    return all(known.get(skill, 0) >= level for skill, level in asked_for)
