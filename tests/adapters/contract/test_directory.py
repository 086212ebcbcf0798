"""What every ``Directory`` promises: all clients of a public number, in the order of their ids, or a refusal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date

import asyncpg
import pytest

from switchboard.adapters.postgres.directory import PostgresDirectory, open_directory_pool
from switchboard.core.caller import Client
from switchboard.core.ids import PersonId
from switchboard.core.phone_number import NumberPlan, read_number
from switchboard.engine.ports import Directory, Refused
from switchboard.engine.twins import MemoryDirectory

KINDS = ["memory", pytest.param("postgres", marks=pytest.mark.postgres)]
PLAN = NumberPlan(area_code="495")
FULL = Client(
    client_id="b2", name="Shop «Second»", client_class="market", manager=PersonId("maxim"), department="wholesale",
    credit_limit_minor=5_000_00, last_order_on="2026-01-31",
)  # fmt: skip
BARE = Client(client_id="B1", name="Shop", client_class="retail")

Add = Callable[..., Awaitable[None]]


class StoppedClock:
    def now_ms(self) -> int:
        return 1_790_000_000_000


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest) -> str | None:
    """A database, or ``None`` for the twin. Not asynchronous: a server is started with a loop of its own."""
    if request.param == "memory":
        return None
    database_url: str = request.getfixturevalue("database_url")
    return database_url


@pytest.fixture
async def both(url: str | None) -> AsyncIterator[tuple[Directory, Add]]:
    if url is None:
        memory = MemoryDirectory()

        async def remember(client: Client, *numbers: str, main: str | None = None) -> None:
            memory.add(client, *numbers, main=main)

        yield memory, remember
        return
    connection = await asyncpg.connect(url)

    async def insert(client: Client, *numbers: str, main: str | None = None) -> None:
        ordered = date.fromisoformat(client.last_order_on) if client.last_order_on else None
        await connection.execute(
            "INSERT INTO client (client_id, name, client_class, manager, department, credit_limit_minor, last_order_on)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            client.client_id, client.name, client.client_class, client.manager, client.department,
            client.credit_limit_minor, ordered,
        )  # fmt: skip
        for number in numbers:
            await connection.execute(
                "INSERT INTO client_phone VALUES ($1, $2, $2, NULL, $3)", client.client_id, number, number == main
            )

    pool = await open_directory_pool(url)
    yield PostgresDirectory(pool, "Europe/Moscow", StoppedClock()), insert
    pool.terminate()
    await connection.close()


async def test_a_number_in_nobodys_file_finds_nobody(both: tuple[Directory, Add]) -> None:
    directory, add = both
    await add(FULL, "+74950001008")
    assert await directory.find(read_number("+74950001009", PLAN)) == ()


async def test_a_client_is_found_by_each_of_their_numbers_however_spelt(both: tuple[Directory, Add]) -> None:
    directory, add = both
    await add(FULL, "+74950001008", "+74950001009", main="+74950001008")
    assert await directory.find(read_number("8 (495) 000-10-09", PLAN)) == (FULL,)
    (main,) = await directory.find(read_number("000-10-08", PLAN))
    assert main.main_number
    assert main.client_id == "b2"


async def test_all_who_share_a_number_are_found_in_the_order_of_their_ids(both: tuple[Directory, Add]) -> None:
    directory, add = both
    await add(FULL, "+74950001008", "+74950001009")
    await add(BARE, "+74950001009")
    assert await directory.find(read_number("+74950001009", PLAN)) == (BARE, FULL)


@pytest.mark.parametrize("raw", ["anonymous", "", "112", "101", "nonsense"])
async def test_nobody_is_guessed_behind_other_than_public_numbers(both: tuple[Directory, Add], raw: str) -> None:
    directory, add = both
    await add(FULL, "+74950001008")
    assert await directory.find(read_number(raw, PLAN)) == ()


@pytest.fixture(params=KINDS)
async def away(request: pytest.FixtureRequest) -> AsyncIterator[Directory]:
    """A directory that cannot be reached."""
    if request.param == "memory":
        memory = MemoryDirectory()
        memory.away = "gone"
        yield memory
        return
    pool = await open_directory_pool("postgresql://nobody@127.0.0.1:1/nothing")
    yield PostgresDirectory(pool, "Europe/Moscow", StoppedClock())
    pool.terminate()


async def test_who_cannot_be_reached_refuses(away: Directory) -> None:
    with pytest.raises(Refused):
        await away.find(read_number("+74950001009", PLAN))
    assert await away.find(read_number("anonymous", PLAN)) == ()
