"""R2, the other half: the connection to Postgres dies at every point of a delivery, then at points chance chooses.

Two small days' entries are delivered by the real recorder to a real Postgres. At a cut the recorder lives on and tries
again, or it dies in the same moment and another begins from what Postgres says. Must hold: every entry is stored
exactly once, one row per call, and the cursor stands at the last.

`--full`: both at every point, instead of the one and the other by turns; and 200 random deliveries, each cut up to six
times, instead of 20.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import asyncpg
import pytest

from switchboard.adapters.postgres.pool import refusals
from switchboard.adapters.postgres.recorder import LOCK_CURSOR, MOVE_CURSOR, PostgresRecords, open_records_pool
from switchboard.engine.memory_log import MemoryLog
from switchboard.engine.ports import Batch, Placed
from switchboard.engine.recorder import Recorder
from switchboard.engine.twins import MemoryRecords
from tests.adapters.contract.stored import StoredInMemory, StoredInPostgres
from tests.adapters.postgres.database import TABLES
from tests.tools import small_days
from tests.tools.cut_wire import CutWire, cut_wire_to

pytestmark = pytest.mark.postgres

AT_ONCE = 12
MOST_CUTS = 6
FULL_DELIVERIES, SHORT_DELIVERIES = 200, 20
WITHIN_S = 20.0
LOG_ID = "a log"
EMPTY = "; ".join(f"DELETE FROM {table}" for table in TABLES.split(", "))  # noqa: S608 our own names; TRUNCATE is slow


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Placed]:
    """What two calls make: records, steps, a task, people's states; in the order of the log."""
    made: list[Placed] = []
    for day in ("ring all", "a call back"):
        folder: Path = tmp_path_factory.mktemp("day")
        lived = small_days.live_through(small_days.DAYS[day], folder)
        first = made[-1].position if made else 0
        made += [Placed(first + placed.position, placed.index, placed.entry) for placed in lived.entries]
    return made


class Delivery:
    """One log full of entries on its way to an empty Postgres, over a wire that is cut."""

    def __init__(self, url: str, entries: Sequence[Placed], database: asyncpg.Connection[asyncpg.Record]) -> None:
        self._url = url
        self._entries = entries
        self._database = database
        self.records: type[PostgresRecords] = PostgresRecords

    async def run(self, fatal: Container[int], *, recorder_dies: bool) -> CutWire:
        """Deliver everything, come what may; then look whether it is there once. Raises ``AssertionError``."""
        await self._database.execute(EMPTY)
        log = MemoryLog(_StoppedClock())
        await log.keep(Batch(1, 0, ()), self._entries)
        async with cut_wire_to(self._url, fatal) as (url, wire):
            async with asyncio.timeout(WITHIN_S):
                deaths = 0
                while True:
                    async with _a_recorder(url, log, self.records) as recorder:
                        while not await recorder.catch_up(0.02):
                            if recorder_dies and len(wire.cuts) > deaths:
                                deaths = len(wire.cuts)
                                break
                        else:
                            break
        await self._everything_is_there_once()
        return wire

    async def _everything_is_there_once(self) -> None:
        twin = MemoryRecords()
        await twin.store(self._entries)
        meant, stored = StoredInMemory(twin), StoredInPostgres(self._database)
        assert await stored.calls() == await meant.calls()
        assert await stored.steps() == await meant.steps()
        assert await stored.tasks() == await meant.tasks()
        assert await stored.people() == await meant.people()
        assert await self._database.fetchval("SELECT count(*) FROM entry_refused") == 0
        row = await self._database.fetchrow(
            "SELECT log_position, log_index FROM recorder_cursor WHERE log = $1", LOG_ID
        )
        assert row is not None
        assert tuple(row) == (self._entries[-1].position, self._entries[-1].index)


@asynccontextmanager
async def _a_recorder(url: str, log: MemoryLog, records: type[PostgresRecords]) -> AsyncIterator[Recorder]:
    """A process that delivers; at its end it dies."""
    pool = await open_records_pool(url)
    recorder = Recorder(
        log,
        records(pool, LOG_ID),
        asyncio.Event(),
        most_at_once=AT_ONCE,
        first_pause_s=0.002,
        longest_pause_s=0.01,
        gather_s=0.0,
    )
    running = asyncio.create_task(recorder.run())
    try:
        yield recorder
    finally:
        running.cancel()
        pool.terminate()
        await asyncio.gather(running, return_exceptions=True)


class _StoppedClock:
    def now_ms(self) -> int:
        return 0


@pytest.fixture
def delivery(database_url: str, entries: list[Placed], database: asyncpg.Connection[asyncpg.Record]) -> Delivery:
    return Delivery(database_url, entries, database)


async def test_a_cut_at_every_point(delivery: Delivery, full: bool) -> None:
    undisturbed = await delivery.run((), recorder_dies=False)
    assert undisturbed.cuts == []
    commits = [name for name in undisturbed.names if "COMMIT" in name]
    assert len([name for name in commits if name.startswith("to")]) > 2, "a delivery of one transaction proves little"
    assert len([name for name in commits if name.startswith("from")]) > 2, "the answers to commits are no points"
    for number, point in enumerate(undisturbed.names, 1):
        for recorder_dies in (False, True) if full else (number % 2 == 0,):
            try:
                wire = await delivery.run({number}, recorder_dies=recorder_dies)
            except (AssertionError, TimeoutError) as error:
                how = "the recorder dies with it" if recorder_dies else "the recorder lives on"
                raise AssertionError(f"cut at point {number}, before this passed: {point}; {how}") from error
            assert len(wire.cuts) == 1, f"point {number} ({point}) was not reached"


async def test_cuts_at_random_points(delivery: Delivery, full: bool, seed: int) -> None:
    passed = len((await delivery.run((), recorder_dies=False)).names)
    for nth in range(FULL_DELIVERIES if full else SHORT_DELIVERIES):
        chance = Random(f"{seed} {nth}")
        fatal = {chance.randint(1, passed) for _ in range(chance.randint(1, MOST_CUTS))}
        recorder_dies = chance.random() < 0.5
        try:
            await delivery.run(fatal, recorder_dies=recorder_dies)
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(f"seed {seed}, delivery {nth}: cut at {sorted(fatal)}") from error


class HastyRecords(PostgresRecords):
    """Broken on purpose: the cursor is a promise, made before it is kept, and not in the same transaction."""

    async def store(self, entries: Sequence[Placed]) -> None:
        with refusals("recorder"):
            async with self._pool.acquire() as connection:
                await connection.fetchrow(LOCK_CURSOR, self._log_id)
                await connection.execute(MOVE_CURSOR, self._log_id, entries[-1].position, entries[-1].index)
                await self._insert(connection, entries)


async def test_a_broken_rule_is_seen(delivery: Delivery) -> None:
    delivery.records = HastyRecords
    passed = len((await delivery.run((), recorder_dies=False)).names)
    with pytest.raises(AssertionError):  # noqa: PT012 which point shows it first is all the same
        for number in range(1, passed + 1):
            await delivery.run({number}, recorder_dies=True)
