"""The engine's clock: wall time at its start plus monotonic time since, so it never jumps.

Somebody may set the machine's clock in the middle of a talk, or between our death and our next start. Durations do not
care: on the same boot of the machine a new process goes on with the clock of the one before. But then all that we
write down is as wrong as the machine's clock was. So whenever nothing lasts (no call, nobody in wrap-up) the clock is
drawn near the machine's: forward at once, back as far as to the last fact stored, for the order of facts never ends.
"""

from __future__ import annotations

import time
from pathlib import Path

from msgspec import Struct

_NEAR_ENOUGH_NS = 50_000_000
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Going(Struct, frozen=True):
    """How a clock goes: what it adds to the monotonic time of this boot of the machine."""

    boot: str
    base_ns: int


def this_boot() -> str:
    """Names the time since the machine was started; empty where no such name is to be had."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


class SteadyClock:
    """Starts no earlier than ``not_before_ms``, the time of the last fact in the log; goes on as the clock of the
    process before did (``going``) if that was on this boot of the machine."""

    def __init__(self, not_before_ms: int = 0, going: Going | None = None) -> None:
        self._boot = this_boot()
        self._base_ns = self._nearest_ns(not_before_ms)
        if going is not None and going.boot == self._boot != "":
            self._base_ns = max(going.base_ns, not_before_ms * 1_000_000 - time.monotonic_ns())

    def now_ms(self) -> int:
        return (self._base_ns + time.monotonic_ns()) // 1_000_000

    @property
    def going(self) -> Going:
        """To be kept for the next process."""
        return Going(self._boot, self._base_ns)

    def ahead_ms(self) -> int:
        """By how much this clock is ahead of the machine's; negative: behind."""
        return self.now_ms() - time.time_ns() // 1_000_000

    def draw_near(self, not_before_ms: int) -> bool:
        """Go by the machine's clock again, but not back behind the last fact; whether that changed anything.

        Only for moments in which no duration is being measured.
        """
        nearest_ns = self._nearest_ns(not_before_ms)
        if abs(nearest_ns - self._base_ns) < _NEAR_ENOUGH_NS:
            return False
        self._base_ns = nearest_ns
        return True

    @staticmethod
    def _nearest_ns(not_before_ms: int) -> int:
        return max(time.time_ns(), not_before_ms * 1_000_000) - time.monotonic_ns()
