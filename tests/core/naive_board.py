"""The board's two choices told the simplest way: look at everybody. What the board answers must be the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from switchboard.core.ids import CallId, PersonId
from switchboard.core.matching import Board, Need, Rank, Seat, WaitingCaller, covers

NEEDS = 200


@dataclass
class NaiveBoard:
    seats: dict[PersonId, Seat] = field(default_factory=dict)
    waiting: dict[CallId, WaitingCaller] = field(default_factory=dict)
    ranks: dict[PersonId, dict[str, Rank]] = field(default_factory=dict)
    """Of those who are ready."""
    backup: dict[str, int] = field(default_factory=dict)
    backup_open: dict[str, int] = field(default_factory=dict)

    def tier(self, person: PersonId, caller: WaitingCaller) -> int | None:
        """The tier in which this person may be rung for this caller; ``None``: they may not."""
        seat = self.seats[person]
        if person in caller.not_again:
            return None
        if caller.only is not None:
            return 0 if caller.only == person else None
        tier = seat.tiers.get(caller.queue)
        if tier is None or not covers(seat.skills, caller.need.skills):
            return None
        if tier == self.backup.get(caller.queue):
            return tier if caller.queue in self.backup_open else None
        return tier if tier <= caller.need.tier else None

    def caller_for(self, person: PersonId) -> WaitingCaller | None:
        suitable = [caller for caller in self.waiting.values() if self.tier(person, caller) is not None]
        return min(suitable, key=lambda caller: (caller.place_ms, caller.call), default=None)

    def person_for(self, caller: WaitingCaller) -> PersonId | None:
        suitable = [(self.tier(person, caller), person) for person in self.ranks]
        return min(
            ((tier, self.ranks[person].get(caller.queue, ()), person) for tier, person in suitable if tier is not None),
            default=(0, (), None),
        )[2]


class Both:
    """The board and its oracle, told the same; with random people and callers to tell them of."""

    def __init__(self, random: Random, *, people: int, queues: int, skills: int, tiers: int = 3) -> None:
        self.random = random
        self.queues = [f"q{number}" for number in range(queues)]
        self.skills = [f"s{number:02d}" for number in range(skills)]
        self.tiers = tiers
        self.board, self.naive = Board(), NaiveBoard()
        self.people = [PersonId(f"p{number:05d}") for number in range(people)]
        self.made = 0
        self.asked_for = [self.random_skills() for _ in range(NEEDS)]
        """Skills are asked for by the steps of plans: there are so many different ones as an admin wrote."""
        for number, queue in enumerate(self.queues):
            if number % 2 == 0:
                self.board.has_backup(queue, tiers)
                self.naive.backup[queue] = tiers
        for person in self.people:
            seat = self.random_seat()
            self.board.seat(person, seat)
            self.naive.seats[person] = seat

    def random_seat(self) -> Seat:
        random = self.random
        queues = random.sample(self.queues, min(len(self.queues), random.randint(1, 3)))
        last = {queue: self.tiers if queue in self.naive.backup else self.tiers - 1 for queue in queues}
        tiers = {queue: min(random.randint(0, self.tiers), last[queue]) for queue in queues}
        known = random.sample(self.skills, min(len(self.skills), random.randint(0, 5)))
        return Seat(tiers, {skill: random.randint(1, 5) for skill in known})

    def random_need(self) -> Need:
        random = self.random
        return Need(random.randint(0, self.tiers - 1), random.choice(self.asked_for))

    def random_skills(self) -> tuple[tuple[str, int], ...]:
        random = self.random
        several = random.choices((0, 1, 2), (3, 6, 1))[0]
        skills = random.sample(self.skills, min(len(self.skills), several))
        return tuple(sorted((skill, random.randint(1, 4)) for skill in skills))

    def random_caller(self, call: CallId | None = None) -> WaitingCaller:
        random = self.random
        if call is None:
            self.made += 1
            call = CallId(f"c{self.made:08d}")
        refused = tuple(random.sample(self.people, random.choices((0, 1, 2), (8, 1, 1))[0]))
        only = random.choice(self.people) if random.random() < 0.02 else None
        place_ms = self.made * 10 - random.choice((0, 0, 1_000, 50_000))
        return WaitingCaller(call, random.choice(self.queues), place_ms, self.random_need(), refused, only)

    def wait(self, caller: WaitingCaller) -> None:
        self.board.wait(caller)
        self.naive.waiting[caller.call] = caller

    def leave(self, call: CallId) -> None:
        self.board.leave(call)
        self.naive.waiting.pop(call, None)

    def ready(self, person: PersonId, rank: int) -> None:
        ranks: dict[str, Rank] = dict.fromkeys(self.naive.seats[person].tiers, (rank,))
        self.board.ready(person, ranks)
        self.naive.ranks[person] = ranks

    def busy(self, person: PersonId) -> None:
        self.board.busy(person)
        self.naive.ranks.pop(person, None)

    def toggle_backup(self, queue: str) -> None:
        for boards in (self.board.backup_open, self.naive.backup_open):
            if boards.pop(queue, None) is None:
                boards[queue] = self.tiers
