"""The copy's file: what it remembers, what it never shows by halves, and that a bad one is thrown away."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from switchboard.adapters.postgres.replica import FORMAT, Page, Place, Replica
from switchboard.core.caller import Client

NUMBER, TODAY = "+74950001008", "2026-03-10"
PLACE, LATER = Place("a server", "10:10:"), Place("a server", "11:11:")


class Clock:
    def __init__(self) -> None:
        self.at_ms = 1_790_000_000_000

    def now_ms(self) -> int:
        return self.at_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "directory.db"


def page(*ids: str, name: str = "N", gone: str = "") -> Page:
    """These clients, all with NUMBER and a document of 1.00 due in February; ``gone`` is there no more."""
    return Page(
        ids=json.dumps([*ids, gone]),
        clients=json.dumps([[each, name, "retail", None, None, None, None] for each in ids]),
        phones=json.dumps([[NUMBER, each, True] for each in ids]),
        receivables=json.dumps([[each, "1", 100, "2026-02-01"] for each in ids]),
    )


def filled(path: Path, clock: Clock, *ids: str) -> Replica:
    replica = Replica(path, clock)
    replica.begin(anew=True)
    replica.put(page(*ids), anew=True)
    replica.stand_at(PLACE, clock.at_ms, anew=True)
    return replica


def names(replica: Replica) -> dict[str, str] | None:
    found = replica.find(NUMBER, TODAY, 10)
    return None if found is None else {client.client_id: client.name for client in found}


def test_before_it_was_filled_it_cannot_say(path: Path, clock: Clock) -> None:
    replica = Replica(path, clock)
    assert (replica.filled, replica.find(NUMBER, TODAY, 10), replica.age_ms()) == (False, None, 0)
    replica.begin(anew=True)
    replica.put(page("a"), anew=True)
    assert names(replica) is None  # not all is there yet
    replica.stand_at(PLACE, clock.at_ms, anew=True)
    assert replica.find(NUMBER, TODAY, 10) == [
        Client("a", "N", "retail", None, None, None, 100, 100, "2026-02-01", True, None)
    ]
    assert replica.find("+74950001009", TODAY, 10) == []
    replica.close()


def test_it_is_there_again_after_a_restart_and_knows_its_age(path: Path, clock: Clock) -> None:
    filled(path, clock, "a").close()
    clock.at_ms += 720_000
    replica = Replica(path, clock)
    assert (names(replica), replica.place, replica.age_ms()) == ({"a": "N"}, PLACE, 720_000)
    replica.stand_at(LATER, clock.at_ms, anew=False)
    assert replica.age_ms() == 0
    assert replica.filled_at_ms == clock.at_ms - 720_000
    replica.close()


def test_a_change_is_seen_whole_or_not_at_all(path: Path, clock: Clock) -> None:
    replica = filled(path, clock, "a", "b")
    replica.begin(anew=False)
    replica.put(page("a", name="new", gone="b"), anew=False)
    replica.put(page("c"), anew=False)
    assert names(replica) == {"a": "N", "b": "N"}
    replica.stand_at(LATER, clock.at_ms, anew=False)
    assert names(replica) == {"a": "new", "c": "N"}
    replica.begin(anew=True)
    replica.give_up()
    replica.give_up()
    assert names(replica) == {"a": "new", "c": "N"}
    assert replica.place == LATER
    replica.close()


def test_putting_the_same_again_changes_nothing(path: Path, clock: Clock) -> None:
    replica = filled(path, clock, "a")
    for _ in range(2):
        replica.begin(anew=False)
        replica.put(page("a", "b"), anew=False)
        replica.put(page("b"), anew=False)
        replica.stand_at(LATER, clock.at_ms, anew=False)
    assert names(replica) == {"a": "N", "b": "N"}
    replica.close()


def _other_format(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"pragma user_version = {FORMAT + 1}")
    connection.close()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5_000])


@pytest.mark.parametrize(
    "spoil",
    [_other_format, _cut, lambda path: path.write_bytes(b"no database " * 1_000)],
    ids=["format", "cut", "noise"],
)
def test_a_file_that_cannot_be_used_is_thrown_away(path: Path, clock: Clock, spoil: Callable[[Path], None]) -> None:
    filled(path, clock, *(f"client {nth}" for nth in range(500))).close()
    spoil(path)
    replica = Replica(path, clock)
    if replica.filled:  # the damage does not show at once
        assert not replica.sound()
        replica.discard("damaged")
    assert not replica.filled
    replica.begin(anew=True)
    replica.put(page("a"), anew=True)
    replica.stand_at(LATER, clock.at_ms, anew=True)
    assert names(replica) == {"a": "N"}
    assert replica.sound()
    replica.close()


def test_damage_met_by_a_look_up_ends_look_ups_in_the_file(path: Path, clock: Clock) -> None:
    filled(path, clock, *(f"client {nth}" for nth in range(2_000))).close()
    replica = Replica(path, clock)
    with path.open("r+b") as file:
        file.seek(8_192)
        file.write(b"\xff" * (path.stat().st_size - 8_192))
    assert names(replica) is None
    assert (replica.damaged, replica.filled, replica.age_ms()) == (True, False, 0)
    replica.discard("it could not be read")
    assert not replica.damaged
    replica.close()


def test_nobody_else_may_read_it(path: Path, clock: Clock) -> None:
    replica = filled(path, clock, "a")
    files = sorted(path.parent.glob("directory.db*"))
    assert len(files) == 3  # with WAL and its index
    assert [file.stat().st_mode & 0o077 for file in files] == [0, 0, 0]
    replica.close()
