"""A Postgres that has no connection left: somebody else's program took them all, those of the service included."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

_THROW_OUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'switchboard%'"


@asynccontextmanager
async def hogged(url: str) -> AsyncIterator[int]:
    """Within the block the server has no room for another connection, and the service none of its own; how many were
    taken. ``url`` must name a superuser, so that the seats kept for superusers are taken too."""
    async with AsyncExitStack() as held:
        connections: list[asyncpg.Connection[asyncpg.Record]] = []
        await _take_all(url, held, connections)
        await connections[0].execute(_THROW_OUT)
        await _take_all(url, held, connections)  # theirs, before they come back
        yield len(connections)


async def _take_all(url: str, held: AsyncExitStack, connections: list[asyncpg.Connection[asyncpg.Record]]) -> None:
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=10)
        except asyncpg.TooManyConnectionsError:
            return
        held.callback(connection.terminate)
        connections.append(connection)
