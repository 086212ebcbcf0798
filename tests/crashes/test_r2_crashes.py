"""R2: the service is killed at every point of a call's way, then at points that chance chooses.

Must hold: one record per call, one outcome, replay agrees; and nobody is left ringing, alone or in silence. What is
looked at is listed in ``tests/tools/lives.py``. It all happens in virtual time, with the real loop, lanes, recorder,
patrol and log file, a fake Asterisk that lives on, and the records' twin. Postgres dies in ``test_r2_postgres.py``.

`--full`: all small days, every point also with 6 s until the next start (longer than connecting two people may take),
and 500 random crashes instead of 100. A failure names its seed and the number of the point; ``live_through`` repeats
it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import pytest

from switchboard.adapters.log.sqlite import SqliteLog
from switchboard.core import survey
from switchboard.core.entries import Outcome
from switchboard.engine.loop import Loop
from tests.tools import busy_day, small_days
from tests.tools.small_days import DAYS, GAP_MS

LONG_GAP_MS = 6_000
CRASHES_A_DAY = 25
FULL_DAYS, SHORT_DAYS = 20, 4
SHORT_SELECTION = (
    "two callers, one operator",
    "the operator is muted",
    "gone while it rings",
    "one operator does not answer, one refuses",
    "ring all",
    "past the manager to the pool",
    "a message",
    "greeted, and answered in the midst of it",
    "called back",
    "a call back",
    "a code",
    "in wrap-up a colleague calls, then more of it, then enough",
    "picked up by a colleague",
    "at another phone",
    "a colleague",
)
MEANT: dict[str, list[Outcome]] = {
    "two callers, one operator": [Outcome.SERVED, Outcome.SERVED],
    "the operator hangs up": [Outcome.SERVED],
    "the operator is muted": [Outcome.SERVED],
    "gone while it rings": [Outcome.ABANDONED_RINGING],
    "gone in the moment of the answer": [Outcome.ABANDONED_RINGING],
    "gone from the queue": [Outcome.SERVED, Outcome.ABANDONED_WAITING],
    "one operator does not answer, one refuses": [Outcome.SERVED],
    "ring all": [Outcome.TRANSFERRED],
    "to the manager": [Outcome.TRANSFERRED],
    "past the manager to the pool": [Outcome.TRANSFERRED],
    "a new client with a task": [Outcome.TRANSFERRED],
    "a message": [Outcome.MESSAGE],
    "greeted, and answered in the midst of it": [Outcome.SERVED, Outcome.SERVED],
    "spoken to while waiting, in the language of the line": [Outcome.SERVED, Outcome.SERVED],
    "called back": [Outcome.SERVED, Outcome.CALLBACK_BOOKED, Outcome.SERVED],
    "called back on another number, not answered, and again": [
        Outcome.SERVED,
        Outcome.CALLBACK_BOOKED,
        Outcome.REFUSED,
        Outcome.REFUSED,
    ],
    "a call back": [Outcome.CALLBACK],
    "freight, in the language of the line": [Outcome.SERVED],
    "a code": [Outcome.CODE, Outcome.CODE],
    "do not disturb, forward, away": [Outcome.CODE, Outcome.CODE, Outcome.CONNECTED, Outcome.CODE, Outcome.TRANSFERRED],
    "in wrap-up a colleague calls, then more of it, then enough": [
        Outcome.SERVED,
        Outcome.CONNECTED,
        Outcome.CODE,
        Outcome.CODE,
        Outcome.SERVED,
    ],
    "picked up by a colleague": [Outcome.SERVED, Outcome.CODE],
    "missed, and confirmed": [Outcome.CALLBACK, Outcome.CODE, Outcome.CALLBACK],
    "at another phone": [Outcome.CODE, Outcome.SERVED, Outcome.CODE],
    "a wrong PIN": [Outcome.REFUSED, Outcome.CODE],
    "a colleague": [Outcome.CONNECTED],
    "a colleague who refuses": [Outcome.REFUSED],
    "a number outside": [Outcome.CONNECTED],
    "more than are taken on": [Outcome.SERVED, Outcome.SERVED, Outcome.OVERFLOW],
}
"""What becomes of each small day without a crash."""


@pytest.fixture
def ram() -> Iterator[Path]:
    """A folder in memory, where there is such a thing: what a process leaves behind need not outlive the machine."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    full = metafunc.config.getoption("--full", default=False)
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", DAYS if full else SHORT_SELECTION)
    if "busy_day_of_seed" in metafunc.fixturenames:
        metafunc.parametrize("busy_day_of_seed", range(FULL_DAYS if full else SHORT_DAYS))


