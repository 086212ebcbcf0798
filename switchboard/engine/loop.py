"""The loop: one inbox, one order, no locks.

Take all facts that wait (a batch), let the exchange handle each, commit facts and entries together, and only
then hand the actions to the lanes. A deadline that has come is put among the facts like everything else.

A look-up is the one action that changes nothing outside, so it need not wait for the commit. Where the directory knows
the answer at once, that is the batch's next fact: the caller waits for one sync of the disk instead of two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog

from switchboard.core.actions import Action, LookUpCaller
from switchboard.core.entries import Entry
from switchboard.core.exchange import Exchange, Handled
from switchboard.core.facts import Fact
from switchboard.engine.lanes import Lanes
from switchboard.engine.ports import Batch, Clock, Directory, InboxFull, Log, Pins, Placed, Telephony

_log = structlog.get_logger()
_SNAPSHOT_EVERY = 5_000
"""Facts between two snapshots."""
_FULL_INBOX_RETRY_S = 0.02

Observer = Callable[[Fact, int, Handled], None]
"""Told of every fact, its time and what came out of it, after it was kept."""


class Loop:
    """Runs one exchange over one log. ``position`` is that of the last fact handled."""

    def __init__(self, log: Log, clock: Clock, observers: Sequence[Observer] = ()) -> None:
        self.exchange = Exchange()
        self.position = 0
        self._snapshot_at = 0
        self._is_ahead = False
        """The exchange has handled facts that are not kept (yet, or ever)."""
        self._log = log
        self._clock = clock
        self._observers = observers
        self._alarm: asyncio.TimerHandle | None = None
        self.kept = asyncio.Event()
        """Set whenever entries were kept: wakes the recorder."""

    def post(self, fact: Fact) -> None:
        """Hand a fact in from anywhere. Raises ``InboxFull``."""
        self._log.submit(fact)

    @property
    def waiting(self) -> int:
        """How many facts wait to be handled."""
        return self._log.waiting

    async def rebuild(self) -> int:
        """Become the exchange that the log describes: newest snapshot, then every fact behind it.

        Actions are not performed again: they were handed out before. Returns how many facts were replayed.
        """
        position, snapshot = await self._log.restore()
        if snapshot is not None:
            self.exchange = Exchange.restored(snapshot)
        self.position = self._snapshot_at = position
        replayed = 0
        async for batch in self._log.stored(position):
            for fact in batch.facts:
                self.exchange.handle(fact, batch.at_ms)
            replayed += len(batch.facts)
            self.position = batch.first + len(batch.facts) - 1
        return replayed

    async def run(self, telephony: Telephony, directory: Directory, pins: Pins | None = None) -> None:
        """Serve until cancelled. An exception out of the log ends it: what cannot be kept must not be done."""
        async with asyncio.TaskGroup() as tasks:
            lanes = Lanes(tasks, telephony, directory, self._post_or_report, pins)
            self._wind()
            async for batch in self._log.ordered():
                handled, actions = await self._take(batch, lanes.known_at_once)
                for action in actions:
                    lanes.give(action)
                self._wind()
                await _let_go_out()
                self._tell(handled, batch.at_ms)
                if self.position - self._snapshot_at >= _SNAPSHOT_EVERY:
                    await self.take_snapshot()

    async def _take(
        self, batch: Batch, known_at_once: Callable[[LookUpCaller], Fact | None]
    ) -> tuple[list[tuple[Fact, Handled]], list[Action]]:
        """Handle a batch and keep it with its entries; what came out of it, and the actions to be performed now."""
        facts = list(batch.facts)
        entries: list[Placed] = []
        handled: list[tuple[Fact, Handled]] = []
        actions: list[Action] = []
        self._is_ahead = True
        for offset, fact in enumerate(facts):  # which may grow meanwhile
            done = self.exchange.handle(fact, batch.at_ms)
            entries += place(batch.first + offset, done.entries)
            handled.append((fact, done))
            for action in done.actions:
                answer = known_at_once(action) if isinstance(action, LookUpCaller) else None
                if answer is None:
                    actions.append(action)
                else:
                    facts.append(answer)
        if len(facts) > len(batch.facts):
            batch = msgspec.structs.replace(batch, facts=tuple(facts))
        await self._log.keep(batch, entries)
        self._is_ahead = False
        self.position = batch.first + len(facts) - 1
        if entries:
            self.kept.set()
        return handled, actions

    def _tell(self, handled: Sequence[tuple[Fact, Handled]], at_ms: int) -> None:
        for fact, done in handled:
            for observe in self._observers:
                observe(fact, at_ms, done)

    async def take_snapshot(self) -> None:
        """Store the state as of now, so that the next start need not replay what led to it.

        Stores none when the log refused the newest facts: what they did must be forgotten with them.
        """
        if self._is_ahead:
            _log.warning("snapshot.left_out", reason="the newest facts could not be kept", position=self.position)
            return
        await self._log.snapshot(self.position, self.exchange.snapshot())
        self._snapshot_at = self.position

    def _wind(self) -> None:
        """Set the one alarm to the exchange's next deadline."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        next_ms = self.exchange.next_deadline_ms()
        if next_ms is not None:
            wait_s = max(0, next_ms - self._clock.now_ms()) / 1000
            self._alarm = asyncio.get_running_loop().call_later(wait_s, self._ring_alarm)

    def _ring_alarm(self) -> None:
        due = self.exchange.due(self._clock.now_ms())
        for fact in due:
            self._post_or_report(fact)
        if not due:
            self._wind()  # woken a moment early

    def _post_or_report(self, fact: Fact) -> None:
        """Facts of our own making have nobody to refuse them to: while the inbox is full they wait their turn."""
        try:
            self._log.submit(fact)
        except InboxFull as full:
            _log.error("inbox.full", fact=type(fact).__name__, reason=str(full))
            asyncio.get_running_loop().call_later(_FULL_INBOX_RETRY_S, self._post_or_report, fact)


async def _let_go_out() -> None:
    """Let the lanes begin (one turn) and their requests leave (the next): a caller waits for those, and nobody for a
    log line, which takes as long to write."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def place(position: int, entries: Sequence[Entry]) -> list[Placed]:
    """Entries with their places: the position of the fact that caused them, and their number there."""
    return [Placed(position, index, entry) for index, entry in enumerate(entries)]
