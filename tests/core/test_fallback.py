"""Calls that Asterisk's own queue had while the service was away: on record once, as they were."""

from __future__ import annotations

from unittest import mock

import pytest

from switchboard.core import facts, fallback
from switchboard.core.entries import CallRecord, CallStep, NumberKind, Outcome, Reason, TaskOpened
from switchboard.core.exchange import Exchange
from switchboard.core.fallback_call import Bookmark, FallbackCall
from switchboard.core.ids import LegId, PhoneId, call_id_for
from switchboard.sim.company import ORDERS
from tests.core.every_fact import report, served_away
from tests.core.story import NUMBER, Story, begin, ready


def record_after(story: Story, **told: object) -> CallRecord:
    call = served_away(story, **told)
    handled = story.tell(report(story, call))
    [record] = [entry for entry in handled.entries if isinstance(entry, CallRecord)]
    assert record.call == call_id_for(call.leg, call.arrived_at_ms)
    assert handled.actions == ()
    return record


def test_an_operator_took_it() -> None:
    story = begin()
    answered_at_ms = story.at_ms - 50_000
    record = record_after(story, phone=PhoneId("olga"), answered_at_ms=answered_at_ms, ring_ms=2_000)
    assert (record.outcome, record.answered_by, record.caller_number) == (Outcome.SERVED, "olga", NUMBER)
    assert (record.line, record.dialled, record.client_class) == ("orders", ORDERS, None)
    assert (record.wait_ms, record.ring_ms, record.talk_ms) == (10_000, 2_000, 49_000)
    arrived, answered, ended = record.reasons
    assert arrived == Reason(
        record.arrived_at_ms,
        "arrived",
        "on line orders; taken by Asterisk's own queue, while the service was away",
    )
    assert answered == Reason(
        answered_at_ms, "answered", "by Asterisk's own queue, while the service was away", record.answered_by
    )
    assert ended.at_ms == record.ended_at_ms
    steps = [entry for entry in story.entries if isinstance(entry, CallStep)]
    assert [(step.number, step.at_ms, step.to_state) for step in steps] == [
        (number, reason.at_ms, "Gone") for number, reason in enumerate(record.reasons, 1)
    ]
    assert not [entry for entry in story.entries if isinstance(entry, TaskOpened)]
    assert story.exchange.floor.calls == {}


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({}, Outcome.ABANDONED_WAITING),
        ({"ringing": True}, Outcome.ABANDONED_RINGING),
        ({"unserved": True}, Outcome.MESSAGE),
        ({"lost": True}, Outcome.SWITCH_LOST),
    ],
)
def test_nobody_took_it_so_somebody_calls_back(told: dict[str, object], outcome: Outcome) -> None:
    story = begin()
    record = record_after(story, **told)
    assert (record.outcome, record.answered_by, record.talk_ms) == (outcome, None, None)
    assert record.wait_ms == 59_000
    [task] = [entry for entry in story.entries if isinstance(entry, TaskOpened)]
    assert (task.kind, task.person, task.caller_number, task.call) == ("call_back", "hanna", NUMBER, record.call)


def test_who_talked_while_asterisk_died_was_answered() -> None:
    story = begin()
    record = record_after(story, phone=PhoneId("olga"), answered_at_ms=story.at_ms - 50_000, lost=True)
    assert (record.outcome, record.answered_by, record.talk_ms) == (Outcome.SWITCH_LOST, "olga", 49_000)
    assert not [entry for entry in story.entries if isinstance(entry, TaskOpened)]


def test_who_cannot_be_called_back_is_not() -> None:
    story = begin()
    record = record_after(story, number="anonymous")
    assert (record.number_kind, record.caller_number) == (NumberKind.WITHHELD, None)
    assert not [entry for entry in story.entries if isinstance(entry, TaskOpened)]


def test_a_phone_that_is_nobodys_any_more() -> None:
    story = begin()
    record = record_after(story, phone=PhoneId("ghost"), answered_at_ms=story.at_ms - 50_000)
    assert (record.outcome, record.answered_by) == (Outcome.SERVED, None)
    assert "the phone ghost, which is nobody's" in record.reasons[1].why


@pytest.mark.parametrize(("answered_ms", "ended_ms"), [(-70_000, -1_000), (-50_000, -55_000), (-70_000, -80_000)])
def test_moments_out_of_order_are_put_in_order(answered_ms: int, ended_ms: int) -> None:
    """A clock was set in the middle of the call."""
    story = begin()
    record = record_after(story, answered_at_ms=story.at_ms + answered_ms, ended_at_ms=story.at_ms + ended_ms)
    assert record.answered_at_ms is not None
    assert record.ended_at_ms is not None
    assert record.arrived_at_ms <= record.answered_at_ms <= record.ended_at_ms


def test_a_report_counts_once() -> None:
    story = begin()
    told = report(story, served_away(story))
    assert story.tell(told).meant_something
    again = story.tell(told)
    assert (again.meant_something, again.entries) == (False, ())


def test_a_report_from_elsewhere_counts_not_at_all() -> None:
    story = begin()
    story.tell(report(story))
    stands = story.exchange.floor.bookmark
    gap = facts.FallbackReported(Bookmark("1-first", 999, 0), Bookmark("1-first", 1_999, 0))
    assert not story.tell(gap).meant_something
    assert story.exchange.floor.bookmark == stands


def test_it_counts_while_asterisk_is_away() -> None:
    story = begin()
    story.tell(facts.SwitchLost("reset"))
    assert record_after(story).outcome is Outcome.ABANDONED_WAITING
    story.tell(ready((), ()))


def test_the_bookmark_survives_with_the_calls_that_are_not_over() -> None:
    story = begin()
    waits = FallbackCall(LegId("away.1"), NUMBER, ORDERS, story.at_ms)
    mark = Bookmark("1-first", 300, story.at_ms // 1_000, (waits,))
    story.tell(facts.FallbackReported(None, mark))
    assert Exchange.restored(story.exchange.snapshot()).floor.bookmark == mark


def test_a_bug_in_one_record_does_not_cost_the_others() -> None:
    story = begin()
    broken = served_away(story, leg=LegId("broken"))
    put_on_record = fallback.put_on_record

    def put(floor: fallback.Floor, told: FallbackCall) -> None:
        if told.leg == "broken":
            raise ZeroDivisionError
        put_on_record(floor, told)

    with mock.patch.object(fallback, "put_on_record", put):
        handled = story.exchange.handle(report(story, broken, served_away(story)), story.at_ms)
    assert isinstance(handled.bug, ZeroDivisionError)
    assert [entry.outcome for entry in handled.entries if isinstance(entry, CallRecord)] == [Outcome.ABANDONED_WAITING]
    assert story.exchange.floor.bookmark is not None
