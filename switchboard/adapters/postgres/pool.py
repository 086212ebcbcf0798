"""Connections to Postgres that never make anybody wait for ever.

Nothing is connected when a pool is made, so the service starts while Postgres is away, and every connection is made
when it is first needed. Waiting for a free connection, for its making and for an answer are each bounded. The server
gets the same bound (``statement_timeout``), so a query nobody waits for any more ends there too. A connection that
did not answer in time is closed, not handed to the next.

Look-ups and the recorder have a pool each: a batch being stored must not keep a caller waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

from switchboard.engine.ports import Refused

CONNECT_WITHIN_S = 5.0

if TYPE_CHECKING:  # asyncpg's own classes take no parameters; its stubs' do
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.pool.PoolConnectionProxy


async def open_pool(url: str, *, connections: int, answer_ms: int, what: str) -> Pool:
    """A pool of at most ``connections``, each statement bounded by ``answer_ms``; ``what`` shows in Postgres' lists."""
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=connections,
        max_inactive_connection_lifetime=0,
        timeout=CONNECT_WITHIN_S,
        command_timeout=answer_ms / 1000,
        reset=_keep_session,
        server_settings=session_settings(what, answer_ms),
    )


def session_settings(what: str, answer_ms: int) -> dict[str, str]:
    """What every session of ours asks of the server: see ``open_pool``."""
    return {
        "application_name": f"switchboard {what}",
        "statement_timeout": f"{answer_ms}ms",
        "timezone": "UTC",
        "jit": "off",  # compiling takes longer than any query here
    }


async def _keep_session(connection: Any) -> None:
    """Our sessions change no settings: spare the round trip that would reset them after each use.

    asyncpg itself has rolled back an open transaction by then.
    """


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Turn everything that Postgres and the way to it can say no with into ``Refused``."""
    try:
        yield
    except TimeoutError as error:
        raise Refused(f"{what}: Postgres did not answer in time") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        raise Refused(f"{what}: {type(error).__name__}: {error}") from error
