"""A Postgres whose disk is full, as far as the tables of the records are concerned.

Their tablespace is put on a file system of a few megabytes (tmpfs), and a ballast file takes what room is left: then
an insert that needs another page fails with 53100, disk_full, from the kernel's own ENOSPC. Where this machine does
not let us mount one (no root, a container), a trigger raises the same error for each new row. Either way Postgres
itself goes on answering. A disk too full for the write-ahead log is another thing: Postgres panics then and ends,
which is the outage "kill -9".

    async with small_disk(url) as disk:
        await disk.fill()     # inserts fail from now on, or a few rows later when their last pages are full
        await disk.empty()
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import asyncpg

TABLES = ("call", "call_event", "task", "person_event")
_ROOM_MB = 64
_BALLAST = 1 << 16
_RAISES = """
CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$
"""


class SmallDisk(Protocol):
    async def fill(self) -> None:
        """From now on there is no room."""

    async def empty(self) -> None:
        """There is room again."""


@asynccontextmanager
async def small_disk(url: str) -> AsyncIterator[SmallDisk]:
    """The records of the database at ``url`` live on a small disk within the block; whoever ``url`` names must be its
    superuser, and Postgres on this machine."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        owner = Path(await connection.fetchval("SHOW data_directory")).stat()
        room = Path(tempfile.mkdtemp(prefix="switchboard-small-disk-"))
        options = f"size={_ROOM_MB}m,mode=700,uid={owner.st_uid},gid={owner.st_gid}"
        mounted = await _done("mount", "-t", "tmpfs", "-o", options, "none", str(room))
        try:
            if mounted:
                async with _moved(connection, room):
                    yield _Mounted(room)
            else:
                yield _Raising(connection)
        finally:
            if mounted:
                assert await _done("umount", "--lazy", str(room))
            room.rmdir()
    finally:
        await connection.close()


async def _done(*argv: str) -> bool:
    """Whether this command can be run here and goes well; what it says is nobody's concern."""
    try:
        process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.DEVNULL)
    except OSError:
        return False
    return await process.wait() == 0


@asynccontextmanager
async def _moved(connection: asyncpg.Connection[asyncpg.Record], room: Path) -> AsyncIterator[None]:
    """The tables and their indexes are in ``room``, and back in their old place in the end."""
    await connection.execute(f"CREATE TABLESPACE small LOCATION '{room}'")
    await _move(connection, "small")
    try:
        yield
    finally:
        await _move(connection, "pg_default")
        await connection.execute("DROP TABLESPACE small")


async def _move(connection: asyncpg.Connection[asyncpg.Record], to: str) -> None:
    indexes = await connection.fetch(
        "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = ANY($1::regclass[])",
        list(TABLES),
    )
    for table in TABLES:
        await connection.execute(f"ALTER TABLE {table} SET TABLESPACE {to}")
    for index in indexes:
        await connection.execute(f"ALTER INDEX {index['name']} SET TABLESPACE {to}")


class _Mounted:
    def __init__(self, room: Path) -> None:
        self._ballast = room / "ballast"

    async def fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as ballast:
            for size in (_BALLAST, 1024):
                try:
                    while ballast.write(bytes(size)) == size:
                        pass
                except OSError:  # no space left: what we came for
                    continue

    async def empty(self) -> None:
        self._ballast.unlink()


class _Raising:
    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._connection = connection

    async def fill(self) -> None:
        await self._connection.execute(_RAISES)
        for table in TABLES:
            trigger = f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION disk_is_full()"
            await self._connection.execute(trigger)

    async def empty(self) -> None:
        await self._connection.execute("DROP FUNCTION disk_is_full CASCADE")
