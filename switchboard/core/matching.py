"""Who rings for whom: the board of those who wait and those who are ready, and the two choices made from it.

Doing what is chosen is the queue's job; the board only answers, and it is derived: from the same floor it can be
made again at any time, and then answers the same.

Callers are of one *kind* if they ask for the same skills in the same queue. Each kind has its line-ups: of callers, by
the tier that their need has come to; and of the ready people who have these skills, by their own tier. So who rings is
the first in the first line-up of people that is open. Who is next is the first of those who are first in the line-ups
of callers that somebody serves. To look at these is what takes time, however many wait; their places lie side by side
in one array, because most of that time goes into fetching what is scattered over the memory
(``benchmarks/matching.py``).

Who leaves is only marked. They are dropped when they come to the front, or when a line-up has doubled.
"""

from __future__ import annotations

from array import array
from bisect import insort
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from switchboard.core.ids import CallId, PersonId

HIGHEST_LEVEL = 5
_SMALL = 8
"""A line-up of so few is not swept."""
_MUCH = 64
"""A line-up is cut when more than one in so many left from its front: sooner, and moving the others costs too much."""
_NOWHERE_MS = 2**63 - 1
"""The first place in an empty line-up: after all others."""

Skills = tuple[tuple[str, int], ...]
"""Each skill with its lowest level (1–5), sorted by name."""

Rank = int | tuple[int, ...]
"""Orders the ready people of one queue: smallest first. All ranks of a queue are of one kind."""


class Need(Struct, frozen=True, gc=False):
    """What a caller asks of whoever is rung for them. It weakens with time, never strengthens."""

    tier: int = 0
    """People of this tier and those before it may be rung."""
    skills: Skills = ()


class WaitingCaller(Struct, frozen=True, gc=False):
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


class _Stay(Struct, gc=False):
    """The time for which somebody waits for the same, or is ready with the same ranks."""

    of: Any
    """The ``WaitingCaller``, or the ranks; ``None`` when it is over."""


_Entry = tuple[Any, str, int, _Stay]
"""Somebody in a line-up: their place or rank, id, and a number that no other stay has."""


class _LineUp(list[_Entry]):
    """Entries in order; all before ``start`` have left, and later ones may have."""

    __slots__ = ("limit", "start")

    def __init__(self) -> None:
        self.start = 0
        self.limit = _SMALL

    def put(self, entry: _Entry) -> None:
        if len(self) >= self.limit:
            self[:] = [one for one in self if one[3].of is not None]
            self.start = 0
            self.limit = max(_SMALL, 2 * len(self))
        if not self or entry > self[-1]:  # as most are
            self.append(entry)
        else:
            insort(self, entry, self.start)

    def tidy(self) -> bool:
        """Drop those who have left from the front; whether anybody is left."""
        at, end = self.start, len(self)
        while at < end and self[at][3].of is None:
            at += 1
        if at * _MUCH > end:
            del self[:at]
            at = 0
        self.start = at
        return at < len(self)

    def first(self, suits: Callable[[_Entry], bool]) -> _Entry | None:
        """The first who suits of those who have not left; ``None`` when there is none."""
        if not self.tidy():
            return None
        for at in range(self.start, len(self)):
            entry = self[at]
            if entry[3].of is not None and suits(entry):
                return entry
        return None


class _Kind(Struct):
    """Who asks for the same skills in the same queue, and who has them."""

    callers: dict[int, int] = {}
    """By the tier that their need has come to, the number of their line-up."""
    people: dict[int, _LineUp] = {}
    """Those who are ready, by tier, in the order in which they are rung: the backup group last."""


class _Person(Struct):
    """What the board knows of somebody, whether or not they are ready."""

    seat: Seat | None = None
    stands_in: dict[str, list[_LineUp]] = {}
    """By queue, where they stand when they are ready."""
    serves: array[int] = field(default_factory=lambda: array("I"))
    """The numbers of the line-ups of callers whom they may be rung for."""
    serves_as_backup: dict[str, array[int]] = {}
    """The same for queues in whose backup group they are."""
    kept: int | None = None
    """The number of the line-up of those who are kept for them."""


