"""The files of Asterisk's queue log: reading on from a bookmark, through every rotation.

Asterisk appends to one file. Now and then somebody renames it (``logger rotate``, logrotate) or empties it after
taking a copy (``copytruncate``); what was read is then in a file of another name, and lines may follow there that were
not. A file is therefore known by its first line, which no rename and no copy changes; where two have the same, by its
inode.

Compressed files are not read. logrotate's ``delaycompress`` leaves the newest one plain.
"""

from __future__ import annotations

import errno
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from switchboard.adapters.asterisk.queue_log import read_line, read_on
from switchboard.core.fallback_call import Bookmark, FallbackCall

CHUNK = 16_384
"""So much is read at a time: a few dozen calls. No line is longer; Asterisk writes 8 KiB at most."""


class Reading(Struct, frozen=True):
    """What one look at the files found."""

    upto: Bookmark
    calls: tuple[FallbackCall, ...] = ()
    """Calls that are over, in the order of their ends."""
    damaged: int = 0
    """Lines that could not be read."""
    more: bool = False
    """There is more to read."""


class _File(Struct, frozen=True):
    path: Path
    name: str
    """Inode and a short hash of the first line."""
    began_s: int
    """Stamp of the first line."""
    size: int


def begin(path: Path) -> Bookmark:
    """The end of what is there: what is older than this installation is not ours to record.

    Raises ``OSError`` when the files cannot be read.
    """
    files = _all_files(path)
    if not files:
        return Bookmark("", 0, 0)
    last = files[-1]
    tail = _read(last.path, max(0, last.size - CHUNK), CHUNK)
    whole = tail.rfind(b"\n") + 1
    line = read_line(tail[:whole].rstrip(b"\n").rpartition(b"\n")[2])
    offset = last.size - len(tail) + whole
    return Bookmark(last.name, offset, line.at_s if line is not None else last.began_s)


def read_from(path: Path, mark: Bookmark) -> Reading:
    """Read on from ``mark``, one chunk at most. Raises ``OSError`` when there is no file, or it cannot be read."""
    files = _files(path, mark)
    if not files:
        raise FileNotFoundError(errno.ENOENT, "there is none")
    file, offset = _find(files, mark)
    data = _read(file.path, offset, CHUNK)
    whole = data.rfind(b"\n") + 1
    following = next((later for earlier, later in pairwise(files) if earlier is file), None)
    if whole == 0 and len(data) < CHUNK:
        if following is None:
            return Reading(mark if file.name == mark.file else Bookmark(file.name, offset, mark.at_s, mark.open))
        return Reading(Bookmark(following.name, 0, mark.at_s, mark.open), damaged=len(data) > 0, more=True)
    lines = data[:whole].split(b"\n")[:-1] if whole else [b""]  # a chunk without an end of line is damaged as a whole
    told = read_on(lines, mark.open, mark.at_s)
    end = offset + (whole or len(data))
    upto = Bookmark(file.name, end, told.at_s, told.open)
    return Reading(upto, told.over, told.damaged, more=len(data) == CHUNK or following is not None)


def _find(files: list[_File], mark: Bookmark) -> tuple[_File, int]:
    """Where ``mark`` is now. If its file is gone, the files that began after the last line that we read are new.

    A power cut may have cost a file its end, which we had read: then what was written since is new.
    """
    for same in (lambda file: file.name == mark.file, lambda file: _first_line(file.name) == _first_line(mark.file)):
        found = next((file for file in files if same(file) and file.size >= mark.offset), None)
        if found is not None:
            return found, mark.offset
    later = next((file for file in files if file.began_s >= mark.at_s), None)
    return (later, 0) if later is not None else (files[-1], _end_of_second(files[-1], mark.at_s))


def _end_of_second(file: _File, at_s: int) -> int:
    """Where the lines begin that are newer than ``at_s``."""
    offset = 0
    with file.path.open("rb") as lines:
        for raw in lines:
            line = read_line(raw)
            if not raw.endswith(b"\n") or (line is not None and line.at_s > at_s):
                break
            offset += len(raw)
    return offset


def _first_line(name: str) -> str:
    return name.partition("-")[2]


def _files(path: Path, mark: Bookmark) -> list[_File]:
    """The files from the marked one on, or all; mostly that is one, and the others need not be looked at."""
    newest = _look_at(path)
    if newest is not None and newest.name == mark.file:
        return [newest]
    return _all_files(path)


def _all_files(path: Path) -> list[_File]:
    """Every file with at least one line, oldest first. A new one without a line may still be waiting for Asterisk."""
    path.parent.stat()  # a folder that is not there, or is closed to us, must not look like one without a log
    rotated = [file for one in path.parent.glob(f"{path.name}.*") if (file := _look_at(one)) is not None]
    rotated = [file for file in rotated if file.began_s]
    rotated.sort(key=lambda file: (file.began_s, file.path.stat().st_mtime_ns))
    newest = _look_at(path)
    return rotated if newest is None else [*rotated, newest]


def _look_at(path: Path) -> _File | None:
    """``None`` for a file that is not there, or has not one whole line."""
    try:
        with path.open("rb") as file:
            first, status = file.readline(CHUNK), path.stat()
    except FileNotFoundError:
        return None
    if not first.endswith(b"\n"):
        return None
    line = read_line(first.rstrip(b"\n"))
    digest = blake2b(first, digest_size=6).hexdigest()
    return _File(path, f"{status.st_ino}-{digest}", line.at_s if line is not None else 0, status.st_size)


def _read(path: Path, offset: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)
