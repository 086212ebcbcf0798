"""Silence: what it means depends on the phone, and on nothing that is not known."""

from __future__ import annotations

import msgspec
import pytest

from switchboard.core import facts
from switchboard.core.actions import Action, AskWhetherThere, HangUp
from switchboard.core.call_state import Talking
from switchboard.core.entries import CallRecord
from switchboard.core.exchange import Exchange
from switchboard.core.facts import Fact, LegSilent
from switchboard.core.ids import LegId, PersonId, PhoneId
from tests.core.policy import POLICY
from tests.core.reaching import WAYS, talking, talking_without_a_phone
from tests.core.story import EVERYBODY, Story, ready

IVAN = LegId("1.1")


def partner(story: Story) -> LegId:
    state = story.exchange.floor.calls[story.call].state
    assert isinstance(state, Talking)
    return state.leg


def kinds(actions: tuple[Action, ...]) -> list[type[Action]]:
    return [type(action) for action in actions]


@pytest.mark.parametrize("way", WAYS)
def test_only_who_talks_is_listened_for(way: str) -> None:
    story = WAYS[way]()
    calls = [call for call in story.exchange.floor.calls.values() if not isinstance(call.state, Talking)]
    legs = [leg for call in calls for leg in (call.leg, *call.legs)]
    for leg in [*legs, LegId("9.9")]:
        handled = story.tell(LegSilent(leg))
        assert (handled.meant_something, handled.actions, handled.entries) == (False, (), ())


def test_a_phone_that_was_given_to_them_since_is_not_the_one_they_talk_on() -> None:
    story = talking()
    olga = msgspec.structs.replace(POLICY.people[PersonId("olga")], phone=PhoneId("desk-7"))
    story.tell(
        facts.PolicyLoaded(msgspec.structs.replace(POLICY, version="moved", people=POLICY.people | {"olga": olga}))
    )
    assert not story.exchange.floor.people[PersonId("olga")].registered
    assert kinds(story.tell(LegSilent(partner(story))).actions) == [AskWhetherThere]


def test_nobody_else_is_hung_up_for_a_phone_that_is_gone() -> None:
    story = talking_without_a_phone("olga")
    assert story.tell(LegSilent(IVAN)).actions == (AskWhetherThere(story.call, IVAN),)


def test_it_is_on_record_once_for_each_of_the_two() -> None:
    story = talking()
    call, legs = story.call, [IVAN, partner(story)]
    for _ in range(3):
        for leg in legs:
            story.tell(LegSilent(leg), 30_000)
    said = [reason.why for reason in story.exchange.floor.calls[call].reasons if reason.what == "silent"]
    assert said == [
        "the caller fell silent: asked whether they are there",
        "the answering party fell silent: asked whether they are there",
    ]
    assert sum(isinstance(action, AskWhetherThere) for action in story.actions) == 6


def test_what_was_asked_is_known_after_a_crash() -> None:
    story = talking()
    story.tell(LegSilent(IVAN))
    story.go_on_with(Exchange.restored(story.exchange.snapshot()))
    handled = story.tell(LegSilent(IVAN), 30_000)
    assert (kinds(handled.actions), handled.entries) == ([AskWhetherThere], ())


def test_while_asterisk_is_away_nothing_happens() -> None:
    story = talking_without_a_phone("olga")
    leg = partner(story)
    story.tell(facts.SwitchLost("reset"))
    assert not story.tell(LegSilent(leg)).meant_something
    found = ready((IVAN, leg), tuple(phone for phone in EVERYBODY if phone != "olga"), up=True)
    story.tell(found)
    assert HangUp in kinds(story.tell(LegSilent(leg)).actions)


def test_the_talk_ends_when_it_is_noticed() -> None:
    story = talking_without_a_phone("olga")
    story.tell(LegSilent(partner(story)), 3_000)
    record = next(entry for entry in reversed(story.entries) if isinstance(entry, CallRecord))
    assert (record.talk_ms, record.ended_at_ms) == (5_000, story.at_ms)
    assert record.reasons[-1].why == "the answering party fell silent and their phone is not there any more"


def test_the_fact_and_the_action_are_what_the_log_holds() -> None:
    fact: Fact = LegSilent(IVAN)
    assert msgspec.json.decode(msgspec.json.encode(fact), type=Fact) == fact
    assert msgspec.json.encode(fact) == b'{"type":"LegSilent","leg":"1.1"}'
