"""Asterisk's queue log, followed: what its own queue did while the service was away comes to the exchange as facts.

Looking at the files takes place in a thread, once a second: none of it is in a caller's way. The exchange keeps the
bookmark, and a report counts only when it begins there. So nothing here needs to be kept: whenever the exchange stands
somewhere else than we thought, we read on from where it stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from switchboard.adapters.asterisk.queue_log_files import Reading, begin, read_from
from switchboard.core.facts import Fact, FallbackReported
from switchboard.core.fallback_call import Bookmark
from switchboard.engine.ports import InboxFull

EVERY_S = 1.0
AT_ONCE_S = 0.02
"""When there is more to read; calls are served in between."""

_log = structlog.get_logger()


class QueueLogFollower:
    """``stands`` says where the exchange's bookmark is, ``post`` hands a fact in or raises ``InboxFull``."""

    def __init__(self, path: Path, stands: Callable[[], Bookmark | None], post: Callable[[Fact], None]) -> None:
        self._path = path
        self._stands = stands
        self._post = post
        self._stood: Bookmark | None = None
        self._read: Bookmark | None = None
        """How far we read: beyond where the exchange stands as long as no call is over."""
        self.trouble: str | None = None
        """Why the log cannot be followed; ``None``: it can, or nobody has tried yet."""

    async def run(self) -> None:
        """Follow until cancelled. Nothing that goes wrong ends it."""
        while True:
            more = False
            try:
                more = await self.look()
                self._mind(None)
            except OSError as error:
                self._mind(f"the queue log {self._path} cannot be read: {error.strerror or error}")
            except InboxFull as full:
                _log.warning("queue_log.put_off", reason=str(full))
            except Exception:
                self._read = self._stood
                _log.exception("queue_log.bug")
            await asyncio.sleep(AT_ONCE_S if more else EVERY_S)

    async def look(self) -> bool:
        """Read on once, and report calls that are over; whether there is more. Raises ``OSError``, ``InboxFull``."""
        stands = self._stands()
        if stands is None:
            self._post(FallbackReported(None, await asyncio.to_thread(begin, self._path)))
            return False
        if stands != self._stood or self._read is None:
            self._stood = self._read = stands
        reading = await asyncio.to_thread(read_from, self._path, self._read)
        if reading.damaged:
            _log.warning("queue_log.damaged", lines=reading.damaged)
        if reading.calls:
            self._report(stands, reading)
        self._read = reading.upto
        return reading.more

    def _report(self, stands: Bookmark, reading: Reading) -> None:
        _log.info("queue_log.calls", count=len(reading.calls))
        self._post(FallbackReported(stands, reading.upto, reading.calls))

    def problem(self) -> str | None:
        """What is not as it should be, for people; ``None``: nothing."""
        if self.trouble is None:
            return None
        return f"{self.trouble}: calls that Asterisk's own queue serves while the service is away are not on record"

    def _mind(self, trouble: str | None) -> None:
        if trouble is not None and trouble != self.trouble:
            _log.error("queue_log.unreadable", reason=trouble)
        self.trouble = trouble
