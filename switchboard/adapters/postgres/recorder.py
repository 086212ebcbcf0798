"""Where entries become rows: the port ``Records`` over Postgres.

Exactly once rests on three things in one transaction: the cursor's row is locked, entries at or before it are left
out, and the cursor moves together with the rows it stands for. A transaction that dies anywhere leaves nothing; one
whose answer was lost has happened, and the same entries offered again are left out. The keys of the rows would refuse
a second copy even so.

One entry that Postgres will not take (a bug of ours, a value out of range) must not hold up all later ones: the
batch is then stored one entry at a time, and what is refused goes whole to ``entry_refused``, loudly.

Calls are upserted whole: of one batch only the newest row of each call is written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never, overload

import asyncpg
import msgspec
import structlog

from switchboard.adapters.postgres.pool import Connection, Pool, open_pool, refusals
from switchboard.adapters.postgres.queries import query
from switchboard.core.entries import (
    Audited,
    CallRecord,
    CallStep,
    Entry,
    HandOver,
    PersonChanged,
    Reason,
    RecordingFile,
    RecordingGone,
    RecordingPart,
    Segment,
    TaskOpened,
    VoicemailLeft,
)
from switchboard.engine.ports import Placed

STORE_WITHIN_MS = 10_000
CONNECTIONS = 2

log = structlog.get_logger()

READ_CURSOR, LOCK_CURSOR, MOVE_CURSOR = query("read_cursor"), query("lock_cursor"), query("move_cursor")
STORE: dict[type[Entry], str] = {
    CallRecord: query("store_call"),
    CallStep: query("store_step"),
    TaskOpened: query("store_task"),
    PersonChanged: query("store_person_event"),
    Audited: query("store_audit"),
    VoicemailLeft: query("store_voicemail"),
    RecordingPart: query("store_recording"),
    RecordingFile: query("store_recording_file"),
    RecordingGone: query("store_recording_gone"),
}
STORE_REFUSED = query("store_refused")

UNFIT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, OverflowError)
"""An entry that no row can hold; ``OverflowError`` is a time beyond the year 9999."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def open_records_pool(url: str) -> Pool:
    return await open_pool(url, connections=CONNECTIONS, answer_ms=STORE_WITHIN_MS, what="recorder")


class PostgresRecords:
    """The port ``Records``. ``log_id`` names the log the places belong to; one begun anew needs another name."""

    def __init__(self, pool: Pool, log_id: str) -> None:
        self._pool = pool
        self._log_id = log_id

    async def cursor(self) -> tuple[int, int]:
        """See the port."""
        with refusals("recorder"):
            async with self._pool.acquire(timeout=STORE_WITHIN_MS / 1000) as connection:
                row = await connection.fetchrow(READ_CURSOR, self._log_id)
        return (row["log_position"], row["log_index"]) if row is not None else (0, -1)

    async def store(self, entries: Sequence[Placed]) -> None:
        """See the port. An entry that fits no table is put aside and logged, never raised."""
        if not entries:
            return
        with refusals("recorder"):
            try:
                await self._store_in_one_transaction(entries, one_by_one=False)
            except UNFIT:
                await self._store_in_one_transaction(entries, one_by_one=True)

    async def _store_in_one_transaction(self, entries: Sequence[Placed], *, one_by_one: bool) -> None:
        async with (
            self._pool.acquire(timeout=STORE_WITHIN_MS / 1000) as connection,
            connection.transaction(),
        ):
            place = await connection.fetchrow(LOCK_CURSOR, self._log_id)
            assert place is not None, "the statement returns the row it made or found"
            stored_up_to = (place["log_position"], place["log_index"])
            fresh = sorted(
                (placed for placed in entries if (placed.position, placed.index) > stored_up_to),
                key=lambda placed: (placed.position, placed.index),
            )
            if not fresh:
                return
            if one_by_one:
                await self._insert_one_by_one(connection, fresh)
            else:
                await self._insert(connection, fresh)
            await connection.execute(MOVE_CURSOR, self._log_id, fresh[-1].position, fresh[-1].index)

    async def _insert(self, connection: Connection, entries: Sequence[Placed]) -> None:
        newest = {
            placed.entry.call: placed for placed in entries if isinstance(placed.entry, CallRecord)
        }  # the last one of each call
        for kind, sql in STORE.items():
            chosen = newest.values() if kind is CallRecord else entries
            rows = [(*_row(placed.entry), *self._place(placed)) for placed in chosen if type(placed.entry) is kind]
            if rows:
                await connection.executemany(sql, rows)

    async def _insert_one_by_one(self, connection: Connection, entries: Sequence[Placed]) -> None:
        for placed in entries:
            try:
                async with connection.transaction():  # a savepoint
                    row = (*_row(placed.entry), *self._place(placed))
                    await connection.execute(STORE[type(placed.entry)], *row)
            except UNFIT as error:
                why = f"{type(error).__name__}: {error}"
                whole = json.dumps(msgspec.to_builtins(placed.entry))  # ASCII, so it always fits
                await connection.execute(STORE_REFUSED, *self._place(placed), whole, _clean(why))
                log.error("record.refused", position=placed.position, index=placed.index,
                          entry=type(placed.entry).__name__, error=type(error).__name__)  # fmt: skip

    def _place(self, placed: Placed) -> tuple[str, int, int]:
        return self._log_id, placed.position, placed.index


