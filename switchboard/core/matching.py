"""Who rings for whom: the board of those who wait and those who are ready, and the two choices made from it.

Doing what is chosen is the queue's job; the board only answers, and it is derived: from the same floor it can be
made again at any time, and then answers the same.

A *slot* is one queue, one tier of its people, one skill and one level of it. A person who is ready stands in one slot
for each skill of theirs (and in one for "no skill needed"); a caller in the slots of everybody who may be rung for
them. So each choice looks at a handful of heaps, however many wait: about ten microseconds among 10 000 people and
100 000 callers. What has left a heap's owner behind (a call that ended, a person who is busy) is dropped when it
comes to the top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from heapq import heapify, heappop, heappush

from msgspec import Struct, field

from switchboard.core.ids import CallId, PersonId

HIGHEST_LEVEL = 5
_SMALL = 64
"""A heap of so few is never tidied."""

Rank = tuple[int, ...]
"""Orders the ready people of one queue: smallest first."""


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


class _Heap(list[tuple[Rank, str, int]]):
    """Entries (rank, id, ticket), smallest first; an entry whose ticket is no longer its owner's counts for nothing."""

    limit = _SMALL

    def put(self, entry: tuple[Rank, str, int], tickets: Mapping[str, int]) -> None:
        if len(self) >= self.limit:
            self[:] = [one for one in self if tickets.get(one[1]) == one[2]]
            heapify(self)
            self.limit = max(_SMALL, 2 * len(self))
        heappush(self, entry)

    def first(self, tickets: Mapping[str, int], allowed: Callable[[str], bool]) -> tuple[Rank, str, int] | None:
        """The smallest that counts and is allowed; ``None`` when there is none."""
        passed_over = []
        found = None
        while self:
            entry = self[0]
            if tickets.get(entry[1]) == entry[2]:
                if allowed(entry[1]):
                    found = entry
                    break
                passed_over.append(entry)
            heappop(self)
        for entry in passed_over:
            heappush(self, entry)
        return found


class _Slot:
    """One queue, tier, skill and level."""

    __slots__ = ("callers", "people", "several")

    def __init__(self) -> None:
        self.people = _Heap()
        self.callers = _Heap()
        self.several: dict[tuple[tuple[str, int], ...], _Heap] = {}
        """Callers who need this skill and others too, by all that they need."""


