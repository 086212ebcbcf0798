"""What day it is for the company: a debt is overdue from the next midnight in its time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from switchboard.engine.ports import Clock


class Today:
    """Call it for the date. ``timezone`` is an IANA name."""

    def __init__(self, timezone: str, clock: Clock) -> None:
        self._zone = ZoneInfo(timezone)
        self._clock = clock

    def __call__(self) -> date:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, tz=UTC).astimezone(self._zone).date()
