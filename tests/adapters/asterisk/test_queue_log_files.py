"""Reading on through rotation, truncation and half-written lines: each call once, whatever happens to the files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.adapters.asterisk.queue_log_files import CHUNK, begin, read_from
from switchboard.core.fallback_call import Bookmark, FallbackCall

BEGAN_S = 1_795_563_000


class Log:
    """Asterisk's side: it writes a line at a time, and the clock goes on."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "queue_log"
        self.at_s = BEGAN_S
        self.rotations = 0
        self.write("NONE|NONE|NONE|QUEUESTART|")

    def write(self, line: str, end: str = "\n") -> None:
        self.at_s += 1
        with self.path.open("a") as file:
            file.write(f"{self.at_s}|{line}{end}")

    def arrive(self, leg: str) -> None:
        self.write(f"{leg}|fallback|NONE|AWAY|{self.at_s % 60}000|+74951234567|+74950000001")

    def leave(self, leg: str) -> None:
        self.write(f"{leg}|fallback|NONE|LEFT|{self.at_s % 60}000")

    def call(self, leg: str) -> None:
        self.arrive(leg)
        self.leave(leg)

    def rename(self) -> None:
        """``logger rotate``: the newest is 0."""
        self._shift()
        self.path.rename(self._rotated(0))
        self.write("NONE|NONE|NONE|CONFIGRELOAD|")

    def copy_and_truncate(self) -> None:
        self._shift()
        shutil.copy(self.path, self._rotated(0))
        os.truncate(self.path, 0)

    def _shift(self) -> None:
        for number in reversed(range(self.rotations)):
            self._rotated(number).rename(self._rotated(number + 1))
        self.rotations += 1

    def _rotated(self, number: int) -> Path:
        return self.path.with_name(f"queue_log.{number}")


class Reader:
    def __init__(self, log: Log) -> None:
        self.log = log
        self.mark = begin(log.path)
        self.over: list[FallbackCall] = []
        self.damaged = 0

    def look(self, looks: int = 1_000) -> list[str]:
        """Read on until there is no more; the legs of all calls so far."""
        for _ in range(looks):
            reading = read_from(self.log.path, self.mark)
            self.mark = reading.upto
            self.over += reading.calls
            self.damaged += reading.damaged
            if not reading.more:
                break
        return [call.leg for call in self.over]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_what_is_older_than_the_installation_is_left_alone(log: Log) -> None:
    log.call("before")
    log.arrive("under way")
    reader = Reader(log)
    assert reader.mark.at_s == log.at_s
    log.leave("under way")
    log.call("after")
    assert reader.look() == ["after"]


def test_a_line_that_was_half_written_at_first_is_read_whole(log: Log) -> None:
    log.write("a|fallback|NONE|AW", end="")
    reader = Reader(log)
    with log.path.open("a") as file:
        file.write(f"AY|{log.at_s % 60}000|+74951234567|+74950000001\n")
    log.leave("a")
    assert reader.look() == ["a"]
    assert reader.damaged == 0


def test_a_log_that_begins_later_is_read_from_its_beginning(log: Log) -> None:
    log.path.unlink()
    reader = Reader(log)
    assert reader.mark == Bookmark("", 0, 0)
    with pytest.raises(FileNotFoundError):
        reader.look()
    log.call("first")
    assert reader.look() == ["first"]


def test_an_open_call_is_carried_over_a_restart(log: Log) -> None:
    reader = Reader(log)
    log.arrive("long")
    log.call("short")
    assert reader.look() == ["short"]
    assert [call.leg for call in reader.mark.open] == ["long"]
    log.leave("long")
    assert reader.look() == ["short", "long"]


@pytest.mark.parametrize("rotate", [Log.rename, Log.copy_and_truncate])
@pytest.mark.parametrize("looks_between", [True, False])
def test_rotation(log: Log, rotate: object, *, looks_between: bool) -> None:
    assert callable(rotate)
    reader = Reader(log)
    log.call("a")
    reader.look()
    log.call("b")
    log.arrive("across")
    for number in range(3):
        rotate(log)
        log.call(f"c{number}")
        if looks_between:
            reader.look()
    log.leave("across")
    assert reader.look() == ["a", "b", "c0", "c1", "c2", "across"]
    assert reader.damaged == 0


