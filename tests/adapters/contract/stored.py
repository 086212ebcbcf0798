"""What a ``Records`` has stored, read back as entries: one way to look at the twin and at Postgres."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import asyncpg
import msgspec

from switchboard.core.entries import Audited, CallRecord, CallStep, PersonChanged, TaskOpened, VoicemailLeft
from switchboard.engine.twins import MemoryRecords

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_LISTS = ("reasons", "segments", "hand_overs")


class Stored(Protocol):
    async def calls(self) -> list[CallRecord]: ...
    async def steps(self) -> list[CallStep]: ...
    async def tasks(self) -> list[TaskOpened]: ...
    async def people(self) -> list[PersonChanged]: ...
    async def audit(self) -> list[Audited]: ...
    async def recordings(self) -> list[RecordingRow]: ...
    async def voicemails(self) -> list[VoicemailLeft]: ...


class RecordingRow(msgspec.Struct, frozen=True):
    """A row of recordings as a report sees it."""

    recording: str
    number: int | None = None
    person: str | None = None
    ended: bool = False
    paused_ms: int = 0
    trouble: str = ""
    missing: str = ""
    file: str | None = None
    bytes: int | None = None
    deleted: bool = False


class StoredInMemory:
    def __init__(self, records: MemoryRecords) -> None:
        self._records = records

    async def calls(self) -> list[CallRecord]:
        return [self._records.calls[call] for call in sorted(self._records.calls)]

    async def steps(self) -> list[CallStep]:
        return self._records.steps

    async def tasks(self) -> list[TaskOpened]:
        return self._records.tasks

    async def people(self) -> list[PersonChanged]:
        return self._records.people

    async def audit(self) -> list[Audited]:
        return self._records.audit

    async def voicemails(self) -> list[VoicemailLeft]:
        return list(self._records.voicemails.values())

    async def recordings(self) -> list[RecordingRow]:
        rows: dict[str, RecordingRow] = {}
        for recording in (*self._records.recordings, *self._records.files, *self._records.gone):
            part, file = self._records.recordings.get(recording), self._records.files.get(recording)
            gone = self._records.gone.get(recording)
            row = RecordingRow(recording)
            if part is not None:
                row = RecordingRow(
                    recording, part.number, part.person, part.ended_at_ms is not None, part.paused_ms, part.trouble
                )
            if file is not None:
                row = msgspec.structs.replace(row, file=file.file, bytes=file.size_bytes)
            if gone is not None:
                row = msgspec.structs.replace(row, missing=gone.missing, deleted=not gone.missing)
            rows[recording] = row
        return [rows[recording] for recording in sorted(rows)]


class StoredInPostgres:
    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._connection = connection

    async def calls(self) -> list[CallRecord]:
        return self._as(CallRecord, await self._connection.fetch("SELECT * FROM call ORDER BY call_id"))

    async def steps(self) -> list[CallStep]:
        return self._as(
            CallStep, await self._connection.fetch("SELECT * FROM call_event ORDER BY log_position, log_index")
        )

    async def tasks(self) -> list[TaskOpened]:
        rows = await self._connection.fetch("SELECT * FROM task WHERE done_at IS NULL ORDER BY log_position, log_index")
        return self._as(TaskOpened, rows)

    async def people(self) -> list[PersonChanged]:
        rows = await self._connection.fetch("SELECT * FROM person_event ORDER BY log_position, log_index")
        return self._as(PersonChanged, rows)

    async def audit(self) -> list[Audited]:
        rows = await self._connection.fetch("SELECT * FROM audit ORDER BY log_position, log_index")
        return self._as(Audited, rows)

    async def voicemails(self) -> list[VoicemailLeft]:
        rows = await self._connection.fetch("SELECT * FROM voicemail ORDER BY log_position, log_index")
        return self._as(VoicemailLeft, rows)

    async def recordings(self) -> list[RecordingRow]:
        rows = await self._connection.fetch(
            "SELECT recording_id, number, person, ended_at IS NOT NULL, paused_ms, trouble, missing, file, bytes,"
            " deleted_at IS NOT NULL FROM call_recording ORDER BY recording_id"
        )
        return [RecordingRow(*row) for row in rows]

    def _as(self, kind: Any, rows: Iterable[asyncpg.Record]) -> list[Any]:
        """A column of each field's name, or with the ending that tables use: ``call_id``, ``arrived_at``."""
        entries = []
        for row in rows:
            columns = dict(row)
            fields = {}
            for name in kind.__struct_fields__:
                column = {"call": "call_id", "task": "task_id", "message": "message_id"}.get(
                    name, name.removesuffix("_ms") if name.endswith(("at_ms", "until_ms")) else name
                )
                value = columns[column]
                if isinstance(value, datetime):
                    value = (value - _EPOCH) // timedelta(milliseconds=1)
                fields[name] = msgspec.json.decode(value) if name in _LISTS else value
            entries.append(msgspec.convert({"type": kind.__name__, **fields}, kind))
        return entries
