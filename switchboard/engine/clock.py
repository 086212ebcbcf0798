"""The engine's clock: wall time at start plus monotonic time since, so it never jumps."""

from __future__ import annotations

import time


class SteadyClock:
    """Starts no earlier than ``not_before_ms``, the time of the last fact in the log."""

    def __init__(self, not_before_ms: int = 0) -> None:
        self._base_ns = max(time.time_ns(), not_before_ms * 1_000_000) - time.monotonic_ns()

    def now_ms(self) -> int:
        return (self._base_ns + time.monotonic_ns()) // 1_000_000
