"""Delivery of entries: everything once, in order, however often the records go away and come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from switchboard.core.entries import PersonChanged, PersonState
from switchboard.core.ids import PersonId
from switchboard.engine import recorder as recorder_module
from switchboard.engine.memory_log import MemoryLog
from switchboard.engine.ports import Batch, Placed, Refused
from switchboard.engine.recorder import Recorder
from switchboard.engine.twins import MemoryRecords


class StoppedClock:
    def now_ms(self) -> int:
        return 1_800_000_000_000


def entry(number: int) -> PersonChanged:
    return PersonChanged(person=PersonId(f"p{number}"), at_ms=number, state=PersonState.READY, reason="test")


class SlowLog(MemoryLog):
    """Others have their turn between its reading and its answer, as with one on disk."""

    async def undelivered(self, after: tuple[int, int], limit: int) -> Sequence[Placed]:
        found = await super().undelivered(after, limit)
        for _ in range(3):
            await asyncio.sleep(0)
        return found


class World:
    """A log, records that may be away, and the recorder between them."""

    def __init__(self, records: MemoryRecords | None = None, forget_each_s: float = 0) -> None:
        self.log = SlowLog(StoppedClock())
        self.records = records or MemoryRecords()
        self.kept = asyncio.Event()
        self.recorder = Recorder(
            self.log,
            self.records,
            self.kept,
            most_at_once=3,
            longest_pause_s=0.02,
            first_pause_s=0.005,
            forget_each_s=forget_each_s,
            gather_s=0.01,
        )

    async def keep(self, *numbers: int) -> None:
        """Entries as the engine keeps them: one position each, then the bell."""
        for number in numbers:
            await self.log.keep(Batch(number, number, ()), [Placed(number, 0, entry(number))])
        self.kept.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.001)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.recorder.run())
        try:
            yield
            assert not task.done()
        finally:
            task.cancel()

    @property
    def stored(self) -> list[int]:
        return [change.at_ms for change in self.records.people]


async def test_entries_are_stored_in_order_in_batches_and_then_forgotten() -> None:
    world = World()
    await world.keep(*range(1, 11))
    async with world.running():
        await world.until(lambda: world.log.entries == [])
        assert world.stored == list(range(1, 11))
        assert world.recorder.delivered == (10, 0)
        assert world.recorder.delivered_total == 10
        await world.keep(11)
        await world.until(lambda: world.stored[-1] == 11)
        assert await world.recorder.catch_up(within_s=10)
        assert world.recorder.lag_ms() == 0


async def test_much_is_forgotten_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries of a busy ten seconds would hold every call up, if they were forgotten all at once."""
    monkeypatch.setattr(recorder_module, "_FORGET_AT", 6)
    world = World(forget_each_s=3_600)
    async with world.running():
        await world.until(lambda: world.recorder.delivered is not None)  # it has had its first look
        await world.keep(*range(1, 6))
        await world.until(lambda: world.stored == [1, 2, 3, 4, 5])
        assert await world.recorder.catch_up(within_s=10)
        assert [placed.position for placed in world.log.entries] == [1, 2, 3, 4, 5]
        await world.keep(6)
        await world.until(lambda: world.log.entries == [])


async def test_while_the_records_are_away_facts_behind_a_snapshot_are_forgotten_and_no_entry_is() -> None:
    world = World()
    world.records.away = "a cable"
    await world.keep(*range(1, 11))
    await world.log.snapshot(8, b"")
    async with world.running():
        await world.until(lambda: [batch.first for batch in world.log.batches] == [9, 10])
        assert [placed.position for placed in world.log.entries] == list(range(1, 11))
        world.records.away = None
        await world.until(lambda: world.stored == list(range(1, 11)))


class CountsStores(MemoryRecords):
    stores = 0

    async def store(self, entries: Sequence[Placed]) -> None:
        self.stores += 1
        await super().store(entries)


async def test_what_comes_in_one_burst_is_stored_together() -> None:
    records = CountsStores()
    world = World(records)
    async with world.running():
        await world.until(lambda: world.recorder.delivered is not None)
        await asyncio.sleep(0)  # it waits for entries now
        for number in (1, 2, 3):
            await world.keep(number)
            await asyncio.sleep(0.001)
        await world.until(lambda: world.stored == [1, 2, 3])
    assert records.stores == 1


