"""The port ``VoicemailPost`` over Postgres: what is to be mailed is a row that is not done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from switchboard.adapters.postgres.pool import Pool, refusals
from switchboard.adapters.postgres.queries import query
from switchboard.core.ids import CallId, RecordingId
from switchboard.engine.ports import OldVoicemail, VoicemailToSend, VoicemailWaiting

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WITHIN_S = 10.0
TO_SEND, WAITING, OLD = query("voicemail_to_send"), query("voicemail_waiting"), query("voicemail_old")
SENT, PUT_OFF, GIVE_UP = query("voicemail_sent"), query("voicemail_put_off"), query("voicemail_give_up")
EXPIRED = query("voicemail_expired")


class PostgresVoicemailPost:
    """Each statement is a transaction of its own."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def to_send(self, now_ms: int, limit: int) -> tuple[VoicemailToSend, ...]:
        """See the port."""
        return tuple(_to_send(row) for row in await self._ask(TO_SEND, _moment(now_ms), limit))

    async def sent(self, message: RecordingId, at_ms: int) -> None:
        """See the port."""
        await self._ask(SENT, message, _moment(at_ms))

    async def put_off(self, message: RecordingId, until_ms: int, why: str) -> None:
        """See the port."""
        await self._ask(PUT_OFF, message, _moment(until_ms), why.replace("\0", " "))

    async def give_up(self, message: RecordingId, at_ms: int, why: str) -> None:
        """See the port."""
        await self._ask(GIVE_UP, message, _moment(at_ms), why.replace("\0", " "))

    async def waiting(self) -> VoicemailWaiting | None:
        """See the port."""
        [row] = await self._ask(WAITING)
        if not row["count"]:
            return None
        return VoicemailWaiting(row["count"], _ms(row["oldest_left_at"]), row["trouble"] or "")

    async def old(self, now_ms: int, limit: int) -> tuple[OldVoicemail, ...]:
        """See the port."""
        rows = await self._ask(OLD, _moment(now_ms), limit)
        return tuple(OldVoicemail(RecordingId(row["message_id"]), row["keep_days"]) for row in rows)

    async def expired(self, message: RecordingId, at_ms: int) -> None:
        """See the port."""
        await self._ask(EXPIRED, message, _moment(at_ms))

    async def _ask(self, statement: str, *values: object) -> list[Any]:
        with refusals("voicemail"):
            async with self._pool.acquire(timeout=_WITHIN_S) as connection:
                return list(await connection.fetch(statement, *values))


def _to_send(row: Any) -> VoicemailToSend:
    return VoicemailToSend(
        message=RecordingId(row["message_id"]),
        call=CallId(row["call_id"]),
        box=row["box"],
        title=row["title"],
        left_at_ms=_ms(row["left_at"]),
        duration_ms=row["duration_ms"],
        line=row["line"],
        caller_number=row["caller_number"],
        client_id=row["client_id"],
        client_name=row["client_name"],
        language=row["language"],
        mail_to=tuple(row["mail_to"]),
        tries=row["tries"],
        file=row["file"],
    )


def _moment(at_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=at_ms)


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
