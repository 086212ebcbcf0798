"""Opening hours in local wall time: edges of spans, special days, and the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.core.opening_hours import DAYS, OpeningHours, Span, SpecialDay, opening_at

OFFICE = OpeningHours(
    "office",
    "Europe/Moscow",
    {day: (Span(540, 780), Span(840, 1080)) for day in DAYS[:5]},
    {"2027-01-01": SpecialDay("New Year"), "2027-02-20": SpecialDay("working Saturday", (Span(540, 720),))},
)


def at_ms(local: datetime, zone: str) -> int:
    return round(local.replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("local", "is_open", "why"),
    [
        ("2027-01-04T08:59:59.999", False, "office closed: hours of mon"),
        ("2027-01-04T09:00:00", True, "office open: hours of mon"),
        ("2027-01-04T12:59:59.999", True, "office open: hours of mon"),
        ("2027-01-04T13:00:00", False, "office closed: hours of mon"),
        ("2027-01-04T17:59:59.999", True, "office open: hours of mon"),
        ("2027-01-04T18:00:00", False, "office closed: hours of mon"),
        ("2027-01-01T10:00:00", False, "office closed: New Year (2027-01-01)"),
        ("2027-01-02T10:00:00", False, "office closed: hours of sat"),
        ("2027-02-20T10:00:00", True, "office open: working Saturday (2027-02-20)"),
        ("2027-02-20T12:00:00", False, "office closed: working Saturday (2027-02-20)"),
    ],
)
def test_spans_begin_and_end_where_they_say(local: str, is_open: bool, why: str) -> None:
    opening = opening_at(OFFICE, at_ms(datetime.fromisoformat(local), OFFICE.timezone))
    assert (opening.is_open, opening.reason) == (is_open, why)


def test_a_day_can_be_open_to_its_last_moment() -> None:
    always = OpeningHours("always", "Europe/Moscow", {day: (Span(0, 1440),) for day in DAYS})
    for local in ("2027-01-04T00:00:00", "2027-01-04T23:59:59.999"):
        assert opening_at(always, at_ms(datetime.fromisoformat(local), always.timezone)).is_open


# Berlin, New York and Lord Howe (which moves by half an hour) change their clocks; Moscow does not.
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/Moscow"])
CHANGES = st.sampled_from(
    [date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2026, 10, 4)]
)
SPANS = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda pair: pair[0] < pair[1])


@given(ZONES, CHANGES, SPANS, st.integers(-86_400_000, 2 * 86_400_000))
def test_clock_changes_move_the_moment_not_the_wall_time(
    zone: str, day: date, span: tuple[int, int], offset_ms: int
) -> None:
    """Whatever the clock on the wall shows decides, also in an hour that happens twice or not at all."""
    moment_ms = at_ms(datetime(day.year, day.month, day.day), zone) + offset_ms  # noqa: DTZ001 the zone follows
    hours = OpeningHours("h", zone, {name: (Span(*span),) for name in DAYS})
    wall = datetime.fromtimestamp(moment_ms / 1000, tz=UTC).astimezone(ZoneInfo(zone))
    shown = f"{wall:%H:%M}"
    first, last = (f"{minute // 60:02d}:{minute % 60:02d}" for minute in span)
    assert opening_at(hours, moment_ms).is_open == (first <= shown < last)


@given(ZONES, CHANGES)
def test_a_working_day_has_its_hours_on_the_day_clocks_change(zone: str, day: date) -> None:
    """09:00–18:00 is nine hours, also when the day has 23, 24 or 25."""
    hours = OpeningHours("h", zone, {name: (Span(540, 1080),) for name in DAYS})
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    length = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) + timedelta(days=1)
    minutes = int((length.astimezone(UTC) - start).total_seconds()) // 60
    opens = [opening_at(hours, round((start.timestamp() + 60 * minute) * 1000)).is_open for minute in range(minutes)]
    assert sum(opens) == 9 * 60
    assert minutes in {1380, 1410, 1440, 1470, 1500}


def test_the_hour_that_happens_twice_is_open_twice() -> None:
    """Berlin, 25 October 2026: 02:00–03:00 happens twice, so 02:30–02:45 lasts half an hour in all."""
    hours = OpeningHours("night", "Europe/Berlin", {"sun": (Span(150, 165),)})
    midnight_ms = at_ms(datetime(2026, 10, 25), "Europe/Berlin")  # noqa: DTZ001 the zone follows
    minutes = [opening_at(hours, midnight_ms + 60_000 * minute).is_open for minute in range(25 * 60)]
    assert sum(minutes) == 30
