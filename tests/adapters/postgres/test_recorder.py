"""Storing in Postgres when things break: transactions killed half-way, two recorders, entries that fit nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeAlias

import asyncpg
import msgspec
import pytest

from switchboard.adapters.postgres.pool import Pool
from switchboard.adapters.postgres.recorder import PostgresRecords, open_records_pool
from switchboard.core.entries import CallStep
from switchboard.engine.ports import Placed, Refused
from tests.adapters.contract.entries import change, ended_call, living_call, placed, step, task
from tests.adapters.contract.stored import StoredInPostgres

pytestmark = pytest.mark.postgres
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    pool = await open_records_pool(database_url)
    yield pool
    pool.terminate()


async def waiting_for_a_lock(connection: Connection) -> int:
    """Process id of the recorder's session once it waits for a lock, at most 10 s from now.

    ``connection`` is in no transaction: there, the list of sessions stands still.
    """
    async with asyncio.timeout(10):
        while True:
            pid = await connection.fetchval(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                " AND application_name = 'switchboard recorder'"
            )
            if pid is not None:
                return int(pid)


async def test_a_transaction_killed_half_way_leaves_nothing_and_is_done_again(
    pool: Pool, database: Connection, migrated_url: str
) -> None:
    records, stored = PostgresRecords(pool, "a log"), StoredInPostgres(database)
    batch = placed(living_call(), step(), task("D-07"), change(1), ended_call())
    killer = await asyncpg.connect(migrated_url)
    async with killer.transaction():
        await killer.execute("LOCK TABLE person_event IN ACCESS EXCLUSIVE MODE")
        storing = asyncio.create_task(records.store(batch))  # the call and its step are written, then it waits
        assert await database.fetchval("SELECT pg_terminate_backend($1)", await waiting_for_a_lock(database))
        with pytest.raises(Refused):
            await storing
    await killer.close()
    assert await stored.calls() == []
    assert await stored.steps() == []
    assert await records.cursor() == (0, -1)
    for _ in range(2):
        await records.store(batch)
        assert await stored.calls() == [ended_call()]
        assert (len(await stored.steps()), len(await stored.tasks()), len(await stored.people())) == (1, 1, 1)
        assert await records.cursor() == (5, 0)


async def test_two_recorders_of_one_log_store_each_entry_once(pool: Pool, database: Connection) -> None:
    batches = [placed(step("c1", nth), change(nth), first=2 * nth + 1) for nth in range(20)]
    one, two = PostgresRecords(pool, "a log"), PostgresRecords(pool, "a log")

    async def deliver(records: PostgresRecords) -> None:
        for batch in batches:
            await records.store(batch)

    await asyncio.gather(deliver(one), deliver(two))
    stored = StoredInPostgres(database)
    assert [each.number for each in await stored.steps()] == list(range(20))
    assert await stored.people() == [change(nth) for nth in range(20)]


async def test_a_log_begun_anew_counts_from_one_and_loses_nothing(pool: Pool, database: Connection) -> None:
    await PostgresRecords(pool, "old").store(placed(ended_call("c1"), step("c1"), first=1000))
    anew = PostgresRecords(pool, "new")
    assert await anew.cursor() == (0, -1)
    await anew.store(placed(ended_call("c2"), step("c2"), first=1))
    stored = StoredInPostgres(database)
    assert await stored.calls() == [ended_call("c1"), ended_call("c2")]
    assert {each.call for each in await stored.steps()} == {"c1", "c2"}


async def test_a_task_may_be_opened_again_once_it_is_done(pool: Pool, database: Connection) -> None:
    records, stored = PostgresRecords(pool, "a log"), StoredInPostgres(database)
    await records.store(placed(task("D-07", "c1"), task("D-07", "c2")))
    await database.execute("UPDATE task SET done_at = now(), done_by = 'viktor'")
    await records.store(placed(task("D-07", "c1"), task("D-07", "c2"), task("D-07", "c3")))
    assert await stored.tasks() == [task("D-07", "c3")]
    assert await database.fetchval("SELECT count(*) FROM task") == 2


async def test_an_entry_that_fits_no_table_is_put_aside_whole_and_holds_up_no_other(
    pool: Pool, database: Connection
) -> None:
    records, stored = PostgresRecords(pool, "a log"), StoredInPostgres(database)
    too_much, too_late = ended_call("c2", debt_minor=2**63), msgspec.structs.replace(change(2), at_ms=2**60)
    await records.store(placed(ended_call("c1"), too_much, step("c2"), too_late, change(3)))
    assert await stored.calls() == [ended_call("c1")]
    assert await stored.steps() == [step("c2")]
    assert await stored.people() == [change(3)]
    assert await records.cursor() == (5, 0)
    rows = await database.fetch("SELECT log_position, entry, why FROM entry_refused ORDER BY log_position")
    assert [row["log_position"] for row in rows] == [2, 4]
    assert msgspec.json.decode(rows[0]["entry"], type=type(too_much)) == too_much
    assert "OverflowError" in rows[1]["why"]


async def test_what_callers_send_is_stored_even_if_it_is_no_text(pool: Pool, database: Connection) -> None:
    records, stored = PostgresRecords(pool, "a log"), StoredInPostgres(database)
    odd: CallStep = msgspec.structs.replace(step(), reason="half a \ud83d pair")
    await records.store(placed(ended_call(caller_raw="\0Robert'); --", dialled="\udfff"), odd))
    (record,), (stored_step,) = await stored.calls(), await stored.steps()
    assert (record.caller_raw, record.dialled, stored_step.reason) == ("\ufffdRobert'); --", "?", "half a ? pair")
    assert await database.fetchval("SELECT count(*) FROM entry_refused") == 0


async def test_a_batch_of_thousands_is_stored_in_one_go(pool: Pool, database: Connection) -> None:
    batch = [Placed(nth, 0, step("c1", nth)) for nth in range(1, 5_001)]
    await PostgresRecords(pool, "a log").store(batch)
    assert await database.fetchval("SELECT count(*) FROM call_event") == 5_000
