"""Look-ups in Postgres: an answer in time whatever Postgres does. What they answer is in the contract tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from switchboard.adapters.postgres.directory import CONNECTIONS, PostgresDirectory, open_directory_pool
from switchboard.adapters.postgres.pool import Pool
from switchboard.core.phone_number import NumberPlan, read_number
from switchboard.engine.ports import Refused
from tests.adapters.contract.books import SetClock
from tests.adapters.postgres.copies import MOSCOW
from tests.adapters.postgres.wire import wire_to

pytestmark = pytest.mark.postgres

NUMBER = read_number("+74950001008", NumberPlan())
SLOWEST_ANSWER_S = 1.5
"""Bound on every answer in these tests; the adapter's own is 0.5 s, the machine may be slow."""


NOON = SetClock(2026, 3, 10, 12)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    pool = await open_directory_pool(database_url)
    yield pool
    pool.terminate()


@pytest.fixture
async def client(database: asyncpg.Connection[asyncpg.Record]) -> str:
    """A client with a limit of 1000.00, found by NUMBER; their id."""
    await database.execute(
        "INSERT INTO client (client_id, name, client_class, credit_limit_minor) VALUES ('c', 'C', 'retail', 100000)"
    )
    await database.execute("INSERT INTO client_phone VALUES ('c', $1, '', NULL, true)", NUMBER.e164)
    return "c"


async def refused_in_time(directory: PostgresDirectory) -> None:
    started_s = asyncio.get_running_loop().time()
    with pytest.raises(Refused):
        await directory.find(NUMBER)
    assert asyncio.get_running_loop().time() - started_s < SLOWEST_ANSWER_S


async def test_when_all_connections_are_in_use_the_answer_is_still_in_time(pool: Pool, client: str) -> None:
    directory = PostgresDirectory(pool, MOSCOW, NOON)
    hogs = [await pool.acquire() for _ in range(CONNECTIONS)]
    await refused_in_time(directory)
    for hog in hogs:
        await pool.release(hog)
    assert len(await directory.find(NUMBER)) == 1


async def test_when_a_query_hangs_the_answer_is_still_in_time(
    pool: Pool, database: asyncpg.Connection[asyncpg.Record], client: str
) -> None:
    directory = PostgresDirectory(pool, MOSCOW, NOON)
    async with database.transaction():
        await database.execute("LOCK TABLE client IN ACCESS EXCLUSIVE MODE")
        await asyncio.gather(*(refused_in_time(directory) for _ in range(CONNECTIONS + 2)))
    assert len(await directory.find(NUMBER)) == 1


async def test_an_import_keeps_no_caller_waiting(
    pool: Pool, database: asyncpg.Connection[asyncpg.Record], client: str
) -> None:
    async with database.transaction():
        await database.execute("LOCK TABLE client, client_phone, receivable IN SHARE ROW EXCLUSIVE MODE")
        assert len(await PostgresDirectory(pool, MOSCOW, NOON).find(NUMBER)) == 1


async def test_when_the_socket_is_dead_the_answer_is_still_in_time(database_url: str, client: str) -> None:
    async with wire_to(database_url) as (url, wire):
        pool = await open_directory_pool(url)
        directory = PostgresDirectory(pool, MOSCOW, NOON)
        assert len(await directory.find(NUMBER)) == 1
        wire.die()
        for _ in range(2):
            await asyncio.gather(*(refused_in_time(directory) for _ in range(CONNECTIONS + 2)))
        wire.revive()
        assert await found_again(directory)
        pool.terminate()


async def found_again(directory: PostgresDirectory) -> bool:
    """Whether look-ups work again, tried for at most 15 s: dead connections are given up one by one."""
    async with asyncio.timeout(15):
        while True:
            try:
                return len(await directory.find(NUMBER)) == 1
            except Refused:
                continue


async def test_when_whoever_asked_gives_up_the_connection_serves_the_next(
    pool: Pool, database: asyncpg.Connection[asyncpg.Record], client: str
) -> None:
    directory = PostgresDirectory(pool, MOSCOW, NOON)
    async with database.transaction():
        await database.execute("LOCK TABLE client IN ACCESS EXCLUSIVE MODE")
        for _ in range(3 * CONNECTIONS):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await directory.find(NUMBER)
    assert await found_again(directory)
