"""A copy of the client file beside the service: one SQLite file, from which look-ups are answered.

It holds the facts as they are (who owes which sum, due when); what follows from them is decided when somebody calls,
as ``queries/find_clients.sql`` does it. It is a copy, so it may vanish at any time: a file that is damaged or of
another format is thrown away, and the follower (``follow.py``) fills another.

Two connections. Look-ups read on the event loop and never wait: WAL lets them read on while the other one writes,
in threads, one transaction for all that changed, so a caller finds an import whole or not at all. Commits are not
synced one by one: after a power cut the copy is a little older, and the place it stands at with it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import structlog
from msgspec import Struct

from switchboard.core.caller import Client
from switchboard.engine.ports import Clock

log = structlog.get_logger()

FORMAT = 1
"""Changed whenever the tables do: a file of any other format is thrown away."""

_SCHEMA = f"""
begin;
create table client (
    client_id text primary key, name text, client_class text, manager text, department text,
    credit_limit_minor integer, last_order_on text
) without rowid;
create table client_phone (e164 text, client_id text, main integer, primary key (e164, client_id))
    without rowid;
create index client_phone_by_client on client_phone (client_id);
create table receivable (
    client_id text, document text, amount_minor integer, due_on text, primary key (client_id, document)
) without rowid;
create table place (
    one integer primary key check (one = 1),
    history text not null, snapshot text not null, in_step_at_ms integer not null, filled_at_ms integer not null
);
pragma user_version = {FORMAT};
commit;
"""

_FIND = """
select client.client_id, name, client_class, manager, department, credit_limit_minor,
       coalesce(sum(amount_minor), 0),
       max(coalesce(sum(amount_minor) filter (where due_on < :today), 0), 0),
       min(due_on) filter (where due_on < :today and amount_minor > 0),
       main, last_order_on
from client_phone join client using (client_id) left join receivable using (client_id)
where e164 = :e164
group by client.client_id order by client.client_id limit :at_most
"""
"""``queries/find_clients.sql`` said in SQLite; columns in the order of ``Client``'s fields."""

_TABLES = {"client": 7, "client_phone": 3, "receivable": 4}
"""With their numbers of columns."""


def _insert(table: str, columns: int) -> str:
    """Takes its rows as one JSON text: one call, hence without holding up the event loop, which waits its turn behind
    a thread that makes a thousand small ones."""
    values = ", ".join(f"json_extract(value, '$[{nth}]')" for nth in range(columns))
    return f"insert into {table} select {values} from json_each(?)"  # noqa: S608 (ours)


_INSERT = [_insert(table, columns) for table, columns in _TABLES.items()]
_REMOVE = [f"delete from {table} where client_id in (select value from json_each(?))" for table in _TABLES]  # noqa: S608
_CACHE_KB = 16_000
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_UNUSABLE = (*_DAMAGED, sqlite3.SQLITE_ERROR)
"""The last: not the tables we know."""


class Place(Struct, frozen=True):
    """Which state of which database the copy shows: see ``queries/directory_place.sql``."""

    history: str
    snapshot: str


class Page(Struct, frozen=True):
    """Some clients as they are now, as ``queries/copy_clients.sql`` says it in JSON; one of ``ids`` that is not among
    the ``clients`` is gone."""

    ids: str
    clients: str
    phones: str
    receivables: str


