"""What may stand in the fields of the admin's files: names, numbers, codes, sounds; each says what it wants when it
refuses."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from switchboard.config.problems import did_you_mean
from switchboard.config.units import Hours, Like
from switchboard.core.matching import HIGHEST_LEVEL
from switchboard.core.opening_hours import Span


def as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _timezone(name: str) -> str:
    if name not in available_timezones():
        hint = did_you_mean(name, sorted(available_timezones()))
        raise ValueError(f'no timezone is called "{name}"' + (f"; {hint}" if hint else ""))
    return name


def region_known(name: str) -> str:
    if name not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f'no numbering plan is known for region "{name}"; write two capitals such as "RU"')
    return name


def _iso_date(value: Any) -> str:
    if type(value) is date:
        return value.isoformat()
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError("not a date, write for example 2027-01-01") from None


_DEBTS = ("overdue", "over_limit", "overdue_and_over_limit")


def _debts(value: Any) -> Any:
    return list(_DEBTS) if value == "any" else as_list(value)


Name = Annotated[str, Like(r"[a-z][a-z0-9_]{0,31}", 'small Latin letters, digits and "_", beginning with a letter')]
"""Name of a table; others refer to it."""
Title = Annotated[str, Like(r"[^\x00-\x1f\x7f]{1,100}", "1 to 100 signs on one line")]
PersonName = Annotated[
    str,
    # It also lands in Asterisk's files: no sign that means something there.
    Like(
        r'[^\x00-\x1f\x7f";,<>\\\[\]|]{1,60}',
        "1 to 60 signs, without line breaks, quotes, commas, semicolons, brackets, bars and backslashes",
    ),
]
Digits = Annotated[str, Like(r"[0-9]{1,15}", "1 to 15 digits")]
Code = Annotated[str, Like(r"\*[0-9]{1,6}", '"*" and digits')]
"""Without the star it could be an extension, and would be taken for a number outside."""
Language = Annotated[str, Like(r"[a-z]{2}(_[A-Z]{2})?", 'a language such as "en" or "ru"')]
SipUser = Annotated[str, Like(r"[a-z0-9_]{0,32}", 'small Latin letters, digits and "_"; empty for no phone')]
Music = Annotated[str, Like(r"[A-Za-z0-9_-]{1,40}", 'letters, digits, "-" and "_"')]
Whom = Annotated[
    str,
    Like(
        r"own_manager|department_head|(head_of|pool|person):[a-z][a-z0-9_]*",
        "own_manager, department_head, head_of:DEPARTMENT, pool:POOL or person:PERSON",
    ),
]
Prompts = Annotated[list[str], BeforeValidator(as_list), Field(min_length=1, max_length=10)]
OneOrMore = Annotated[list[str], BeforeValidator(as_list), Field(min_length=1)]
Meant = Annotated[list[Whom], BeforeValidator(as_list), Field(min_length=1)]
Timezone = Annotated[str, AfterValidator(_timezone)]
Date = Annotated[str, BeforeValidator(_iso_date)]
OpenHours = Annotated[tuple[Span, ...], Hours()]

Level = Annotated[int, Field(ge=1, le=HIGHEST_LEVEL)]
Debts = Annotated[
    list[Literal["none", "overdue", "over_limit", "overdue_and_over_limit"]],
    BeforeValidator(_debts),
    Field(min_length=1),
]


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)
