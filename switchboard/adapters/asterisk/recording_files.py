"""Recordings out of Asterisk, as files in a folder: the port ``RecordingStore``.

Asterisk writes into a folder of its own, often on another machine; only ARI leads there. Of what it holds, the ids are
ours alone (32 hex digits, beginning with when the call arrived), and they say where a file goes: ``YYYY/MM/DD/ID.wav``,
by UTC. A file is written under another name first, synced, and then renamed: what has the right name is whole.

The folder itself is never made here. One that is missing is a disk that is not mounted, and what would be written in
its place would fill the wrong one.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO, Final

import aiohttp
import msgspec
from msgspec import Struct

from switchboard.adapters.asterisk import requests
from switchboard.adapters.asterisk.errors import AriConflict, AriError, AriNotFound, AriUnavailable, refusal
from switchboard.adapters.asterisk.requests import Request
from switchboard.adapters.asterisk.settings import AriSettings
from switchboard.adapters.asterisk.wav import mend_header
from switchboard.core.ids import RecordingId, made_at_ms
from switchboard.engine.ports import FiledRecording, RecordingMissing, Refused, SwitchAway

CHUNK_BYTES: Final = 256 * 1024
LITTLE_ROOM_MB: Final = 500
"""Nine hours of talk."""
_SILENT_S: Final = 10.0
"""So long Asterisk may send nothing of a file."""
_OURS = re.compile(r"[0-9a-f]{32}")
_ENDING = ".wav"
_INCOMING = "incoming"


class StoredRecording(Struct, frozen=True):
    """The name is ARI's."""

    name: str


