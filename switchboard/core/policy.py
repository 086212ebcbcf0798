"""The policy: every rule and number that admins tune, frozen, checked and free of files.

``switchboard.config`` makes one from the TOML files; the exchange gets it as a fact (``PolicyLoaded``), so it
stands in the log like everything else that decisions rest on. Durations are whole milliseconds here; the files
say ``"20s"``.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from switchboard.core.caller import Debt
from switchboard.core.ids import PersonId, PhoneId
from switchboard.core.opening_hours import OpeningHours
from switchboard.core.phone_number import NumberKind, NumberPlan

NEW = "new"
"""Derived class: the number is in nobody's file, or its client has no manager yet (duty D15)."""
UNIDENTIFIED = "unidentified"
"""Derived class: nobody could be asked (number withheld or unreadable, or the look-up failed)."""


class Role(StrEnum):
    OPERATOR = "operator"
    MANAGER = "manager"
    HEAD = "head"
    FINANCE = "finance"


class Line(Struct, frozen=True):
    """A number the company is dialled on."""

    name: str
    numbers: tuple[str, ...]
    """As dialled by the carrier: digits, with or without ``+``."""
    department: str
    language: str = "en"
    greeting: tuple[str, ...] = ()
    """Said once to those who have to wait, when they begin to."""


class Department(Struct, frozen=True):
    name: str
    title: str
    head: PersonId


class Person(Struct, frozen=True):
    person_id: PersonId
    name: str
    role: Role
    phone: PhoneId
    extension: str
    department: str
    may_call_out: bool = False
    signed_in_at_start: bool = True
    """Operators sign in by code when their shift starts; others are in until they sign out."""
    skills: dict[str, int] = field(default_factory=dict)
    """What the person is good at, and how good: 1–5."""


class Pool(Struct, frozen=True):
    """People who share a duty (key-account managers, the financial service)."""

    name: str
    people: tuple[PersonId, ...]


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


class Way(Struct, frozen=True):
    """Where a key takes a waiting caller. ``name`` is that of the queue or plan."""

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


class WhomKind(StrEnum):
    OWN_MANAGER = "own_manager"
    DEPARTMENT_HEAD = "department_head"
    """Head of the client's department, or of the line's where the client has none."""
    HEAD_OF = "head_of"
    POOL = "pool"
    PERSON = "person"


class Whom(Struct, frozen=True):
    """Whom a step means; people are found when the step begins. ``name`` is that of the pool, department or person."""

    kind: WhomKind
    name: str = ""


class Strategy(StrEnum):
    ONE_BY_ONE = "one_by_one"
    ALL = "all"


class QueueStep(Struct, frozen=True, tag="queue"):
    queue: str
    at_most_ms: int
    flag: str | None = None
    """Why this caller deserves care; shown to the operator and kept on record."""
    skills: dict[str, int] = field(default_factory=dict)
    """What whoever is rung must be able to do, and how well (1–5)."""
    relax_every_ms: int = 0
    """After each such time every level falls by one, until the skill is not asked for; 0: never."""
    hours: str | None = None
    """Opening hours outside which the step is skipped."""


class RingStep(Struct, frozen=True, tag="ring"):
    whom: tuple[Whom, ...]
    each_ms: int
    at_most_ms: int
    strategy: Strategy = Strategy.ONE_BY_ONE


class MessageStep(Struct, frozen=True, tag="message"):
    """Say this and hang up. Always works, so it may end a plan."""

    prompts: tuple[str, ...]


class CallbackStep(Struct, frozen=True, tag="callback"):
    """Open a task "call back" for the first of ``whom`` that exists, say so, hang up. Always works."""

    whom: tuple[Whom, ...]
    prompts: tuple[str, ...]


class OutsideStep(Struct, frozen=True, tag="outside"):
    """Ring a number outside through the trunk; only made for calls that staff place."""

    number: str
    """Digits, with or without ``+``, as the carrier wants it."""
    at_most_ms: int


