"""Durations and time ranges as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.config.units import read_duration, read_spans, show_duration
from switchboard.core.opening_hours import Span


@pytest.mark.parametrize(
    ("text", "ms"),
    [("90s", 90_000), ("3m", 180_000), ("1h30m", 5_400_000), ("150ms", 150), ("1m500ms", 60_500), ("0s", 0)],
)
def test_durations(text: str, ms: int) -> None:
    assert read_duration(text) == ms


@pytest.mark.parametrize(
    "text", ["", "90", "s", "-5s", "1.5h", "30m1h", "5 s", "5S", "5s5s", "５s", 90, True, None, []]
)
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        read_duration(text)


@given(st.integers(0, 99 * 3_600_000))
def test_a_duration_is_read_as_it_is_shown(ms: int) -> None:
    assert read_duration(show_duration(ms)) == ms


def test_spans() -> None:
    assert read_spans("09:00-13:00, 14:00-24:00") == (Span(540, 780), Span(840, 1440))
    assert read_spans("0:00–7:30") == (Span(0, 450),)
    assert read_spans("closed") == ()


@pytest.mark.parametrize(
    "text",
    ["", "open", "09:00", "09:00-09:00", "18:00-09:00", "14:00-17:00, 09:00-13:00", "09:00-13:00, 12:59-14:00",
     "09:00-24:01", "09:60-10:00", "9-18", 540, None],
)  # fmt: skip
def test_what_are_no_hours(text: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_spans(text)
