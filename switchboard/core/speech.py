"""Numbers, places and waits as prompts: what Asterisk's sound packages can say, with the grammar of each language.

Everything here is a tuple of names of sound files, played in order; ``None`` where the language has no right words for
it, and then nothing is said: a caller rather hears music than a mistake.

English has a form for one and a form for many. Russian counts minutes in three forms (минута, минуты, минут) and 1 and
2 in two genders (один – одна, два – две). Debian's Russian package (1.6.1) has the first and the third form of the
minute, and 1 and 2 as masculine and neuter only (``digits/1n`` is одно), so 1–4, 21–24, … minutes cannot be said with
it. A company that records the three missing words (``Voice``) hears every number; without them a wait is rounded up to
the next one that can be said: 5–20, 25–30, 35–40 minutes. Up, because who waits less than they were told forgives it.
"""

from __future__ import annotations

from switchboard.core.queue_rules import Voice

LANGUAGES = ("en", "ru")
"""In these, numbers can be spoken; others have messages only."""
_LARGEST = {"en": 999, "ru": 199}
"""Russian has a word of its own for each hundred; the package has the first."""
MOST_MINUTES = 60
"""A longer wait is not told: an estimate so far ahead is a guess."""
_MINUTE_MS = 60_000


def say_number(number: int, language: str) -> tuple[str, ...] | None:
    """A number from 0 as one counts things with "number" before it (masculine in Russian: номер один)."""
    if language not in LANGUAGES or not 0 <= number <= _LARGEST[language]:
        return None
    hundreds, rest = divmod(number, 100)
    said: tuple[str, ...] = ()
    if hundreds:
        said = ("digits/hundred",) if language == "ru" else (f"digits/{hundreds}", "digits/hundred")
    return said + below_hundred(rest) if rest or not hundreds else said


def below_hundred(number: int) -> tuple[str, ...]:
    tens, units = divmod(number, 10)
    if number <= 20:
        return (f"digits/{number}",)
    return (f"digits/{tens}0", f"digits/{units}") if units else (f"digits/{tens}0",)


def say_digits(number: str) -> tuple[str, ...]:
    """A telephone number, digit by digit; whatever is no digit is left out."""
    return tuple(f"digits/{sign}" for sign in number if sign in "0123456789")


def say_place(place: int, language: str) -> tuple[str, ...] | None:
    """``place`` counts from 1: the next one to be served."""
    number = say_number(place, language)
    if number is None or place < 1:
        return None
    return ("queue-youarenext",) if place == 1 else ("queue-thereare", *number, "queue-callswaiting")


def say_wait(wait_ms: int, language: str, voice: Voice) -> tuple[str, ...] | None:
    """How long it will probably take, in whole minutes, rounded up; ``None`` beyond an hour as well."""
    minutes = -(-wait_ms // _MINUTE_MS)
    if language == "en" and 0 < minutes <= MOST_MINUTES:
        less_than = ("queue-less-than",) if minutes == 1 else ()
        unit = "queue-minute" if minutes == 1 else "queue-minutes"
        return ("queue-holdtime", *less_than, *below_hundred(minutes), unit)
    if language == "ru" and minutes > 0:
        said = next((said for n in range(minutes, MOST_MINUTES + 1) if (said := russian_minutes(n, voice))), None)
        return ("queue-holdtime", *said) if said is not None else None
    return None


def russian_minutes(minutes: int, voice: Voice) -> tuple[str, ...] | None:
    """A number of minutes with its form of the word; ``None`` where a word is missing."""
    teens, units = 10 < minutes % 100 < 20, minutes % 10
    few = not teens and units in (2, 3, 4)
    one = not teens and units == 1
    unit = voice.minutes_few if few else "queue-minute" if one else "queue-minutes"
    tens = (f"digits/{minutes - units}",) if units and minutes > 20 else ()
    if one:
        number: tuple[str, ...] = (*tens, voice.one_feminine)
    elif few and units == 2:
        number = (*tens, voice.two_feminine)
    else:
        number = below_hundred(minutes)
    said = (*number, unit)
    return said if all(said) else None
