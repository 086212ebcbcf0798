"""The embedded log: one SQLite file in WAL mode, a batch and its entries in one transaction.

``keep`` commits with full sync before it returns, so nothing is done before the facts that caused it are safe:
0.1–2 ms, whatever the disk takes for one sync, which the loop may wait for. Reading (delivery, replay) uses a second
connection in another thread, so that a long read never holds up a call; and so does the checkpoint, which moves what
the WAL holds into the database and takes many times as long as a commit.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import structlog

from switchboard.core.entries import Entry
from switchboard.core.facts import Fact
from switchboard.engine.clock import Going
from switchboard.engine.inbox import Inbox
from switchboard.engine.ports import Batch, Clock, Placed

_log = structlog.get_logger()

FORMAT = 2
"""Raised when the tables or the encoding of facts change in a way that another version would misread."""

_SCHEMA = """
create table if not exists batch (first integer primary key, at_ms integer not null, facts blob not null);
create table if not exists entry (position integer, number integer, entry blob not null, primary key (position, number))
    without rowid;
create table if not exists about (one integer primary key check (one = 1), identity text not null);
insert or ignore into about values (1, lower(hex(randomblob(16))));
create table if not exists snapshot (position integer primary key, state blob not null);
create table if not exists clock (one integer primary key check (one = 1), boot text not null,
    base_ns integer not null);
"""

_CHECKPOINT_EACH = 200
"""Batches. SQLite's own rule (1 000 pages, some 200 batches) would do it inside whichever commit comes next."""

_WAL_BYTES = 4 * 1024 * 1024

_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC)

_facts_encoder = msgspec.msgpack.Encoder()
_facts_decoder = msgspec.msgpack.Decoder(tuple[Fact, ...])
_entry_decoder: msgspec.msgpack.Decoder[Entry] = msgspec.msgpack.Decoder(Entry)


class LogUnusable(Exception):
    """The log file cannot be used: written by a newer version, locked by another service, or damaged."""


