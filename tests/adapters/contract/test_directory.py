"""What every ``Directory`` promises: all clients of a public number, in the order of their ids, or a refusal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from switchboard.adapters.postgres.directory import PostgresDirectory, open_directory_pool
from switchboard.core.caller import Client, Debt
from switchboard.core.ids import PersonId
from switchboard.core.phone_number import NumberPlan, read_number
from switchboard.engine.ports import MOST_CLIENTS, Directory, Refused
from switchboard.engine.twins import MemoryDirectory
from tests.adapters.contract.books import Books, CopiedBooks, MemoryBooks, PostgresBooks, SetClock
from tests.adapters.postgres.copies import MOSCOW, a_copy

KINDS = [
    "memory",
    pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("copy", marks=pytest.mark.postgres),
]
PLAN = NumberPlan(area_code="495")
FULL = Client(
    client_id="b2", name="Shop «Second»", client_class="market", manager=PersonId("maxim"), department="wholesale",
    credit_limit_minor=5_000_00, last_order_on="2026-01-31",
)  # fmt: skip
BARE = Client(client_id="B1", name="Shop", client_class="retail")
NUMBER = read_number("+74950001008", PLAN)
ASKED = str(NUMBER.e164)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def url(request: pytest.FixtureRequest, kind: str) -> str | None:
    """A database, or ``None`` for the twin. Not asynchronous: a server is started with a loop of its own."""
    if kind == "memory":
        return None
    database_url: str = request.getfixturevalue("database_url")
    return database_url


@pytest.fixture
async def books(url: str | None, kind: str, tmp_path: Path) -> AsyncIterator[Books]:
    clock = SetClock(2026, 3, 10, 12)
    if url is None:
        yield MemoryBooks(clock)
        return
    connection = await asyncpg.connect(url)
    if kind == "copy":
        async with a_copy(url, tmp_path / "directory.db", clock) as copy:
            await copy.catches_up(connection)
            yield CopiedBooks(clock, connection, copy)
    else:
        pool = await open_directory_pool(url)
        yield PostgresBooks(clock, connection, PostgresDirectory(pool, MOSCOW, clock))
        pool.terminate()
    await connection.close()


async def found(books: Books) -> Client:
    (client,) = await books.directory.find(NUMBER)
    return client


async def test_a_number_in_nobodys_file_finds_nobody(books: Books) -> None:
    await books.add(FULL, "+74950001008")
    assert await books.directory.find(read_number("+74950001009", PLAN)) == ()


async def test_a_client_is_found_by_each_of_their_numbers_however_spelt(books: Books) -> None:
    await books.add(FULL, "+74950001008", "+74950001009", main="+74950001008")
    assert await books.directory.find(read_number("8 (495) 000-10-09", PLAN)) == (FULL,)
    (main,) = await books.directory.find(read_number("000-10-08", PLAN))
    assert main.main_number is True
    assert main.client_id == "b2"


async def test_all_who_share_a_number_are_found_in_the_order_of_their_ids(books: Books) -> None:
    await books.add(FULL, "+74950001008", "+74950001009")
    await books.add(BARE, "+74950001009")
    assert await books.directory.find(read_number("+74950001009", PLAN)) == (BARE, FULL)


async def test_a_number_that_very_many_share_says_nothing(books: Books) -> None:
    for nth in range(MOST_CLIENTS):
        await books.add(Client(f"{nth:03}", "", "retail"), ASKED)
    assert len(await books.directory.find(NUMBER)) == MOST_CLIENTS
    await books.add(BARE, ASKED)
    with pytest.raises(Refused, match="share") as refused:
        await books.directory.find(NUMBER)
    assert ASKED not in refused.value.why  # masked


@pytest.mark.parametrize("raw", ["anonymous", "", "112", "101", "nonsense"])
async def test_nobody_is_guessed_behind_other_than_public_numbers(books: Books, raw: str) -> None:
    await books.add(FULL, "+74950001008")
    assert await books.directory.find(read_number(raw, PLAN)) == ()


async def test_receivables_are_summed_and_what_is_overdue_apart(books: Books) -> None:
    await books.add(Client("c", "C", "retail", credit_limit_minor=100_000), ASKED)
    assert ((await found(books)).receivable_minor, (await found(books)).debt) == (0, Debt.NONE)
    await books.owe("c", "1", 30_000, "2026-04-01")
    assert (await found(books)).debt == Debt.NONE
    await books.owe("c", "2", 20_000, "2026-03-01")
    await books.owe("c", "3", 10_000, "2026-02-01")
    late = await found(books)
    assert (late.receivable_minor, late.overdue_minor, late.overdue_since) == (60_000, 30_000, "2026-02-01")
    assert late.debt == Debt.OVERDUE
    await books.owe("c", "4", 50_000, "2026-05-01")
    assert (await found(books)).debt == Debt.OVERDUE_AND_OVER_LIMIT


async def test_credit_notes_lower_what_is_owed_and_never_make_a_debt(books: Books) -> None:
    await books.add(Client("c", "C", "retail", credit_limit_minor=100_000), ASKED)
    await books.owe("c", "1", 10_000, "2026-02-01")
    await books.owe("c", "2", -25_000, "2026-02-02")
    even = await found(books)
    assert (even.receivable_minor, even.overdue_minor, even.overdue_since) == (-15_000, 0, None)
    assert even.debt == Debt.NONE


async def test_each_of_several_owes_their_own(books: Books) -> None:
    for client in (BARE, FULL):
        await books.add(client, ASKED)
        await books.owe(client.client_id, "1", 100, "2026-02-01")
    await books.owe(FULL.client_id, "2", 1_000, "2026-02-02")
    assert [client.overdue_minor for client in await books.directory.find(NUMBER)] == [100, 1_100]


@pytest.mark.parametrize(
    ("moment", "zone", "overdue"),
    [
        ((2026, 3, 10, 23, 59), MOSCOW, False),  # due today is not overdue
        ((2026, 3, 11, 0, 1), MOSCOW, True),
        ((2026, 3, 10, 20, 59), "UTC", False),  # 23:59 in Moscow
        ((2026, 3, 10, 21, 1), "UTC", True),  # already tomorrow in Moscow
    ],
)
async def test_today_is_the_companys_day(books: Books, moment: tuple[int, ...], zone: str, overdue: bool) -> None:
    await books.add(Client("c", "C", "retail"), ASKED)
    await books.owe("c", "1", 100, "2026-03-10")
    books.clock.set(*moment, zone=zone)
    assert ((await found(books)).overdue_minor > 0) is overdue


@pytest.fixture
async def away(kind: str, tmp_path: Path) -> AsyncIterator[Directory]:
    """A directory that cannot be reached, and that no copy was ever made of."""
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    clock = SetClock(2026, 3, 10, 12)
    if kind == "memory":
        memory = MemoryDirectory()
        memory.away = "gone"
        yield memory
    elif kind == "copy":
        async with a_copy(nowhere, tmp_path / "directory.db", clock) as copy:
            yield copy.directory
    else:
        pool = await open_directory_pool(nowhere)
        yield PostgresDirectory(pool, MOSCOW, clock)
        pool.terminate()


async def test_who_cannot_be_reached_refuses(away: Directory) -> None:
    with pytest.raises(Refused):
        await away.find(read_number("+74950001009", PLAN))
    assert await away.find(read_number("anonymous", PLAN)) == ()