def test_a_renamed_file_is_read_to_its_end_while_the_new_one_is_still_empty(log: Log) -> None:
    """logrotate makes the new file; until it is told, Asterisk goes on in the old one."""
    reader = Reader(log)
    reader.look()
    log.path.rename(log.path.with_name("queue_log.1"))
    log.path.touch()
    reader.look()
    with log.path.with_name("queue_log.1").open("a") as file:
        file.write(f"{log.at_s}|late|fallback|NONE|AWAY|0|1|2\n{log.at_s}|late|fallback|NONE|LEFT|\n")
    assert reader.look() == ["late"]
    log.write("NONE|NONE|NONE|CONFIGRELOAD|")
    log.call("new")
    assert reader.look() == ["late", "new"]


def test_two_files_that_begin_alike(log: Log) -> None:
    """Rotated twice within a second."""
    reader = Reader(log)
    began_s = log.at_s
    log.rename()
    log.call("a")
    assert reader.look() == ["a"]
    log.at_s = began_s
    log.rename()
    log.call("b")
    log.call("c")
    assert reader.look() == ["a", "b", "c"]


@pytest.mark.parametrize("rotate", [Log.rename, Log.copy_and_truncate])
def test_a_file_that_is_gone(log: Log, rotate: object) -> None:
    """What was in it beyond the bookmark is lost; what came after it is not, and nothing comes twice."""
    assert callable(rotate)
    log.call("before the installation")
    rotate(log)
    log.call("also before")
    reader = Reader(log)
    log.call("a")
    reader.look()
    log.call("lost")
    rotate(log)
    log.call("b")
    rotate(log)
    log.call("c")
    log.path.with_name("queue_log.1").unlink()
    assert reader.look() == ["a", "b", "c"]


def test_a_file_that_lost_its_end(log: Log) -> None:
    """The power failed: the kernel had not written yet what we had read."""
    log.call("before the installation")
    left_bytes = log.path.stat().st_size
    reader = Reader(log)
    calls = [f"call {number}" for number in range(10)]
    for leg in calls:
        log.call(leg)
    assert reader.look() == calls
    os.truncate(log.path, left_bytes)
    log.write("NONE|NONE|NONE|QUEUESTART|")
    log.call("new")
    assert reader.look() == [*calls, "new"]
    log.call("newer")
    assert reader.look() == [*calls, "new", "newer"]


def test_compressed_files_are_passed_over(log: Log) -> None:
    reader = Reader(log)
    log.call("a")
    reader.look()
    log.rename()
    log.path.with_name("queue_log.0").rename(log.path.with_name("queue_log.1.gz"))
    log.path.with_name("queue_log.1.gz").write_bytes(b"\x1f\x8b\x08\n\x00 noise\n")
    log.call("b")
    assert reader.look() == ["a", "b"]


def test_a_half_written_line_waits_for_its_other_half(log: Log) -> None:
    reader = Reader(log)
    log.arrive("a")
    with log.path.open("a") as file:
        file.write(f"{log.at_s}|a|fallback|NONE|LE")
    assert reader.look() == []
    with log.path.open("a") as file:
        file.write(f"FT|{log.at_s % 60}000\n")
    assert reader.look() == ["a"]
    assert reader.damaged == 0


def test_a_line_that_stays_half_written_is_damaged(log: Log) -> None:
    reader = Reader(log)
    log.call("a")
    log.write("b|fallback|NO", end="")
    log.rename()
    log.call("c")
    assert reader.look() == ["a", "c"]
    assert reader.damaged == 1


def test_a_chunk_without_any_line_is_passed_over(log: Log) -> None:
    reader = Reader(log)
    with log.path.open("a") as file:
        file.write("x" * (CHUNK + 100) + "\n")
    log.call("a")
    assert reader.look() == ["a"]
    assert reader.damaged == 2


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        begin(tmp_path / "nowhere" / "queue_log")


_STEPS = st.sampled_from(["arrive", "leave", "rename", "copy_and_truncate", "look", "look once"])


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(_STEPS, max_size=60))
def test_every_call_once_in_any_order_of_events(steps: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """The reader is made anew for each look, from the bookmark alone, as after a kill."""
    log = Log(tmp_path_factory.mktemp("log"))
    reader = Reader(log)
    under_way: list[str] = []
    ended: list[str] = []
    for number, step in enumerate(steps):
        match step:
            case "arrive":
                log.arrive(f"call {number}")
                under_way.append(f"call {number}")
            case "leave" if under_way:
                log.leave(under_way[0])
                ended.append(under_way.pop(0))
            case "leave":
                log.write("NONE|NONE|NONE|CONFIGRELOAD|")
            case "look":
                reader.look()
            case "look once":
                reader.look(1)
            case _ if log.path.stat().st_size:
                getattr(log, step)()
    assert reader.look() == ended
    assert [call.leg for call in reader.mark.open] == under_way
    assert reader.damaged == 0