class SqliteLog:
    """Holds its file exclusively as long as it is open: a second service on the same data is refused."""

    def __init__(self, path: Path) -> None:
        """Open or create the log. Raises ``LogUnusable``, saying why and what to do."""
        self._lock = _lock(path)
        self._path = path
        self._kept_since_checkpoint = 0
        self._checkpointing: asyncio.Future[None] | None = None
        try:
            self._write = _open(path)
            self._write.executescript(_SCHEMA)
            _stretch(self._write)
        except sqlite3.Error as error:
            os.close(self._lock)
            raise LogUnusable(f"{path}: {error}") from error
        self._read = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._reading = asyncio.Lock()
        self._in_use = threading.Lock()
        """Held by the thread that reads: closing a connection under it would end the process (SIGSEGV), and cancelling
        who waits for a thread does not end the thread."""
        self.identity: str = self._write.execute("select identity from about").fetchone()[0]
        """Names this file for good: places in another log mean other entries."""
        self._inbox = Inbox()
        row = self._write.execute("select first, at_ms, facts from batch order by first desc limit 1").fetchone()
        last = row[0] + len(_facts_decoder.decode(row[2])) - 1 if row is not None else 0
        snapshot = self._write.execute("select max(position) from snapshot").fetchone()[0] or 0
        self._next = max(last, snapshot) + 1
        going = self._write.execute("select boot, base_ns from clock").fetchone()
        self.going: Going | None = Going(*going) if going is not None else None
        """How the clock went that stamped these batches."""
        self.last_at_ms: int = row[1] if row is not None else 0
        """Time of the last batch kept, Unix milliseconds; the clock must not start before it."""
        self.clock: Clock | None = None

    def submit(self, fact: Fact) -> None:
        self._inbox.put(fact)

    @property
    def waiting(self) -> int:
        """How many facts wait to be ordered."""
        return len(self._inbox)

    async def ordered(self) -> AsyncIterator[Batch]:
        assert self.clock is not None
        while True:
            batch = await self._inbox.next_batch(self._next, self.clock)
            self._next += len(batch.facts)
            yield batch

    async def keep(self, batch: Batch, entries: Sequence[Placed]) -> None:
        encode = _facts_encoder.encode
        with self._transaction() as write:
            write.execute("insert into batch values (?, ?, ?)", (batch.first, batch.at_ms, encode(batch.facts)))
            write.executemany(
                "insert into entry values (?, ?, ?)",
                [(placed.position, placed.index, encode(placed.entry)) for placed in entries],
            )
        self.last_at_ms = batch.at_ms
        self._next = batch.first + len(batch.facts)
        self._kept_since_checkpoint += 1
        self._empty_the_wal()

    def _empty_the_wal(self) -> None:
        """Every so often; nearly all of it beside the commits. What they added meanwhile is moved here, a few pages:
        the WAL begins anew only when nothing is left in it, which under constant load no other thread ever finds."""
        if self._checkpointing is not None:
            if self._checkpointing.done():
                self._checkpointing = None
                self._write.execute("pragma wal_checkpoint(passive)")
        elif self._kept_since_checkpoint >= _CHECKPOINT_EACH:
            self._kept_since_checkpoint = 0
            self._checkpointing = asyncio.get_running_loop().run_in_executor(None, _checkpoint, self._path)

    async def restore(self) -> tuple[int, bytes | None]:
        row = self._write.execute("select position, state from snapshot order by position desc limit 1").fetchone()
        return (row[0], row[1]) if row is not None else (0, None)

    async def stored(self, after: int) -> AsyncIterator[Batch]:
        """Ends with the newest batch kept when it is asked for more."""
        while rows := await self._query(
            "select first, at_ms, facts from batch where first > ? order by first limit 200", after
        ):
            for first, at_ms, facts in rows:
                yield Batch(first, at_ms, _facts_decoder.decode(facts))
                after = first

    async def snapshot(self, position: int, state: bytes) -> None:
        with self._transaction() as write:
            write.execute("insert or replace into snapshot values (?, ?)", (position, state))

    def remember_clock(self, going: Going) -> None:
        """So that the next process can go on with this clock."""
        with self._transaction() as write:
            write.execute("insert or replace into clock values (1, ?, ?)", (going.boot, going.base_ns))

    async def undelivered(self, after: tuple[int, int], limit: int) -> Sequence[Placed]:
        rows = await self._query(
            "select position, number, entry from entry where (position, number) > (?, ?)"
            " order by position, number limit ?",
            *after,
            limit,
        )
        return [Placed(position, number, _entry_decoder.decode(entry)) for position, number, entry in rows]

    async def forget(self, delivered: tuple[int, int]) -> None:
        """Drop delivered entries, all snapshots but the newest, and the batches it covers but for the very newest."""
        position, _ = await self.restore()
        with self._transaction() as write:
            write.execute("delete from entry where (position, number) <= (?, ?)", delivered)
            write.execute("delete from snapshot where position < ?", (position,))
            # a batch may straddle the snapshot's position only if snapshots were taken inside one; they are not.
            # The newest stays for its time: the clock must not start before it
            write.execute("delete from batch where first <= ? and first < (select max(first) from batch)", (position,))

    def close(self) -> None:
        """Waits for a read under way: its reader may have been cancelled."""
        with self._in_use:
            self._read.close()
        self._write.close()
        os.close(self._lock)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, and one sync of the disk."""
        try:
            self._write.execute("begin immediate")
            yield self._write
            self._write.execute("commit")
        except BaseException as error:
            if self._write.in_transaction:  # SQLite may have rolled back by itself
                self._write.execute("rollback")
            if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode in _NO_ROOM:
                raise LogUnusable(f"{self._path}: {error}; make room, new calls go to Asterisk's own queue") from error
            raise

    async def _query(self, sql: str, *values: int) -> list[tuple[int, int, bytes]]:
        async with self._reading:
            return await asyncio.to_thread(self._read_now, sql, values)

    def _read_now(self, sql: str, values: tuple[int, ...]) -> list[tuple[int, int, bytes]]:
        with self._in_use:
            return self._read.execute(sql, values).fetchall()


def _lock(path: Path) -> int:
    """Hold the data folder as long as we live: the lock goes with the process, also when it is killed."""
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise LogUnusable(f"{path}: another service holds it; stop that one, or give this one its own data") from None
    return lock


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=0.2)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma wal_autocheckpoint = 0")
    version = connection.execute("pragma user_version").fetchone()[0]
    if version > FORMAT:
        connection.close()
        raise LogUnusable(f"{path}: written by a newer version (format {version}, this one reads {FORMAT})")
    if 0 < version < FORMAT:
        connection.close()
        raise LogUnusable(
            f"{path}: written by an older version (format {version}, this one reads {FORMAT}); let that one deliver "
            "its records (/health says when), stop it with no calls under way, and move the file away"
        )
    connection.execute(f"pragma user_version = {FORMAT}")
    return connection


def _stretch(write: sqlite3.Connection) -> None:
    """Make the WAL as long as it will be between two checkpoints, here, where nobody waits.

    A sync that must also record that the file grew takes half as long again as one that overwrites.
    """
    write.execute("create table stretch (zeros blob)")
    write.execute("insert into stretch values (zeroblob(?))", (_WAL_BYTES,))
    write.execute("drop table stretch")
    write.execute("pragma wal_checkpoint(restart)")


def _checkpoint(path: Path) -> None:
    """Move what no reader needs any more from the WAL into the database; commits go on meanwhile.

    On a connection of its own: closing the log must not wait, or fail, for it. A failure is no loss, the next will do.
    """
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=0)
    except sqlite3.Error:
        return  # the log is gone
    try:
        connection.execute("pragma wal_checkpoint(passive)")
    except sqlite3.Error as error:
        _log.warning("log.checkpoint", why=str(error))
    finally:
        connection.close()
