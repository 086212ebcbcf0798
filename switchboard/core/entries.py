"""What to remember: the call record, the steps of its history, tasks, and people's states.

Entries are made durable together with the facts that caused them and are delivered to Postgres exactly once,
keyed by their position in the log. Times are Unix milliseconds (UTC), durations whole milliseconds.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from switchboard.core.caller import Debt
from switchboard.core.ids import CallId, LegId, PersonId, RecordingId
from switchboard.core.phone_number import NumberKind


class Direction(StrEnum):
    INBOUND = "inbound"
    INTERNAL = "internal"
    """From one staff phone to another."""
    OUTBOUND = "outbound"
    CALLBACK = "callback"
    """We call somebody back who asked for it while they waited."""
    LISTEN = "listen"
    """A supervisor listens to a talk, whispers or barges in."""
    CODE = "code"
    """A service code dialled on a staff phone (sign in, pause …)."""


class Outcome(StrEnum):
    """How a call ended; every call ends in exactly one."""

    SERVED = "served"
    """An operator took it from a queue."""
    TRANSFERRED = "transferred"
    """A person it was handed to (manager, pool, head, finance) took it."""
    CONNECTED = "connected"
    """A call that staff placed was answered."""
    MESSAGE = "message"
    """Nobody could take it; the caller heard the message that ends the plan."""
    CALLBACK = "callback"
    """Nobody could take it; a task to call back was opened."""
    VOICEMAIL = "voicemail"
    """Nobody could take it, or the caller wished so: they left a message in a box."""
    ABANDONED_EARLY = "abandoned_early"
    """The caller left before anything was offered to anybody."""
    ABANDONED_WAITING = "abandoned_waiting"
    """The caller left a queue while nobody's phone rang for them."""
    ABANDONED_RINGING = "abandoned_ringing"
    """The caller left while somebody's phone rang for them."""
    ABANDONED_HAND_OVER = "abandoned_hand_over"
    """The caller had talked with somebody, and left on the way to somebody else, or on hold."""
    ABANDONED_SHORT = "abandoned_short"
    """The caller left a queue within a few seconds of calling (``short_hang_up``), whether or not a phone rang."""
    CALLBACK_BOOKED = "callback_booked"
    """The caller asked to be called back and hung up; their place in the queue stays."""
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    """A call that staff placed was not permitted, or the far end declined."""
    CODE = "code"
    """A service code, carried out."""
    LISTENED = "listened"
    """A supervisor heard a talk, until it or they ended that."""
    SWITCH_LOST = "switch_lost"
    """Asterisk lost the call while we were not connected to it."""
    CARRIER_FAULT = "carrier_fault"
    """The far end or the trunk failed (no route, congestion …)."""
    OVERFLOW = "overflow"
    """More callers came than are taken on; this one was given to Asterisk's own queue at once."""
    TURNED_AWAY = "turned_away"
    """So many came that even that queue would drown; this one was told at once to try again later (503)."""
    OUR_FAULT = "our_fault"
    """A bug of ours ended our part; the caller was given to Asterisk's fallback queue."""


class Reason(Struct, frozen=True):
    """One decision of a call: what was decided, about whom, and why."""

    at_ms: int
    what: str
    """``caller``, ``class``, ``rule``, ``step``, ``offered``, ``skipped``, ``refused``, ``missed``, ``answered`` …"""
    why: str
    person: PersonId | None = None


class SegmentKind(StrEnum):
    """What a visit consists of; the segments of a call follow one another without a gap."""

    WAIT = "wait"
    """Before anybody talked with the caller: looked up, ringing, in a queue."""
    TALK = "talk"
    HOLD = "hold"
    """Who talked with them holds them; music."""
    CONSULT = "consult"
    """The same, while the one who holds them talks with somebody else about it."""
    CONFERENCE = "conference"
    """Three talk."""
    HAND_OVER = "hand_over"
    """On the way to somebody else: their phone rings, or the caller waits in a queue again."""
    PARKED = "parked"
    LISTEN = "listen"
    """A supervisor hears somebody's talk."""
    MESSAGE = "message"
    """A message is said to them."""


class Segment(Struct, frozen=True):
    """A part of a visit; ``person`` is who talked, holds, consults or parked (``None``: somebody outside)."""

    kind: SegmentKind
    from_ms: int
    until_ms: int
    person: PersonId | None = None


class HandOverKind(StrEnum):
    BLIND = "blind"
    ATTENDED = "attended"
    EARLY = "early"
    """Completed while the other phone still rang."""
    PARK = "park"
    HELD_TOO_LONG = "held_too_long"
    """Nobody gave them away: they were on hold for so long that they came back by themselves."""


class HandOver(Struct, frozen=True):
    """Somebody gave the caller to somebody else."""

    kind: HandOverKind
    giver: PersonId | None
    to: str
    """Whom or what they meant: ``extension 202``, ``queue orders``, a destination's title, an outside number."""
    at_ms: int
    result: str | None = None
    """``answered``, ``returned``, or the outcome with which the call ended; ``None`` while it is under way."""
    person: PersonId | None = None
    """Who has the caller now."""
    until_ms: int | None = None