async def test_what_comes_without_end_is_stored_now_and_then_and_is_not_called_late() -> None:
    """The engine rings the bell again while each batch is being stored, as it does with calls every moment."""

    class BellRings(CountsStores):
        async def store(self, entries: Sequence[Placed]) -> None:
            await super().store(entries)
            if self.stores < 20:
                await world.keep(self.stores + 1)

    records = BellRings()
    world = World(records)
    began_s = asyncio.get_running_loop().time()
    async with world.running():
        await world.keep(1)
        await world.until(lambda: records.stores == 20)
        took_s = asyncio.get_running_loop().time() - began_s
        assert took_s >= 19 * 0.01
        assert world.recorder.lag_ms() < took_s * 1000 / 2


async def test_while_the_records_are_away_entries_wait_and_lag_shows() -> None:
    world = World()
    world.records.away = "gone"
    async with world.running():
        await world.keep(1, 2)
        await world.until(lambda: world.recorder.failures_total >= 4 and world.recorder.lag_ms() > 0)
        assert world.stored == []
        assert not await world.recorder.catch_up(within_s=0.05)
        assert [placed.position for placed in world.log.entries] == [1, 2]  # nothing is forgotten before it is stored
        world.records.away = None
        await world.until(lambda: world.stored == [1, 2] and world.recorder.lag_ms() == 0)


async def test_a_new_recorder_goes_on_where_the_last_one_ended() -> None:
    first = World()
    await first.keep(1, 2, 3)
    async with first.running():
        assert await first.recorder.catch_up(within_s=10)
    again = World(first.records)
    await again.keep(1, 2, 3, 4)  # the log had not forgotten yet
    async with again.running():
        assert await again.recorder.catch_up(within_s=10)
    assert again.stored == [1, 2, 3, 4]


class LosesAnswers(MemoryRecords):
    """Stores every batch, and every other time the answer is lost on its way."""

    def __init__(self) -> None:
        super().__init__()
        self._stored = 0

    async def store(self, entries: Sequence[Placed]) -> None:
        await super().store(entries)
        self._stored += 1
        if self._stored % 2:
            raise Refused("connection lost")


async def test_a_lost_answer_stores_nothing_twice() -> None:
    world = World(LosesAnswers())
    await world.keep(*range(1, 21))
    async with world.running():
        assert await world.recorder.catch_up(within_s=10)
    assert world.stored == list(range(1, 21))
    assert world.recorder.failures_total > 0


class HasABug(MemoryRecords):
    async def store(self, entries: Sequence[Placed]) -> None:
        if self.away is not None:
            raise ZeroDivisionError
        await super().store(entries)


async def test_even_a_bug_does_not_end_the_delivery() -> None:
    world = World(HasABug())
    async with world.running():
        assert await world.recorder.catch_up(within_s=10)
        world.records.away = "buggy"
        await world.keep(1)
        await world.until(lambda: world.recorder.failures_total >= 2)
        world.records.away = None
        await world.until(lambda: world.stored == [1])


async def test_no_bell_is_missed() -> None:
    """Each entry kept at any moment of the delivery is stored without another one being kept after it."""
    world = World()
    async with world.running():
        for number in range(1, 200):
            for _ in range(number % 7):
                await asyncio.sleep(0)
            await world.keep(number)
            if number % 5 == 0:
                await world.until(lambda: world.stored == list(range(1, number + 1)))  # noqa: B023 (awaited at once)


class DyingRecords(MemoryRecords):
    """Its connection dies in the moment in which a store is cancelled: to undo the transaction fails."""

    def __init__(self) -> None:
        super().__init__()
        self.storing = asyncio.Event()

    async def store(self, entries: Sequence[Placed]) -> None:
        self.storing.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise Refused("recorder: the connection was closed") from None


async def test_it_stops_when_told_to_even_if_the_connection_dies_in_that_moment() -> None:
    """The service would never end otherwise: it waits for its tasks."""
    records = DyingRecords()
    world = World(records)
    await world.keep(1)
    running = asyncio.create_task(world.recorder.run())
    await asyncio.wait_for(records.storing.wait(), 10)
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=0.2)
    running.cancel()
    assert done
    assert running.cancelled()