class AsteriskRecordings:
    def __init__(self, settings: AriSettings, folder: Path, *, make: bool = False) -> None:
        """``make``: the folder is one of our own, in the data folder, and is made where it is missing."""
        self._settings = settings
        self._folder = folder
        if make:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def lying(self) -> tuple[RecordingId, ...]:
        """See the port."""
        async with self._session() as session:
            text = await self._ask(session, requests.stored_recordings())
        try:
            stored = msgspec.json.decode(text, type=tuple[StoredRecording, ...])
        except msgspec.DecodeError as error:
            raise Refused(f"Asterisk's answer cannot be read: {error}") from error
        return tuple(sorted(RecordingId(one.name) for one in stored if _OURS.fullmatch(one.name)))

    async def fetch(self, recording: RecordingId) -> FiledRecording | None:
        """See the port."""
        target = self._path(recording)
        if (there := await self._there(recording, target)) is not None:
            return there
        async with self._session() as session:
            if await self._is_live(session, recording):
                return None
            try:
                return await self._copy(session, recording, target)
            except AriNotFound as error:
                raise RecordingMissing(str(error)) from error
            except AriUnavailable as error:
                raise SwitchAway(str(error)) from error
            except AriError as error:
                raise Refused(str(error)) from error

    async def release(self, recording: RecordingId) -> None:
        """See the port."""
        async with self._session() as session:
            with suppress(RecordingMissing):
                await self._ask(session, requests.delete_recording(recording))

    async def older_than(self, at_ms: int, limit: int) -> tuple[RecordingId, ...]:
        """See the port."""
        with _folder_refusals():
            return await asyncio.to_thread(self._find_older, _day(at_ms), limit)

    async def delete(self, recording: RecordingId) -> None:
        """See the port."""
        with _folder_refusals():
            await asyncio.to_thread(self._unlink, recording)

    async def check(self) -> str | None:
        """See the port. Writes a file of no bytes: a folder may look well and refuse."""
        try:
            await asyncio.to_thread(self._try_to_write)
            free_mb = shutil.disk_usage(self._folder).free // 1_000_000
        except OSError as error:
            return f"the folder of recordings {self._folder} cannot be used: {error.strerror or error}"
        if free_mb < LITTLE_ROOM_MB:
            return f"only {free_mb} MB are free for recordings in {self._folder}"
        try:
            await self.lying()
        except SwitchAway:
            return None
        except Refused as refused:
            return f"Asterisk's own folder of recordings cannot be read: {refused.why}"
        return None

    # ---- Asterisk

    def _session(self) -> aiohttp.ClientSession:
        """A new one each time: a recording comes now and then, and an old connection may be closed by then."""
        return aiohttp.ClientSession(
            headers={"Authorization": self._settings.authorization},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._settings.request_s, sock_read=_SILENT_S),
        )

    async def _is_live(self, session: aiohttp.ClientSession, recording: RecordingId) -> bool:
        try:
            await self._ask(session, requests.live_recording(recording))
        except RecordingMissing:
            return False
        return True

    async def _ask(self, session: aiohttp.ClientSession, request: Request) -> bytes:
        """Raises ``RecordingMissing`` for 404, ``Refused``."""
        try:
            async with session.request(request.method, f"{self._settings.ari_url}/{request.uri}") as response:
                text = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise SwitchAway(f"{request}: no connection: {error or type(error).__name__}") from error
        if response.status == 404:
            raise RecordingMissing(f"{request}: 404")
        if response.status >= 400:
            raise Refused(str(refusal(str(request), response.status, response.reason or "")))
        return text

    async def _copy(self, session: aiohttp.ClientSession, recording: RecordingId, target: Path) -> FiledRecording:
        """Raises ``AriError`` for what Asterisk does, ``Refused`` for what the folder does."""
        request = requests.recording_file(recording)
        incoming = self._folder / _INCOMING / recording
        with _folder_refusals():
            file = await asyncio.to_thread(self._begin, incoming)
        try:
            async with session.get(f"{self._settings.ari_url}/{request.uri}") as response:
                if response.status >= 400:
                    raise refusal(str(request), response.status, response.reason or "")
                size = 0
                async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                    with _folder_refusals():
                        await asyncio.to_thread(_write, file, chunk)
                    size += len(chunk)
                if response.content_length not in (None, size):
                    raise AriConflict(str(request), f"{size} of {response.content_length} bytes came")
            with _folder_refusals():
                seen = await asyncio.to_thread(self._finish, file, incoming, target)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise AriUnavailable(str(request), f"the connection broke: {error or type(error).__name__}") from error
        finally:
            file.close()
        return FiledRecording(recording, self._place(target), *seen)

    # ---- the folder

    def _path(self, recording: RecordingId) -> Path:
        """Raises ``Refused`` for an id that is none of ours: it could lead anywhere."""
        if _OURS.fullmatch(recording) is None:
            raise Refused("this is no id of a recording of ours")
        return self._folder / _day(made_at_ms(recording)) / f"{recording}{_ENDING}"

    def _place(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    async def _there(self, recording: RecordingId, path: Path) -> FiledRecording | None:
        """The file as it lies there already."""
        with _folder_refusals():
            seen = await asyncio.to_thread(_digest, path)
        return FiledRecording(recording, self._place(path), *seen) if seen is not None else None

    def _begin(self, incoming: Path) -> BinaryIO:
        incoming.parent.mkdir(mode=0o700, exist_ok=True)
        return os.fdopen(os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")

    def _finish(self, file: BinaryIO, incoming: Path, target: Path) -> tuple[str, int]:
        """Make it durable under its own name; its checksum and size."""
        file.flush()
        os.fsync(file.fileno())
        mend_header(incoming)
        seen = _digest(incoming)
        assert seen is not None
        folders = list(target.parents)[:4]  # day, month, year, and the folder of them all
        for folder in reversed(folders[:3]):
            folder.mkdir(mode=0o700, exist_ok=True)
        incoming.rename(target)
        for folder in folders:
            _sync(folder)
        return seen

    def _find_older(self, day: str, limit: int) -> tuple[RecordingId, ...]:
        found: list[RecordingId] = []
        for folder in sorted(self._folder.glob("[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]")):
            if len(found) >= limit or self._place(folder) >= day:
                break
            files = sorted(one.name.removesuffix(_ENDING) for one in folder.iterdir())
            if not files:
                folder.rmdir()
            found += [RecordingId(name) for name in files if _OURS.fullmatch(name)]
        return tuple(found[:limit])

    def _unlink(self, recording: RecordingId) -> None:
        path = self._path(recording)
        path.unlink(missing_ok=True)
        if path.parent.exists():
            _sync(path.parent)

    def _try_to_write(self) -> None:
        trial = self._folder / _INCOMING / ".trial"
        trial.parent.mkdir(mode=0o700, exist_ok=True)
        trial.write_bytes(b"1")
        trial.unlink()


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y/%m/%d")


def _write(file: BinaryIO, chunk: bytes) -> None:
    """In a thread: a slow disk holds up this recording, and nothing else."""
    file.write(chunk)


def _digest(path: Path) -> tuple[str, int] | None:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return None


def _sync(folder: Path) -> None:
    """Make the names in it durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _folder_refusals() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Refused(f"the folder of recordings: {error.strerror or error}") from error
