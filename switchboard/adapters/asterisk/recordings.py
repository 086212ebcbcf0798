"""What Asterisk has recorded: whether it still does, how much there is, and the file itself.

Asterisk writes a recording where it will stay, from its first second on; so that a file is there says nothing, unless
the recording is not live any more. Its header tells the length only once it was closed in order, its size always.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from switchboard.adapters.asterisk import requests
from switchboard.adapters.asterisk.errors import AriError, AriNotFound, AriUnavailable
from switchboard.adapters.asterisk.requests import Request
from switchboard.adapters.asterisk.rest import Answer
from switchboard.core.facts import RecordingEnded
from switchboard.core.ids import RecordingId
from switchboard.engine.ports import Refused, SwitchAway

HEADER_BYTES = 44
BYTES_PER_S = 16_000
"""8 kHz, 16 bit, mono: the format ``wav``."""


class AsksAndFetches(Protocol):
    """What we need of the connection."""

    async def request(self, request: Request) -> Answer:
        """Raises ``AriError``."""

    async def length(self, request: Request) -> int:
        """How many bytes a file of Asterisk's has. Raises ``AriError``."""


@contextmanager
def refusals() -> Iterator[None]:
    try:
        yield
    except AriUnavailable as error:
        raise SwitchAway(str(error)) from error
    except AriError as error:
        raise Refused(str(error)) from error


async def what_became_of(ari: AsksAndFetches, recording: RecordingId) -> RecordingEnded | None:
    """How it ended; ``None`` while it goes on. Raises ``AriError``."""
    try:
        await ari.request(requests.live_recording(recording))
    except AriNotFound:
        pass
    else:
        return None
    try:
        size = await ari.length(requests.recording_file(recording))
    except AriNotFound:
        return RecordingEnded(recording, kept=False, known=False, why="Asterisk has no such recording")
    return RecordingEnded(recording, duration_ms=max(size - HEADER_BYTES, 0) * 1000 // BYTES_PER_S)
