"""The in-memory twin of the port ``VoicemailPost``, over the twin of the records. Passes the same contract tests."""

from __future__ import annotations

from msgspec import Struct

from switchboard.core.entries import VoicemailLeft
from switchboard.core.ids import RecordingId
from switchboard.engine.ports import OldVoicemail, Refused, VoicemailToSend, VoicemailWaiting
from switchboard.engine.twins import MemoryRecords

_DAY_MS = 24 * 3_600_000


class Sent(Struct):
    """What became of a message."""

    tries: int = 0
    again_at_ms: int = 0
    trouble: str = ""
    mailed_at_ms: int | None = None
    done_at_ms: int | None = None
    expired_at_ms: int | None = None


class MemoryVoicemailPost:
    def __init__(self, records: MemoryRecords) -> None:
        self._records = records
        self.became: dict[RecordingId, Sent] = {}
        self.away: str | None = None
        """Why everything is refused from now on; ``None``: nothing is."""

    async def to_send(self, now_ms: int, limit: int) -> tuple[VoicemailToSend, ...]:
        """See the port."""
        due = [left for left in self._waiting() if self._of(left.message).again_at_ms <= now_ms]
        found = [self._to_send(left) for left in due if self._is_settled(left.message)]
        return tuple(found[:limit])

    async def sent(self, message: RecordingId, at_ms: int) -> None:
        """See the port."""
        became = self._open(message)
        if became is not None:
            became.mailed_at_ms = became.done_at_ms = at_ms
            became.trouble = ""

    async def put_off(self, message: RecordingId, until_ms: int, why: str) -> None:
        """See the port."""
        became = self._open(message)
        if became is not None:
            became.again_at_ms, became.trouble, became.tries = until_ms, why, became.tries + 1

    async def give_up(self, message: RecordingId, at_ms: int, why: str) -> None:
        """See the port."""
        became = self._open(message)
        if became is not None:
            became.done_at_ms, became.trouble = at_ms, why

    async def waiting(self) -> VoicemailWaiting | None:
        """See the port."""
        waiting = self._waiting()
        if not waiting:
            return None
        return VoicemailWaiting(len(waiting), waiting[0].left_at_ms, self._of(waiting[0].message).trouble)

    async def old(self, now_ms: int, limit: int) -> tuple[OldVoicemail, ...]:
        """See the port."""
        self._refuse_if_away()
        done = [left for left in self._all() if left not in self._waiting()]
        old = [left for left in done if left.left_at_ms + left.keep_days * _DAY_MS <= now_ms]
        untold = [left for left in old if self._of(left.message).expired_at_ms is None]
        return tuple(OldVoicemail(left.message, left.keep_days) for left in untold[:limit])

    async def expired(self, message: RecordingId, at_ms: int) -> None:
        """See the port."""
        self._of(message).expired_at_ms = at_ms

    def _all(self) -> list[VoicemailLeft]:
        return sorted(self._records.voicemails.values(), key=lambda left: left.left_at_ms)

    def _waiting(self) -> list[VoicemailLeft]:
        self._refuse_if_away()
        return [left for left in self._all() if left.mail_to and self._of(left.message).done_at_ms is None]

    def _of(self, message: RecordingId) -> Sent:
        return self.became.setdefault(message, Sent())

    def _open(self, message: RecordingId) -> Sent | None:
        self._refuse_if_away()
        became = self._of(message)
        return became if became.done_at_ms is None else None

    def _is_settled(self, message: RecordingId) -> bool:
        gone = self._records.gone.get(message)
        return message in self._records.files or (gone is not None and bool(gone.missing))

    def _to_send(self, left: VoicemailLeft) -> VoicemailToSend:
        file = self._records.files.get(left.message)
        return VoicemailToSend(
            message=left.message,
            call=left.call,
            box=left.box,
            title=left.title,
            left_at_ms=left.left_at_ms,
            duration_ms=left.duration_ms,
            line=left.line,
            caller_number=left.caller_number,
            client_id=left.client_id,
            client_name=left.client_name,
            language=left.language,
            mail_to=left.mail_to,
            tries=self._of(left.message).tries,
            file=file.file if file is not None else None,
        )

    def _refuse_if_away(self) -> None:
        if self.away is not None:
            raise Refused(f"voicemail: {self.away}")
