"""A wall clock that jumps, for one process only: libfaketime (Debian's `faketime`), told by a file what time it is.

    clock = FakedClock(folder)
    service.env |= clock.env     # for its next start
    clock.jump(3_600)            # from now on it sees this many seconds more than there are

Only the wall clock is faked. The monotonic one, by which durations are measured, runs as it does for everybody.
"""

from __future__ import annotations

import os
from pathlib import Path

_LIBRARIES = "faketime/libfaketimeMT.so.1"


class FakedClock:
    def __init__(self, folder: Path) -> None:
        """``folder`` holds the file; the clock is right at first. Raises FileNotFoundError without libfaketime."""
        self._file = folder / "faked-clock"
        self._library = next(Path("/usr/lib").glob(f"*/{_LIBRARIES}"), None)
        if self._library is None:
            raise FileNotFoundError(f"no {_LIBRARIES} under /usr/lib: `./dev setup` installs it")
        self.ahead_s = 0.0
        self.jump(0)

    @property
    def env(self) -> dict[str, str]:
        """What a process needs in its environment to see this clock."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
        }

    def jump(self, by_s: float) -> None:
        """Put the clock forward or, with a negative number, back: once, at once."""
        self.ahead_s += by_s
        new = self._file.with_suffix(".new")
        new.write_text(f"{self.ahead_s:+}\n")
        os.replace(new, self._file)
