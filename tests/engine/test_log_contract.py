"""What every log promises: the same tests on the in-memory twin and on SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from switchboard.adapters.log.sqlite import _CHECKPOINT_EACH, _WAL_BYTES, LogUnusable, SqliteLog
from switchboard.core.entries import PersonChanged, PersonState
from switchboard.core.facts import LegAnswered, LegEnded, SwitchLost
from switchboard.core.ids import LegId, PersonId
from switchboard.engine.inbox import Inbox
from switchboard.engine.memory_log import MemoryLog
from switchboard.engine.ports import Batch, InboxFull, Log, Placed


class StoppedClock:
    def __init__(self) -> None:
        self.at_ms = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.at_ms


def entry(number: int) -> PersonChanged:
    return PersonChanged(person=PersonId(f"p{number}"), at_ms=number, state=PersonState.READY, reason="test")


@pytest.fixture(params=["memory", "sqlite"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    if request.param == "memory":
        yield MemoryLog(StoppedClock())
        return
    sqlite = SqliteLog(tmp_path / "log.db")
    sqlite.clock = StoppedClock()
    yield sqlite
    sqlite.close()


async def first_batch(log: Log) -> Batch:
    return await anext(log.ordered())


async def kept(log: Log, *facts: LegAnswered | LegEnded, entries: int = 1) -> Batch:
    for fact in facts:
        log.submit(fact)
    batch = await first_batch(log)
    placed = [Placed(batch.first, index, entry(index)) for index in range(entries)]
    await log.keep(batch, placed)
    return batch


async def test_facts_come_back_in_the_order_they_were_handed_in(log: Log) -> None:
    facts = (LegAnswered(LegId("a")), LegEnded(LegId("a"), 16, 200), SwitchLost("gone"))
    for fact in facts:
        log.submit(fact)
    batch = await first_batch(log)
    assert batch.facts == facts
    assert batch.first == 1
    assert batch.at_ms == StoppedClock().now_ms()


async def test_a_waiting_reader_is_woken(log: Log) -> None:
    reading = asyncio.create_task(first_batch(log))
    await asyncio.sleep(0)
    log.submit(LegAnswered(LegId("late")))
    assert (await asyncio.wait_for(reading, 2)).facts == (LegAnswered(LegId("late")),)


async def test_positions_count_on(log: Log) -> None:
    first = await kept(log, LegAnswered(LegId("a")), LegAnswered(LegId("b")))
    second = await kept(log, LegAnswered(LegId("c")))
    assert (first.first, second.first) == (1, 3)


async def test_a_batch_may_have_grown_when_it_is_kept(log: Log) -> None:
    log.submit(LegAnswered(LegId("a")))
    log.submit(LegAnswered(LegId("b")))
    batch = await first_batch(log)
    grown = msgspec.structs.replace(batch, facts=(*batch.facts, LegAnswered(LegId("c"))))
    await log.keep(grown, [])
    assert (await kept(log, LegAnswered(LegId("d")))).first == batch.first + 3
    assert [fact async for stored in log.stored(0) for fact in stored.facts][:3] == list(grown.facts)


async def test_what_was_kept_is_stored_and_undelivered(log: Log) -> None:
    first = await kept(log, LegAnswered(LegId("a")), entries=2)
    second = await kept(log, LegAnswered(LegId("b")), entries=1)
    assert [batch async for batch in log.stored(0)] == [first, second]
    assert [batch async for batch in log.stored(first.first)] == [second]
    places = [(placed.position, placed.index) for placed in await log.undelivered((0, -1), 10)]
    assert places == [(1, 0), (1, 1), (2, 0)]
    assert [placed.index for placed in await log.undelivered((1, 0), 1)] == [1]


async def test_forgetting_keeps_what_is_still_needed(log: Log) -> None:
    await kept(log, LegAnswered(LegId("a")), entries=1)
    await log.snapshot(1, b"state after the first")
    later = await kept(log, LegAnswered(LegId("b")), entries=1)
    await log.forget((1, 0))
    assert await log.restore() == (1, b"state after the first")
    assert [batch async for batch in log.stored(1)] == [later]
    assert [placed.position for placed in await log.undelivered((0, -1), 10)] == [2]


async def test_a_reopened_file_goes_on_where_it_was(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    log.clock = StoppedClock()
    await kept(log, LegAnswered(LegId("a")), LegAnswered(LegId("b")))
    log.close()
    again = SqliteLog(tmp_path / "log.db")
    again.clock = StoppedClock()
    assert again.last_at_ms == StoppedClock().at_ms
    assert (await kept(again, LegAnswered(LegId("c")))).first == 3
    again.close()


async def test_time_goes_on_from_the_last_fact_even_if_all_were_forgotten(tmp_path: Path) -> None:
    """A snapshot covers everything, then the service dies, and the machine's clock is set back."""
    log = SqliteLog(tmp_path / "log.db")
    log.clock = StoppedClock()
    for name in ("a", "b"):
        await kept(log, LegAnswered(LegId(name)))
    await log.snapshot(2, b"state after both")
    await log.forget((2, 0))
    assert [batch async for batch in log.stored(2)] == []
    log.close()
    again = SqliteLog(tmp_path / "log.db")
    assert again.last_at_ms == StoppedClock().at_ms
    again.close()


