"""The in-memory twin of the store of recordings."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from switchboard.core.ids import RecordingId, made_at_ms
from switchboard.engine.ports import FiledRecording, RecordingMissing, Refused


class MemoryRecordings:
    """The port ``RecordingStore`` over dictionaries."""

    def __init__(self) -> None:
        self.in_switch: dict[RecordingId, bytes] = {}
        """What the switch holds."""
        self.live: dict[RecordingId, None] = {}
        """Of these, what is still being made."""
        self.files: dict[RecordingId, bytes] = {}
        self.away: str | None = None
        """Why everything is refused from now on; ``None``: nothing is."""

    async def lying(self) -> tuple[RecordingId, ...]:
        """See the port."""
        self._refuse_if_away()
        return tuple(sorted(self.in_switch))

    async def fetch(self, recording: RecordingId) -> FiledRecording | None:
        """See the port."""
        self._refuse_if_away()
        if recording not in self.files:
            if recording in self.live:
                return None
            if recording not in self.in_switch:
                raise RecordingMissing("404")
            self.files[recording] = self.in_switch[recording]
        content, day = self.files[recording], _day(made_at_ms(recording))
        return FiledRecording(recording, f"{day}/{recording}.wav", sha256(content).hexdigest(), len(content))

    async def release(self, recording: RecordingId) -> None:
        """See the port."""
        self._refuse_if_away()
        self.in_switch.pop(recording, None)

    async def older_than(self, at_ms: int, limit: int) -> tuple[RecordingId, ...]:
        """See the port."""
        self._refuse_if_away()
        return tuple([one for one in sorted(self.files) if _day(made_at_ms(one)) < _day(at_ms)][:limit])

    async def delete(self, recording: RecordingId) -> None:
        """See the port."""
        self._refuse_if_away()
        self.files.pop(recording, None)

    async def check(self) -> str | None:
        """See the port."""
        return self.away

    def _refuse_if_away(self) -> None:
        if self.away is not None:
            raise Refused(self.away)


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y/%m/%d")
