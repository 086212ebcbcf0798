"""The vigil: who sends no voice for some seconds is told of, once and again, and never anybody who does."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from switchboard.core.facts import Fact, LegSilent, PhoneSeen
from switchboard.core.ids import LegId, PhoneId
from switchboard.engine import vigil as vigil_module
from switchboard.engine.loop import Loop
from switchboard.engine.memory_log import MemoryLog
from switchboard.engine.ports import Refused, SwitchAway
from switchboard.engine.vigil import AGAIN_MS, EVERY_S, Vigil
from tests.core.reaching import internal, ringing, talking, waiting
from tests.core.story import Story

IVAN = LegId("1.1")
LOOK_MS = int(EVERY_S * 1000)


class Clock:
    at_ms = 1_799_830_800_000

    def now_ms(self) -> int:
        return self.at_ms


class Meter:
    """Everybody speaks but the ``silent``; who is in ``refusals`` cannot be counted."""

    def __init__(self) -> None:
        self.silent: list[LegId] = []
        self.refusals: dict[LegId, Refused | None] = {}
        self.asked: list[LegId] = []
        self.at_once = self.most_at_once = 0
        self._said = 0
        self._counts: dict[LegId, int] = {}

    async def voice_packets(self, leg: LegId) -> int | None:
        self.asked.append(leg)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if leg in self.refusals:
            refusal = self.refusals[leg]
            if refusal is not None:
                raise refusal
            return None
        if leg not in self.silent:
            self._counts[leg] = self._counts.get(leg, 0) + 100
        return self._counts.get(leg, 0)


class Bench:
    """A loop in which the calls of ``story`` live, its vigil, and what that posts."""

    def __init__(self, story: Story) -> None:
        self.clock, self.meter = Clock(), Meter()
        self.loop = Loop(MemoryLog(self.clock), self.clock)
        self.loop.exchange = story.exchange
        self.floor = story.exchange.floor
        self.posted: list[Fact] = []
        self.loop.post = self.posted.append  # type: ignore[method-assign]
        self.vigil = Vigil(self.loop, self.meter, self.clock)

    @property
    def partner(self) -> LegId:
        [call] = self.floor.calls.values()
        [leg] = call.legs
        return leg

    async def look(self, times: int = 1) -> list[Fact]:
        """So many rounds, one after the other; what the last of them posted."""
        for _ in range(times):
            self.posted.clear()
            await self.vigil.round()
            self.clock.at_ms += LOOK_MS
        return list(self.posted)

    def phone(self, name: str, *, there: bool) -> None:
        self.loop.exchange.handle(PhoneSeen(PhoneId(name), there), self.clock.at_ms)


@pytest.fixture
def bench() -> Bench:
    return Bench(talking())


async def test_whoever_is_heard_is_not_told_of(bench: Bench) -> None:
    assert await bench.look(40) == []
    assert sorted(set(bench.meter.asked)) == sorted([IVAN, bench.partner])
    assert len(bench.meter.asked) == 80  # one request a leg and look


async def test_silence_of_some_seconds_is_told_once(bench: Bench) -> None:
    await bench.look(3)
    bench.meter.silent = [bench.partner]
    assert await bench.look() == []
    assert await bench.look() == [LegSilent(bench.partner)]
    assert await bench.look() == []


async def test_silence_from_the_first_moment_counts_from_the_first_look(bench: Bench) -> None:
    bench.meter.silent = [IVAN]
    assert await bench.look(2) == []
    assert await bench.look() == [LegSilent(IVAN)]


async def test_a_breath_is_no_silence(bench: Bench) -> None:
    for _ in range(10):
        bench.meter.silent = [IVAN]
        assert await bench.look() == []
        bench.meter.silent = []
        assert await bench.look() == []


async def test_it_is_told_again_after_half_a_minute(bench: Bench) -> None:
    bench.meter.silent = [IVAN]
    told = [await bench.look() for _ in range(2 * AGAIN_MS // LOOK_MS + 4)]
    when_ms = [nth * LOOK_MS for nth, facts in enumerate(told) if facts]
    assert when_ms == [4_000, 4_000 + AGAIN_MS, 4_000 + 2 * AGAIN_MS]


async def test_a_phone_that_sends_nothing_while_one_listens_is_told_of_no_more_often(bench: Bench) -> None:
    told = 0
    for nth in range(2 * AGAIN_MS // LOOK_MS):
        bench.meter.silent = [IVAN] if nth % 5 else []
        told += len(await bench.look())
    assert told == 2


async def test_while_its_phone_is_gone_it_is_told_at_each_look(bench: Bench) -> None:
    bench.meter.silent = [bench.partner]
    assert await bench.look(3) == [LegSilent(bench.partner)]
    bench.phone("olga", there=False)
    assert await bench.look() == [LegSilent(bench.partner)]
    assert await bench.look() == [LegSilent(bench.partner)]
    bench.phone("olga", there=True)
    assert await bench.look() == []


async def test_a_phone_that_is_gone_and_heard_is_not_told_of(bench: Bench) -> None:
    bench.phone("olga", there=False)
    assert await bench.look(5) == []


async def test_a_caller_of_the_staff_has_a_phone_too() -> None:
    bench = Bench(talking(internal))
    bench.meter.silent = [IVAN]
    await bench.look(3)
    bench.phone("olga", there=False)
    assert await bench.look() == [LegSilent(IVAN)]


@pytest.mark.parametrize("refusal", [Refused("500"), SwitchAway("gone"), None])
async def test_who_cannot_be_counted_is_no_news(bench: Bench, refusal: Refused | None) -> None:
    bench.meter.refusals = {IVAN: refusal}
    bench.meter.silent = [bench.partner]
    assert await bench.look(3) == [LegSilent(bench.partner)]
    assert IVAN in bench.meter.asked


async def test_nobody_is_silent_for_the_time_in_which_nobody_counted(bench: Bench) -> None:
    await bench.look()
    bench.meter.refusals = dict.fromkeys([IVAN, bench.partner])
    await bench.look(5)
    bench.meter.refusals = {}
    assert await bench.look() == []  # they were heard since


async def test_while_asterisk_is_away_it_is_not_asked(bench: Bench) -> None:
    bench.floor.switch_ready = False
    await bench.look(3)
    assert bench.meter.asked == []


@pytest.mark.parametrize("before", [waiting, ringing])
async def test_who_does_not_talk_is_not_listened_for(before: type[Story]) -> None:
    bench = Bench(before())
    await bench.look(3)
    assert bench.meter.asked == []


async def test_a_leg_that_is_over_is_forgotten(bench: Bench) -> None:
    await bench.look()
    bench.floor.calls.clear()
    await bench.look()
    assert bench.vigil._heard == {}


async def test_few_are_asked_at_once(bench: Bench) -> None:
    [call] = bench.floor.calls.values()
    for nth in range(20):
        other = replace(call, call_id=f"{nth:024}", leg=LegId(f"2.{nth}"))
        bench.floor.calls[other.call_id] = other
    await bench.look()
    assert len(set(bench.meter.asked)) == 22
    assert bench.meter.most_at_once == vigil_module._AT_ONCE


async def test_nothing_that_goes_wrong_ends_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vigil_module, "EVERY_S", 0.001)
    rounds = 0

    async def fails() -> None:
        nonlocal rounds
        rounds += 1
        raise [vigil_module.Refused("no"), RuntimeError("planted")][rounds % 2]

    monkeypatch.setattr(bench.vigil, "round", fails)
    going = asyncio.create_task(bench.vigil.run())
    while rounds < 4:
        await asyncio.sleep(0.001)
    assert not going.done()
    going.cancel()
