"""When the company is open: weekly hours and special days, in local wall time.

Pure: the moment is an argument, in Unix milliseconds; the answer says which line of the calendar decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
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


FARTHEST_DAYS = 400
"""Nobody is told of an opening beyond a year."""
_MINUTE_MS = 60_000


def next_opening_ms(hours: OpeningHours, at_ms: int) -> int | None:
    """The first open minute from ``at_ms`` on, that minute itself included; ``None``: not within a year.

    Unix milliseconds. A moment within an open minute is returned as it is; any other answer is the beginning of one.
    """
    if opening_at(hours, at_ms).is_open:
        return at_ms
    zone = _zone(hours.timezone)
    today = datetime.fromtimestamp(at_ms / 1000, tz=zone).date()
    for day in (today + timedelta(days=number) for number in range(FARTHEST_DAYS)):
        later = (
            moment for moment in _may_open(hours, day, zone) if moment > at_ms and opening_at(hours, moment).is_open
        )
        first_ms = min(later, default=None)
        if first_ms is not None:
            return first_ms
    return None


def _may_open(hours: OpeningHours, day: date, zone: ZoneInfo) -> Iterator[int]:
    """The moments of a local day at which it may open: where a span begins; and each minute of a day on which clocks
    are put forward or back: there a span may begin in an hour that does not exist, or twice."""
    special = hours.special_days.get(day.isoformat())
    spans = special.spans if special is not None else hours.weekly.get(DAYS[day.weekday()], ())
    if not spans:
        return
    begins, ends = (datetime.combine(each, time(), zone) for each in (day, day + timedelta(days=1)))
    if begins.utcoffset() == ends.utcoffset():
        for span in spans:
            yield _ms(begins + timedelta(minutes=span.start))
    else:
        yield from range(_ms(begins), _ms(ends), _MINUTE_MS)


def _ms(local: datetime) -> int:
    return int(local.timestamp()) * 1000
