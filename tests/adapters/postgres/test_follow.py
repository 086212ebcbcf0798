"""The copy keeps in step with a real Postgres, through outages, restarts and damage, and says when it does not."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import asyncpg
import pytest

from switchboard.adapters.postgres import follow
from switchboard.adapters.postgres.directory import PostgresDirectory, open_directory_pool
from switchboard.adapters.postgres.schema import migrate
from switchboard.core.caller import Client
from switchboard.core.phone_number import NumberPlan, read_number
from switchboard.engine.clock import SteadyClock
from switchboard.engine.ports import Refused
from tests.adapters.contract.books import SetClock
from tests.adapters.postgres.copies import MOSCOW, Copy, a_copy
from tests.adapters.postgres.database import a_database
from tests.adapters.postgres.wire import wire_to

pytestmark = pytest.mark.postgres

Connection = asyncpg.Connection
NUMBER = read_number("+74950001008", NumberPlan())
SELDOM: dict[str, float] = {"look_each_s": 60.0}
"""Only what is told is noticed."""
DAY_MS = 86_400_000

PUT_CLIENT = """
INSERT INTO client (client_id, name, client_class, credit_limit_minor, last_order_on)
VALUES ($1, $2, 'key', $3, $4::text::date) ON CONFLICT (client_id) DO UPDATE SET name = excluded.name
"""
PUT_PHONE = """
INSERT INTO client_phone SELECT client_id, $2, '', NULL, $3 FROM client WHERE client_id = $1 ON CONFLICT DO NOTHING
"""
PUT_DOCUMENT = """
INSERT INTO receivable SELECT client_id, $2, $3, $4::text::date FROM client WHERE client_id = $1
ON CONFLICT DO NOTHING
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "directory.db"


async def add(connection: Connection, client_id: str, name: str = "N") -> None:
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO client (client_id, name, client_class) VALUES ($1, $2, 'key')", client_id, name
        )
        await connection.execute("INSERT INTO client_phone VALUES ($1, $2, '', NULL, true)", client_id, NUMBER.e164)


async def names(copy: Copy) -> dict[str, str]:
    return {client.client_id: client.name for client in await copy.directory.find(NUMBER)}


async def finds(copy: Copy, *expected: str, within_s: float) -> None:
    """Wait, without a pause, until these clients are what a caller would find."""
    async with asyncio.timeout(within_s):
        while sorted(await names(copy)) != sorted(expected):
            await asyncio.sleep(0)


async def test_a_change_is_seen_by_the_next_caller_within_a_second(
    database_url: str, database: Connection, path: Path
) -> None:
    await add(database, "a")
    async with a_copy(database_url, path, SteadyClock(), gather_s=0.05, **SELDOM) as copy:
        await finds(copy, "a", within_s=10)
        while not copy.replica.filled:
            await asyncio.sleep(0)
        await add(database, "b")
        await finds(copy, "a", "b", within_s=1)
        await database.execute("DELETE FROM client WHERE client_id = 'a'")
        await finds(copy, "b", within_s=1)
        await database.execute("TRUNCATE client_phone")
        await finds(copy, within_s=1)


async def test_what_nobody_told_is_found_by_looking(
    database_url: str, database: Connection, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "CHANNEL", "nobody_speaks_here")
    async with a_copy(database_url, path, SteadyClock()) as copy:
        await copy.catches_up(database)
        await add(database, "a")
        await finds(copy, "a", within_s=10)


async def test_a_transaction_that_commits_late_is_seen(database_url: str, database: Connection, path: Path) -> None:
    await database.execute("INSERT INTO client (client_id, name, client_class) VALUES ('a', 'early', 'key')")
    other = await asyncpg.connect(database_url)
    async with a_copy(database_url, path, SteadyClock()) as copy:
        await copy.catches_up(other)
        async with database.transaction():
            await database.execute("INSERT INTO client_phone VALUES ('a', $1, '', NULL, true)", NUMBER.e164)
            await add(other, "b")
            await copy.catches_up(other)
            assert await names(copy) == {"b": "N"}
        await finds(copy, "a", "b", within_s=10)
    await other.close()