def _row(entry: Entry) -> tuple[Any, ...]:
    """The columns of the entry in the order of its statement, without its place."""
    match entry:
        case CallRecord():
            return _call_row(entry)
        case CallStep():
            return (
                entry.call, entry.number, _moment(entry.at_ms), _clean(entry.from_state), _clean(entry.fact),
                _clean(entry.to_state), _clean(entry.reason), _clean(entry.person), _clean(entry.leg),
            )  # fmt: skip
        case TaskOpened():
            return (
                _clean(entry.task), _clean(entry.kind), _clean(entry.about), entry.person, entry.call,
                _clean(entry.client_id), _clean(entry.caller_number), _clean(entry.reason),
                _moment(entry.opened_at_ms),
            )  # fmt: skip
        case PersonChanged():
            return (
                entry.person, _moment(entry.at_ms), entry.state.value, _clean(entry.reason), entry.call,
                _moment(entry.until_ms), entry.misses,
            )  # fmt: skip
        case Audited():
            return (
                _moment(entry.at_ms), entry.person, _clean(entry.what), _clean(entry.about), entry.call, entry.by_call,
                entry.allowed, _clean(entry.was), _clean(entry.becomes), _clean(entry.why),
            )  # fmt: skip
        case VoicemailLeft():
            return (
                entry.message, entry.call, entry.box, _clean(entry.title), entry.department,
                _moment(entry.left_at_ms), entry.duration_ms, _clean(entry.line), _clean(entry.caller_number),
                _clean(entry.client_id), _clean(entry.client_name), entry.language, list(entry.mail_to),
                entry.keep_days,
            )  # fmt: skip
        case RecordingPart():
            pauses = json.dumps(entry.pauses)
            return (
                entry.recording, entry.call, entry.number, entry.person, _moment(entry.started_at_ms),
                _moment(entry.ended_at_ms), entry.paused_ms, pauses, _clean(entry.rule), _clean(entry.trouble),
            )  # fmt: skip
        case RecordingFile():
            filed_at = _moment(entry.at_ms)
            return entry.recording, entry.call, filed_at, entry.file, entry.sha256, entry.size_bytes
        case RecordingGone():
            deleted_at = None if entry.missing else _moment(entry.at_ms)
            return entry.recording, entry.call, deleted_at, _clean(entry.missing)
        case _:
            assert_never(entry)


def _call_row(entry: CallRecord) -> tuple[Any, ...]:
    reasons = msgspec.json.encode([_reason(reason) for reason in entry.reasons]).decode()
    return (
        entry.call, entry.direction.value, _clean(entry.line), _clean(entry.dialled), _clean(entry.caller_raw),
        _clean(entry.caller_number), entry.number_kind.value, entry.caller_person, _clean(entry.client_id),
        _clean(entry.client_name), _clean(entry.client_class), entry.debt.value if entry.debt else None,
        entry.debt_minor, entry.rule, entry.plan, _clean(entry.flag), reasons, _moment(entry.arrived_at_ms),
        _moment(entry.answered_at_ms), _moment(entry.ended_at_ms), entry.answered_by,
        entry.outcome.value if entry.outcome else None, entry.wait_ms, entry.ring_ms, entry.talk_ms,
        entry.policy_version, entry.hold_ms, _parts(entry.segments), _parts(entry.hand_overs),
    )  # fmt: skip


def _parts(parts: Sequence[Segment] | Sequence[HandOver]) -> str:
    """As a JSON list; what is ``None`` is left out."""
    built = []
    for part in map(msgspec.to_builtins, parts):
        there = {key: value for key, value in part.items() if value is not None}
        built.append({key: _clean(value) if isinstance(value, str) else value for key, value in there.items()})
    return json.dumps(built, ensure_ascii=False)


def _reason(reason: Reason) -> dict[str, str | int]:
    shown: dict[str, str | int] = {"at_ms": reason.at_ms, "what": _clean(reason.what), "why": _clean(reason.why)}
    if reason.person is not None:
        shown["person"] = reason.person
    return shown


def _moment(at_ms: int | None) -> datetime | None:
    """Exact to the millisecond, which dividing by 1000.0 is not."""
    return None if at_ms is None else _EPOCH + timedelta(milliseconds=at_ms)


@overload
def _clean(text: str) -> str: ...
@overload
def _clean(text: None) -> None: ...
def _clean(text: str | None) -> str | None:
    """What Postgres can hold: callers choose parts of these texts, and a NUL or half a surrogate pair is none."""
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
