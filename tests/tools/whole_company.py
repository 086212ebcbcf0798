"""A company for a whole run of tests: real Asterisk, SIPp phones, Postgres and the service as a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from devkit.company import SAMPLE_CONFIG, Company
from devkit.postgres import Postgres, installed
from devkit.short_waits import shortened

_KNOWN = (
    # the service is away: stopped, killed, or its connection cut
    "Failed to find outbound websocket per-call config for app",
    "Stasis app 'switchboard' doesn't exist",
    "Web socket closed abruptly",
    "Broken pipe",
    "WebSocket read error:",
    "Error reading from web socket:",
    "Error writing frame",
    # Asterisk starts
    "registered during operation",
    # a caller hangs up in the very moment of our answer, or in the midst of a greeting; staff do not hear the
    # confirmation of a code to its end (a sound that is not there has a complaint of its own)
    "Session already DISCONNECTED",
    "Failed to answer channel",
    "Playback failed for sound:",
    # a caller hangs up before the tone; there is nowhere to record, or no room
    "No audio available on",
    "Unrecognized recording error: No such file or directory",
    "spool/recording: No such file or directory",
    "No space left on device",
    "Natural write failed",
    # who was killed in the moment a recording began asks for it again, and is told that it goes on already
    "already exists and ifExists option is failure",
)
"""What Asterisk may complain about, as the tests make it happen."""


@asynccontextmanager
async def whole_company(folder: Path) -> AsyncIterator[Company]:
    """The company of the sample, with less patience. At its end Asterisk must have had nothing to complain about."""
    config = shortened(SAMPLE_CONFIG, folder / "config", longest="8s")
    server = Postgres(folder / "postgres", own=installed())  # it will be made to fail
    await server.start()
    try:
        async with Company(folder / "company", config=config, postgres=server) as opened:
            yield opened
            complaints = opened.asterisk.complaints()
            unknown = [line for line in complaints if not any(known in line for known in _KNOWN)]
            assert not unknown, "\n".join(unknown)
    finally:
        await server.stop()
