"""What a ``Witness`` has seen of a call, and of the phones that ring for it."""

from __future__ import annotations

from msgspec import Struct, field

from switchboard.core.entries import Outcome
from switchboard.core.ids import BridgeId, LegId, PhoneId


class Rung(Struct):
    """One ring of one phone, as seen from outside."""

    phone: PhoneId | None
    until_ms: int
    over: bool = False
    silent: bool = False
    """The phone does not ring any more, for whatever reason."""
    stopped: bool = False
    """Told to end, or ended: whoever picks it up now has nobody to talk to."""
    withdrawn: bool = False
    """Stopped because somebody else took the call, or nobody knows why: may be rung again."""


class Seen(Struct):
    """What was seen of one call so far."""

    leg: LegId
    hears: str = ""
    left: bool = False
    """The caller hung up, was hung up, or went to the dialplan."""
    rung: dict[LegId, Rung] = field(default_factory=dict)
    bridges: dict[BridgeId, None] = field(default_factory=dict)
    """Made and not taken down."""
    ring_ms: int = 0
    """How long phones rang for it so far, until ``ringing_since_ms``, when one began to ring that still does."""
    ringing_since_ms: int | None = None
    until_ms: int = 0
    """The deadline of its present state."""
    steps: int = 0
    outcome: Outcome | None = None


def vanish(rung: Rung) -> None:
    """Nobody knows how it ended, so whoever was rung may be rung again."""
    rung.over = rung.silent = rung.stopped = rung.withdrawn = True
