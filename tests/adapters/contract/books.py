"""A client file that a test can write, and the directory that answers from it: the twin, Postgres, the copy."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import asyncpg

from switchboard.adapters.postgres.today import Today
from switchboard.core.caller import Client
from switchboard.engine.ports import Directory
from switchboard.engine.twins import MemoryDirectory
from tests.adapters.postgres.copies import MOSCOW, Copy


class SetClock:
    """Stands at a moment until it is set to another."""

    def __init__(self, *moment: int, zone: str = MOSCOW) -> None:
        self.set(*moment, zone=zone)

    def set(self, *moment: int, zone: str = MOSCOW) -> None:
        self.at_ms = int(datetime(*moment, tzinfo=ZoneInfo(zone)).timestamp() * 1000)  # type: ignore[arg-type, misc]

    def now_ms(self) -> int:
        return self.at_ms


class Books(Protocol):
    """Whatever is written is found as soon as the call returns."""

    directory: Directory
    clock: SetClock

    async def add(self, client: Client, *numbers: str, main: str | None = None) -> None: ...

    async def owe(self, client_id: str, document: str, amount_minor: int, due_on: str) -> None: ...


class MemoryBooks:
    def __init__(self, clock: SetClock) -> None:
        self.clock = clock
        self.directory = MemoryDirectory(Today(MOSCOW, clock))

    async def add(self, client: Client, *numbers: str, main: str | None = None) -> None:
        self.directory.add(client, *numbers, main=main)

    async def owe(self, client_id: str, document: str, amount_minor: int, due_on: str) -> None:
        self.directory.owe(client_id, amount_minor, date.fromisoformat(due_on))


class PostgresBooks:
    def __init__(self, clock: SetClock, connection: asyncpg.Connection[asyncpg.Record], directory: Directory) -> None:
        self.clock = clock
        self.directory = directory
        self._connection = connection

    async def add(self, client: Client, *numbers: str, main: str | None = None) -> None:
        ordered = date.fromisoformat(client.last_order_on) if client.last_order_on else None
        await self._connection.execute(
            "INSERT INTO client (client_id, name, client_class, manager, department, credit_limit_minor, last_order_on)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            client.client_id, client.name, client.client_class, client.manager, client.department,
            client.credit_limit_minor, ordered,
        )  # fmt: skip
        for number in numbers:
            await self._connection.execute(
                "INSERT INTO client_phone VALUES ($1, $2, $2, NULL, $3)", client.client_id, number, number == main
            )
        await self._written()

    async def owe(self, client_id: str, document: str, amount_minor: int, due_on: str) -> None:
        await self._connection.execute(
            "INSERT INTO receivable VALUES ($1, $2, $3, $4)",
            client_id, document, amount_minor, date.fromisoformat(due_on),
        )  # fmt: skip
        await self._written()

    async def _written(self) -> None:
        pass


class CopiedBooks(PostgresBooks):
    def __init__(self, clock: SetClock, connection: asyncpg.Connection[asyncpg.Record], copy: Copy) -> None:
        super().__init__(clock, connection, copy.directory)
        self._copy = copy

    async def _written(self) -> None:
        await self._copy.catches_up(self._connection)
