"""Whether the machine itself stood still: a test that measures to 200 ms must know, where others work on it too.

A thread sleeps 10 ms and writes a line through to the disk, again and again, as the service does for each fact. What
takes longer than it should is a stall.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import TracebackType

_PAUSE_S = 0.01
_WORTH_NOTING_MS = 50.0


class Stalls:
    """``with Stalls(folder) as stalls``; ``folder`` is on the disk where the service keeps its log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: list[tuple[int, int]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Stalls:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def windows(self, from_us: int = 0) -> list[tuple[int, int]]:
        """From when to when it stood still, of all that ended after ``from_us``; microseconds since the epoch."""
        return [(begin, end) for begin, end in self._found if end >= from_us]

    def longest_ms(self) -> float:
        """The longest stall; 0: there was none."""
        return max((end - begin for begin, end in self._found), default=0) / 1000

    def _watch(self) -> None:
        with (self._folder / "stalls").open("w") as file:
            while not self._over.is_set():
                begin_ns = time.time_ns()
                time.sleep(_PAUSE_S)
                file.seek(0)
                file.write(f"{begin_ns}\n")
                file.flush()
                os.fdatasync(file.fileno())
                took_ms = (time.time_ns() - begin_ns) / 1e6 - _PAUSE_S * 1000
                if took_ms > _WORTH_NOTING_MS:
                    self._found.append((begin_ns // 1000, time.time_ns() // 1000))
