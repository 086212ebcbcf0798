"""A channel of the fake Asterisk."""

from __future__ import annotations

from msgspec import Struct

from switchboard.core.facts import CallArrived
from switchboard.core.ids import BridgeId, LegId, PhoneId


class Leg(Struct):
    """One channel. ``phone`` is that of a staff member, ``None`` for a caller or a number outside."""

    leg_id: LegId
    phone: PhoneId | None
    came_in: bool
    """It called us; we did not make it."""
    alive: bool = True
    answered: bool = False
    bridge: BridgeId | None = None
    alone_since_ms: int = 0
    """When it was picked up, or its partner left, whichever came later."""
    arrival: CallArrived | None = None
    """How it called us."""
    of: LegId | None = None
    """The leg that it spies on."""
    last_told_ms: int = 0
    """When its newest event arrives: its next one does not overtake it."""
