"""Every point at which the service can be killed, numbered, and what kills it there.

One ``Life`` is one process. Everything that it reads or changes outside itself passes through the ports, and each port
is wrapped here: what it is asked for is one point, what it has done another. So the points of a fact's way are *before
it is kept* (handled, and nothing of it durable), *after it is kept* (and nothing done), *before* and *after* each
action (after: done in the world, and nobody knows), and so on for snapshots, deliveries and what is forgotten.

``Points`` numbers them in the order in which they are reached, over all lives of one run. At a number that is chosen
the life ends with ``Crash``: from then on nothing of it reaches the log, the switch or the records, whatever its tasks
still do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Container, Sequence

from switchboard.core.actions import Action
from switchboard.core.caller import Client
from switchboard.core.facts import Fact
from switchboard.core.phone_number import PhoneNumber
from switchboard.engine.ports import Batch, Directory, Log, Placed, Records, Telephony


class Crash(BaseException):
    """The process is gone, as after kill -9. No ``except Exception`` may survive it."""


class Points:
    """``names[number - 1]`` tells what is about to happen, or just has, at a point; ``fatal`` are those to die at."""

    def __init__(self, fatal: Container[int] = ()) -> None:
        self.fatal = fatal
        self.names: list[str] = []

    def reach(self, name: str) -> bool:
        """Count one point; whether it is a fatal one."""
        self.names.append(name)
        return len(self.names) in self.fatal


class Life:
    """One process, from its start to its crash."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self.is_over = False

    def reach(self, name: str) -> None:
        """Pass a point. Raises ``Crash`` at a fatal one, and at every one after it."""
        if not self.is_over and self._points.reach(name):
            self.is_over = True
        if self.is_over:
            raise Crash


class CrashingLog:
    """``when_kept`` is told of every batch that became durable. ``is_ahead``: a batch was handled that never did."""

    def __init__(self, log: Log, life: Life, when_kept: Callable[[Batch], None]) -> None:
        self._log = log
        self._life = life
        self._when_kept = when_kept
        self.is_ahead = False

    def submit(self, fact: Fact) -> None:
        if not self._life.is_over:
            self._log.submit(fact)

    @property
    def waiting(self) -> int:
        return self._log.waiting

    def ordered(self) -> AsyncIterator[Batch]:
        return self._log.ordered()

    async def keep(self, batch: Batch, entries: Sequence[Placed]) -> None:
        facts = ", ".join(type(fact).__name__ for fact in batch.facts)
        self.is_ahead = True
        self._life.reach(f"before {facts} is kept")
        await self._log.keep(batch, entries)
        self.is_ahead = False
        self._when_kept(batch)
        self._life.reach(f"after {facts} was kept")

    async def restore(self) -> tuple[int, bytes | None]:
        self._life.reach("before the snapshot is read")
        return await self._log.restore()

    async def stored(self, after: int) -> AsyncIterator[Batch]:
        async for batch in self._log.stored(after):
            yield batch
        self._life.reach("after the replay")

    async def snapshot(self, position: int, state: bytes) -> None:
        self._life.reach("before a snapshot")
        await self._log.snapshot(position, state)
        self._life.reach("after a snapshot")

    async def undelivered(self, after: tuple[int, int], limit: int) -> Sequence[Placed]:
        found = await self._log.undelivered(after, limit)
        self._life.reach("after entries to deliver were read")
        return found

    async def forget(self, delivered: tuple[int, int]) -> None:
        self._life.reach("before what was delivered is forgotten")
        await self._log.forget(delivered)
        self._life.reach("after what was delivered is forgotten")


class CrashingTelephony:
    def __init__(self, telephony: Telephony, life: Life) -> None:
        self._telephony = telephony
        self._life = life

    async def perform(self, action: Action) -> None:
        self._life.reach(f"before {type(action).__name__}")
        await self._telephony.perform(action)
        self._life.reach(f"after {type(action).__name__}")


class CrashingDirectory:
    """Answers after ``takes_ms``."""

    def __init__(self, directory: Directory, life: Life, takes_ms: int = 2) -> None:
        self._directory = directory
        self._life = life
        self._takes_ms = takes_ms

    async def find(self, number: PhoneNumber) -> tuple[Client, ...]:
        self._life.reach("before the look-up")
        await asyncio.sleep(self._takes_ms / 1000)
        found = await self._directory.find(number)
        self._life.reach("after the look-up")
        return found

    def find_at_once(self, number: PhoneNumber) -> tuple[Client, ...] | None:
        return self._directory.find_at_once(number)

    def age_ms(self) -> int:
        return self._directory.age_ms()


class CrashingRecords:
    def __init__(self, records: Records, life: Life) -> None:
        self._records = records
        self._life = life

    async def cursor(self) -> tuple[int, int]:
        self._life.reach("before the records are asked where they stand")
        return await self._records.cursor()

    async def store(self, entries: Sequence[Placed]) -> None:
        self._life.reach("before entries are stored")
        await self._records.store(entries)
        self._life.reach("after entries were stored")
