"""The change feed: whoever writes the client file, whatever way, is noticed, and is not hindered by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from switchboard.adapters.postgres.queries import query

pytestmark = pytest.mark.postgres

Connection = asyncpg.Connection
CHANGED, PLACE = query("changed_clients"), query("directory_place")
CLIENTS = "INSERT INTO client (client_id, name, client_class) SELECT id, 'N', 'retail' FROM unnest($1::text[]) id"

UPSERT = """
INSERT INTO client (client_id, name, client_class) VALUES ('c', '', 'key')
ON CONFLICT (client_id) DO UPDATE SET client_class = excluded.client_class
"""


@pytest.fixture
async def writer(database: Connection) -> Connection:
    """Somebody who writes; the clients a, b and c are there."""
    await database.execute(CLIENTS, ["a", "b", "c"])
    await database.execute("INSERT INTO client_phone VALUES ('a', '+74950000001', '', NULL, true)")
    await database.execute("INSERT INTO receivable VALUES ('b', '1', 100, '2026-01-01')")
    return database


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def place(connection: Connection) -> str:
    row = await connection.fetchrow(PLACE)
    return str(row["snapshot"])


async def changed(connection: Connection, since: str) -> list[str]:
    return sorted(row["client_id"] for row in await connection.fetch(CHANGED, since))


@pytest.mark.parametrize(
    ("statement", "touched"),
    [
        ("INSERT INTO client (client_id, name, client_class) VALUES ('d', '', 'retail'), ('e', '', 'key')", "d e"),
        ("UPDATE client SET manager = 'kirill' WHERE client_id <> 'b'", "a c"),
        ("UPDATE client SET client_id = 'z' WHERE client_id = 'c'", "c z"),
        ("DELETE FROM client WHERE client_id IN ('a', 'c')", "a c"),
        (UPSERT, "c"),
        ("INSERT INTO client_phone VALUES ('b', '+74950000002', '', NULL, true)", "b"),
        ("UPDATE client_phone SET client_id = 'b'", "a b"),
        ("DELETE FROM client_phone", "a"),
        ("INSERT INTO receivable SELECT client_id, '2', 1, '2026-01-01' FROM client", "a b c"),
        ("UPDATE receivable SET amount_minor = 0", "b"),
        ("DELETE FROM receivable", "b"),
        ("TRUNCATE client_phone", "a"),
        ("TRUNCATE receivable", "b"),
        ("TRUNCATE client CASCADE", "a b c"),
        ("UPDATE client SET name = '' WHERE false", ""),
    ],
)  # fmt: skip
async def test_every_way_of_writing_is_noticed(writer: Connection, statement: str, touched: str) -> None:
    before = await place(writer)
    await writer.execute(statement)
    assert await changed(writer, before) == touched.split()
    assert await changed(writer, await place(writer)) == []


async def test_a_transaction_that_commits_late_is_not_missed(writer: Connection, other: Connection) -> None:
    before = await place(other)
    late = writer.transaction()
    await late.start()
    await writer.execute("UPDATE client SET name = 'late' WHERE client_id = 'a'")
    await other.execute("UPDATE client SET name = 'later, but sooner done' WHERE client_id = 'b'")
    between = await place(other)
    assert await changed(other, before) == ["b"]
    assert await changed(other, between) == []
    await late.commit()
    assert await changed(other, between) == ["a"]
    assert await changed(other, await place(other)) == []


async def test_what_was_rolled_back_never_was(writer: Connection) -> None:
    before = await place(writer)
    undone = writer.transaction()
    await undone.start()
    await writer.execute("DELETE FROM client")
    await undone.rollback()
    assert await changed(writer, before) == []


@pytest.mark.parametrize("isolation", ["read_committed", "repeatable_read", "serializable"])
async def test_two_writers_of_one_client_do_not_wait_for_each_other(
    writer: Connection, other: Connection, isolation: str
) -> None:
    """Each adds a document to the same two clients, in opposite order."""
    add = "INSERT INTO receivable VALUES ($1, $2, 1, '2026-01-01')"
    before = await place(writer)
    async with asyncio.timeout(10), writer.transaction(isolation=isolation), other.transaction(isolation=isolation):
        await writer.execute(add, "a", "from one")
        await other.execute(add, "b", "from the other")
        await writer.execute(add, "b", "from one")
        await other.execute(add, "a", "from the other")
    assert await changed(writer, before) == ["a", "b"]


async def test_the_feed_stays_as_small_as_the_client_file(writer: Connection) -> None:
    for nth in range(20):
        await writer.execute("UPDATE client SET name = $1", str(nth))
        async with writer.transaction():
            for client in "abc":
                await writer.execute("UPDATE client SET manager = $1 WHERE client_id = $2", str(nth), client)
    rows = await writer.fetchval("SELECT count(*) FROM client_change WHERE client_id IN ('a', 'b', 'c')")
    assert rows == 3


async def test_whoever_listens_is_told_once_per_transaction(writer: Connection, other: Connection) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    await other.add_listener("client_change", lambda *said: told.put_nowait(str(said[2])))
    async with writer.transaction():
        await writer.execute("UPDATE client SET name = '1'")
        await writer.execute("UPDATE client SET name = '2'")
        await writer.execute("DELETE FROM receivable")
    async with asyncio.timeout(5):
        await told.get()
    await other.execute("SELECT 1")  # whatever was said before this answer has been heard
    assert told.empty()


async def test_a_writer_needs_no_rights_but_those_on_the_client_file(writer: Connection) -> None:
    before = await place(writer)
    role = "crm_of_the_test"
    async with writer.transaction():  # roles belong to the whole server
        await writer.execute(f"CREATE ROLE {role}; GRANT SELECT, UPDATE ON client TO {role}; SET LOCAL ROLE {role}")  # noqa: S608
        await writer.execute("UPDATE client SET name = 'by the CRM' WHERE client_id = 'a'")
        await writer.execute(f"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")
    assert await changed(writer, before) == ["a"]


async def test_the_place_can_be_asked_for_without_special_rights(writer: Connection) -> None:
    role = "reader_of_the_test"
    async with writer.transaction():
        await writer.execute(f"CREATE ROLE {role}; GRANT SELECT ON client_change TO {role}; SET LOCAL ROLE {role}")
        row = await writer.fetchrow(PLACE)
        await writer.execute(f"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")
    assert row["history"].count(".") == 3
