"""What the states of a call are made of: offers, parties, what was said to whom, where a supervisor hears from."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from switchboard.core.ids import BridgeId, LegId, PersonId, PlaybackId, RecordingId


class Bug(AssertionError):
    """A promise of ours is broken. Ends the call it happened in, loudly; never the service."""


class Offer(Struct, frozen=True):
    """One ring of one person for one call (or of a number outside: ``person`` is ``None``)."""

    leg: LegId
    person: PersonId | None
    since_ms: int
    until_ms: int
    meant: PersonId | None = None
    """Whom it was meant for, where ``person`` is rung in their place (their deputy, or whom they forward to)."""


class Party(Struct, frozen=True):
    """Somebody with a leg: ``person`` is ``None`` for who is outside."""

    leg: LegId
    person: PersonId | None


class LastTalk(Struct, frozen=True):
    """Whom a caller talked with the last time, and when that ended."""

    person: PersonId
    at_ms: int


class Announced(Struct, frozen=True):
    """What a waiting caller was told, and when something will be said again."""

    at_ms: int | None = None
    """When the next thing is said; while something is being said, when to believe that it is over. ``None``: never."""
    playback: PlaybackId | None = None
    """What is being said, as far as we know."""
    to_greet: bool = False
    """The greeting is to be said first."""
    turn: int = 0
    """How many times something was said, the greeting not counted."""
    place: int | None = None
    """The place told last."""
    wait_min: int | None = None


class Mode(StrEnum):
    """What a supervisor does with the talk of somebody of the staff."""

    LISTEN = "listen"
    WHISPER = "whisper"
    """Only the staff member hears them."""
    BARGE_IN = "barge_in"


class Wish(Struct, frozen=True):
    """Whom a supervisor wants to listen to, and how at first."""

    person: PersonId
    mode: Mode


class Post(Struct, frozen=True):
    """Where a supervisor hears from: their own bridge with a leg that spies, or the bridge of the talk."""

    mode: Mode
    bridge: BridgeId
    snoop: LegId | None
    """The leg that spies; ``None`` in the bridge of the talk."""
    since_ms: int = 0
    """When that leg was asked for."""
    asked: bool = False
    """They were asked to be put there."""
    bridged: tuple[LegId, ...] = ()
    again: bool = False
    """Nothing was heard of another one like this."""


class TalkRecording(Struct, frozen=True, kw_only=True):
    """The recording of the talk that goes on."""

    recording: RecordingId
    number: int
    """1 … within the call."""
    person: PersonId | None
    bridge: BridgeId
    legs: tuple[LegId, ...]
    rule: str
    may_pause: bool
    started_at_ms: int | None = None
    """``None``: both are being told first."""
    telling: PlaybackId | None = None
    paused_at_ms: int | None = None
    paused_by: LegId | None = None
    until_ms: int | None = None
    """When a pause ends by itself, what they are told has taken too long, a recording that ended has broken off."""
    pauses: tuple[tuple[int, int], ...] = ()
    over_at_ms: int | None = None
    """When Asterisk said that it ended."""
    trouble: str = ""


class Keyed(Struct, frozen=True):
    """Keys that somebody pressed in a talk, the last of them at ``at_ms``."""

    keys: str
    at_ms: int


class Hears(StrEnum):
    """What the caller's ear gets right now; never nothing for long."""

    NOTHING = "nothing"
    RINGING = "ringing"
    MUSIC = "music"
    VOICE = "voice"
    """A message or a person."""
