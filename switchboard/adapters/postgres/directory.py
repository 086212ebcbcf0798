"""Who has this number: the client file in Postgres, asked on the call's way while there is no copy of it yet.

The caller of ``find`` has its own deadline. This adapter is bounded besides, and answers within ``WITHIN_MS`` whatever
Postgres does: when every connection is in use, when the server is gone, when its socket is dead and nothing ever comes
back. The query runs in a task of its own, so that giving up on it need not wait for asyncpg to clean up the connection.
"""

from __future__ import annotations

import asyncio

import asyncpg

from switchboard.adapters.postgres.pool import Pool, open_pool, refusals
from switchboard.adapters.postgres.queries import query
from switchboard.adapters.postgres.today import Today
from switchboard.core.caller import Client
from switchboard.core.ids import PersonId
from switchboard.core.phone_number import PhoneNumber
from switchboard.engine.ports import MOST_CLIENTS, Clock, few_enough

WITHIN_MS = 500
"""The adapter's own bound; the deadline for a caller (``limits.look_up_ms``) is the engine's and shorter."""
CONNECTIONS = 8

FIND = query("find_clients")


async def open_directory_pool(url: str) -> Pool:
    return await open_pool(url, connections=CONNECTIONS, answer_ms=WITHIN_MS, what="look-up")


class PostgresDirectory:
    """The port ``Directory`` over the tables ``client``, ``client_phone`` and ``receivable``."""

    def __init__(self, pool: Pool, timezone: str, clock: Clock) -> None:
        self._pool = pool
        self._today = Today(timezone, clock)
        self._asking: set[asyncio.Task[list[asyncpg.Record]]] = set()

    async def find(self, number: PhoneNumber) -> tuple[Client, ...]:
        """See the port. Only public numbers are asked for: nobody is found behind any other."""
        if number.e164 is None:
            return ()
        with refusals("look-up"):
            rows = await self._ask_in_time(number.e164)
        return few_enough(number, [_client(row) for row in rows])

    def find_at_once(self, number: PhoneNumber) -> None:
        """See the port: Postgres is always asked."""

    def age_ms(self) -> int:
        """See the port: asked afresh each time."""
        return 0

    async def _ask_in_time(self, e164: str) -> list[asyncpg.Record]:
        asking = asyncio.create_task(self._ask(e164))
        self._asking.add(asking)
        asking.add_done_callback(self._forget)
        try:
            done, _ = await asyncio.wait({asking}, timeout=WITHIN_MS / 1000)
        except asyncio.CancelledError:
            asking.cancel()
            raise
        if not done:
            asking.cancel()
            raise TimeoutError
        return asking.result()

    def _forget(self, asking: asyncio.Task[list[asyncpg.Record]]) -> None:
        self._asking.discard(asking)
        if not asking.cancelled():
            asking.exception()  # seen: whoever waited has had it, whoever gave up does not want it

    async def _ask(self, e164: str) -> list[asyncpg.Record]:
        async with self._pool.acquire(timeout=WITHIN_MS / 1000) as connection:
            return await connection.fetch(FIND, e164, self._today(), MOST_CLIENTS + 1)


def _client(row: asyncpg.Record) -> Client:
    limit, since, ordered = row["credit_limit_minor"], row["overdue_since"], row["last_order_on"]
    return Client(
        client_id=row["client_id"],
        name=row["name"],
        client_class=row["client_class"],
        manager=PersonId(row["manager"]) if row["manager"] is not None else None,
        department=row["department"],
        credit_limit_minor=limit,
        receivable_minor=row["receivable_minor"],
        overdue_minor=row["overdue_minor"],
        overdue_since=since.isoformat() if since is not None and row["overdue_minor"] > 0 else None,
        main_number=row["main"],
        last_order_on=ordered.isoformat() if ordered is not None else None,
    )