class Board:
    """Everybody who waits and everybody who is ready."""

    def __init__(self) -> None:
        self.backup_open: dict[str, int] = {}
        """By queue, the tier of its backup group while that is open."""
        self._backup: dict[str, int] = {}
        self._people: dict[PersonId, _Person] = {}
        self._staff: dict[str, dict[PersonId, Seat]] = {}
        """By queue, everybody who is seated there."""
        self._kinds: dict[str, dict[Skills, _Kind]] = {}
        """By queue and skills."""
        self._callers: list[_LineUp] = []
        """All line-ups of callers; each is known by its number."""
        self._first_places_ms: array[int] = array("q")
        """For each, the place of the first, or of somebody before them who has left."""
        self._waiting: dict[CallId, _Stay] = {}
        self._ready: dict[PersonId, _Stay] = {}
        self._stays = 0

    # who may serve what ------------------------------------------------------------------------------------------

    def has_backup(self, queue: str, tier: int) -> None:
        """People of ``tier`` are the queue's backup group: rung only while it is open, and last. Say so before they are
        seated."""
        self._backup[queue] = tier

    def seat(self, person: PersonId, seat: Seat) -> None:
        """Somebody may from now on be rung for this. Nobody is seated twice."""
        self._person(person).seat = seat
        for queue in seat.tiers:
            self._staff.setdefault(queue, {})[person] = seat
            for skills, kind in self._kinds.get(queue, {}).items():
                if covers(seat.skills, skills):
                    self._let_stand(person, queue, kind)
                    for tier, number in kind.callers.items():
                        self._let_serve(person, queue, tier, number)

    def expect(self, queue: str, need: Need) -> int:
        """Callers will ask for this; the number of their line-up. Any may; but the first to ask for something unheard
        of takes time."""
        kind = self._kind(queue, need.skills)
        number = kind.callers.get(need.tier)
        if number is None:
            number = kind.callers[need.tier] = self._line_up_callers()
            for person, seat in self._staff.get(queue, {}).items():
                if covers(seat.skills, need.skills):
                    self._let_serve(person, queue, need.tier, number)
        return number

    def _kind(self, queue: str, skills: Skills) -> _Kind:
        kinds = self._kinds.get(queue)
        if kinds is None:
            kinds = self._kinds[queue] = {}
        kind = kinds.get(skills)
        if kind is None:
            kind = kinds[skills] = _Kind()
            for person, seat in self._staff.get(queue, {}).items():
                if covers(seat.skills, skills):
                    self._let_stand(person, queue, kind)
        return kind

    def _person(self, person: PersonId) -> _Person:
        known = self._people.get(person)
        if known is None:
            known = self._people[person] = _Person()
        return known

    def _line_up_callers(self) -> int:
        """The number of a new line-up."""
        self._callers.append(_LineUp())
        self._first_places_ms.append(_NOWHERE_MS)
        return len(self._callers) - 1

    def _let_serve(self, person: PersonId, queue: str, asked_tier: int, number: int) -> None:
        """The person has the skills that are asked for in this line-up of callers."""
        known, tier = self._people[person], self._staff[queue][person].tiers[queue]
        if tier == self._backup.get(queue):
            known.serves_as_backup.setdefault(queue, array("I")).append(number)
        elif tier <= asked_tier:
            known.serves.append(number)

    def _let_stand(self, person: PersonId, queue: str, kind: _Kind) -> None:
        """The person has the skills of this kind."""
        tier, backup = self._staff[queue][person].tiers[queue], self._backup.get(queue)
        if tier not in kind.people:
            kind.people[tier] = _LineUp()
            kind.people = dict(sorted(kind.people.items(), key=lambda one: (one[0] == backup, one[0])))
        line_up = kind.people[tier]
        self._people[person].stands_in.setdefault(queue, []).append(line_up)
        if (stay := self._ready.get(person)) is not None:
            self._stays += 1
            line_up.put((stay.of[queue], person, self._stays, stay))

    def _seat_of(self, person: PersonId) -> Seat | None:
        known = self._people.get(person)
        return known.seat if known is not None else None

    def queues_of(self, person: PersonId) -> tuple[str, ...]:
        seat = self._seat_of(person)
        return tuple(seat.tiers) if seat is not None else ()

    # who waits, who is ready -------------------------------------------------------------------------------------

    def wait(self, caller: WaitingCaller) -> None:
        """Somebody waits, or waits for something else than before."""
        before = self._waiting.get(caller.call)
        if before is not None:
            if before.of == caller:
                return
            before.of = None
        self._stays += 1
        stay = self._waiting[caller.call] = _Stay(caller)
        number = self.expect(caller.queue, caller.need) if caller.only is None else self._keep_for(caller.only)
        self._callers[number].put((caller.place_ms, caller.call, self._stays, stay))
        self._first_places_ms[number] = min(self._first_places_ms[number], caller.place_ms)

    def _keep_for(self, person: PersonId) -> int:
        known = self._person(person)
        if known.kept is None:
            known.kept = self._line_up_callers()
            known.serves.append(known.kept)
        return known.kept

    def leave(self, call: CallId) -> None:
        """Nobody need be found for this call any more."""
        stay = self._waiting.pop(call, None)
        if stay is not None:
            stay.of = None

    def ready(self, person: PersonId, ranks: Mapping[str, Rank]) -> None:
        """Somebody is ready, with a rank in each of their queues."""
        known, before = self._people.get(person), self._ready.get(person)
        if known is None or known.seat is None:
            return
        if before is not None:
            if before.of == ranks:
                return
            before.of = None
        self._stays += 1
        stay = self._ready[person] = _Stay(ranks)
        for queue, line_ups in known.stands_in.items():
            entry = (ranks[queue], person, self._stays, stay)
            for line_up in line_ups:
                line_up.put(entry)

    def busy(self, person: PersonId) -> None:
        stay = self._ready.pop(person, None)
        if stay is not None:
            stay.of = None

    # the two choices ---------------------------------------------------------------------------------------------

    def caller_for(self, person: PersonId) -> WaitingCaller | None:
        """The caller whose place comes first among all whom ``person`` may be rung for; ``None`` when there is none."""
        known = self._people.get(person)
        if known is None:
            return None
        numbers = known.serves
        for queue, of_backup in known.serves_as_backup.items():
            if queue in self.backup_open:
                numbers = numbers + of_backup

        first_places_ms = self._first_places_ms
        places_ms = [first_places_ms[number] for number in numbers]  # none is later than it should be
        while (place_ms := min(places_ms, default=_NOWHERE_MS)) != _NOWHERE_MS:
            found: _Entry | None = None
            at = -1
            for _ in range(places_ms.count(place_ms)):
                at = places_ms.index(place_ms, at + 1)
                first = self._first_caller(person, numbers[at])
                places_ms[at] = first[0] if first is not None else _NOWHERE_MS
                if first is not None and first[0] == place_ms and (found is None or first < found):
                    found = first
            if found is not None:
                caller: WaitingCaller = found[3].of
                return caller
        return None

    def _first_caller(self, person: PersonId, number: int) -> _Entry | None:
        """The first in a line-up who was not refused by this person; ``None`` when there is nobody."""
        line_up = self._callers[number]
        if not line_up.tidy():
            self._first_places_ms[number] = _NOWHERE_MS
            return None
        first = line_up[line_up.start]
        self._first_places_ms[number] = first[0]
        if person not in first[3].of.not_again:
            return first
        return line_up.first(lambda entry: person not in entry[3].of.not_again)

    def person_for(self, caller: WaitingCaller, is_ready: Callable[[PersonId], bool]) -> PersonId | None:
        """The ready person of the first open tier whom the queue's strategy puts first; ``None`` when there is none.

        ``is_ready`` has the last word: the board may not have heard yet that somebody is busy.
        """

        def may_be_rung(entry: _Entry) -> bool:
            person = PersonId(entry[1])
            return person not in caller.not_again and is_ready(person)

        if caller.only is not None:
            is_free = caller.only in self._ready and is_ready(caller.only)
            return caller.only if is_free and caller.only not in caller.not_again else None
        for tier, line_up in self._kind(caller.queue, caller.need.skills).people.items():
            if self._is_open(tier, caller):
                first = line_up.first(may_be_rung)
                if first is not None:
                    return PersonId(first[1])
        return None

    def _is_open(self, tier: int, caller: WaitingCaller) -> bool:
        """Whether people of this tier may be rung for the caller now."""
        if tier == self._backup.get(caller.queue):
            return caller.queue in self.backup_open
        return tier <= caller.need.tier

    def suits(self, person: PersonId, caller: WaitingCaller) -> bool:
        """Whether ``person``, if ready, may be rung for this caller now."""
        seat = self._seat_of(person)
        if seat is None or person in caller.not_again:
            return False
        if caller.only is not None:
            return caller.only == person
        tier = seat.tiers.get(caller.queue)
        return tier is not None and covers(seat.skills, caller.need.skills) and self._is_open(tier, caller)


def covers(known: Mapping[str, int], asked_for: Skills) -> bool:
    """Whether every skill that is asked for is known at its level or above."""
    return all(known.get(skill, 0) >= level for skill, level in asked_for)
