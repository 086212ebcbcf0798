"""Imports into Postgres: all or nothing, the second time only what differs."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from switchboard.adapters.postgres.imports import BadImport, Summary, import_clients, import_receivables
from switchboard.config.load import load
from switchboard.engine.ports import Refused

pytestmark = pytest.mark.postgres

POLICY = load(Path(__file__).parents[3] / "config")
CLIENTS = """client_id;name;class;manager;phones
1;First;retail;maxim;8 495 000-10-01, 8 495 000-10-02
2;Second;key;kirill;+74950001002
3;Third;market;;
"""
OWED = """client_id;document;amount;due_on
1;A;100;2026-01-01
1;B;200,50;2026-02-01
2;A;300;2026-03-01
"""


class Importing:
    """Files for one database, written and imported."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder

    async def clients(self, content: str, encoding: str = "utf-8") -> Summary:
        file = self._folder / "clients.csv"
        file.write_bytes(content.encode(encoding))
        return await import_clients(self._url, file, POLICY, encoding=encoding)

    async def receivables(self, content: str) -> Summary:
        file = self._folder / "receivables.csv"
        file.write_text(content)
        return await import_receivables(self._url, file, POLICY)


@pytest.fixture
def importing(database_url: str, tmp_path: Path) -> Importing:
    return Importing(database_url, tmp_path)


async def phones_of(database: asyncpg.Connection[asyncpg.Record], client_id: str) -> list[tuple[str, bool]]:
    rows = await database.fetch("SELECT e164, main FROM client_phone WHERE client_id = $1 ORDER BY e164", client_id)
    return [(row["e164"], row["main"]) for row in rows]


async def test_clients_are_added_changed_and_left_alone(
    importing: Importing, database: asyncpg.Connection[asyncpg.Record]
) -> None:
    assert await importing.clients(CLIENTS) == Summary("clients", 3, 0, 0, 0)
    assert await phones_of(database, "1") == [("+74950001001", True), ("+74950001002", False)]
    before = await database.fetch("SELECT client_id, updated_at FROM client ORDER BY client_id")
    assert await importing.clients(CLIENTS) == Summary("clients", 0, 0, 3, 0)

    lines = ["1;First;retail;maxim;000-10-02, 000-10-09", "2;Second;key;karina;000-10-02", "4;New;key;;"]
    summary = await importing.clients("\n".join(["client_id;name;class;manager;phones", *lines]))
    assert str(summary) == "clients: 1 added, 2 changed, 0 unchanged"
    assert await phones_of(database, "1") == [("+74950001002", True), ("+74950001009", False)]
    after = await database.fetch("SELECT client_id, manager, updated_at FROM client ORDER BY client_id")
    assert [(row["client_id"], row["manager"]) for row in after] == [
        ("1", "maxim"),
        ("2", "karina"),
        ("3", None),
        ("4", None),
    ]
    assert after[2]["updated_at"] == before[2]["updated_at"]  # not in the file: as it was
    assert after[0]["updated_at"] > before[0]["updated_at"]  # only its phones changed


async def test_receivables_are_what_the_file_says_and_nothing_else(
    importing: Importing, database: asyncpg.Connection[asyncpg.Record]
) -> None:
    await importing.clients(CLIENTS)
    assert await importing.receivables(OWED) == Summary("receivables", 3, 0, 0, 0)
    assert await importing.receivables(OWED) == Summary("receivables", 0, 0, 3, 0)
    paid = "client_id;document;amount;due_on\n1;B;100,50;2026-02-01\n2;A;300;2026-03-01\n2;B;7;2026-03-01\n"
    assert str(await importing.receivables(paid)) == "receivables: 1 added, 1 changed, 1 unchanged, 1 removed"
    rows = await database.fetch("SELECT client_id, document, amount_minor FROM receivable ORDER BY 1, 2")
    assert [tuple(row) for row in rows] == [("1", "B", 10_050), ("2", "A", 30_000), ("2", "B", 700)]


async def test_changing_a_client_keeps_what_they_owe(
    importing: Importing, database: asyncpg.Connection[asyncpg.Record]
) -> None:
    await importing.clients(CLIENTS)
    await importing.receivables(OWED)
    await importing.clients(CLIENTS.replace("First", "Renamed"))
    assert await database.fetchval("SELECT count(*) FROM receivable") == 3


async def test_one_bad_line_and_nothing_is_imported(
    importing: Importing, database: asyncpg.Connection[asyncpg.Record]
) -> None:
    with pytest.raises(BadImport) as bad:
        await importing.clients(CLIENTS + "4;Fourth;vip;;\n5;Fifth;retail;;12345\n")
    assert [problem.line for problem in bad.value.problems] == [5, 6]
    assert await database.fetchval("SELECT count(*) FROM client") == 0

    await importing.clients(CLIENTS)
    await importing.receivables(OWED)
    with pytest.raises(BadImport) as bad:
        await importing.receivables(
            "client_id;document;amount;due_on\n1;C;1;2026-01-01\n9;A;1;2026-01-01\n1;D;x;2026-01-01\n"
        )
    assert [str(problem) for problem in bad.value.problems] == [
        "line 3: client 9 is not in the client file: import the clients first",
        'line 4: amount: "x" is not an amount such as 1234.50 or 1 234,50',
    ]
    assert await database.fetchval("SELECT count(*) FROM receivable") == 3


async def test_what_excel_in_russia_writes_is_imported_when_it_is_said(
    importing: Importing, database: asyncpg.Connection[asyncpg.Record]
) -> None:
    await importing.clients(
        "client_id;name;class;phones\n1;Ёжик;retail;тел. 8 495 000-10-01\n", encoding="windows-1251"
    )
    assert await database.fetchval("SELECT name FROM client") == "Ёжик"


async def test_without_a_database_there_is_a_refusal(tmp_path: Path) -> None:
    nowhere = Importing("postgresql://nobody@127.0.0.1:1/nothing", tmp_path)
    with pytest.raises(Refused):
        await nowhere.clients(CLIENTS)


async def test_without_its_schema_there_is_a_refusal(server_url: str, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        await Importing(server_url, tmp_path).clients(CLIENTS)
