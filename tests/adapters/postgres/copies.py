"""A copy of a test's database that is being followed, and when it shows what was written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg

from devkit.processes import Deadline
from switchboard.adapters.postgres.directory import PostgresDirectory, open_directory_pool
from switchboard.adapters.postgres.follow import Follower
from switchboard.adapters.postgres.local_directory import LocalDirectory
from switchboard.adapters.postgres.replica import Replica
from switchboard.engine.ports import Clock

MOSCOW = "Europe/Moscow"


class Copy:
    """A replica with its follower; ``directory`` answers from it."""

    def __init__(self, replica: Replica, follower: Follower, directory: LocalDirectory) -> None:
        self.replica = replica
        self.follower = follower
        self.directory = directory

    def shows(self, transaction: int) -> bool:
        """Whether its snapshot has seen this transaction's end."""
        if self.replica.place is None:
            return False
        _, behind, open_ones = self.replica.place.snapshot.split(":")
        return transaction < int(behind) and str(transaction) not in open_ones.split(",")

    async def catches_up(self, writer: asyncpg.Connection[asyncpg.Record], within_s: float = 10) -> None:
        """Wait until it shows everything that was committed before now."""
        transaction = await writer.fetchval("SELECT pg_current_xact_id()::text::bigint")
        deadline = Deadline(within_s, "the copy to catch up")
        while not self.shows(transaction):
            await deadline.pause(0.005)

    async def is_in_trouble(self, whether: bool, within_s: float = 10) -> None:
        deadline = Deadline(within_s, f"trouble to be {whether}")
        while (self.follower.trouble is not None) is not whether:
            await deadline.pause(0.005)


@asynccontextmanager
async def a_copy(url: str, path: Path, clock: Clock, **timing: Any) -> AsyncIterator[Copy]:
    """A copy that is followed while the block lasts; ``timing`` as the follower takes it."""
    replica = Replica(path, clock)
    quick: dict[str, Any] = {"look_each_s": 0.05, "gather_s": 0.0, "first_pause_s": 0.02, "longest_pause_s": 0.1}
    follower = Follower(url, replica, clock, **(quick | timing))
    pool = await open_directory_pool(url)
    itself = PostgresDirectory(pool, MOSCOW, clock)
    task = asyncio.create_task(follower.run())
    try:
        yield Copy(replica, follower, LocalDirectory(replica, itself, MOSCOW, clock))
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        replica.close()
        pool.terminate()
