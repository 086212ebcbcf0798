"""What one process took of the processor, and how long it was kept from it, read from /proc."""

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
        self._waited_s = self._read_waited()

    def used(self) -> float:
        """0 … 1 for each thread that could run at once. Raises ``OSError`` when the process is gone."""
        return (self._read() - self._used_s) / (monotonic() - self._began_s)

    def waited_s(self) -> float:
        """How long its main thread wanted to run since then and had no processor. Raises ``OSError``."""
        return self._read_waited() - self._waited_s

    def _read_waited(self) -> float:
        return int(Path(f"/proc/{self._pid}/schedstat").read_text().split()[1]) / 1_000_000_000

    def _read(self) -> float:
        """User and system time of all its threads, in seconds; those of its children are not in it."""
        text = Path(f"/proc/{self._pid}/stat").read_text()
        fields = text[text.rindex(")") + 2 :].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