class CallRecord(Struct, frozen=True, tag=True, kw_only=True):
    """The whole row of one call as it stands now; a later one of the same call replaces it."""

    call: CallId
    direction: Direction
    line: str | None
    """Name of the line; ``None`` for calls that staff place, or a number that no line has."""
    dialled: str
    caller_raw: str
    caller_number: str | None
    """E.164; an extension for a call from a staff phone; ``None`` where there is none to show."""
    number_kind: NumberKind
    caller_person: PersonId | None
    client_id: str | None
    client_name: str | None
    client_class: str | None
    """``None`` for calls that staff place."""
    debt: Debt | None
    debt_minor: int
    """What is owed beyond the terms: the overdue sum, or the excess over the limit where that is more."""
    rule: str | None
    plan: str | None
    flag: str | None
    reasons: tuple[Reason, ...]
    arrived_at_ms: int
    answered_at_ms: int | None
    """When a person and the caller could talk."""
    ended_at_ms: int | None
    answered_by: PersonId | None
    outcome: Outcome | None
    """``None`` while the call lives."""
    wait_ms: int | None
    """From arrival until a person answered, or until the end where nobody did; known from then on."""
    ring_ms: int | None
    """How long phones rang for this call, all offers together (ring-all counted once)."""
    talk_ms: int | None
    """Talk with people, without hold and ways between them; ``None`` where nobody answered."""
    policy_version: str
    hold_ms: int | None = None
    """On hold, consulted about, parked, or on the way to somebody else; ``None`` where nobody answered."""
    segments: tuple[Segment, ...] = ()
    """The whole visit from arrival to end; empty while the call lives."""
    hand_overs: tuple[HandOver, ...] = ()


class CallStep(Struct, frozen=True, tag=True, kw_only=True):
    """One step of a call's history. ``number`` counts 1 … within the call."""

    call: CallId
    number: int
    at_ms: int
    from_state: str
    fact: str
    to_state: str
    reason: str
    person: PersonId | None = None
    leg: LegId | None = None


class TaskOpened(Struct, frozen=True, tag=True, kw_only=True):
    """Somebody has to do something. One open task per ``kind`` and ``about``: a second is not opened."""

    task: str
    kind: str
    """``assign_manager``, ``call_back`` …"""
    call: CallId
    person: PersonId
    """Whose task it is."""
    about: str
    """Client id, else the E.164 number, else the call id: what makes two tasks the same."""
    opened_at_ms: int
    client_id: str | None = None
    caller_number: str | None = None
    reason: str = ""


class PersonState(StrEnum):
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    AWAY = "away"
    """Signed out, or away until a time they named; phone registered."""
    MISSED = "missed"
    """Let a queue's call ring out: not rung for queues until they say that they are there, or a time has passed."""
    OFFLINE = "offline"
    """Phone not registered."""


class PersonChanged(Struct, frozen=True, tag=True, kw_only=True):
    """A person's state from now on."""

    person: PersonId
    at_ms: int
    state: PersonState
    reason: str
    call: CallId | None = None
    until_ms: int | None = None
    """When it ends by itself, as far as that is known: wrap-up, missed, away until."""
    misses: int = 0
    """Offers from queues in a row that they did not take, by then."""


class Audited(Struct, frozen=True, tag=True, kw_only=True):
    """Somebody did what must be answered for, or tried to."""

    at_ms: int
    person: PersonId
    """Who."""
    what: str
    """``listen``, ``whisper``, ``barge_in``, or ``stop``."""
    about: PersonId | None
    """To whom; ``None``: nobody has what was dialled."""
    call: CallId | None
    """The talk that it was about; ``None``: there was none."""
    by_call: CallId | None
    """The call by which it was done; ``None``: refused at the desk."""
    allowed: bool
    was: str | None
    """What they did before: another of these words, but for ``stop``."""
    becomes: str | None
    """What they do from now on; ``None``: nothing."""
    why: str
    """Why it was refused, or ended."""


class VoicemailLeft(Struct, frozen=True, tag=True, kw_only=True):
    """A caller left a message; its sound lies in Asterisk as a file of this name, to be fetched."""

    message: RecordingId
    call: CallId
    box: str
    title: str
    department: str
    left_at_ms: int
    duration_ms: int
    """As far as it is known: whole seconds, where Asterisk said so."""
    line: str | None = None
    caller_number: str | None = None
    """E.164."""
    client_id: str | None = None
    client_name: str | None = None
    language: str = "en"
    """Of the line."""
    mail_to: tuple[str, ...] = ()
    keep_days: int = 90


class RecordingPart(Struct, frozen=True, tag=True, kw_only=True):
    """One talk of a call that is or was recorded, as it stands now; a later one of the same recording replaces it."""

    recording: RecordingId
    call: CallId
    number: int
    """1 … within the call."""
    person: PersonId | None
    """Who talked with the caller; ``None`` for a number outside."""
    started_at_ms: int
    ended_at_ms: int | None
    """``None`` while they talk."""
    paused_ms: int
    pauses: tuple[tuple[int, int], ...]
    """From and to, Unix milliseconds, of what was left out; one that lasts is not among them yet."""
    rule: str
    """Name of the rule why it was recorded."""
    trouble: str = ""
    """Why there is no recording, or not of the whole talk; empty where all is well."""


class RecordingFile(Struct, frozen=True, tag=True, kw_only=True):
    """A recording lies in the folder of recordings."""

    recording: RecordingId
    call: CallId
    at_ms: int
    file: str
    """Its place in the folder."""
    sha256: str
    size_bytes: int


class RecordingGone(Struct, frozen=True, tag=True, kw_only=True):
    """There is no file of this recording (any more)."""

    recording: RecordingId
    call: CallId
    at_ms: int
    missing: str = ""
    """Why there never was one; empty where it was deleted because it was old."""


Entry = (
    CallRecord
    | CallStep
    | TaskOpened
    | PersonChanged
    | Audited
    | RecordingPart
    | RecordingFile
    | RecordingGone
    | VoicemailLeft
)
