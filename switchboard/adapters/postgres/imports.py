"""Imports: a CSV file into the client file or the receivables, all of it or nothing.

The file is read whole and judged line by line before the database is touched; a single bad line and nothing happens
(``BadImport`` names them all). Then one transaction copies it into temporary tables, compares, and changes only
what differs, so importing the same file again writes nothing and look-ups never see half an import.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from msgspec import Struct

from switchboard.adapters.postgres.client_files import ClientRow, ReceivableRow, read_clients, read_receivables
from switchboard.adapters.postgres.csv_text import BadImport, Problem
from switchboard.adapters.postgres.pool import CONNECT_WITHIN_S, refusals
from switchboard.adapters.postgres.queries import query
from switchboard.core.policy import Policy

__all__ = ["BadImport", "Summary", "import_clients", "import_receivables"]


class Summary(Struct, frozen=True):
    """What an import did, counted in clients or documents. ``str()`` is one line for people."""

    what: str
    added: int
    changed: int
    unchanged: int
    removed: int
    """Documents that the file does not name. Clients are never removed."""

    def __str__(self) -> str:
        gone = f", {self.removed} removed" if self.removed else ""
        return f"{self.what}: {self.added} added, {self.changed} changed, {self.unchanged} unchanged{gone}"


async def import_clients(url: str, file: Path, policy: Policy, *, encoding: str = "utf-8") -> Summary:
    """Add and update the clients in ``file``; those it does not name stay. ``encoding``: utf-8 or windows-1251.

    Raises ``BadImport``, ``Refused`` (Postgres), ``OSError`` (the file).
    """
    found = read_clients(file.read_bytes(), policy, encoding)
    if found.problems:
        raise BadImport(file.name, found.problems)
    async with _importing(url) as connection:
        await _copy_clients(connection, found.rows)
        await connection.execute(query("import_clients"))
        return await _summary(connection, "clients")


async def import_receivables(url: str, file: Path, policy: Policy, *, encoding: str = "utf-8") -> Summary:  # noqa: ARG001
    """Make ``file`` all that clients owe: documents it does not name are gone. Raises as ``import_clients`` does.

    ``policy`` decides nothing here; both imports are called alike.
    """
    found = read_receivables(file.read_bytes(), encoding)
    async with _importing(url) as connection:
        await _copy_receivables(connection, found.rows)
        unknown = await connection.fetch(query("import_unknown_clients"))
        problems = found.problems + [
            Problem(row["line"], f"client {row['client_id']} is not in the client file: import the clients first")
            for row in unknown
        ]
        if problems:
            raise BadImport(file.name, problems)
        await connection.execute(query("import_receivables"))
        return await _summary(connection, "receivables")


@asynccontextmanager
async def _importing(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection in a transaction that holds the import's lock and its temporary tables."""
    with refusals("import"):
        connection = await asyncpg.connect(url, timeout=CONNECT_WITHIN_S)
        try:
            async with connection.transaction():
                await connection.execute(query("import_tables"))
                yield connection
        finally:
            await connection.close(timeout=CONNECT_WITHIN_S)


async def _copy_clients(connection: asyncpg.Connection[asyncpg.Record], rows: list[ClientRow]) -> None:
    await connection.copy_records_to_table(
        "incoming_client",
        columns=("client_id", "name", "client_class", "manager", "department", "credit_limit_minor",
                 "price_column", "last_order_on"),
        records=[
            (row.client_id, row.name, row.client_class, row.manager, row.department, row.credit_limit_minor,
             row.price_column, row.last_order_on)
            for row in rows
        ],
    )  # fmt: skip
    await connection.copy_records_to_table(
        "incoming_phone",
        columns=("client_id", "e164", "raw", "extension", "main"),
        records=[
            (row.client_id, phone.e164, phone.raw, phone.extension, phone.main) for row in rows for phone in row.phones
        ],
    )


async def _copy_receivables(connection: asyncpg.Connection[asyncpg.Record], rows: list[ReceivableRow]) -> None:
    await connection.copy_records_to_table(
        "incoming_receivable",
        columns=("line", "client_id", "document", "amount_minor", "due_on"),
        records=[(row.line, row.client_id, row.document, row.amount_minor, row.due_on) for row in rows],
    )


async def _summary(connection: asyncpg.Connection[asyncpg.Record], what: str) -> Summary:
    row = await connection.fetchrow(query("import_summary"))
    assert row is not None, "an aggregate always has one row"
    return Summary(what, row["added"], row["changed"], row["unchanged"], row["removed"])
