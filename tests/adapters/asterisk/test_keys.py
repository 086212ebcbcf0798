"""Keys are handed in once they are over, in the order in which they were pressed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from unittest import mock

import pytest

from switchboard.adapters.asterisk.events import ChannelDtmfReceived, parse
from switchboard.adapters.asterisk.feed import AsteriskFeed
from switchboard.adapters.asterisk.keys import LONGEST_MS, KeysUntilOver
from switchboard.core.facts import Fact, KeyPressed, SwitchLost
from switchboard.core.ids import LegId
from switchboard.engine.ports import InboxFull
from tests.adapters.asterisk.fake_ari import channel, event

OLGA, OLEG = LegId("1.0"), LegId("2.0")


class Later:
    """Stands in for the event loop's clock: what is to be done when, and how late it is."""

    def __init__(self) -> None:
        self._now_s = 100.0
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self._now_s

    def call_at(self, at_s: float, do: Callable[[LegId], None], leg: LegId) -> mock.Mock:
        timer = (at_s, partial(do, leg))
        self._timers.append(timer)
        return mock.Mock(cancel=lambda: self._timers.remove(timer))

    def passes(self, ms: float) -> None:
        self._now_s += ms / 1000
        while due := [timer for timer in self._timers if timer[0] <= self._now_s]:
            first = min(due, key=lambda timer: timer[0])
            self._timers.remove(first)
            first[1]()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    there = Later()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: there)
    return there


def test_a_key_waits_until_it_is_over(later: Later) -> None:
    told: list[Fact] = []
    keys = KeysUntilOver(told.append)
    keys.begun(KeyPressed(OLGA, "5"), 160)
    later.passes(170)
    assert told == []
    later.passes(120)
    assert told == [KeyPressed(OLGA, "5")]


def test_one_that_claims_to_last_for_ever_does_not(later: Later) -> None:
    told: list[Fact] = []
    KeysUntilOver(told.append).begun(KeyPressed(OLGA, "5"), 1_000_000)
    later.passes(LONGEST_MS + 200)
    assert told == [KeyPressed(OLGA, "5")]


def test_a_short_key_does_not_overtake_a_long_one_of_the_same_phone(later: Later) -> None:
    told: list[Fact] = []
    keys = KeysUntilOver(told.append)
    keys.begun(KeyPressed(OLGA, "*"), 500)
    keys.begun(KeyPressed(OLGA, "3"), 100)
    keys.begun(KeyPressed(OLEG, "1"), 100)
    keys.begun(KeyPressed(OLGA, "4"), 500)
    later.passes(300)
    assert told == [KeyPressed(OLEG, "1")]
    later.passes(500)
    assert told[1:] == [KeyPressed(OLGA, "*"), KeyPressed(OLGA, "3"), KeyPressed(OLGA, "4")]


def test_the_length_is_the_event_s_and_a_lost_connection_takes_its_keys_along(later: Later) -> None:
    told: list[Fact] = []
    feed = AsteriskFeed(told.append, "switchboard")
    pressed = event("ChannelDtmfReceived", channel=channel(OLGA, "PJSIP/olga-1"), digit="7", duration_ms=300)
    received = parse(json.dumps(pressed))
    assert isinstance(received, ChannelDtmfReceived)
    feed.happened(received)
    later.passes(320)
    assert told == []
    later.passes(120)
    assert told == [KeyPressed(OLGA, "7")]
    feed.happened(received)
    feed.lost("the cable")
    later.passes(1_000)
    assert told == [KeyPressed(OLGA, "7"), SwitchLost("the cable")]


def test_where_there_is_no_room_they_wait_in_their_order(later: Later) -> None:
    told: list[Fact] = []
    full = True

    def submit(fact: Fact) -> None:
        if full:
            raise InboxFull("10000 facts wait")
        told.append(fact)

    keys = KeysUntilOver(submit)
    keys.begun(KeyPressed(OLGA, "5"), 100)
    keys.begun(KeyPressed(OLGA, "6"), 100)
    later.passes(230)
    full = False
    later.passes(50)
    assert told == []
    later.passes(60)
    assert told == [KeyPressed(OLGA, "5"), KeyPressed(OLGA, "6")]
