"""What every ``RecordingStore`` promises: whole files where their ids say, and everything may be done twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import pytest

from switchboard.adapters.asterisk.recording_files import AsteriskRecordings
from switchboard.adapters.asterisk.settings import AriSettings
from switchboard.core.ids import RecordingId
from switchboard.engine.memory_recordings import MemoryRecordings
from switchboard.engine.ports import RecordingMissing, RecordingStore, Refused
from tests.adapters.asterisk.recording_ari import RecordingAri

DAY_MS = 24 * 3_600_000
FIRST_MS = int(datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()) * 1000
VOICE = bytes(range(256)) * 3_000


def an_id(number: int, at_ms: int = FIRST_MS) -> RecordingId:
    return RecordingId(f"{at_ms:012x}{'c' * 12}{number:08x}")


class World(Protocol):
    store: RecordingStore

    def record(self, recording: str, content: bytes, *, live: bool = False) -> None: ...
    def holds(self, recording: RecordingId) -> bool: ...
    def file(self, recording: RecordingId) -> bytes | None: ...
    def go_away(self) -> None: ...


class MemoryWorld:
    def __init__(self) -> None:
        self.memory = MemoryRecordings()
        self.store: RecordingStore = self.memory

    def record(self, recording: str, content: bytes, *, live: bool = False) -> None:
        self.memory.in_switch[RecordingId(recording)] = content
        self.memory.live.pop(RecordingId(recording), None)
        if live:
            self.memory.live[RecordingId(recording)] = None

    def holds(self, recording: RecordingId) -> bool:
        return recording in self.memory.in_switch

    def file(self, recording: RecordingId) -> bytes | None:
        return self.memory.files.get(recording)

    def go_away(self) -> None:
        self.memory.away = "gone"


class FileWorld:
    def __init__(self, ari: RecordingAri, folder: Path) -> None:
        self.ari = ari
        self.folder = folder
        settings = AriSettings(url=ari.url, user="switchboard", password="secret")
        self.store: RecordingStore = AsteriskRecordings(settings, folder, make=True)

    def record(self, recording: str, content: bytes, *, live: bool = False) -> None:
        self.ari.files[recording] = content
        self.ari.live = {recording} if live else set()

    def holds(self, recording: RecordingId) -> bool:
        return recording in self.ari.files

    def file(self, recording: RecordingId) -> bytes | None:
        found = list(self.folder.glob(f"*/*/*/{recording}.wav"))
        return found[0].read_bytes() if found else None

    def go_away(self) -> None:
        self.ari.away = True


@pytest.fixture(params=["memory", "files"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "memory":
        yield MemoryWorld()
        return
    async with RecordingAri() as ari:
        yield FileWorld(ari, tmp_path / "recordings")


async def test_a_recording_is_fetched_whole_and_only_then_released(world: World) -> None:
    one = an_id(1)
    world.record(one, VOICE)
    assert await world.store.lying() == (one,)
    filed = await world.store.fetch(one)
    assert filed is not None
    assert (filed.recording, filed.file) == (one, f"2026/11/29/{one}.wav")
    assert (filed.size_bytes, filed.sha256) == (len(VOICE), sha256(VOICE).hexdigest())
    assert world.file(one) == VOICE
    assert world.holds(one)
    assert await world.store.fetch(one) == filed
    for _ in range(2):
        await world.store.release(one)
    assert not world.holds(one)
    assert await world.store.fetch(one) == filed
    assert await world.store.lying() == ()


async def test_what_is_still_being_made_is_left_alone(world: World) -> None:
    one = an_id(1)
    world.record(one, b"RIFF", live=True)
    assert await world.store.lying() == (one,)
    assert await world.store.fetch(one) is None
    assert world.file(one) is None
    world.record(one, VOICE)
    filed = await world.store.fetch(one)
    assert filed is not None
    assert filed.size_bytes == len(VOICE)


async def test_what_is_nowhere_is_missing(world: World) -> None:
    with pytest.raises(RecordingMissing):
        await world.store.fetch(an_id(7))


async def test_what_is_old_is_found_by_whole_days_and_deleted(world: World) -> None:
    days = [an_id(number, FIRST_MS + number * DAY_MS) for number in range(4)]
    for one in days:
        world.record(one, VOICE)
        await world.store.fetch(one)
        await world.store.release(one)
    assert await world.store.older_than(FIRST_MS, 10) == ()
    assert await world.store.older_than(FIRST_MS + 2 * DAY_MS, 10) == tuple(days[:2])
    assert await world.store.older_than(FIRST_MS + 3 * DAY_MS, 2) == tuple(days[:2])
    for _ in range(2):
        await world.store.delete(days[0])
    assert world.file(days[0]) is None
    assert await world.store.older_than(FIRST_MS + 2 * DAY_MS, 10) == (days[1],)
    with pytest.raises(RecordingMissing):
        await world.store.fetch(days[0])


async def test_who_cannot_be_reached_refuses_and_says_so(world: World) -> None:
    assert await world.store.check() is None
    world.go_away()
    with pytest.raises(Refused):
        await world.store.lying()
    with pytest.raises(Refused) as refused:
        await world.store.fetch(an_id(1))
    assert not isinstance(refused.value, RecordingMissing)
    with pytest.raises(Refused):
        await world.store.release(an_id(1))
    assert await world.store.check() is not None