def test_a_crash_at_every_point(name: str, ram: Path, full: bool) -> None:
    day = DAYS[name]
    undisturbed = small_days.live_through(day, _folder(ram, "0"))
    assert (undisturbed.problems, undisturbed.outcomes) == ([], MEANT[name])
    for gap_ms in (GAP_MS, LONG_GAP_MS) if full else (GAP_MS,):
        for number, point in enumerate(undisturbed.points, 1):
            lived = small_days.live_through(day, _folder(ram, f"{gap_ms}.{number}"), {number}, gap_ms)
            where = f"{name}: killed at point {number}, {point}, away for {gap_ms} ms"
            assert lived.deaths == [f"{number} ({point})"], f"{where}: a day does not repeat itself"
            assert not lived.problems, "\n".join([where, *lived.problems])


def test_random_crashes_on_a_busy_day(busy_day_of_seed: int, ram: Path, seed: int) -> None:
    of_day = seed * 1_000 + busy_day_of_seed
    lived = busy_day.live_through(of_day, CRASHES_A_DAY, ram)
    where = f"busy_day.live_through({of_day}, {CRASHES_A_DAY}, …)"
    assert not lived.problems, "\n".join([where, f"killed at {lived.deaths}", *lived.problems])
    assert len(lived.deaths) == CRASHES_A_DAY
    outcomes = Counter(lived.outcomes)
    assert len(outcomes) > 3, f"{where}: hardly anything happened: {outcomes}"
    assert Outcome.OVERFLOW not in outcomes, f"{where}: so few callers are never too many: {outcomes}"


# broken on purpose: each plant is a mistake that somebody could make ---------------------------------------------


def _asks_for_nothing_again(_: Any) -> Any:
    return lambda *_: None


def _believes_a_fact_to_be_delivered_whole(undelivered: Any) -> Any:
    return lambda log, after, limit: undelivered(log, (after[0] + 1, -1), limit)


def _covers_one_fact_too_many(_: Any) -> Any:
    async def take_snapshot(loop: Any) -> None:
        await loop._log.snapshot(loop.position + 1, loop.exchange.snapshot())
        loop._snapshot_at = loop.position

    return take_snapshot


@pytest.mark.parametrize(
    ("where", "rule", "plant", "day", "message"),
    [
        (survey, "resume", _asks_for_nothing_again, "a message", "heard nothing"),
        (survey, "resume", _asks_for_nothing_again, "ring all", "needed by nobody"),
        (SqliteLog, "undelivered", _believes_a_fact_to_be_delivered_whole, "a call back", "was never offered"),
        (Loop, "take_snapshot", _covers_one_fact_too_many, "ring all", "is not what all facts kept make it"),
    ],
)
def test_a_broken_rule_is_seen(
    where: Any, rule: str, plant: Callable[[Any], Any], day: str, message: str, ram: Path
) -> None:
    points = small_days.live_through(DAYS[day], _folder(ram, "0")).points
    with mock.patch.object(where, rule, plant(getattr(where, rule))):
        assert any(
            message in problem
            for number in range(1, len(points) + 1)
            for problem in small_days.live_through(DAYS[day], _folder(ram, str(number)), {number}).problems
        )


def _folder(under: Path, name: str) -> Path:
    folder = under / name
    folder.mkdir()
    return folder
