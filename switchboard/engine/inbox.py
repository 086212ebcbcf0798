"""The inbox that both logs share: facts wait here, bounded, until they are ordered as one batch."""

from __future__ import annotations

import asyncio
from collections import deque

from switchboard.core.facts import Fact
from switchboard.engine.ports import Batch, Clock, InboxFull


class Inbox:
    """Facts in the order they were handed in. At most ``limit`` wait; a full inbox refuses, it never drops."""

    def __init__(self, limit: int = 50_000, batch_limit: int = 500) -> None:
        self._waiting: deque[Fact] = deque()
        self._limit = limit
        self._batch_limit = batch_limit
        self._came = asyncio.Event()
        self.refused = 0
        """How many facts were refused since the start, for metrics."""

    def put(self, fact: Fact) -> None:
        if len(self._waiting) >= self._limit:
            self.refused += 1
            raise InboxFull(f"{self._limit} facts wait")
        self._waiting.append(fact)
        self._came.set()

    def __len__(self) -> int:
        return len(self._waiting)

    async def next_batch(self, first: int, clock: Clock) -> Batch:
        """Everything that waits now (at least one fact), stamped, beginning at position ``first``."""
        while not self._waiting:
            self._came.clear()
            await self._came.wait()
        count = min(len(self._waiting), self._batch_limit)
        facts = tuple(self._waiting.popleft() for _ in range(count))
        return Batch(first, clock.now_ms(), facts)
