"""What a ``Witness`` has seen of a call."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

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


def take_down(bridge: BridgeId, *where: Iterable[Seen]) -> None:
    """Maybe that of another call, which is over, and out of which somebody came into this one."""
    holder = next((one for one in chain(*where) if bridge in one.bridges), None)
    if holder is not None:
        del holder.bridges[bridge]
        talks = bool(holder.bridges) or holder.guest
        holder.hears = "" if holder.hears == "voice" and not talks else holder.hears  # music goes on
