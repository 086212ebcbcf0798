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
from switchboard.core.queue_rules import CallBack, Queue, Voice
from switchboard.core.recording_rules import Recording

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


class Absence(Struct, frozen=True):
    """Somebody is not there (vacation): from ``since_ms`` (included) to ``until_ms`` (excluded), Unix milliseconds."""

    since_ms: int
    until_ms: int
    last_day: str
    """ISO date, local, for people to read."""
    deputy: PersonId | None = None
    reason: str = ""


class MayListen(Struct, frozen=True):
    """To whom a supervisor may listen: to any of these."""

    everybody: bool = False
    department: bool = False
    """Their own department, and those that they head."""
    queues: tuple[str, ...] = ()
    """Whoever serves one of these."""


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
    hours: str | None = None
    """Name of opening hours: outside them no client's call is handed to this person."""
    absences: tuple[Absence, ...] = ()
    may_listen: MayListen = MayListen()


class Pool(Struct, frozen=True):
    """People who share a duty (key-account managers, the financial service)."""

    name: str
    people: tuple[PersonId, ...]


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
    at_head: bool = False
    """Before everybody else who waits: for who was on the phone with us already."""


class RingStep(Struct, frozen=True, tag="ring"):
    whom: tuple[Whom, ...]
    each_ms: int
    at_most_ms: int
    strategy: Strategy = Strategy.ONE_BY_ONE
    asked_for: bool = False
    """A colleague asked for exactly these people: they are rung also while paused, away or in wrap-up."""


class ReturnStep(Struct, frozen=True, tag="return"):
    """Back to who gave the caller away, with a sign of that; only made for hand-overs."""

    person: PersonId
    ring_ms: int
    sign: str
    """Shown before the caller's name."""


class Box(Struct, frozen=True):
    """Where callers leave messages for a department."""

    name: str
    title: str
    department: str
    task: tuple[Whom, ...]
    """Whose task a message is: the first of these that exists."""
    greeting: tuple[str, ...] = ("vm-intro",)
    thanks: tuple[str, ...] = ("auth-thankyou", "goodbye")
    nothing: tuple[str, ...] = ("goodbye",)
    """Said to somebody who was silent, or nearly so."""
    sorry: tuple[str, ...] = ("vm-nobodyavail", "goodbye")
    """Said where nothing can be recorded."""
    longest_ms: int = 180_000
    silence_ms: int = 5_000
    """So much of it ends the message."""
    shortest_ms: int = 2_000
    """Less sound than this is no message."""
    mail_to: tuple[str, ...] = ()
    keep_days: int = 90


class MessageStep(Struct, frozen=True, tag="message"):
    """Say this and hang up. Always works, so it may end a plan."""

    prompts: tuple[str, ...]
    opens: str | None = None
    """Opening hours: when they open next is said behind it."""


class VoicemailStep(Struct, frozen=True, tag="voicemail"):
    """Let the caller leave a message in a box. Always works: where nothing can be recorded, it says so."""

    box: str
    prompts: tuple[str, ...] = ()
    """Said before the box's greeting."""
    opens: str | None = None
    """Opening hours: when they open next is said behind that."""


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


Step = QueueStep | RingStep | ReturnStep | MessageStep | CallbackStep | OutsideStep | EndStep | VoicemailStep


class Plan(Struct, frozen=True):
    name: str
    steps: tuple[Step, ...]
    opens_task: str | None = None
    """Kind of the task that the first person of the plan gets with such a call, e.g. ``assign_manager``."""


class Destination(Struct, frozen=True):
    """A duty that staff give callers to, or ask themselves, by its number: a queue, or a plan like those of rules."""

    number: str
    title: str
    queue: str | None = None
    plan: str | None = None
    """Exactly one of the two is set."""


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
    # an empty one of these means that nothing can be dialled for it
    hot_desk: str = "*12"
    """Then an extension, ``*`` and a PIN: this person signs in on this phone."""
    away: str = "*13"
    """Then hours, and maybe a deputy's extension (then the hours have two digits)."""
    wrap_up_end: str = "*22"
    wrap_up_extend: str = "*23"
    """Maybe minutes behind it."""
    forward: str = "*24"
    """Then a colleague's extension; alone it ends the forwarding."""
    do_not_disturb: str = "*25"
    """On, and off again."""
    pick_up: str = "*8"
    """Then the extension of the colleague whose phone rings."""
    hand_over: str = "*26"
    """Then what one would dial: whom one holds, or talks with, is given to that."""
    consult: str = "*27"
    """In a talk, then what one would dial: the other side hears music meanwhile."""
    swap: str = "*31"
    join: str = "*32"
    complete: str = "*33"
    call_off: str = "*34"
    """These four in a talk only."""
    park: str = "*28"
    """A caller who is given to this waits with music until somebody retrieves them."""
    retrieve: str = "*29"
    """Then the extension of who parked; alone: whom one parked oneself."""
    listen: str = "*90"
    """Then the extension of the colleague whose talk is to be heard."""
    whisper: str = "*91"
    barge_in: str = "*92"
    pick_up_anybody: bool = False
    """Whoever is not of the same department, queue or pool may be picked up for too."""


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
    wrap_up_ended: tuple[str, ...] = ("beep", "beep")
    wrap_up_extended: tuple[str, ...] = ("minutes", "added")
    do_not_disturb_on: tuple[str, ...] = ("do-not-disturb", "activated")
    do_not_disturb_off: tuple[str, ...] = ("do-not-disturb", "de-activated")
    forward_on: tuple[str, ...] = ("call-forwarding", "activated")
    forward_off: tuple[str, ...] = ("call-forwarding", "de-activated")
    away: tuple[str, ...] = ("agent-loggedoff",)
    handed_over: tuple[str, ...] = ("beep",)
    parked: tuple[str, ...] = ("beep",)
    wrong_pin: tuple[str, ...] = ("auth-incorrect",)
    pin_locked: tuple[str, ...] = ("im-sorry", "feature-not-avail-line")
    recording_paused: tuple[str, ...] = ("beep",)
    recording_goes_on: tuple[str, ...] = ("beep", "beep")


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
    missed_ms: int = 0
    """So long whoever let a queue's call ring out is not rung for queues, unless they say that they are there; 0: at
    once again."""
    wrap_up_extend_ms: int = 60_000
    """How much longer wrap-up becomes when nobody says by how much."""
    wrap_up_at_most_ms: int = 600_000
    """No extension leaves more than this."""
    pin_tries: int = 5
    """Wrong PINs for one extension, or from one phone, before it is locked."""
    pin_locked_ms: int = 60_000
    """For how long at first; twice as long after each wrong one more."""
    short_hang_up_ms: int = 0
    """Who leaves a queue so soon after they called is counted apart: a wrong number, a change of mind."""
    hand_over_ring_ms: int = 20_000
    """So long a colleague is rung for a caller who is given to them."""
    return_ring_ms: int = 20_000
    """So long who gave a caller away is rung when nobody took them."""
    return_wait_ms: int = 600_000
    """So long a caller whom nobody took back waits at the head of the queue."""
    hold_at_most_ms: int = 180_000
    """After this a caller on hold comes back to who holds them."""
    parked_at_most_ms: int = 180_000
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
    destinations: dict[str, Destination] = field(default_factory=dict)
    """By number."""
    boxes: dict[str, Box] = field(default_factory=dict)
    recording: Recording = Recording()
