"""R11: somebody puts the wall clock an hour forward or back, and a night in which the clocks are changed.

The clock is faked for the service's process alone, which gets a log of its own for each test: what it writes down may
be an hour off, and nothing else shall believe that. All durations are measured on the wire.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devkit.company import Company
from devkit.crowd import Callers
from devkit.processes import Deadline
from devkit.sip_log import CallResult
from tests.chaos.books import Books, read_books
from tests.chaos.conftest import Dial, Figures
from tests.chaos.doors import SEASON, TIMED
from tests.chaos.moments import dialled, gone, now_us, rings, seen, until
from tests.tools.faked_clock import FakedClock

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

HOUR_S = 3_600
RING_MS, WRAP_UP_MS = 3_000, 4_000
"""Of the line with the times that can be measured: see doors.py."""
WITHIN_MS = 100
CHANGES = {
    "spring": (datetime(2026, 3, 29, 1, tzinfo=UTC), ("season", "sunday morning")),
    "autumn": (datetime(2026, 10, 25, 1, tzinfo=UTC), ("sunday morning", "season")),
}
"""At 01:00 UTC Berlin goes from 02:00 to 03:00, or from 03:00 back to 02:00; the rule is for 02:30 to 04:00."""


@asynccontextmanager
async def another_clock(crowd: Company, folder: Path, ahead_s: float = 0) -> AsyncIterator[FakedClock]:
    """The service runs with this clock and an empty log; in the end with its own again, as if nothing had been."""
    service = crowd.service
    before = dict(service.env)
    logs = [row["log"] for row in await crowd.query("SELECT DISTINCT log FROM person_event")]
    clock = FakedClock(folder)
    clock.jump(ahead_s)
    await service.stop()
    service.env |= clock.env | {"SWITCHBOARD_DATA": str(folder / "service")}
    try:
        await service.start()
        yield clock
    finally:
        await service.stop()
        service.env.clear()
        service.env.update(before)
        await crowd.query("DELETE FROM person_event WHERE log <> ALL($1)", logs)
        await service.start()


def off_ms(seen_ms: float, meant_ms: float) -> float:
    return abs(seen_ms - meant_ms)


async def ring_out(crowd: Company, dial: Dial, clock: FakedClock, jump_s: float) -> tuple[Callers, float]:
    """A phone rings until its time is up, with a jump in the middle: by how much that time was wrong."""
    callers = dial(1, per_s=100, to=TIMED)
    await dialled(callers)
    [leg] = await rings(crowd.banks["ringing"], callers.who[0])
    await until(leg.invited_us + 1_000_000)
    clock.jump(jump_s)
    over = await seen(lambda: _again(crowd, leg).cancelled_us, "the ring to be over")
    callers.hang_up(callers.calls()[0])
    await gone(crowd)
    return callers, off_ms((over - leg.invited_us) / 1000, RING_MS)


def _again(crowd: Company, leg: CallResult) -> CallResult:
    return next(call for call in crowd.banks["ringing"].calls() if call.call_id == leg.call_id)


async def talking_and_waiting(crowd: Company, dial: Dial) -> tuple[Callers, Callers]:
    """One caller talks with the only operator of the line, one waits for her."""
    bank = crowd.banks["ringing"]
    talks, waits = dial(1, per_s=100, to=TIMED), dial(1, per_s=100, to=TIMED)
    await dialled(talks)
    [leg] = await rings(bank, talks.who[0])
    bank.act_on(leg)
    await seen(lambda: talks.calls()[0].answered or None, "the first caller to be served")
    await dialled(waits)
    await seen(lambda: waits.calls()[0].answered or None, "the second to hear music")
    return talks, waits


async def served_after_wrap_up(
    crowd: Company, talks: Callers, waits: Callers, clock: FakedClock, jump_s: float
) -> float:
    """The first hangs up; a jump in the middle of the wrap-up; the second is served: by how much that was wrong."""
    bank = crowd.banks["ringing"]
    talks.hang_up(talks.calls()[0])
    ended_us = await seen(lambda: talks.calls()[0].bye_us, "the BYE")
    await until(ended_us + 1_000_000)
    clock.jump(jump_s)
    [leg] = await rings(bank, waits.who[0])
    bank.act_on(leg)
    await seen(lambda: _again(crowd, leg).answered or None, "the second caller to be served")
    await until(now_us() + 500_000)
    waits.hang_up(waits.calls()[0])
    await gone(crowd)
    return off_ms((leg.invited_us - ended_us) / 1000, WRAP_UP_MS)


def negative(books: Books) -> list[str]:
    names = ("wait_ms", "ring_ms", "talk_ms")
    return [
        f"{name} {record[name]}"
        for story in books.stories
        for record in story.records
        for name in names
        if (record[name] or 0) < 0
    ]


async def judge(crowd: Company, groups: Sequence[Callers], errors_ms: list[float], figures: Figures, what: str) -> None:
    books = await read_books(crowd, groups)
    figures.add("R11", f"{what}: ring and wrap-up wrong by, ms", max(errors_ms), f"≤ {WITHIN_MS}")
    figures.add("R11", f"{what}: durations on record that are negative", len(negative(books)), "0")
    figures.add("R11", f"{what}: records that disagree by over {WITHIN_MS} ms", len(books.problems(WITHIN_MS)), "0")
    assert negative(books) == []
    assert books.problems(WITHIN_MS) == []
    assert max(errors_ms) <= WITHIN_MS


# ---- an hour forward, an hour back -------------------------------------------------------------------------------


@pytest.mark.full
@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S], ids=["forward", "back"])
async def test_the_clock_is_set_while_it_runs(
    crowd: Company, dial: Dial, figures: Figures, tmp_path: Path, jump_s: int
) -> None:
    async with another_clock(crowd, tmp_path) as clock:
        await crowd.wait_ready()
        rang, ring_off_ms = await ring_out(crowd, dial, clock, jump_s)
        talks, waits = await talking_and_waiting(crowd, dial)
        wrap_up_off_ms = await served_after_wrap_up(crowd, talks, waits, clock, -jump_s)
        errors_ms = [ring_off_ms, wrap_up_off_ms]
        await judge(crowd, [rang, talks, waits], errors_ms, figures, f"{jump_s:+} s while it runs")
    await crowd.wait_ready()


@pytest.mark.parametrize(
    "jump_s", [pytest.param(HOUR_S, marks=pytest.mark.full, id="forward"), pytest.param(-HOUR_S, id="back")]
)
async def test_the_clock_is_set_while_the_service_is_away(
    crowd: Company, dial: Dial, figures: Figures, tmp_path: Path, jump_s: int
) -> None:
    """A talk, a wait and a wrap-up go over the gap; afterwards records tell the time that the machine tells."""
    async with another_clock(crowd, tmp_path) as clock:
        await crowd.wait_ready()
        talks, waits = await talking_and_waiting(crowd, dial)
        await crowd.service.kill()
        clock.jump(jump_s)
        await crowd.service.start()
        error_ms = await served_after_wrap_up(crowd, talks, waits, clock, 0)
        await judge(crowd, [talks, waits], [error_ms], figures, f"{jump_s:+} s across a restart")
        apart_s = await clock_apart(crowd, settled_within_s=20 if jump_s > 0 else 1)
        figures.add("R11", f"{jump_s:+} s across a restart: clock of the records ahead by, s", apart_s)
        assert jump_s < 0 or abs(apart_s) < 1
        assert jump_s > 0 or apart_s <= HOUR_S
    await crowd.wait_ready()


async def clock_apart(crowd: Company, settled_within_s: float) -> float:
    """By how much the service's clock is ahead of its machine's, once it is not or this long has passed; seconds."""
    deadline = Deadline(settled_within_s, "the clock to be drawn near")
    while True:
        lines = (await crowd.service.look("metrics")).splitlines()
        ahead_s = next(float(line.split()[1]) for line in lines if line.startswith("switchboard_clock_ahead_seconds "))
        try:
            if abs(ahead_s) < 1:
                return ahead_s
            await deadline.pause(0.2)
        except TimeoutError:
            return ahead_s


# ---- the clocks are changed --------------------------------------------------------------------------------------


@pytest.mark.full
@pytest.mark.parametrize("season", CHANGES)
async def test_the_clocks_are_changed(
    crowd: Company, dial: Dial, figures: Figures, tmp_path: Path, season: str
) -> None:
    """A rule for 02:30 to 04:00 in the morning, three seconds before the change and a second after it."""
    changes_at, rules = CHANGES[season]
    async with another_clock(crowd, tmp_path, changes_at.timestamp() - time.time() - 15) as clock:
        found = []
        for at_s in (-3.0, 1.0):
            await until(round((changes_at.timestamp() + at_s - clock.ahead_s) * 1_000_000))
            callers = dial(1, per_s=100, to=SEASON)
            await dialled(callers)
            await rings(crowd.banks["ringing"], callers.who[0])
            callers.hang_up(callers.calls()[0])
            await gone(crowd)
            [story] = (await read_books(crowd, [callers])).stories
            found.append(story.records[0]["rule"])
    figures.add("R11", f"rule before and after the change in {season}", ", ".join(found), ", ".join(rules))
    assert tuple(found) == rules
    await crowd.wait_ready()
