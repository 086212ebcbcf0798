"""Recordings as files: what breaks off leaves nothing, and what is wrong with the folder is said."""

from __future__ import annotations

import hashlib
import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from switchboard.adapters.asterisk.recording_files import AsteriskRecordings
from switchboard.adapters.asterisk.settings import AriSettings
from switchboard.core.ids import RecordingId
from switchboard.engine.ports import Refused
from tests.adapters.asterisk.recording_ari import RecordingAri
from tests.adapters.contract.test_recordings import VOICE, an_id


@pytest.fixture
async def ari() -> AsyncIterator[RecordingAri]:
    async with RecordingAri() as ari:
        ari.files[an_id(1)] = VOICE
        yield ari


def store(ari: RecordingAri, folder: Path, *, make: bool = True) -> AsteriskRecordings:
    return AsteriskRecordings(AriSettings(url=ari.url, user="switchboard", password="secret"), folder, make=make)


async def test_a_file_that_breaks_off_is_not_filed_and_comes_whole_the_next_time(
    ari: RecordingAri, tmp_path: Path
) -> None:
    ari.breaks_off = True
    with pytest.raises(Refused):
        await store(ari, tmp_path).fetch(an_id(1))
    assert list(tmp_path.rglob("*.wav")) == []
    ari.breaks_off = False
    filed = await store(ari, tmp_path).fetch(an_id(1))
    assert filed is not None
    assert (tmp_path / filed.file).read_bytes() == VOICE


async def test_files_are_nobody_elses(ari: RecordingAri, tmp_path: Path) -> None:
    filed = await store(ari, tmp_path / "recordings").fetch(an_id(1))
    assert filed is not None
    modes = {path: path.stat().st_mode & 0o777 for path in (tmp_path / "recordings").rglob("*")}
    assert all(mode in (0o600, 0o700) for mode in modes.values()), modes


async def test_a_folder_that_is_not_there_is_not_made(ari: RecordingAri, tmp_path: Path) -> None:
    missing = tmp_path / "not-mounted"
    files = store(ari, missing, make=False)
    assert "not-mounted cannot be used" in str(await files.check())
    with pytest.raises(Refused, match="No such file"):
        await files.fetch(an_id(1))
    assert not missing.exists()


async def test_a_folder_that_cannot_be_written_to_is_told(ari: RecordingAri, tmp_path: Path) -> None:
    (tmp_path / "incoming").write_text("a file where a folder should be")
    assert "cannot be used" in str(await store(ari, tmp_path).check())
    with pytest.raises(Refused):
        await store(ari, tmp_path).fetch(an_id(1))


async def test_an_id_that_is_none_of_ours_leads_nowhere(ari: RecordingAri, tmp_path: Path) -> None:
    for odd in ("../../etc/passwd", "x", "A" * 32):
        with pytest.raises(Refused):
            await store(ari, tmp_path).fetch(RecordingId(odd))


def never_closed(frames: bytes) -> bytes:
    """A WAV file as it is left by an Asterisk that was killed."""
    whole = io.BytesIO()
    with wave.open(whole, "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(frames)
    content = bytearray(whole.getvalue())
    content[4:8] = content[40:44] = bytes(4)
    return bytes(content)


async def test_a_file_that_was_never_closed_can_be_heard(ari: RecordingAri, tmp_path: Path) -> None:
    ari.files[an_id(2)] = never_closed(b"ab" * 8_000)
    filed = await store(ari, tmp_path).fetch(an_id(2))
    assert filed is not None
    content = (tmp_path / filed.file).read_bytes()
    assert (filed.sha256, filed.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    with wave.open(str(tmp_path / filed.file)) as file:
        assert file.readframes(file.getnframes()) == b"ab" * 8_000


@pytest.mark.parametrize("content", [b"", b"RIFF", never_closed(b""), b"x" * 100])
async def test_what_has_nothing_to_mend_stays_as_it_is(ari: RecordingAri, tmp_path: Path, content: bytes) -> None:
    ari.files[an_id(2)] = content
    filed = await store(ari, tmp_path).fetch(an_id(2))
    assert filed is not None
    assert (tmp_path / filed.file).read_bytes() == content
