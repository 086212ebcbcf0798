"""A moment as prompts: "tomorrow at nine o'clock". ``None`` where a language has not the right words for it.

English: all words are there. Russian: Debian's package (1.6.1) has "часов", "минут", the months in the genitive and
the days of the week in the nominative. So it can say hours from 5 to 20, minutes as in ``speech``, today, tomorrow, and
with "в" those days whose accusative is the nominative: not вторник, среда, пятница, суббота. For the other words a
company records its own (``Voice``): час, часа, "во вторник", "первого". Rather nothing is said than something wrong.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from switchboard.core.queue_rules import Voice
from switchboard.core.speech import below_hundred, russian_minutes

_SOON_DAYS = 7
"""From so many days ahead on the name of the day alone would be taken for another."""
_AT = "digits/at"
_NOMINATIVE_WILL_DO = (0, 3, 6)
"""Monday, Thursday, Sunday: "в понедельник"."""


def say_moment(moment_ms: int, now_ms: int, timezone: str, language: str, voice: Voice) -> tuple[str, ...] | None:
    """The day and the time of day of a moment in the future, as somebody says them who speaks now."""
    zone = ZoneInfo(timezone)
    moment, now = (datetime.fromtimestamp(ms / 1000, tz=zone) for ms in (moment_ms, now_ms))
    days = (moment.date() - now.date()).days
    if language == "en":
        return (*_english_day(moment, days), _AT, *_english_time(moment))
    if language == "ru":
        day, time = _russian_day(moment, days, voice), _russian_time(moment, voice)
        return (*day, _AT, *time) if day and time else None
    return None


def _english_day(moment: datetime, days: int) -> tuple[str, ...]:
    if days < 2:
        return ("digits/tomorrow" if days else "digits/today",)
    name = f"digits/day-{moment.isoweekday() % 7}"
    return (name,) if days < _SOON_DAYS else (name, f"digits/mon-{moment.month - 1}", *_ordinal(moment.day))


def _ordinal(day: int) -> tuple[str, ...]:
    tens, units = divmod(day, 10)
    if day <= 20 or not units:
        return (f"digits/h-{day}",)
    return (f"digits/{tens}0", f"digits/h-{units}")


def _english_time(moment: datetime) -> tuple[str, ...]:
    minute, half = moment.minute, "digits/p-m" if moment.hour >= 12 else "digits/a-m"
    if not minute:
        minutes: tuple[str, ...] = ("digits/oclock",)
    else:
        minutes = ("digits/oh",) * (minute < 10) + below_hundred(minute)
    return (f"digits/{moment.hour % 12 or 12}", *minutes, half)


def _russian_day(moment: datetime, days: int, voice: Voice) -> tuple[str, ...] | None:
    if days < 2:
        return ("digits/tomorrow" if days else "digits/today",)
    weekday = moment.weekday()
    if days >= _SOON_DAYS:
        first = voice.days_of_month
        return (f"{first}-{moment.day}", f"digits/mon-{moment.month - 1}") if first else None
    if voice.on_days:
        return (voice.on_days[weekday],)
    return (_AT, f"digits/day-{moment.isoweekday() % 7}") if weekday in _NOMINATIVE_WILL_DO else None


def _russian_time(moment: datetime, voice: Voice) -> tuple[str, ...] | None:
    hour = moment.hour
    if hour in (1, 21):
        word = voice.hour_one
    elif hour in (2, 3, 4, 22, 23):
        word = voice.hours_few
    else:
        word = "digits/oclock"
    number = () if hour == 1 else below_hundred(hour)  # в час
    minutes = _russian_minutes(moment.minute, voice)
    return (*number, word, *minutes) if word and minutes is not None else None


def _russian_minutes(minute: int, voice: Voice) -> tuple[str, ...] | None:
    """ "В девять часов одну минуту" has another form than "одна минута", so minutes that end in 1 are not said."""
    if not minute:
        return ()
    return russian_minutes(minute, voice) if minute % 10 != 1 or minute == 11 else None
