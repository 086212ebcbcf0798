"""What a ``Witness`` has seen of a call."""

from __future__ import annotations

from msgspec import Struct, field

from switchboard.core.entries import Outcome
from switchboard.core.ids import BridgeId, LegId
from switchboard.sim.rings import Rung


class Seen(Struct):
    """What was seen of one call so far."""

    leg: LegId
    hears: str = ""
    left: bool = False
    """The caller hung up, was hung up, or went to the dialplan."""
    rung: dict[LegId, Rung] = field(default_factory=dict)
    bridges: dict[BridgeId, None] = field(default_factory=dict)
    """Made and not taken down."""
    guest: bool = False
    """Has joined the talk of another call."""
    ring_ms: int = 0
    """How long phones rang for it so far, until ``ringing_since_ms``, when one began to ring that still does."""
    ringing_since_ms: int | None = None
    until_ms: int = 0
    """The deadline of its present state."""
    steps: int = 0
    outcome: Outcome | None = None
