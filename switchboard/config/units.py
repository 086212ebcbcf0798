"""How admins write durations and times of day, and what the core makes of them.

``"90s"``, ``"3m"``, ``"1h30m"``, ``"150ms"`` become milliseconds; ``"09:00-13:00, 14:00-17:00"`` becomes spans
of minutes after midnight. A bare number is refused: nobody should have to guess its unit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from switchboard.core.opening_hours import Span

_DURATION = re.compile(r"(?:(\d{1,3})h)?(?:(\d{1,5})m(?!s))?(?:(\d{1,6})s)?(?:(\d{1,7})ms)?", re.ASCII)
_RANGE = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})", re.ASCII)
_UNITS_MS = (3_600_000, 60_000, 1_000, 1)


def read_duration(text: object) -> int:
    """Milliseconds. Raises ``ValueError`` with the way to write it."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if not match or not match[0]:
        hint = f'; did you mean "{text}s"?' if isinstance(text, int) and not isinstance(text, bool) else ""
        raise ValueError(f'not a duration, write for example "90s", "3m", "1h30m" or "150ms"{hint}')
    return sum(int(number or 0) * unit for number, unit in zip(match.groups(), _UNITS_MS, strict=True))


def show_duration(ms: int) -> str:
    """The inverse of ``read_duration``, in the largest units."""
    shown = ""
    for name, unit in zip(("h", "m", "s", "ms"), _UNITS_MS, strict=True):
        count, ms = divmod(ms, unit)
        shown += f"{count}{name}" if count else ""
    return shown or "0s"


def read_spans(text: object) -> tuple[Span, ...]:
    """Spans of one day, in order; empty for ``"closed"``. Raises ``ValueError``."""
    if not isinstance(text, str):
        raise ValueError('write hours as text, for example "09:00-18:00" or "closed"')
    if text.strip() == "closed":
        return ()
    spans = [_span(part.strip()) for part in text.split(",")]
    for earlier, later in pairwise(spans):
        if later.start < earlier.end:
            raise ValueError(f'"{text}" overlaps itself or is out of order')
    return tuple(spans)


def _span(text: str) -> Span:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is not a time range, write for example "09:00-18:00", or "closed"')
    start, end = _minute(match[1], match[2]), _minute(match[3], match[4])
    if start >= end:
        raise ValueError(
            f'"{text}" ends before it begins; hours past midnight belong to two days: '
            f'"{match[1]}:{match[2]}-24:00" and, on the next, "00:00-{match[3]}:{match[4]}"'
        )
    return Span(start, end)


def _minute(hour: str, minute: str) -> int:
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > 24 * 60:
        raise ValueError(f"{hour}:{minute} is not a time of day")
    return total


@dataclass(frozen=True)
class Duration:
    """Annotation of a field: a duration from ``low`` to ``high``, text in the file, milliseconds in Python."""

    low: str
    high: str

    def read(self, text: object) -> int:
        ms = read_duration(text)
        if not read_duration(self.low) <= ms <= read_duration(self.high):
            raise ValueError(f'"{text}" is out of range, allowed is {self.low} to {self.high}')
        return ms

    def __get_pydantic_core_schema__(self, _source: Any, _build: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _build: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "title": f"duration, {self.low} to {self.high}"}


@dataclass(frozen=True)
class Like:
    """Annotation of a field: a text that has this form. ``what`` says it to people, after "must be"."""

    pattern: str
    what: str

    def check(self, text: str) -> str:
        if re.fullmatch(self.pattern, text) is None:
            raise ValueError(f'"{text}" must be {self.what}')
        return text

    def __get_pydantic_core_schema__(self, _source: Any, _build: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, core_schema.str_schema(strict=True))

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _build: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "title": "text"}


class Hours:
    """Annotation of a field: the open hours of one day."""

    def __get_pydantic_core_schema__(self, _source: Any, _build: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(read_spans)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _build: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "title": "time ranges"}