@pytest.mark.parametrize("seed", range(3))
async def test_after_any_writing_the_copy_answers_as_postgres_does(
    database_url: str, database: Connection, path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    numbers = [f"+7495000{nth:04}" for nth in range(12)]
    clock = SetClock(2026, 3, 10, 12)
    pool = await open_directory_pool(database_url)
    postgres = PostgresDirectory(pool, MOSCOW, clock)
    async with a_copy(database_url, path, clock) as copy:
        for _ in range(12):
            async with database.transaction():
                for _ in range(chance.randint(1, 15)):
                    await _write_something(database, chance, numbers)
            await copy.catches_up(database)
            for number in numbers:
                asked = read_number(number, NumberPlan())
                assert await copy.directory.find(asked) == await postgres.find(asked)
    pool.terminate()


async def _write_something(connection: Connection, chance: random.Random, numbers: list[str]) -> None:
    client, number, minor = f"c{chance.randint(0, 9)}", chance.choice(numbers), chance.randint(-90, 100)
    day = f"2026-03-{chance.randint(1, 20):02}"
    statements: list[tuple[str, tuple[object, ...]]] = [
        (PUT_CLIENT, (client, f"{minor}", abs(minor), day)),
        (PUT_PHONE, (client, number, minor > 0)),
        (PUT_DOCUMENT, (client, f"{chance.randint(0, 5)}", minor, day)),
        ("DELETE FROM receivable WHERE client_id = $1", (client,)),
        ("DELETE FROM client WHERE client_id = $1", (client,)),
        ("DELETE FROM client_phone WHERE e164 = $1", (number,)),
    ]  # fmt: skip
    statement, values = chance.choices(statements, weights=(4, 4, 4, 1, 1, 1))[0]
    await connection.execute(statement, *values)


async def test_dates_beyond_the_calendar_hold_nothing_up(database_url: str, database: Connection, path: Path) -> None:
    await add(database, "a")
    await database.execute("UPDATE client SET last_order_on = 'infinity'")
    await database.execute("INSERT INTO receivable VALUES ('a', '1', 5, '-infinity'), ('a', '2', 7, '20000-01-01')")
    async with a_copy(database_url, path, SteadyClock()) as copy:
        await copy.catches_up(database)
        (client,) = await copy.directory.find(NUMBER)
        assert (client.receivable_minor, client.overdue_minor, client.last_order_on) == (12, 5, "9999-12-31")


async def test_while_postgres_is_away_the_copy_answers_and_admits_its_age(
    database_url: str, database: Connection, path: Path
) -> None:
    clock = SetClock(2026, 3, 10, 12)
    await add(database, "a", "before")
    async with wire_to(database_url) as (url, wire), a_copy(url, path, clock, answer_within_s=0.2) as copy:
        await copy.catches_up(database)
        assert (copy.follower.problem(), copy.directory.age_ms()) == (None, 0)
        wire.die()  # nothing is closed, nothing answers
        await copy.is_in_trouble(True)
        clock.at_ms += 720_000
        await database.execute("UPDATE client SET name = 'meanwhile'")
        assert await names(copy) == {"a": "before"}
        assert copy.directory.age_ms() == 720_000
        assert copy.follower.problem() == "Postgres is away: look-ups answer from a copy that is 12 min old"
        wire.revive()
        await copy.is_in_trouble(False)
        await copy.catches_up(database)
        assert await names(copy) == {"a": "meanwhile"}
        assert (copy.follower.problem(), copy.directory.age_ms()) == (None, 0)


async def test_a_connection_that_postgres_ends_is_made_again_at_once(
    database_url: str, database: Connection, path: Path
) -> None:
    async with a_copy(database_url, path, SteadyClock(), **SELDOM) as copy:
        await finds(copy, within_s=10)
        while not copy.replica.filled:
            await asyncio.sleep(0)
        ended = await database.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'switchboard directory' AND datname = current_database()"
        )
        await add(database, "a")
        assert ended == 1
        await finds(copy, "a", within_s=5)


async def test_a_restart_without_postgres_serves_and_catches_up_later(
    database_url: str, database: Connection, path: Path
) -> None:
    await add(database, "a")
    async with a_copy(database_url, path, SteadyClock()) as copy:
        await copy.catches_up(database)
    async with wire_to(database_url) as (url, wire):
        wire.die()
        async with a_copy(url, path, SteadyClock(), answer_within_s=0.2) as copy:
            await copy.is_in_trouble(True)
            assert await names(copy) == {"a": "N"}
            await add(database, "b")
            wire.revive()
            await finds(copy, "a", "b", within_s=10)


async def test_another_database_is_copied_anew(
    server_url: str, database_url: str, database: Connection, path: Path
) -> None:
    await add(database, "a")
    async with a_copy(database_url, path, SteadyClock()) as copy:
        await copy.catches_up(database)
    with a_database(server_url) as other_url:
        migrate(other_url)
        other = await asyncpg.connect(other_url)
        await add(other, "b")
        async with a_copy(other_url, path, SteadyClock()) as copy:
            assert await names(copy) == {"a": "N"}  # until it knows better
            await finds(copy, "b", within_s=10)
        await other.close()


async def test_a_file_that_breaks_while_it_is_used_is_made_anew(
    database_url: str, database: Connection, path: Path
) -> None:
    await add(database, "a")
    async with a_copy(database_url, path, SteadyClock()) as copy:
        await copy.catches_up(database)
        copy.replica.damaged = True  # what a look-up notes when it meets the damage: see test_replica
        assert await names(copy) == {"a": "N"}  # from Postgres itself
        async with asyncio.timeout(10):
            while copy.replica.damaged or not copy.replica.filled:
                await asyncio.sleep(0)
        assert await names(copy) == {"a": "N"}


async def test_what_went_round_the_triggers_is_mended_within_a_day(
    database_url: str, database: Connection, path: Path
) -> None:
    clock = SetClock(2026, 3, 10, 12)
    async with a_copy(database_url, path, clock) as copy:
        await copy.catches_up(database)
        await database.execute("SET session_replication_role = replica")
        await add(database, "a")
        await copy.catches_up(database)
        assert await names(copy) == {}
        clock.at_ms += DAY_MS
        await finds(copy, "a", within_s=10)


async def test_a_database_without_the_feed_is_asked_itself(server_url: str, path: Path) -> None:
    with a_database(server_url) as url:
        async with a_copy(url, path, SteadyClock()) as copy:
            await copy.is_in_trouble(True)
            with pytest.raises(Refused):
                await copy.directory.find(NUMBER)
            assert copy.follower.problem() == (
                "the client file cannot be copied: there is no copy yet, so each look-up asks Postgres"
            )
            await asyncio.to_thread(migrate, url)
            connection = await asyncpg.connect(url)
            await add(connection, "a")
            await finds_after_all(copy, "a")
            await connection.close()


async def finds_after_all(copy: Copy, expected: str) -> None:
    async with asyncio.timeout(10):
        while not copy.replica.filled:
            await asyncio.sleep(0)
    await finds(copy, expected, within_s=5)
    assert await copy.directory.find(NUMBER) == (Client(expected, "N", "key", main_number=True),)
