"""Places of callers who were cut off: bounded, over after their time, none without a number, alive after a crash."""

from __future__ import annotations

import pytest

from switchboard.core import facts, kept_places
from switchboard.core.ids import LegId, PersonId
from switchboard.core.staff_commands import StaffCommand
from switchboard.sim.company import ORDERS
from tests.core.policy import POLICIES
from tests.core.story import NUMBER, PETROV, Story, ready

KEPT_MS = 180_000


def nobody_free() -> Story:
    story = Story()
    story.tell(facts.PolicyLoaded(POLICIES["small queue"]))
    story.tell(ready((), ("olga", "pavel")))
    for person in ("olga", "pavel"):
        story.tell(facts.StaffCommanded(PersonId(person), StaffCommand.PAUSE, "lunch"))
    return story


def comes(story: Story, leg: str, number: str = NUMBER) -> None:
    story.tell(facts.CallArrived(LegId(leg), facts.Entrance.LINE, number, ORDERS), 10)
    if number == NUMBER:
        story.tell(facts.CallerFound(story.exchange.floor.leg_owner[LegId(leg)], (PETROV_WITHOUT_DEBT,)), 10)


def cut_off(story: Story, leg: str = "1.1", number: str = NUMBER, after_ms: int = 20_000) -> None:
    comes(story, leg, number)
    story.tell(facts.LegLeft(LegId(leg)), after_ms)


PETROV_WITHOUT_DEBT = type(PETROV)("petrov", "Petrov", "retail", manager=PersonId("vera"))


def since_ms(story: Story, leg: str) -> int:
    floor = story.exchange.floor
    call = floor.calls[floor.leg_owner[LegId(leg)]]
    return call.place_since_ms - call.arrived_at_ms


@pytest.mark.parametrize(("later_ms", "back"), [(1_000, True), (KEPT_MS - 100, True), (KEPT_MS, False)])
def test_for_a_while(later_ms: int, back: bool) -> None:
    story = nobody_free()
    cut_off(story)
    story.at_ms += later_ms - 20
    comes(story, "1.2")
    assert (since_ms(story, "1.2") < 0) is back
    assert story.exchange.floor.places == {}


def test_it_survives_a_crash() -> None:
    story = nobody_free()
    cut_off(story)
    story.go_on_with(type(story.exchange).restored(story.exchange.snapshot()))
    comes(story, "1.2")
    assert since_ms(story, "1.2") == -20_020


def test_an_asterisk_that_was_restarted_cut_everybody_off() -> None:
    story = nobody_free()
    comes(story, "1.1")
    story.tell(ready((), ("olga",), switch="another"), 1_000)
    comes(story, "1.2")
    assert since_ms(story, "1.2") < 0


@pytest.mark.parametrize(("number", "after_ms"), [("anonymous", 20_000), ("101", 20_000), (NUMBER, 4_000)])
def test_none_without_a_number_nor_for_who_only_looked_in(number: str, after_ms: int) -> None:
    story = nobody_free()
    cut_off(story, number=number, after_ms=after_ms)
    assert story.exchange.floor.places == {}


def test_there_are_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_places, "MOST_PLACES", 3)
    story = nobody_free()
    for number in range(5):
        story.tell(facts.CallArrived(LegId(f"2.{number}"), facts.Entrance.LINE, f"+749510000{10 + number}", ORDERS), 10)
        story.tell(facts.LookUpFailed(story.exchange.floor.leg_owner[LegId(f"2.{number}")], "no database"))
        story.tell(facts.LegLeft(LegId(f"2.{number}")), 6_000)
    assert list(story.exchange.floor.places) == [f"+749510000{10 + number}" for number in (2, 3, 4)]
