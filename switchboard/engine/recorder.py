"""Delivery of entries: from the log, where they became durable with their facts, to the records (Postgres).

One task, outside the call path. It reads what the log holds behind the last place delivered, stores it in batches
and tells the log what it may forget. While the records are away it tries again, later and later up to
``longest_pause_s``, and calls go on; the log holds the entries meanwhile, so a restart loses none. Storing is
idempotent, hence a batch whose answer was lost is simply offered again.

It is woken by an event that the engine sets after each ``keep``. The event is cleared *before* the log is read: an
entry kept between the reading and the waiting has set it again, and the wait ends at once.
"""

from __future__ import annotations

import asyncio

import structlog

from switchboard.engine.ports import Log, Records, Refused

log = structlog.get_logger()
_NOTHING_DELIVERED = (0, -1)
_FORGET_AT = 1_000
"""So many entries delivered are forgotten at once, whatever the clock says. No call goes on meanwhile: 5 ms, where ten
seconds' worth of a busy day took 70."""


class Recorder:
    """Run ``run()`` as a task for as long as the service lives; cancel it to stop."""

    def __init__(
        self,
        entries: Log,
        records: Records,
        kept: asyncio.Event,
        *,
        most_at_once: int = 500,
        first_pause_s: float = 0.1,
        longest_pause_s: float = 5.0,
        forget_each_s: float = 10.0,
        gather_s: float = 0.25,
    ) -> None:
        """``gather_s``: how long to wait for more after the first new entry. A caller who is put through makes a
        dozen entries within 20 ms: one transaction instead of four, and none that syncs the disk just when the log
        does, for whose sync the caller waits. With calls every moment one transaction serves them all: most of what
        delivery costs, here and in Postgres, is by transaction."""
        self._log = entries
        self._records = records
        self._kept = kept
        self._most_at_once = most_at_once
        self._first_pause_s = self._pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._forget_each_s = forget_each_s
        self._gather_s = gather_s
        self._delivered: tuple[int, int] | None = None
        self._forgotten_at_s = float("-inf")
        self._delivered_since = 0
        """Entries delivered and not forgotten yet."""
        self._behind_since_s: float | None = None
        self._caught_up = asyncio.Event()
        self.delivered_total = 0
        """Entries stored since this recorder began."""
        self.failures_total = 0
        """Times that the records, or the log, refused."""

    @property
    def delivered(self) -> tuple[int, int] | None:
        """Place of the last entry stored; ``None`` until the records said where they stand."""
        return self._delivered

    def lag_ms(self) -> int:
        """How long the oldest entry not delivered has waited at most; 0 when there is none."""
        if self._behind_since_s is None:
            return 0
        return int((asyncio.get_running_loop().time() - self._behind_since_s) * 1000)

    async def catch_up(self, within_s: float) -> bool:
        """Wait until everything the log holds now is stored, at most ``within_s``; whether it is. For the end."""
        self._caught_up.clear()
        self._kept.set()
        try:
            async with asyncio.timeout(within_s):
                await self._caught_up.wait()
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Deliver until cancelled. Nothing that goes wrong ends it: each failure is logged, counted, tried again."""
        while True:
            self._kept.clear()
            began_s = asyncio.get_running_loop().time()
            try:
                if await self._deliver() < self._most_at_once:
                    await self._gather(began_s)
            except Refused as refused:
                await self._pause_after(refused.why)
            except Exception as error:  # a bug of ours: as loud as can be, but the records of other calls go on
                log.exception("records.failed")
                await self._pause_after(f"{type(error).__name__}: {error}")

    async def _gather(self, read_at_s: float) -> None:
        """All that the log held at ``read_at_s`` is stored: wait until there is more, and then for more of it."""
        await self._forget_now_and_then()
        if self._kept.is_set():
            self._behind_since_s = read_at_s
        else:
            self._behind_since_s = None
            self._caught_up.set()
            await self._kept.wait()
            self._behind_since_s = asyncio.get_running_loop().time()
        await asyncio.sleep(self._gather_s)

    async def _deliver(self) -> int:
        """Store one batch; how many entries it had."""
        await self._forget_now_and_then()
        if self._delivered is None:
            self._delivered = await self._records.cursor()
            log.info("records.found", position=self._delivered[0], index=self._delivered[1])
        entries = await self._log.undelivered(self._delivered, self._most_at_once)
        if entries:
            self._behind_since_s = self._behind_since_s or asyncio.get_running_loop().time()
            await self._records.store(entries)
            self._delivered = (entries[-1].position, entries[-1].index)
            self.delivered_total += len(entries)
            self._delivered_since += len(entries)
        if self._pause_s > self._first_pause_s:
            log.info("records.back", delivered=len(entries))
            self._pause_s = self._first_pause_s
        return len(entries)

    async def _forget_now_and_then(self) -> None:
        """Also while the records are away: entries must wait for them, facts behind a snapshot need not."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._forgotten_at_s >= self._forget_each_s or self._delivered_since >= _FORGET_AT:
            self._forgotten_at_s, self._delivered_since = now_s, 0
            await self._log.forget(self._delivered or _NOTHING_DELIVERED)

    async def _pause_after(self, why: str) -> None:
        """Wait, longer each time. New entries do not shorten it: they cannot be stored either."""
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # in a store whose undoing failed, and that took its place
            raise asyncio.CancelledError
        self.failures_total += 1
        self._behind_since_s = self._behind_since_s or asyncio.get_running_loop().time()
        log.warning("records.away", why=why, again_in_s=self._pause_s, lag_ms=self.lag_ms())
        await asyncio.sleep(self._pause_s)
        self._pause_s = min(self._pause_s * 2, self._longest_pause_s)
