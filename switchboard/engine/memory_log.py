"""The log's in-memory twin: for tests, the simulation, and nothing that must survive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from switchboard.core.facts import Fact
from switchboard.engine.inbox import Inbox
from switchboard.engine.ports import Batch, Clock, Placed


class MemoryLog:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._inbox = Inbox()
        self.batches: list[Batch] = []
        self.entries: list[Placed] = []
        self._snapshot: tuple[int, bytes | None] = (0, None)
        self._next = 1

    def submit(self, fact: Fact) -> None:
        self._inbox.put(fact)

    @property
    def waiting(self) -> int:
        return len(self._inbox)

    async def ordered(self) -> AsyncIterator[Batch]:
        while True:
            batch = await self._inbox.next_batch(self._next, self._clock)
            self._next += len(batch.facts)
            yield batch

    async def keep(self, batch: Batch, entries: Sequence[Placed]) -> None:
        self.batches.append(batch)
        self._next = batch.first + len(batch.facts)
        self.entries += entries

    async def restore(self) -> tuple[int, bytes | None]:
        return self._snapshot

    async def stored(self, after: int) -> AsyncIterator[Batch]:
        for batch in self.batches:
            if batch.first > after:
                yield batch

    async def snapshot(self, position: int, state: bytes) -> None:
        self._snapshot = (position, state)

    async def undelivered(self, after: tuple[int, int], limit: int) -> Sequence[Placed]:
        return [placed for placed in self.entries if (placed.position, placed.index) > after][:limit]

    async def forget(self, delivered: tuple[int, int]) -> None:
        self.entries = [placed for placed in self.entries if (placed.position, placed.index) > delivered]
        self.batches = [batch for batch in self.batches if batch.first > self._snapshot[0]]
