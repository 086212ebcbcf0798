"""What Asterisk's queue log tells of the calls that its own queue had while the service was away."""

from __future__ import annotations

from msgspec import Struct

from switchboard.core.ids import LegId, PhoneId


class FallbackCall(Struct, frozen=True):
    """A call that Asterisk's own queue had while the service was away, as far as its story is known."""

    leg: LegId
    number: str
    """The caller's number as the network gave it, but for signs that no number has; may be empty or nonsense."""
    dialled: str
    arrived_at_ms: int
    phone: PhoneId | None = None
    """The phone that took it."""
    answered_at_ms: int | None = None
    ring_ms: int = 0
    """How long phones rang for it; the ring that was answered counts in whole seconds."""
    ringing: bool = False
    """A phone was ringing for it when the caller left the queue."""
    unserved: bool = False
    """Nobody took it in time, and the message began."""
    ended_at_ms: int | None = None
    lost: bool = False
    """Asterisk ended in the middle of it; when, is known by the last line before."""


class Bookmark(Struct, frozen=True):
    """How far Asterisk's queue log was read. Where it ends, some calls may have begun and not be over."""

    file: str
    """Names the file, also after it was renamed; empty when there was none."""
    offset: int
    at_s: int
    """Unix seconds of the last line read; 0 when there was none."""
    open: tuple[FallbackCall, ...] = ()
