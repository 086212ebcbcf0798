"""R7: two operators pick up in the same moment, or one in the moment in which the ring times out: one bridge."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest

from devkit.company import Company
from devkit.crowd import Callers
from devkit.processes import Deadline
from devkit.sip_log import CallResult
from tests.chaos.books import read_books
from tests.chaos.conftest import Dial, Figures
from tests.chaos.doors import LATE, TOGETHER
from tests.chaos.moments import dialled, gone, now_us, over_us, ready_after, rings, seen, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(1200)]

RELEASED_WITHIN_MS, READY_WITHIN_MS = 150, 500
RING_MS = 1_000
"""Of the line for those who pick up too late."""


MOST = 60
"""Races until one is close: how near two of them come is chance."""


@dataclass
class Race:
    """One call, whoever was rung for it, and how it went. ``apart_ms``: between the two that raced, as sent."""

    callers: Callers
    number: str
    bridges: int
    apart_ms: float = 0
    legs: list[CallResult] = field(default_factory=list)
    winner: CallResult | None = None
    released_ms: list[float] = field(default_factory=list)
    ready_ms: list[float | None] = field(default_factory=list)

    @property
    def close(self) -> bool:
        return abs(self.apart_ms) <= 5


async def settled(crowd: Company, callers: Callers, number: str) -> int:
    """Wait until exactly one phone talks with this caller; in how many bridges they are together."""

    def look() -> bool | None:
        legs = [leg for bank in crowd.banks.values() for leg in bank.calls() if number in leg.from_header]
        return sum(leg.answered and not leg.over for leg in legs) == 1 == sum(not leg.over for leg in legs) or None

    await seen(lambda: callers.calls()[0].answered or None, "the caller to be answered")
    await seen(look, "one phone to be left")
    deadline = Deadline(2, "caller and phone to be in one bridge")
    while not (together := sum(len(bridge["channels"]) > 1 for bridge in await crowd.ari("bridges"))):
        await deadline.pause(0.01)
    return together


async def finish(crowd: Company, race: Race) -> Race:
    """The caller hangs up; then who won, and how soon everybody else was let go."""
    race.callers.hang_up(race.callers.calls()[0])
    await gone(crowd)
    banks = crowd.banks.values()
    race.legs = [leg for bank in banks for leg in bank.calls() if race.number in leg.from_header]
    left_us = race.callers.calls()[0].bye_us or 0
    stayed = [leg for leg in race.legs if leg.answered and (leg.bye_us or 0) >= left_us]
    race.winner = stayed[0] if len(stayed) == 1 else None
    if race.winner is not None:
        for loser in (leg for leg in race.legs if leg is not race.winner):
            ends_us, since_us = over_us(loser) or 0, _lost_us(loser, race.winner)
            race.released_ms.append((ends_us - since_us) / 1000)
    return race


def _lost_us(loser: CallResult, winner: CallResult) -> int:
    """The moment from which this phone had lost: the later of the two answers, or the winner's; if the winner was rung
    only after it, its own answer or the end of its ring."""
    if winner.invited_us - loser.invited_us > RING_MS * 500:
        return (loser.final_us if loser.answered else loser.cancelled_us) or 0
    return max(winner.final_us or 0, loser.final_us or 0) if loser.answered else (winner.final_us or 0)


async def together(crowd: Company, dial: Dial, chance: Random, apart_us: int) -> Race:
    """Three phones ring; two are picked up so many microseconds apart."""
    callers = dial(1, per_s=100, to=TOGETHER)
    await dialled(callers)
    [number] = callers.who
    bank = crowd.banks["ringing"]
    legs = await rings(bank, number, 3)
    first, second = chance.sample(legs, 2)
    start_us = now_us() + 5_000
    await until(start_us)
    bank.act_on(first)
    await until(start_us + apart_us)
    bank.act_on(second)
    race = await finish(crowd, Race(callers, number, await settled(crowd, callers, number)))
    answers = sorted(leg.final_us or 0 for leg in race.legs if leg.answered)
    race.apart_ms = (answers[1] - answers[0]) / 1000 if len(answers) == 2 else float("inf")
    return race


async def too_late(crowd: Company, dial: Dial, after_ms: float) -> Race:
    """One phone rings for a second and is picked up so long after it began to."""
    callers = dial(1, per_s=100, to=LATE)
    await dialled(callers)
    [number] = callers.who
    bank = crowd.banks["ringing"]
    [leg] = await rings(bank, number)
    await until(leg.invited_us + round(after_ms * 1000))
    bank.act_on(leg)
    race = await finish(crowd, Race(callers, number, await settled(crowd, callers, number)))
    raced = next(one for one in race.legs if one.call_id == leg.call_id)
    ended_us = raced.cancelled_us or raced.bye_us or 0
    race.apart_ms = ((raced.final_us or 0) - ended_us) / 1000 if raced.answered else float("inf")
    return race


async def judge(crowd: Company, races: list[Race], figures: Figures, what: str) -> None:
    """Nobody else is bridged, the losers are let go and ready in time, the books balance."""
    books = await read_books(crowd, [race.callers for race in races])
    for race in races:
        assert race.winner is not None, race
        for loser in (leg for leg in race.legs if leg is not race.winner):
            since_us = _lost_us(loser, race.winner)
            race.ready_ms.append(await ready_after(crowd, loser.to_user, since_us))
    released_ms = sorted(ms for race in races for ms in race.released_ms)
    ready_ms = sorted(ms if ms is not None else float("inf") for race in races for ms in race.ready_ms)
    close = [race for race in races if race.close]
    figures.add("R7", f"{what}: races, of them within 5 ms", f"{len(races)}, {len(close)}")
    figures.add("R7", "losers released, median and last, ms", _spread(released_ms), f"≤ {RELEASED_WITHIN_MS}")
    figures.add("R7", "losers ready, median and last, ms", _spread(ready_ms), f"≤ {READY_WITHIN_MS}")
    records = {story.number: story.records[0] for story in books.stories if len(story.records) == 1}
    wrong = [
        race
        for race in races
        if race.bridges != 1 or race.winner is None or records[race.number]["answered_by"] != race.winner.to_user
    ]
    figures.add("R7", "calls with another number of bridges than one", len(wrong), "0")
    assert close
    assert wrong == []
    assert released_ms[-1] <= RELEASED_WITHIN_MS
    assert ready_ms[-1] <= READY_WITHIN_MS
    assert [problem for problem in books.problems() if "nobody" in problem or "records" in problem] == []


def _spread(sorted_ms: list[float]) -> str:
    return f"{sorted_ms[len(sorted_ms) // 2]:.0f}, {sorted_ms[-1]:.0f}"


async def test_two_pick_up_at_once(crowd: Company, dial: Dial, figures: Figures, full: bool, seed: int) -> None:
    await crowd.wait_ready()
    chance = Random(seed)
    races = [
        await together(crowd, dial, chance, round(5_000 * chance.random() ** 2)) for _ in range(400 if full else 10)
    ]
    await judge(crowd, races, figures, "two pick up at once")
    await crowd.wait_ready()


@pytest.mark.full
async def test_one_picks_up_when_the_ring_times_out(
    crowd: Company, dial: Dial, figures: Figures, full: bool, seed: int
) -> None:
    await crowd.wait_ready()
    chance = Random(seed)
    races: list[Race] = []
    while len(races) < (300 if full else 6) or (not any(race.close for race in races) and len(races) < MOST):
        races.append(await too_late(crowd, dial, RING_MS + chance.uniform(-22, 8)))
    await judge(crowd, races, figures, "one picks up when the ring times out")
    taken = sum(1 for race in races if race.winner is not None and race.winner.to_user != "olga")
    figures.add("R7", "… of them served by the one who was nearly too late", f"{taken} of {len(races)}")
    await crowd.wait_ready()
