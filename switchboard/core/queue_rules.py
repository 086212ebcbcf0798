"""The rules of queues: who is rung for whom, what waiting callers hear, and their ways out. Part of the policy."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from switchboard.core.ids import PersonId


class QueueStrategy(StrEnum):
    """Who of those ready rings first."""

    LONGEST_IDLE = "longest_idle"
    ROUND_ROBIN = "round_robin"
    """Whose last ring for this queue was longest ago."""
    FEWEST_CALLS = "fewest_calls"
    """Who took the fewest calls of this queue in this shift; who comes later begins with as many as the least."""
    LEAST_TALK = "least_talk"
    """Who talked least for this queue in this shift; who comes later begins with as much as the least."""
    ORDERED = "ordered"
    """As they stand in the file."""
    RANDOM_WEIGHTED = "random_weighted"
    """By lot; somebody of weight 3 three times as often as somebody of weight 1."""
    ALL = "all"
    """All at once; whoever picks up first has the caller."""


class Tier(Struct, frozen=True):
    """More people of a queue, who are rung for callers that waited in it for ``after_ms``."""

    people: tuple[PersonId, ...]
    after_ms: int


class Backup(Struct, frozen=True):
    """People who stand in while the service level is low, or none of the others is signed in (duty D22).

    Service level: of the calls that were answered, or left unanswered after ``within_ms``, in the last ``over_ms``, how
    many were answered within ``within_ms``; callers who wait for longer than that right now count as unanswered.
    """

    people: tuple[PersonId, ...]
    below_percent: int
    within_ms: int
    over_ms: int


class WayKind(StrEnum):
    CALLBACK = "callback"
    QUEUE = "queue"
    PLAN = "plan"
    VOICEMAIL = "voicemail"


class Way(Struct, frozen=True):
    """Where a key takes a waiting caller. ``name`` is that of the queue, plan or box."""

    kind: WayKind
    name: str = ""


class CallBack(Struct, frozen=True):
    """How people are called back who asked for it while they waited."""

    allowed: tuple[str, ...] = ()
    """Beginnings of the numbers (E.164) that are called back; empty: any public number but our own lines."""
    ring_ms: int = 25_000
    """How long their phone rings."""
    retry_after_ms: int = 300_000
    most_dials: int = 3
    """Then it becomes a task for a person."""
    keep_ms: int = 8 * 3_600_000
    """So does a booking that got no turn in so long."""
    most_bookings: int = 500
    answer_within_ms: int = 20_000
    """How long a caller may think about an answer, from the beginning of the question or their last key."""
    ask_at_most: int = 3
    """How many times a caller is asked for a number before they go on waiting."""
    confirm_before: tuple[str, ...] = ("vm-num-i-have",)
    """Said before the digits of the number that is confirmed with 1."""
    confirm_behind: tuple[str, ...] = ("if-correct-press", "digits/1", "vm-calldiffnum")
    enter: tuple[str, ...] = ("vm-enter-num-to-call", "vm-then-pound")
    not_possible: tuple[str, ...] = ("privacy-incorrect",)
    booked: tuple[str, ...] = ("auth-thankyou", "goodbye")
    sign: str = "call-back"
    """Shown on the operator's phone before the client's name."""


class Hearing(Struct, frozen=True):
    """What callers hear while they wait, besides the music."""

    greeting: tuple[str, ...] = ()
    """Said once, at joining, to those who have to wait."""
    place: bool = False
    """Say their place in the queue."""
    expected_wait: bool = False
    messages: tuple[tuple[str, ...], ...] = ()
    """Said in turn, one at a time."""
    first_after_ms: int = 15_000
    """From joining, or the end of the greeting, to the first of place, wait and message."""
    every_ms: int = 45_000
    """From the end of one to the next."""


class Voice(Struct, frozen=True):
    """Recordings of the company itself for words that a language's sound package lacks; empty where there is none."""

    one_feminine: str = ""
    """Russian: одна."""
    two_feminine: str = ""
    """Russian: две."""
    minutes_few: str = ""
    """Russian: минуты, for 2–4."""
    hour_one: str = ""
    """Russian: час, for 1 and 21."""
    hours_few: str = ""
    """Russian: часа, for 2–4, 22, 23."""
    on_days: tuple[str, ...] = ()
    """Russian: "в понедельник", "во вторник" … seven of them, Monday first."""
    days_of_month: str = ""
    """Russian: "первого", "второго" … in as many files, which end in -1, -2 … -31; this is how they begin."""


class Queue(Struct, frozen=True):
    name: str
    title: str
    people: tuple[PersonId, ...]
    """Who is rung first of all; ``everybody`` are these with the tiers and the backup group."""
    ring_ms: int
    """How long one operator's phone rings for one caller."""
    wrap_up_ms: int
    """Time an operator has to themselves after a call from this queue."""
    priority: dict[str, int] = field(default_factory=dict)
    """Per client class; absent is 0. A class of one point more is served as if it had come ``point_ms`` earlier."""
    music: str = "default"
    music_after_ms: int = 0
    """So long a caller hears ringing first, and is not answered; unless a greeting is due, which comes at once."""
    strategy: QueueStrategy = QueueStrategy.LONGEST_IDLE
    tiers: tuple[Tier, ...] = ()
    """In the order in which they open."""
    backup: Backup | None = None
    weights: dict[PersonId, int] = field(default_factory=dict)
    """For ``random_weighted``; absent is 1."""
    point_ms: int = 60_000
    """So a caller is never overtaken by anybody who came later by more than the difference in points times this."""
    same_operator_within_ms: int = 0
    """Who called within this time is first offered to the operator they talked with; 0: to anybody."""
    same_operator_first_ms: int = 5_000
    """For so long; then to anybody."""

    hears: Hearing = Hearing()
    keys: dict[str, Way] = field(default_factory=dict)
    """What keys do while a caller waits."""
    most_waiting: int = 0
    """So many stand in it at once; for who comes beyond them a step is skipped. 0: no limit."""

    @property
    def everybody(self) -> tuple[PersonId, ...]:
        backup = self.backup.people if self.backup is not None else ()
        return (*self.people, *(person for tier in self.tiers for person in tier.people), *backup)
