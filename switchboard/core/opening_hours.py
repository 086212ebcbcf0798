"""When the company is open: weekly hours and special days, in local wall time.

Pure: the moment is an argument, in Unix milliseconds; the answer says which line of the calendar decided.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct, field

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Span(Struct, frozen=True):
    """From ``start`` (included) to ``end`` (excluded), in minutes after local midnight, 0–1440."""

    start: int
    end: int


class SpecialDay(Struct, frozen=True):
    """What holds on one date instead of the weekly hours; no spans means closed all day."""

    name: str
    spans: tuple[Span, ...] = ()


class OpeningHours(Struct, frozen=True):
    name: str
    timezone: str
    weekly: dict[str, tuple[Span, ...]]
    """Keys ``mon`` … ``sun``; an absent day is closed."""
    special_days: dict[str, SpecialDay] = field(default_factory=dict)
    """Keys are ISO dates in local time."""


class Opening(Struct, frozen=True):
    is_open: bool
    reason: str


@lru_cache(maxsize=32)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def opening_at(hours: OpeningHours, at_ms: int) -> Opening:
    """Whether ``hours`` are open at ``at_ms`` (Unix milliseconds), and which entry of the calendar says so."""
    local = datetime.fromtimestamp(at_ms / 1000, tz=_zone(hours.timezone))
    minute = local.hour * 60 + local.minute
    special = hours.special_days.get(local.date().isoformat())
    day = DAYS[local.weekday()]
    spans = special.spans if special is not None else hours.weekly.get(day, ())
    which = f"{special.name} ({local.date().isoformat()})" if special is not None else f"hours of {day}"
    is_open = any(span.start <= minute < span.end for span in spans)
    return Opening(is_open, f"{hours.name} {'open' if is_open else 'closed'}: {which}")