class EndStep(Struct, frozen=True, tag="end"):
    """Hang up with a cause; only made for calls that staff place."""

    cause: int
    """Q.850: 17 busy, 19 no answer, 21 refused, 1 unknown number."""
    reason: str


Step = QueueStep | RingStep | MessageStep | CallbackStep | OutsideStep | EndStep


class Plan(Struct, frozen=True):
    name: str
    steps: tuple[Step, ...]
    opens_task: str | None = None
    """Kind of the task that the first person of the plan gets with such a call, e.g. ``assign_manager``."""


class Rule(Struct, frozen=True):
    """First rule whose every condition holds wins. An empty condition always holds."""

    name: str
    plan: str
    classes: tuple[str, ...] = ()
    debts: tuple[Debt, ...] = ()
    lines: tuple[str, ...] = ()
    numbers: tuple[NumberKind, ...] = ()
    during: str | None = None
    """Name of opening hours that must be open."""
    outside: str | None = None
    """Name of opening hours that must be closed."""


class Codes(Struct, frozen=True):
    """What staff dial on their phones. ``pause`` may be followed by digits that choose the reason."""

    sign_in: str = "*11"
    sign_out: str = "*10"
    pause: str = "*20"
    resume: str = "*21"
    pause_reasons: dict[str, str] = field(default_factory=dict)
    """Digits after the pause code → reason, e.g. ``{"1": "lunch"}``."""


class Outbound(Struct, frozen=True):
    prefix: str = ""
    """What staff dial before an outside number ("9"); may be empty."""
    always_allowed: tuple[str, ...] = ("112",)
    ring_ms: int = 60_000


class Prompts(Struct, frozen=True):
    """Sound files of the messages that the service itself says (each a tuple of names, played in order)."""

    signed_in: tuple[str, ...] = ("agent-loginok",)
    signed_out: tuple[str, ...] = ("agent-loggedoff",)
    paused: tuple[str, ...] = ("beep",)
    resumed: tuple[str, ...] = ("beep", "beep")
    refused: tuple[str, ...] = ("invalid",)


class Limits(Struct, frozen=True):
    look_up_ms: int = 150
    """After this the caller is taken for somebody unknown and routed on."""
    internal_ring_ms: int = 30_000
    message_at_most_ms: int = 60_000
    longest_call_ms: int = 4 * 3_600_000
    settle_ms: int = 5_000
    """How long a leg that was told to end may take before it is told again."""
    pause_after_misses: int = 3
    """After so many offers from queues in a row that they did not take a person is paused; 0: never."""
    calls_at_once: int = 1_000
    new_calls_per_s: int = 100
    """Callers beyond these two go to Asterisk's own queue at once."""
    overflow_calls_per_s: int = 100
    """Of those; who comes beyond these too is turned away at once."""
    short_hang_up_ms: int = 0
    """Who leaves a queue so soon after they called is counted apart: a wrong number, a change of mind."""
    place_kept_ms: int = 0
    """Who was cut off while they waited and calls again within this time gets their place back; 0: nobody does."""


class Policy(Struct, frozen=True, kw_only=True):
    version: str
    """Short hash of the files it was made from; stored with every call."""
    company: str
    number_plan: NumberPlan
    timezone: str
    classes: tuple[str, ...]
    lines: dict[str, Line]
    departments: dict[str, Department]
    people: dict[PersonId, Person]
    pools: dict[str, Pool]
    queues: dict[str, Queue]
    plans: dict[str, Plan]
    rules: tuple[Rule, ...]
    hours: dict[str, OpeningHours]
    codes: Codes = Codes()
    outbound: Outbound = Outbound()
    prompts: Prompts = Prompts()
    limits: Limits = Limits()
    voices: dict[str, Voice] = field(default_factory=dict)
    """By language."""
    callback: CallBack = CallBack()