class Board:
    """Everybody who waits and everybody who is ready."""

    def __init__(self) -> None:
        self.backup_open: dict[str, int] = {}
        """By queue, the tier of its backup group while that is open."""
        self._backup: dict[str, int] = {}
        self._seats: dict[PersonId, Seat] = {}
        self._slots_of: dict[PersonId, list[tuple[str, int, _Slot]]] = {}
        self._slots: dict[tuple[str, int, str, int], _Slot] = {}
        self._kept_for: dict[PersonId, _Heap] = {}
        self._waiting: dict[str, WaitingCaller] = {}
        self._caller_tickets: dict[str, int] = {}
        self._ready_tickets: dict[str, int] = {}
        self._ready_ranks: dict[PersonId, Mapping[str, Rank]] = {}
        self._tickets = 0

    # who may serve what ------------------------------------------------------------------------------------------

    def seat(self, person: PersonId, seat: Seat) -> None:
        """Somebody may from now on be rung for this; whoever waits and is ready stays."""
        self._seats[person] = seat
        skills = (("", 0), *seat.skills.items())
        self._slots_of[person] = [
            (queue, tier, self._slot(queue, tier, skill, level))
            for queue, tier in seat.tiers.items()
            for skill, level in skills
        ]

    def queues_of(self, person: PersonId) -> tuple[str, ...]:
        seat = self._seats.get(person)
        return tuple(seat.tiers) if seat is not None else ()

    def has_backup(self, queue: str, tier: int) -> None:
        """People of ``tier`` are the queue's backup group: rung only while it is open."""
        self._backup[queue] = tier

    def _slot(self, queue: str, tier: int, skill: str, level: int) -> _Slot:
        key = (queue, tier, skill, level)
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = _Slot()
        return slot

    # who waits, who is ready -------------------------------------------------------------------------------------

    def wait(self, caller: WaitingCaller) -> None:
        """Somebody waits, or waits for something else than before."""
        if self._waiting.get(caller.call) == caller:
            return
        self._tickets += 1
        self._waiting[caller.call] = caller
        self._caller_tickets[caller.call] = self._tickets
        entry = ((caller.place_ms,), caller.call, self._tickets)
        for heap in self._heaps_for(caller):
            heap.put(entry, self._caller_tickets)

    def _heaps_for(self, caller: WaitingCaller) -> Iterator[_Heap]:
        if caller.only is not None:
            yield self._kept_for.setdefault(caller.only, _Heap())
            return
        skills = caller.need.skills
        skill, lowest = skills[0] if skills else ("", 0)
        for tier in self._tiers_of(caller):
            for level in range(lowest, HIGHEST_LEVEL + 1) if skill else (0,):
                slot = self._slot(caller.queue, tier, skill, level)
                yield slot.callers if len(skills) < 2 else slot.several.setdefault(skills, _Heap())

    def _tiers_of(self, caller: WaitingCaller) -> list[int]:
        """Tiers whose people may be rung, the backup group also while it is closed: it may open."""
        tiers = list(range(caller.need.tier + 1))
        backup = self._backup.get(caller.queue)
        return tiers if backup is None or backup in tiers else [*tiers, backup]

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
        for queue, _, slot in self._slots_of[person]:
            slot.people.put((ranks[queue], person, self._tickets), self._ready_tickets)

    def busy(self, person: PersonId) -> None:
        self._ready_tickets.pop(person, None)
        self._ready_ranks.pop(person, None)

    # the two choices ---------------------------------------------------------------------------------------------

    def caller_for(self, person: PersonId) -> WaitingCaller | None:
        """The caller whose place comes first among all whom ``person`` may be rung for; ``None`` when there is none."""
        seat = self._seats.get(person)
        if seat is None:
            return None
        tickets, waiting, best = self._caller_tickets, self._waiting, None

        def allowed(call: str) -> bool:
            return person not in waiting[call].not_again

        for heap in self._callers_before(person, seat):
            if heap and (best is None or heap[0] < best):
                first = heap.first(tickets, allowed)
                if first is not None and (best is None or first < best):
                    best = first
        return waiting[best[1]] if best is not None else None

    def _callers_before(self, person: PersonId, seat: Seat) -> Iterator[_Heap]:
        """Every heap with callers for whom ``person`` may be rung."""
        kept = self._kept_for.get(person)
        if kept is not None:
            yield kept
        for queue, tier, slot in self._slots_of[person]:
            if tier == self._backup.get(queue) and queue not in self.backup_open:
                continue
            yield slot.callers
            for skills, heap in slot.several.items():
                if covers(seat, skills):
                    yield heap

    def person_for(self, caller: WaitingCaller, is_ready: Callable[[PersonId], bool]) -> PersonId | None:
        """The ready person of the first open tier whom the queue's strategy puts first; ``None`` when there is none.

        ``is_ready`` has the last word: the board may not have heard yet that somebody is busy.
        """
        if caller.only is not None:
            is_free = caller.only in self._ready_tickets and is_ready(caller.only)
            return caller.only if is_free and caller.only not in caller.not_again else None

        def allowed(name: str) -> bool:
            person = PersonId(name)
            return (
                person not in caller.not_again
                and is_ready(person)
                and (len(skills) < 2 or covers(self._seats[person], skills))
            )

        skills = caller.need.skills
        skill, lowest = skills[0] if skills else ("", 0)
        levels = range(lowest, HIGHEST_LEVEL + 1) if skill else (0,)
        for tier in self._tiers_of(caller):
            if tier > caller.need.tier and caller.queue not in self.backup_open:
                continue
            best = None
            for level in levels:
                slot = self._slots.get((caller.queue, tier, skill, level))
                if slot is not None and slot.people:
                    first = slot.people.first(self._ready_tickets, allowed)
                    if first is not None and (best is None or first < best):
                        best = first
            if best is not None:
                return PersonId(best[1])
        return None

    def suits(self, person: PersonId, caller: WaitingCaller) -> bool:
        """Whether ``person``, if ready, may be rung for this caller now."""
        seat = self._seats.get(person)
        if seat is None or person in caller.not_again:
            return False
        if caller.only is not None:
            return caller.only == person
        tier = seat.tiers.get(caller.queue)
        if tier is None or not covers(seat, caller.need.skills):
            return False
        if tier == self._backup.get(caller.queue):
            return caller.queue in self.backup_open
        return tier <= caller.need.tier


def covers(seat: Seat, skills: tuple[tuple[str, int], ...]) -> bool:
    """Whether somebody has every one of these skills at its level or above."""
    return all(seat.skills.get(skill, 0) >= level for skill, level in skills)
