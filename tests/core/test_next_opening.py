"""When it opens next, and how that is said: the moment spoken is the first open minute."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.config.sounds import SOUNDS
from switchboard.core.opening_hours import DAYS, OpeningHours, Span, SpecialDay, next_opening_ms, opening_at
from switchboard.core.queue_rules import Voice
from switchboard.core.speech_time import say_moment
from tests.core.test_opening_hours import CHANGES, OFFICE, ZONES, at_ms

MINUTE_MS, DAY_MS = 60_000, 86_400_000
OWN = Voice(
    one_feminine="custom/odna",
    two_feminine="custom/dve",
    minutes_few="custom/minuty",
    hour_one="custom/chas",
    hours_few="custom/chasa",
    on_days=tuple(f"custom/on-{day}" for day in DAYS),
    days_of_month="custom/date",
)


def moscow(local: str) -> int:
    return at_ms(datetime.fromisoformat(local), "Europe/Moscow")


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2027-01-04T18:30:00", "2027-01-05T09:00:00"),
        ("2027-01-05T13:30:15", "2027-01-05T14:00:00"),
        ("2027-01-08T18:00:00", "2027-01-11T09:00:00"),  # over the weekend
        ("2026-12-31T18:00:00", "2027-01-04T09:00:00"),  # New Year on a Friday, and the weekend behind it
        ("2027-02-19T18:00:00", "2027-02-20T09:00:00"),  # a working Saturday
        ("2027-01-05T10:00:01", "2027-01-05T10:00:01"),  # open now
    ],
)
def test_the_next_opening(now: str, opens: str) -> None:
    assert next_opening_ms(OFFICE, moscow(now)) == moscow(opens)


def test_what_never_opens() -> None:
    assert next_opening_ms(OpeningHours("never", "Europe/Moscow", {}), moscow("2027-01-05T10:00:00")) is None


SPANS = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, 1440))
    .filter(lambda pair: pair[0] < pair[1])
    .map(lambda p: Span(*p)),
    max_size=2,
).map(tuple)


@st.composite
def some_hours(draw: st.DrawFn) -> tuple[OpeningHours, int]:
    """Hours with holidays around a day on which some clocks change, and a moment near it."""
    zone, day = draw(ZONES), draw(CHANGES)
    weekly = {name: spans for name in DAYS if (spans := draw(SPANS))}
    special = {
        (day + timedelta(days=number)).isoformat(): SpecialDay("special", draw(SPANS))
        for number in draw(st.sets(st.integers(-1, 3), max_size=3))
    }
    now_ms = at_ms(datetime.combine(day, datetime.min.time()), zone) + draw(st.integers(-DAY_MS, DAY_MS))
    return OpeningHours("some", zone, weekly, special), now_ms


@settings(max_examples=150, deadline=None)
@given(some_hours())
def test_it_is_the_first_open_minute(drawn: tuple[OpeningHours, int]) -> None:
    """Minute by minute, for three days."""
    hours, now_ms = drawn
    found = next_opening_ms(hours, now_ms)
    minutes = (now_ms, *range(now_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS, now_ms + 3 * DAY_MS, MINUTE_MS))
    first = next((minute for minute in minutes if opening_at(hours, minute).is_open), None)
    if first is not None:
        assert found == first
    else:
        assert found is None or found >= now_ms + 3 * DAY_MS
    if found is not None:
        assert opening_at(hours, found).is_open


def spoken(prompts: tuple[str, ...] | None) -> str:
    return " ".join(prompts or ("nothing",)).replace("digits/", "").replace("queue-", "").replace("custom/", "")


@pytest.mark.parametrize(
    ("now", "moment", "english", "russian", "with_own_words"),
    [
        ("2027-01-05T07:00", "2027-01-05T09:00", "today at 9 oclock a-m", "today at 9 oclock", "today at 9 oclock"),
        ("2027-01-05T20:00", "2027-01-06T14:30", "tomorrow at 2 30 p-m", "tomorrow at 14 oclock 30 minutes",
         "tomorrow at 14 oclock 30 minutes"),
        ("2027-01-08T19:00", "2027-01-11T09:05", "day-1 at 9 oh 5 a-m", "at day-1 at 9 oclock 5 minutes",
         "on-mon at 9 oclock 5 minutes"),
        ("2027-01-03T19:00", "2027-01-05T12:00", "day-2 at 12 oclock p-m", "nothing", "on-tue at 12 oclock"),
        ("2027-01-05T19:00", "2027-01-06T22:00", "tomorrow at 10 oclock p-m", "nothing",
         "tomorrow at 20 2 chasa"),
        ("2027-01-05T19:00", "2027-01-06T01:42", "tomorrow at 1 40 2 a-m", "nothing",
         "tomorrow at chas 40 dve minuty"),
        ("2027-01-05T19:00", "2027-01-06T09:21", "tomorrow at 9 20 1 a-m", "nothing", "nothing"),
        ("2026-12-31T19:00", "2027-01-11T09:00", "day-1 mon-0 h-11 at 9 oclock a-m", "nothing",
         "date-11 mon-0 at 9 oclock"),
        ("2027-01-05T19:00", "2027-01-31T00:00", "day-0 mon-0 30 h-1 at 12 oclock a-m", "nothing",
         "date-31 mon-0 at 0 oclock"),
    ],
)  # fmt: skip
def test_a_moment_is_said(now: str, moment: str, english: str, russian: str, with_own_words: str) -> None:
    when, at = moscow(moment), moscow(now)
    said = [say_moment(when, at, "Europe/Moscow", *how) for how in (("en", Voice()), ("ru", Voice()), ("ru", OWN))]
    assert [spoken(one) for one in said] == [english, russian, with_own_words]
    assert say_moment(when, at, "Europe/Moscow", "de", Voice()) is None


MOMENTS = st.integers(1, 60 * 24 * 60)


@settings(deadline=None)
@given(st.integers(0, 365 * 24 * 60), MOMENTS, st.sampled_from(("en", "ru")), st.sampled_from((Voice(), OWN)))
def test_every_sound_exists(now_min: int, later_min: int, language: str, voice: Voice) -> None:
    now_ms = moscow("2027-01-01T00:00") + now_min * MINUTE_MS
    said = say_moment(now_ms + later_min * MINUTE_MS, now_ms, "Europe/Moscow", language, voice)
    assert all(prompt in SOUNDS or (voice is OWN and prompt.startswith("custom/")) for prompt in said or ())


@settings(deadline=None)
@given(st.integers(0, 365 * 24 * 60), MOMENTS)
def test_who_hears_it_knows_the_moment(now_min: int, later_min: int) -> None:
    """The first moment from now on that the English words fit is the one that was meant."""
    now = datetime(2027, 1, 1, tzinfo=ZoneInfo("Europe/Moscow")) + timedelta(minutes=now_min)
    meant = now + timedelta(minutes=later_min)
    said = say_moment(*(round(at.timestamp() * 1000) for at in (meant, now)), "Europe/Moscow", "en", Voice())
    assert said is not None
    day, time = said[: said.index("digits/at")], said[said.index("digits/at") + 1 :]
    days = (now.date() + timedelta(days=number) for number in range(366))
    heard = next(one for one in days if _fits(day, one, now.date()))
    hour = int(time[0].removeprefix("digits/")) % 12 + (12 if time[-1] == "digits/p-m" else 0)
    minute = sum(int(part.removeprefix("digits/")) for part in time[1:-1] if part[7:].isdigit())
    assert (heard, hour, minute) == (meant.date(), meant.hour, meant.minute)


def _fits(words: tuple[str, ...], day: date, today: date) -> bool:
    if len(words) == 1 and words[0] in ("digits/today", "digits/tomorrow"):
        return (day - today).days == (words[0] == "digits/tomorrow")
    if words[0] != f"digits/day-{day.isoweekday() % 7}":
        return False
    if len(words) == 1:
        return (day - today).days >= 2
    number = sum(int(word.removeprefix("digits/").removeprefix("h-")) for word in words[2:])
    return words[1] == f"digits/mon-{day.month - 1}" and number == day.day
