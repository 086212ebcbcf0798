"""Bookings: their deadlines come whatever happens, their number is bounded, and no number costs us money."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.core import facts
from switchboard.core.actions import Ring, RingOutside
from switchboard.core.entries import TaskOpened
from switchboard.core.ids import CallId, LegId, PersonId
from switchboard.core.keys import why_not_called
from switchboard.core.phone_number import read_number
from switchboard.core.queue_rules import CallBack
from switchboard.core.staff_commands import StaffCommand
from switchboard.sim.company import DISPATCH, ORDERS
from tests.core.hearing_ways import called_back, not_reached, summoned, to_be_called_back
from tests.core.policy import POLICIES
from tests.core.story import Story, ready

POLICY = POLICIES["voice"]


def deadline(story: Story) -> facts.DeadlinePassed:
    [booking] = story.exchange.floor.bookings.values()
    return facts.DeadlinePassed(booking.until_ms, booking=booking.booking)


def test_a_deadline_that_came_while_asterisk_was_away_comes_again() -> None:
    story = not_reached()
    late = deadline(story)
    story.at_ms = late.until_ms
    assert late in story.exchange.due(story.at_ms)
    story.tell(facts.SwitchLost("reset"))
    story.tell(late)
    story.tell(ready((), ("olga",)))
    assert late in story.exchange.due(story.at_ms)


def test_a_deadline_that_comes_too_early_comes_again() -> None:
    story = not_reached()
    late = deadline(story)
    assert late in story.exchange.due(late.until_ms)
    story.tell(late)
    assert late in story.exchange.due(late.until_ms)


def test_after_its_time_it_is_a_task() -> None:
    story = to_be_called_back()
    story.at_ms += POLICY.callback.keep_ms
    for late in story.exchange.due(story.at_ms):
        story.tell(late)
    tasks = [entry for entry in story.entries if isinstance(entry, TaskOpened)]
    assert [(task.kind, task.person, task.caller_number) for task in tasks] == [
        ("call_back", "hanna", "+79161234567"),
    ]
    assert story.exchange.floor.bookings == {}


def test_the_task_is_the_deputys_while_its_person_is_away() -> None:
    story = to_be_called_back()
    away = facts.StaffCommanded(
        PersonId("hanna"), StaffCommand.AWAY, whom=PersonId("vera"), until_ms=story.at_ms + 2 * POLICY.callback.keep_ms
    )
    story.tell(away)
    story.at_ms += POLICY.callback.keep_ms
    for late in story.exchange.due(story.at_ms):
        story.tell(late)
    [task] = [entry for entry in story.entries if isinstance(entry, TaskOpened)]
    assert task.person == "vera"


def test_a_restart_of_asterisk_costs_the_turn_not_the_place() -> None:
    story = summoned()
    story.tell(ready((), ("olga",), switch="another"), 1_000)
    rings = [action for action in story.actions if isinstance(action, Ring)]
    assert len({ring.call for ring in rings}) == 2
    story.tell(facts.LegAnswered(rings[-1].leg), 1_000)
    assert [action.number for action in story.actions if isinstance(action, RingOutside)] == ["+79161234567"]


def test_who_was_called_back_is_in_wrap_up_as_after_any_call() -> None:
    story = called_back()
    operator_leg = next(iter(story.exchange.floor.calls.values())).leg
    story.tell(facts.LegLeft(operator_leg), 5_000)
    assert story.exchange.floor.people[PersonId("olga")].wrap_up_until_ms == story.at_ms + 10_000
    assert story.exchange.floor.bookings == {}


def test_bookings_are_bounded() -> None:
    story = to_be_called_back()
    few = msgspec.structs.replace(POLICY, version="few", callback=CallBack(most_bookings=1))
    story.tell(facts.PolicyLoaded(few))
    story.tell(facts.CallArrived(LegId("2.1"), facts.Entrance.LINE, "anonymous", ORDERS), 10)
    story.tell(facts.KeyPressed(LegId("2.1"), "1"), 1_000)
    assert len(story.exchange.floor.bookings) == 1
    [call] = story.exchange.floor.calls.values()
    assert call.reasons[-1].why == "cannot be called back: 1 are to be called back already"


@pytest.mark.parametrize(
    ("number", "why_not"),
    [
        ("89161234567", None),
        ("+74957654321", None),
        (ORDERS, "a line of our own"),
        (DISPATCH.lstrip("+"), "a line of our own"),
        ("101", "not a public number"),
        ("112", "not a public number"),
        ("", "not a public number"),
        ("anonymous", "not a public number"),
        ("#" * 400, "not a public number"),
        ("+4915112345678", "not among the numbers that may be called back"),
    ],
)
def test_no_number_costs_us_money(number: str, why_not: str | None) -> None:
    policy = msgspec.structs.replace(POLICY, callback=CallBack(allowed=("+7495", "+7916")))
    assert why_not_called(policy, read_number(number, policy.number_plan)) == why_not


@given(st.text(max_size=30))
def test_whatever_is_dialled_is_digits(number: str) -> None:
    read = read_number(number, POLICY.number_plan)
    if why_not_called(POLICY, read) is None:
        assert read.e164 is not None
        assert read.e164[0] == "+"
        assert read.e164[1:].isdigit()


def test_the_first_call_is_named_in_the_record_of_the_second() -> None:
    story = summoned()
    [call] = story.exchange.floor.calls.values()
    first = call.call_back_of
    assert first is not None
    assert any(first in reason.why for reason in call.reasons)
    assert first != call.call_id
    assert isinstance(CallId(first), str)
