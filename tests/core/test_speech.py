"""Numbers are spoken right in English and Russian, with sounds that exist."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.config.sounds import SOUNDS
from switchboard.core.queue_rules import Voice
from switchboard.core.speech import LANGUAGES, MOST_MINUTES, say_digits, say_number, say_place, say_wait

OWN = Voice("custom/odna", "custom/dve", "custom/minuty")
MINUTE_MS = 60_000


def spoken(prompts: tuple[str, ...] | None) -> str:
    return " ".join(prompts or ("nothing",)).replace("digits/", "").replace("queue-", "").replace("custom/", "")


@pytest.mark.parametrize(
    ("number", "english", "russian"),
    [
        (0, "0", "0"),
        (7, "7", "7"),
        (20, "20", "20"),
        (21, "20 1", "20 1"),
        (100, "1 hundred", "hundred"),
        (115, "1 hundred 15", "hundred 15"),
        (199, "1 hundred 90 9", "hundred 90 9"),
        (200, "2 hundred", "nothing"),
        (999, "9 hundred 90 9", "nothing"),
        (1000, "nothing", "nothing"),
    ],
)
def test_numbers(number: int, english: str, russian: str) -> None:
    assert (spoken(say_number(number, "en")), spoken(say_number(number, "ru"))) == (english, russian)


@pytest.mark.parametrize(
    ("minutes", "with_package", "with_own"),
    [
        (1, "5 minutes", "odna minute"),
        (2, "5 minutes", "dve minuty"),
        (3, "5 minutes", "3 minuty"),
        (5, "5 minutes", "5 minutes"),
        (11, "11 minutes", "11 minutes"),
        (12, "12 minutes", "12 minutes"),
        (14, "14 minutes", "14 minutes"),
        (20, "20 minutes", "20 minutes"),
        (21, "25: 20 5 minutes", "20 odna minute"),
        (22, "25: 20 5 minutes", "20 dve minuty"),
        (24, "25: 20 5 minutes", "20 4 minuty"),
        (29, "20 9 minutes", "20 9 minutes"),
        (51, "55: 50 5 minutes", "50 odna minute"),
        (60, "60 minutes", "60 minutes"),
    ],
)
def test_russian_minutes(minutes: int, with_package: str, with_own: str) -> None:
    with_package = with_package.partition(": ")[2] or with_package
    assert spoken(say_wait(minutes * MINUTE_MS, "ru", Voice())) == f"holdtime {with_package}"
    assert spoken(say_wait(minutes * MINUTE_MS - 1, "ru", OWN)) == f"holdtime {with_own}"


@pytest.mark.parametrize(
    ("wait_ms", "said"),
    [
        (1, "holdtime less-than 1 minute"),
        (60_000, "holdtime less-than 1 minute"),
        (60_001, "holdtime 2 minutes"),
        (21 * MINUTE_MS, "holdtime 20 1 minutes"),
        (60 * MINUTE_MS, "holdtime 60 minutes"),
        (60 * MINUTE_MS + 1, "nothing"),
        (0, "nothing"),
        (-5, "nothing"),
    ],
)
def test_english_minutes(wait_ms: int, said: str) -> None:
    assert spoken(say_wait(wait_ms, "en", Voice())) == said


def test_places() -> None:
    assert spoken(say_place(1, "ru")) == "youarenext"
    assert spoken(say_place(3, "en")) == "thereare 3 callswaiting"
    assert spoken(say_place(0, "en")) == spoken(say_place(2, "de")) == spoken(say_place(500, "ru")) == "nothing"
    assert say_digits("+7 916") == ("digits/7", "digits/9", "digits/1", "digits/6")


@given(st.integers(-5, 2_000), st.sampled_from([*LANGUAGES, "de", ""]))
def test_only_sounds_that_exist(number: int, language: str) -> None:
    """And a wait is never told to be shorter than it is."""
    said = [say_number(number, language), say_place(number, language), say_wait(number * 1_000, language, Voice())]
    assert {prompt for prompts in said for prompt in prompts or ()} <= set(SOUNDS)
    if said[2] is not None:
        told = sum(int(prompt[7:]) for prompt in said[2] if prompt.startswith("digits/"))
        assert number / 60 <= told <= MOST_MINUTES
