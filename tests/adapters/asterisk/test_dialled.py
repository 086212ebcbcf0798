"""A PIN that was dialled is nowhere but in the one place where it is asked for."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.asterisk.decode import found
from switchboard.adapters.asterisk.dialled import KEPT_AT_MOST, DialledPins, without_pin
from switchboard.adapters.asterisk.events import Channel, Dialplan, parse
from switchboard.adapters.asterisk.feed import AsteriskFeed
from switchboard.adapters.asterisk.link import Survey
from switchboard.core.facts import CallArrived, Fact
from switchboard.core.ids import LegId
from tests.adapters.asterisk.fake_ari import channel, event

LEG, APP, PIN = LegId("1795476463.0"), "switchboard", "987654"


def survey_of(dialled: str) -> Survey:
    there = Channel(LEG, "PJSIP/anna-00000001", "Ring", dialplan=Dialplan("", "Stasis", f"{APP},phone,{dialled}"))
    return Survey((there,), (), (), "one")


def test_an_event_gives_no_pin_away() -> None:
    told: list[Fact] = []
    feed = AsteriskFeed(told.append, APP)
    dialled = channel(LEG, "PJSIP/anna-00000001", caller={"name": "Anna", "number": "201"})
    arrived = parse(json.dumps(event("StasisStart", channel=dialled, args=["phone", f"*12101*{PIN}"])))
    feed.happened(arrived)  # type: ignore[arg-type]
    [fact] = told
    assert isinstance(fact, CallArrived)
    assert fact.dialled == "*12101*?"
    assert PIN not in repr(told) + repr(feed.pins)
    assert (feed.pins.take(LEG), feed.pins.take(LEG)) == (PIN, None)


def test_a_survey_gives_no_pin_away_and_knows_it_again() -> None:
    told: list[Fact] = []
    feed = AsteriskFeed(told.append, APP)
    survey = survey_of(f"*12101*{PIN}")
    feed.surveyed(survey)
    assert PIN not in repr(told) + repr(found(survey, APP))
    assert "*12101*?" in repr(told)
    assert feed.pins.take(LEG) == PIN


def test_calls_of_the_public_have_no_pin() -> None:
    feed = AsteriskFeed(lambda _fact: None, APP)
    arrived = parse(json.dumps(event("StasisStart", channel=channel(LEG, "PJSIP/trunk-1"), args=["line", "*1*2"])))
    feed.happened(arrived)  # type: ignore[arg-type]
    assert feed.pins.take(LEG) is None


@given(st.text("0123456789*#+", max_size=20))
def test_nothing_behind_a_second_star_is_told(dialled: str) -> None:
    shown, pin = without_pin(dialled)
    if pin is None:
        assert shown == dialled
        assert "*" not in dialled[1:]
    else:
        assert shown.endswith("*?")
        assert shown.removesuffix("?") + pin == dialled


def test_only_so_many_are_kept() -> None:
    pins = DialledPins()
    for nth in range(KEPT_AT_MOST + 1):
        pins.keep(LegId(f"{nth}"), "*1*2222")
    assert (pins.take(LegId("0")), pins.take(LegId("1"))) == (None, "2222")