async def test_a_batch_that_was_not_kept_leaves_nothing(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    log.clock = StoppedClock()
    log.submit(LegAnswered(LegId("a")))
    batch = await first_batch(log)
    twice = [Placed(1, 0, entry(0)), Placed(1, 0, entry(1))]
    with pytest.raises(Exception, match="UNIQUE"):
        await log.keep(batch, twice)
    assert [one async for one in log.stored(0)] == []
    assert list(await log.undelivered((0, -1), 10)) == []
    log.close()


async def test_the_wal_stays_small_under_constant_load(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    log.clock = StoppedClock()
    for number in range(10 * _CHECKPOINT_EACH):
        await kept(log, LegAnswered(LegId(f"{number}" * 100)), entries=3)
        await asyncio.sleep(0)
    assert (tmp_path / "log.db-wal").stat().st_size < 3 * _WAL_BYTES
    log.close()


async def test_the_wal_is_emptied_beside_the_commits(tmp_path: Path) -> None:
    """The file stays small, and nothing is lost."""
    log = SqliteLog(tmp_path / "log.db")
    log.clock = StoppedClock()
    assert log._write.execute("pragma wal_autocheckpoint").fetchone() == (0,)
    for number in range(3 * _CHECKPOINT_EACH):
        await kept(log, LegAnswered(LegId(f"{number}")), entries=3)
        if log._checkpointing is not None:
            await log._checkpointing
    busy, pages, moved = log._write.execute("pragma wal_checkpoint(passive)").fetchone()
    assert busy == 0
    assert pages == moved < 1_000  # one round fills some 600, three would fill 1 800
    assert len([batch async for batch in log.stored(0)]) == 3 * _CHECKPOINT_EACH
    log.close()


async def test_a_log_closed_during_a_checkpoint_is_whole(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    log.clock = StoppedClock()
    while log._checkpointing is None:
        await kept(log, LegAnswered(LegId("a")))
    log.close()
    await log._checkpointing
    again = SqliteLog(tmp_path / "log.db")
    assert len([batch async for batch in again.stored(0)]) == _CHECKPOINT_EACH
    again.close()


async def test_a_log_closed_while_it_is_read_waits_for_the_reader(tmp_path: Path) -> None:
    """A service that is told to stop cancels its recorder, whose thread reads on: that must not end in a crash."""
    log = SqliteLog(tmp_path / "log.db")
    log.clock = StoppedClock()
    log.submit(LegAnswered(LegId("a")))
    batch = await first_batch(log)
    await log.keep(batch, [Placed(batch.first, index, entry(index)) for index in range(20_000)])
    reading = asyncio.create_task(log.undelivered((0, -1), 20_000))
    await asyncio.sleep(0.001)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    log.close()


async def test_forgetting_is_all_or_nothing(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    log.clock = StoppedClock()
    await kept(log, LegAnswered(LegId("a")), entries=1)
    await kept(log, LegAnswered(LegId("b")), entries=0)
    log._write.execute("create trigger refuse before delete on batch begin select raise(abort, 'not now'); end")
    await log.snapshot(1, b"state")
    with pytest.raises(Exception, match="not now"):
        await log.forget((1, 0))
    assert len(await log.undelivered((0, -1), 10)) == 1
    await kept(log, LegAnswered(LegId("c")))  # the broken transaction is over
    log.close()


async def test_a_log_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    log._write.execute("pragma user_version = 99")
    log.close()
    with pytest.raises(LogUnusable, match="newer version"):
        SqliteLog(tmp_path / "log.db")


async def test_a_log_of_an_older_version_is_refused_and_says_what_to_do(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    log._write.execute("pragma user_version = 1")
    log.close()
    with pytest.raises(LogUnusable, match=r"older version .* deliver its records"):
        SqliteLog(tmp_path / "log.db")


async def test_no_room_on_the_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    log.clock = StoppedClock()
    await kept(log, LegAnswered(LegId("a")))
    room = log._write.execute("pragma page_count").fetchone()[0]
    log._write.execute(f"pragma max_page_count = {room}")

    async def fill() -> None:
        for number in range(5_000):
            await kept(log, LegAnswered(LegId(f"{number}" * 1_000)))

    with pytest.raises(LogUnusable, match=r"full; make room"):
        await fill()
    stored = len([batch async for batch in log.stored(0)])
    log.close()
    again = SqliteLog(tmp_path / "log.db")
    assert len([batch async for batch in again.stored(0)]) == stored > 1
    again.close()


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_bytes(b"not a database at all, but long enough to be looked at" * 20)
    with pytest.raises(LogUnusable, match="not a database"):
        SqliteLog(tmp_path / "log.db")


def test_a_second_service_on_the_same_data_is_refused(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    with pytest.raises(LogUnusable, match="another service"):
        SqliteLog(tmp_path / "log.db")
    log.close()
    SqliteLog(tmp_path / "log.db").close()


def test_a_full_inbox_refuses_and_drops_nothing() -> None:
    inbox = Inbox(limit=2)
    inbox.put(LegAnswered(LegId("a")))
    inbox.put(LegAnswered(LegId("b")))
    with pytest.raises(InboxFull):
        inbox.put(LegAnswered(LegId("c")))
    assert (len(inbox), inbox.refused) == (2, 1)
