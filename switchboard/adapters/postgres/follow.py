"""Keeping the copy of the client file in step with Postgres, for as long as the service lives.

One task with a connection of its own. It listens for what the triggers tell (migration 0002), reads which clients
were touched by transactions that the copy's snapshot could not see, and copies them as they are now, all in one
transaction of Postgres, so that the copy never shows half of anything. Every few seconds it looks without being told:
that finds what a lost message would have told, proves that the connection lives, and is what the copy's age counts
from. When the copy's place says nothing to this Postgres (another server, a restored backup), all clients are fetched
anew; so they are once a day, to mend what went round the triggers.

Everything that waits is bounded, and after any failure the connection is thrown away, never used again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import asyncpg
import structlog

from switchboard.adapters.postgres.pool import refusals, session_settings
from switchboard.adapters.postgres.queries import query
from switchboard.adapters.postgres.replica import Page, Place, Replica
from switchboard.core.classification import say_age
from switchboard.engine.ports import Clock, Refused

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

log = structlog.get_logger()

CHANNEL = "client_change"
PAGE_CLIENTS = 250
"""Copied at a time; between two pages the event loop does what is more urgent."""
BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
PLACE, CHANGED, ALL = query("directory_place"), query("changed_clients"), query("all_clients")
COPY = query("copy_clients")

AWAY, CANNOT = "Postgres is away", "the client file cannot be copied"

Result = TypeVar("Result")


class Follower:
    """Run ``run()`` as a task; cancel it to stop."""

    def __init__(
        self,
        url: str,
        replica: Replica,
        clock: Clock,
        *,
        look_each_s: float = 5.0,
        gather_s: float = 0.05,
        answer_within_s: float = 3.0,
        copy_within_s: float = 30.0,
        first_pause_s: float = 0.1,
        longest_pause_s: float = 5.0,
        all_anew_each_s: float = 86_400.0,
    ) -> None:
        """``gather_s``: how long to wait for more after being told. ``answer_within_s`` bounds connecting and each
        look at where Postgres stands; ``copy_within_s`` each statement that copies."""
        self._url = url
        self._replica = replica
        self._clock = clock
        self._look_each_s = look_each_s
        self._gather_s = gather_s
        self._answer_within_s = answer_within_s
        self._copy_within_s = copy_within_s
        self._first_pause_s = self._pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._all_anew_each_s = all_anew_each_s
        self._told = asyncio.Event()
        self.trouble: str | None = None
        """Why the copy is not being kept in step; ``None``: it is, or nobody has tried yet."""

    def problem(self) -> str | None:
        """What is not as it should be with look-ups, for people; ``None``: nothing."""
        age_ms = self._replica.age_ms()
        if not self._replica.filled:
            why = self.trouble or "the client file is being copied"
            return f"{why}: there is no copy yet, so each look-up asks Postgres"
        if self.trouble is None and age_ms < 3_000 * self._look_each_s:
            return None
        why = self.trouble or "the client file is being copied"
        return f"{why}: look-ups answer from a copy that is {say_age(age_ms)} old"

    async def run(self) -> None:
        """Follow until cancelled. Nothing that goes wrong ends it: each failure is logged and tried again."""
        examined = False
        while True:
            try:
                if not examined and self._replica.filled and not await _in_thread(self._replica.sound):
                    self._replica.discard("its content is damaged")
                examined = True
                with refusals("directory"):
                    async with self._listening() as connection:
                        await self._follow(connection)
            except Refused as refused:
                await self._pause_after(CANNOT if _was_answered(refused.__cause__) else AWAY, refused.why)
            except Exception as error:  # a full disk, or a bug of ours: look-ups go on with what there is
                log.exception("directory.failed")
                self._replica.suspect(error)
                await self._pause_after(CANNOT, f"{type(error).__name__}: {error}")

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[Connection]:
        connection = await asyncpg.connect(
            self._url,
            timeout=self._answer_within_s,
            command_timeout=self._copy_within_s,
            server_settings=session_settings("directory", int(self._copy_within_s * 1000)),
        )
        try:
            connection.add_termination_listener(self._tell)
            async with asyncio.timeout(self._answer_within_s):
                await connection.add_listener(CHANNEL, self._tell)
            yield connection
        finally:
            connection.terminate()  # whatever state it is in: closing politely may wait for ever

    def _tell(self, *_: object) -> None:
        self._told.set()

    async def _follow(self, connection: Connection) -> None:
        while True:
            self._told.clear()
            await self._catch_up(connection)
            try:
                async with asyncio.timeout(self._look_each_s):
                    await self._told.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(self._gather_s)

    async def _catch_up(self, connection: Connection) -> None:
        """Copy what changed, or everything; the copy then shows what Postgres held when this began."""
        at_ms = self._clock.now_ms()
        if self._replica.damaged:
            self._replica.discard("it could not be read")
        async with asyncio.timeout(self._answer_within_s):
            await connection.execute(BEGIN)
            row = await connection.fetchrow(PLACE)
        assert row is not None, "a row without a table is always there"
        now, before = Place(row["history"], row["snapshot"]), self._replica.place
        due_ms = self._replica.filled_at_ms + self._all_anew_each_s * 1000
        anew = before is None or before.history != now.history or at_ms >= due_ms
        try:
            copied = await self._copy(connection, None if anew or before is None else before.snapshot)
            async with asyncio.timeout(self._answer_within_s):
                await connection.execute("COMMIT")
            await _in_thread(partial(self._replica.stand_at, now, at_ms, anew=anew))
        except BaseException:
            await _in_thread(self._replica.give_up)
            raise
        if copied or anew:
            log.info("directory.synced", clients=copied, anew=anew, took_ms=self._clock.now_ms() - at_ms)
        if self.trouble is not None:
            log.info("directory.back", clients=copied)
        self.trouble, self._pause_s = None, self._first_pause_s

    async def _copy(self, connection: Connection, since: str | None) -> int:
        """Put the clients changed ``since`` that snapshot into the copy, or all of them; how many there were."""
        anew, copied = since is None, 0
        ids = await (connection.cursor(ALL) if since is None else connection.cursor(CHANGED, since))
        if anew:
            await _in_thread(partial(self._replica.begin, anew=True))
        while rows := await ids.fetch(PAGE_CLIENTS):
            row = await connection.fetchrow(COPY, [row["client_id"] for row in rows])
            assert row is not None, "a row without a table is always there"
            page = Page(**row)
            if not copied and not anew:
                await _in_thread(partial(self._replica.begin, anew=False))
            await _in_thread(partial(self._replica.put, page, anew=anew))
            copied += len(rows)
        return copied

    async def _pause_after(self, trouble: str, why: str) -> None:
        self.trouble = trouble
        log.warning("directory.away", why=why, again_in_s=self._pause_s, age_ms=self._replica.age_ms())
        await asyncio.sleep(self._pause_s)
        self._pause_s = min(self._pause_s * 2, self._longest_pause_s)


def _was_answered(error: BaseException | None) -> bool:
    """Whether Postgres is there and says no: a table is missing, a right is. Not when it is ending or beginning."""
    going_or_coming = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)
    return isinstance(error, asyncpg.PostgresError) and not isinstance(error, going_or_coming)


async def _in_thread(doing: Callable[[], Result]) -> Result:
    """Outside the event loop, and to its end even when we are cancelled: the file must not be left to two threads."""
    running = asyncio.get_running_loop().run_in_executor(None, doing)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise
