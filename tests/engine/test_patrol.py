"""The patrol: a difference counts when two surveys show it, and only while nothing waits to be handled."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from switchboard.core.facts import CallArrived, Entrance, Fact, Found, FoundLeg, LegVanished, PolicyLoaded, SwitchReady
from switchboard.core.ids import LegId, PhoneId
from switchboard.engine import patrol as patrol_module
from switchboard.engine.loop import Loop
from switchboard.engine.memory_log import MemoryLog
from switchboard.engine.patrol import Patrol
from switchboard.engine.ports import Refused
from tests.core.policy import POLICY

NOON_MS = 1_799_830_800_000
STRANGER = CallArrived(LegId("9.9"), Entrance.LINE, "anonymous", "+74952000001")
THERE = Found((FoundLeg(STRANGER.leg, arrival=STRANGER),), (), (PhoneId("olga"),))
NOBODY = Found((), (), (PhoneId("olga"),))


class Switch:
    """Answers with one survey after the other."""

    def __init__(self, *surveys: Found | Refused) -> None:
        self.surveys = list(surveys)

    async def survey(self) -> Found:
        survey = self.surveys.pop(0)
        if isinstance(survey, Refused):
            raise survey
        return survey


class Clock:
    def now_ms(self) -> int:
        return NOON_MS


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patrol_module, "CONFIRM_AFTER_S", 0)


def ready_loop() -> tuple[Loop, list[Fact]]:
    """A loop whose Asterisk is there, and what is posted to it."""
    loop = Loop(MemoryLog(Clock()), Clock())
    loop.exchange.handle(PolicyLoaded(POLICY), NOON_MS)
    loop.exchange.handle(SwitchReady(NOBODY, "one"), NOON_MS)
    posted: list[Fact] = []
    loop.post = posted.append  # type: ignore[method-assign]
    return loop, posted


async def test_a_caller_who_has_waited_longer_by_then_is_the_same_caller() -> None:
    loop, posted = ready_loop()
    later = replace(STRANGER, waited_ms=4_000)
    await Patrol(loop, Switch(THERE, Found((FoundLeg(later.leg, arrival=later),))), Clock()).round()
    assert posted == [later]


async def test_what_two_surveys_show_happens() -> None:
    loop, posted = ready_loop()
    patrol = Patrol(loop, Switch(THERE, THERE), Clock())
    await patrol.round()
    assert posted == [STRANGER]
    assert patrol.repaired == 1


async def test_what_only_the_first_or_the_second_shows_does_not() -> None:
    loop, posted = ready_loop()
    loop.exchange.handle(STRANGER, NOON_MS - 60_000)
    await Patrol(loop, Switch(THERE, NOBODY), Clock()).round()  # the first shows nothing new
    await Patrol(loop, Switch(NOBODY, THERE), Clock()).round()  # the second takes it back
    assert LegVanished(STRANGER.leg) not in posted
    await Patrol(loop, Switch(NOBODY, NOBODY), Clock()).round()
    assert LegVanished(STRANGER.leg) in posted


async def test_while_a_fact_waits_nothing_counts() -> None:
    loop, posted = ready_loop()
    Loop.post(loop, STRANGER)  # on its way: the survey is only quicker
    await Patrol(loop, Switch(*[THERE] * 5), Clock()).round()
    assert posted == []


async def test_a_survey_that_a_fact_overtook_is_made_again() -> None:
    loop, posted = ready_loop()
    Loop.post(loop, STRANGER)

    class Slow(Switch):
        async def survey(self) -> Found:
            found = await super().survey()
            if len(self.surveys) == 1:
                loop._log._inbox._waiting.clear()  # handled meanwhile
            return found

    await Patrol(loop, Slow(THERE, THERE, THERE), Clock()).round()
    assert STRANGER in posted


async def test_while_asterisk_is_away_it_is_not_asked() -> None:
    loop, posted = ready_loop()
    loop.exchange.floor.switch_ready = False
    await Patrol(loop, Switch(), Clock()).round()
    assert posted == []


async def test_a_survey_that_is_refused_is_put_off() -> None:
    loop, posted = ready_loop()
    with pytest.raises(Refused):
        await Patrol(loop, Switch(Refused("not now")), Clock()).round()
    assert posted == []
