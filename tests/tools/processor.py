"""What one process took of the processor, read from /proc."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Processor:
    """Watches one process from the moment this is made: ``used`` is its part of one processor since then."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._began_s = monotonic()
        self._used_s = self._read()

    def used(self) -> float:
        """0 … 1 for each thread that could run at once. Raises ``OSError`` when the process is gone."""
        return (self._read() - self._used_s) / (monotonic() - self._began_s)

    def _read(self) -> float:
        """User and system time of all its threads, in seconds; those of its children are not in it."""
        text = Path(f"/proc/{self._pid}/stat").read_text()
        fields = text[text.rindex(")") + 2 :].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
