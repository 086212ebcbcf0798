"""Which talks are recorded, and how: the rules. Part of the policy."""

from __future__ import annotations

from msgspec import Struct

from switchboard.core.entries import Direction
from switchboard.core.ids import PersonId


class RecordingRule(Struct, frozen=True):
    """First rule whose every condition holds decides. An empty condition always holds."""

    name: str
    record: bool = True
    announce: bool = True
    """The caller must have heard that the talk may be recorded; who has not is not recorded."""
    may_pause: bool = True
    """Staff may leave something out."""
    directions: tuple[Direction, ...] = (Direction.INBOUND,)
    lines: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    """The queue it is answered from."""
    people: tuple[PersonId, ...] = ()
    """Who talks with the caller."""
    departments: tuple[str, ...] = ()
    """Of that person."""


class Recording(Struct, frozen=True):
    rules: tuple[RecordingRule, ...] = ()
    """What no rule fits is not recorded."""
    announcement: tuple[str, ...] = ()
    """Said to the caller, once, before anybody is rung for a talk that may be recorded."""
    keep_days: int = 180
    """Files of calls that arrived longer ago are deleted; 0: none is."""
    pause_code: str = "*6"
    """Pressed in a talk: leave out what is said from now on, and go on again. Empty: no keys do it."""
    pause_at_most_ms: int = 180_000
    """Then recording goes on by itself."""
