"""Transfers that phones make, as a real Asterisk 22.10.1 tells of them: one fact each, in whatever order."""

from __future__ import annotations

import asyncio
from itertools import permutations

import pytest

from switchboard.adapters.asterisk.decode import found
from switchboard.adapters.asterisk.events import Bridge, Channel, Dialplan, KnownEvent, StasisEnd, StasisStart
from switchboard.adapters.asterisk.feed import AsteriskFeed
from switchboard.adapters.asterisk.link import Survey
from switchboard.core.facts import Fact, FoundStandIn, LegLeft, LegsTransferred, LegTransferred
from switchboard.core.ids import BridgeId, LegId

APP = "switchboard"
OLGA, OLGA_2 = Channel("a" * 32, "PJSIP/olga-00000001"), Channel("1767.2", "PJSIP/olga-00000002")
IVAN, RITA = Channel("1767.1", "PJSIP/trunk-00000000"), Channel("b" * 32, "PJSIP/rita-00000003")
HERE, THERE = BridgeId("c" * 32), BridgeId("d" * 32)


def stand_in(name: str, number: int) -> Channel:
    return Channel(f"1767.{number}", name, dialplan=Dialplan(app_name="Stasis", app_data=APP))


def start(channel: Channel, *args: str, instead_of: Channel | None = None) -> StasisStart:
    return StasisStart(application=APP, channel=channel, args=args, replace_channel=instead_of)


def end(channel: Channel) -> StasisEnd:
    return StasisEnd(application=APP, channel=channel)


def told(*events: KnownEvent) -> list[Fact]:
    facts: list[Fact] = []
    feed = AsteriskFeed(facts.append, APP)
    for event in events:
        feed.happened(event)
    return facts


BLIND = stand_in("Local/102@from-transfer-0000000a;1", 8), stand_in("Local/102@from-transfer-0000000a;2", 9)
PAIR = stand_in("Local/_attended@transfer-0000000b;1", 6), stand_in("Local/_attended@transfer-0000000b;2", 7)


@pytest.mark.parametrize("first", [0, 1])
def test_given_to_a_number(first: int) -> None:
    halves = [start(BLIND[0], instead_of=OLGA), start(BLIND[1], "transfer", "102")]
    assert told(halves[first], halves[1 - first], end(OLGA)) == [
        LegTransferred(LegId(OLGA.id), "102", (LegId(BLIND[0].id),)),
        LegLeft(LegId(OLGA.id)),
    ]


async def test_two_calls_are_joined_whatever_comes_first() -> None:
    """Her leaving both is told after what it means, also where Asterisk tells it before."""
    halves = [start(PAIR[0], instead_of=OLGA), start(PAIR[1], instead_of=OLGA_2)]
    joined = LegsTransferred(LegId(OLGA.id), LegId(OLGA_2.id), (LegId(PAIR[0].id), LegId(PAIR[1].id)))
    for order in permutations([*halves, end(OLGA), end(OLGA_2)]):
        if order.index(halves[0]) > order.index(end(OLGA)) or order.index(halves[1]) > order.index(end(OLGA_2)):
            continue  # a leg that leaves before anything stands in its place has hung up
        facts = told(*order)
        assert facts[0] == joined
        assert sorted(facts[1:], key=str) == sorted([LegLeft(LegId(OLGA.id)), LegLeft(LegId(OLGA_2.id))], key=str)


async def test_half_of_a_pair_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switchboard.adapters.asterisk.feed._HALF_AT_MOST_S", 0.0)
    facts: list[Fact] = []
    feed = AsteriskFeed(facts.append, APP)
    feed.happened(start(PAIR[1], instead_of=OLGA_2))
    feed.happened(end(OLGA_2))
    assert facts == []
    for _ in range(3):
        await asyncio.sleep(0)
    assert facts == [LegLeft(LegId(OLGA_2.id))]


async def test_what_is_half_told_when_the_connection_breaks_is_forgotten() -> None:
    facts: list[Fact] = []
    feed = AsteriskFeed(facts.append, APP)
    feed.happened(start(PAIR[1], instead_of=OLGA_2))
    feed.lost("reset")
    feed.happened(start(PAIR[0], instead_of=OLGA))
    assert not any(isinstance(fact, LegsTransferred) for fact in facts)


def test_a_survey_finds_both_kinds() -> None:
    bridges = (Bridge(HERE, (IVAN.id, BLIND[0].id, PAIR[0].id)), Bridge(THERE, (RITA.id, PAIR[1].id)))
    survey = Survey((IVAN, RITA, *BLIND, *PAIR), bridges, (), "one", 0)
    assert found(survey, APP).stand_ins == (
        FoundStandIn((LegId(PAIR[0].id), LegId(PAIR[1].id)), HERE, None, THERE),
        FoundStandIn((LegId(BLIND[0].id),), HERE, "102"),
    )
