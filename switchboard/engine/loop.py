"""The loop: one inbox, one order, no locks.

Take all facts that wait (a batch), let the exchange handle each, commit facts and entries together, and only
then hand the actions to the lanes. A deadline that has come is put among the facts like everything else.

One kind of action need not wait for the commit: a question. A look-up changes nothing in the world, and its answer is
a fact that is ordered behind those being kept; so the directory looks while the disk writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from switchboard.core.actions import Action, LookUpCaller
from switchboard.core.entries import Entry
from switchboard.core.exchange import Exchange, Handled
from switchboard.core.facts import Fact
from switchboard.engine.lanes import Lanes
from switchboard.engine.ports import Batch, Clock, Directory, InboxFull, Log, Placed, Telephony

_log = structlog.get_logger()
_SNAPSHOT_EVERY = 5_000
"""Facts between two snapshots."""
_FULL_INBOX_RETRY_S = 0.02
_TURNS_TO_ACT = 2
"""Turns of the event loop until a request is on the wire: its lane begins, its bytes leave."""
_TURNS_TO_ASK = 8
"""The same for a look-up, which passes through tasks of the directory, its pool and its driver. A turn too many costs
10 µs, one too few that the look-up waits for the disk."""

Observer = Callable[[Fact, int, Handled], None]
"""Told of every fact, its time and what came out of it, after it was kept."""


class Loop:
    """Runs one exchange over one log. ``position`` is that of the last fact handled."""

    def __init__(self, log: Log, clock: Clock, observers: Sequence[Observer] = ()) -> None:
        self.exchange = Exchange()
        self.position = 0
        self._snapshot_at = 0
        self._log = log
        self._clock = clock
        self._observers = observers
        self._alarm: asyncio.TimerHandle | None = None
        self.kept = asyncio.Event()
        """Set whenever entries were kept: wakes the recorder."""

    def post(self, fact: Fact) -> None:
        """Hand a fact in from anywhere. Raises ``InboxFull``."""
        self._log.submit(fact)

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

    async def run(self, telephony: Telephony, directory: Directory) -> None:
        """Serve until cancelled. An exception out of the log ends it: what cannot be kept must not be done."""
        async with asyncio.TaskGroup() as tasks:
            lanes = Lanes(tasks, telephony, directory, self._post_or_report)
            self._wind()
            async for batch in self._log.ordered():
                handled = self._handle(batch)
                try:
                    await self._ask(handled, lanes)
                finally:  # also when cancelled: what was handled is kept, or the state would be ahead of the log
                    await self._keep(batch, handled)
                for action in _actions(handled):
                    if not isinstance(action, LookUpCaller):
                        lanes.give(action)
                self._wind()
                await _let_go_out(_TURNS_TO_ACT)
                self._tell(handled, batch.at_ms)
                if self.position - self._snapshot_at >= _SNAPSHOT_EVERY:
                    await self.take_snapshot()

    def _handle(self, batch: Batch) -> list[tuple[Fact, Handled]]:
        """What comes out of each fact of a batch."""
        return [(fact, self.exchange.handle(fact, batch.at_ms)) for fact in batch.facts]

    async def _ask(self, handled: Sequence[tuple[Fact, Handled]], lanes: Lanes) -> None:
        """Let the questions out, before what they follow from is kept."""
        questions = [action for action in _actions(handled) if isinstance(action, LookUpCaller)]
        for question in questions:
            lanes.give(question)
        if questions:
            await _let_go_out(_TURNS_TO_ASK)

    async def _keep(self, batch: Batch, handled: Sequence[tuple[Fact, Handled]]) -> None:
        """Make a batch durable with its entries; after that its actions may be performed."""
        entries: list[Placed] = []
        for offset, (_, done) in enumerate(handled):
            entries += place(batch.first + offset, done.entries)
        await self._log.keep(batch, entries)
        self.position = batch.first + len(batch.facts) - 1
        if entries:
            self.kept.set()

    def _tell(self, handled: Sequence[tuple[Fact, Handled]], at_ms: int) -> None:
        for fact, done in handled:
            for observe in self._observers:
                observe(fact, at_ms, done)

    async def take_snapshot(self) -> None:
        """Store the state as of now, so that the next start need not replay what led to it."""
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


def _actions(handled: Sequence[tuple[Fact, Handled]]) -> list[Action]:
    return [action for _, done in handled for action in done.actions]


async def _let_go_out(turns: int) -> None:
    """Let what was given to the lanes begin and leave, before we take time for what no caller waits for."""
    for _ in range(turns):
        await asyncio.sleep(0)


def place(position: int, entries: Sequence[Entry]) -> list[Placed]:
    """Entries with their places: the position of the fact that caused them, and their number there."""
    return [Placed(position, index, entry) for index, entry in enumerate(entries)]
