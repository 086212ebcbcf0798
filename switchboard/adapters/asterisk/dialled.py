"""What was dialled, without what must stay secret: a PIN never becomes part of a fact, a record or a log line.

In a dialled code everything behind a second ``*`` is a PIN (``*12101*4711``), whatever the code before it, so that a
mistyped code gives no PIN away. Here it is cut off and kept beside the facts, by leg, until somebody asks for it.
"""

from __future__ import annotations

from typing import Final

from switchboard.core.codes import HIDDEN
from switchboard.core.ids import LegId

KEPT_AT_MOST: Final = 200
"""Dialled and not asked for; the oldest are forgotten."""


def without_pin(dialled: str) -> tuple[str, str | None]:
    """What may be told, and the PIN behind it if there is one."""
    at = dialled.find("*", 1)
    if at < 0:
        return dialled, None
    return dialled[: at + 1] + HIDDEN, dialled[at + 1 :]


class DialledPins:
    def __init__(self) -> None:
        self._pins: dict[LegId, str] = {}

    def __repr__(self) -> str:
        return f"DialledPins({len(self._pins)})"

    def keep(self, leg: LegId, dialled: str) -> None:
        _, pin = without_pin(dialled)
        if pin is not None:
            self._pins.pop(leg, None)
            self._pins[leg] = pin
            while len(self._pins) > KEPT_AT_MOST:
                del self._pins[next(iter(self._pins))]

    def take(self, leg: LegId) -> str | None:
        """The PIN that was dialled on this leg; known once."""
        return self._pins.pop(leg, None)