class Replica:
    """``find``, ``age_ms`` and ``discard`` belong to the event loop; the rest to one thread at a time."""

    damaged: bool
    """The file cannot be relied on: nothing is found in it until it is discarded."""
    place: Place | None
    """What it shows; ``None``: it was never filled."""
    in_step_at_ms: int
    """When it was last known to show what Postgres holds."""
    filled_at_ms: int
    """When all of it was fetched the last time."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open or create the file; it must be ours alone. Raises ``OSError`` when it cannot be had."""
        self._path = path
        self._clock = clock
        self._writing = threading.Lock()
        try:
            self._open()
        except sqlite3.Error as error:
            if _code(error) not in _UNUSABLE:  # a full disk, say: what is there may still be needed
                raise OSError(f"{path}: {error}") from error
            self._throw_away(str(error))
            self._open()

    @property
    def filled(self) -> bool:
        """Whether look-ups can be answered from it."""
        return self.place is not None and not self.damaged

    def age_ms(self) -> int:
        """How long ago it was last known to show what Postgres holds; 0 while it shows nothing."""
        return max(0, self._clock.now_ms() - self.in_step_at_ms) if self.filled else 0

    def find(self, e164: str, today: str, at_most: int) -> list[Client] | None:
        """The clients that have this number, by id, as of the day ``today`` (ISO); ``None`` when it cannot say.

        Tens of microseconds.
        """
        if not self.filled:
            return None
        try:
            rows = self._read.execute(_FIND, {"e164": e164, "today": today, "at_most": at_most}).fetchall()
        except sqlite3.Error as error:
            self.suspect(error)
            log.error("replica.unreadable", why=str(error), damaged=self.damaged)
            return None
        return [_client(*row) for row in rows]

    def suspect(self, error: Exception) -> None:
        """Something failed: if it was for the file's content (not a full disk), nothing is found in it any more."""
        if isinstance(error, sqlite3.Error) and _code(error) in _DAMAGED:
            self.damaged = True

    # ---- keeping it in step

    def sound(self) -> bool:
        """Whether the file is whole: reads all of it, 0.1 s for 100 000 clients."""
        with self._writing:
            try:
                answer = self._write.execute("pragma quick_check(1)").fetchone()[0]
            except sqlite3.DatabaseError as error:
                answer = str(error)
        return bool(answer == "ok")

    def begin(self, *, anew: bool) -> None:
        """Begin a change; ``anew``: what is there goes."""
        with self._writing:
            self._write.execute("begin immediate")
            if anew:
                for table in _TABLES:
                    self._write.execute(f"delete from {table}")  # noqa: S608 (ours)

    def put(self, page: Page, *, anew: bool) -> None:
        """Show these clients as they are now. ``anew``: none of them is there."""
        with self._writing:
            if not anew:
                for remove in _REMOVE:
                    self._write.execute(remove, (page.ids,))
            for insert, rows in zip(_INSERT, (page.clients, page.phones, page.receivables), strict=True):
                self._write.execute(insert, (rows,))

    def stand_at(self, place: Place, at_ms: int, *, anew: bool) -> None:
        """End the change, if one began: the copy shows ``place``, which was Postgres' at ``at_ms``."""
        filled_at_ms = at_ms if anew else self.filled_at_ms
        with self._writing:
            row = (place.history, place.snapshot, at_ms, filled_at_ms)
            self._write.execute("insert or replace into place values (1, ?, ?, ?, ?)", row)
            if self._write.in_transaction:
                self._write.execute("commit")
        self.in_step_at_ms, self.filled_at_ms = at_ms, filled_at_ms
        self.place = place

    def give_up(self) -> None:
        """Forget the change that began, if one did."""
        with self._writing:
            if self._write.in_transaction:
                self._write.execute("rollback")

    def discard(self, why: str) -> None:
        """Throw the file away and begin an empty one."""
        self.close()
        self._throw_away(why)
        self._open()

    def close(self) -> None:
        with self._writing:
            self._read.close()
            self._write.close()

    def _open(self) -> None:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))  # it holds what clients owe
        self._write = _connect(self._path)
        try:
            version = self._write.execute("pragma user_version").fetchone()[0]
            if version not in (0, FORMAT):
                raise sqlite3.DatabaseError(f"its format is {version}, this program's is {FORMAT}")
            self._write.execute("pragma journal_mode = wal")
            self._write.execute("pragma synchronous = normal")
            self._write.execute(f"pragma cache_size = -{_CACHE_KB}")
            self._write.execute("pragma journal_size_limit = 4194304")
            if version == 0:
                self._write.executescript(_SCHEMA)
            row = self._write.execute("select history, snapshot, in_step_at_ms, filled_at_ms from place").fetchone()
        except BaseException:
            self._write.close()
            raise
        self._read = _connect(self._path)
        self._read.execute("pragma query_only = on")
        self.damaged = False
        self.place = Place(row[0], row[1]) if row is not None else None
        self.in_step_at_ms, self.filled_at_ms = row[2:] if row is not None else (0, 0)

    def _throw_away(self, why: str) -> None:
        log.error("replica.thrown_away", path=self._path.name, why=why)
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


def _client(*columns: Any) -> Client:
    *known, overdue_minor, overdue_since, main, last_order_on = columns
    since = overdue_since if overdue_minor > 0 else None
    return Client(*(*known, overdue_minor, since, bool(main), last_order_on))


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary code; an error without one is ours, and says that the tables are others."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
