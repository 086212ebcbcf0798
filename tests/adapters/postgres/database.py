"""A Postgres for tests: the server that the environment names, else one of our own; a database of our own on it.

Never skipped: where no server is named and none can be started, these tests fail.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psycopg
import pytest

from devkit.postgres import Postgres
from switchboard.adapters.postgres.schema import migrate

SERVER_VARIABLES = ("SWITCHBOARD_TEST_DATABASE_URL", "SWITCHBOARD_DATABASE_URL")
"""Only the server is used: databases of our own are made on it and dropped."""

TABLES = (
    "client, client_phone, receivable, call, call_event, task, person_event, audit, recorder_cursor, entry_refused,"
    " voicemail, call_recording"
)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    given = next((os.environ[name] for name in SERVER_VARIABLES if os.environ.get(name)), None)
    if given is not None:
        yield given
        return
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    with asyncio.Runner() as runner:  # in this very thread: the server dies with the thread that started it
        runner.run(server.start())
        try:
            yield server.url
        finally:
            runner.run(server.stop())


@pytest.fixture(scope="session")
def migrated_url(server_url: str) -> Iterator[str]:
    with a_database(server_url) as url:
        migrate(url)
        yield url


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """A migrated database with nothing in it."""
    with psycopg.connect(migrated_url, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {TABLES}".encode())
    return migrated_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection of the test's own, to look at what is there."""
    connection = await asyncpg.connect(database_url, timeout=10)
    yield connection
    await connection.close()


class a_database:  # noqa: N801 (reads as a phrase where it is used)
    """An empty database on the server, dropped at the end whoever is connected."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._name = f"switchboard_test_{os.getpid()}_{secrets.token_hex(4)}"

    def __enter__(self) -> str:
        self._do(f"CREATE DATABASE {self._name}")
        return urlunsplit(urlsplit(self._server_url)._replace(path=f"/{self._name}"))

    def __exit__(self, *_: object) -> None:
        self._do(f"DROP DATABASE {self._name} WITH (FORCE)")

    def _do(self, statement: str) -> None:
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            connection.execute(statement.encode())
