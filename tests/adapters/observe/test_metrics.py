"""Metrics: how long look-ups took."""

from __future__ import annotations

from collections import Counter

from prometheus_client import generate_latest

from switchboard.adapters.observe.metrics import Metrics
from switchboard.core.actions import LookUpCaller
from switchboard.core.exchange import Exchange, Handled
from switchboard.core.facts import CallArrived, CallerFound, Entrance, LookUpFailed
from switchboard.core.ids import CallId, LegId
from switchboard.core.phone_number import NumberKind, PhoneNumber
from tests.tools.metrics import Histogram

ONE, TWO = CallId("1.1"), CallId("2.2")
ARRIVED = CallArrived(LegId("1.1"), Entrance.LINE, "8 916 123-45-67", "+74952000001")
NOTHING = Handled((), (), meant_something=True)


def asked(*calls: CallId) -> Handled:
    nobody = PhoneNumber("", NumberKind.WITHHELD)
    return Handled(tuple(LookUpCaller(call, nobody, 150) for call in calls), (), meant_something=True)


def look_ups(metrics: Metrics) -> Histogram:
    return Histogram.read(generate_latest(metrics.registry).decode(), "switchboard_look_up_seconds")


def test_a_look_up_takes_from_the_question_to_the_answer() -> None:
    metrics = Metrics(Exchange)
    metrics.observe(ARRIVED, 1_000, asked(ONE, TWO))
    metrics.observe(CallerFound(TWO, ()), 1_003, NOTHING)
    metrics.observe(LookUpFailed(ONE, "no answer within 150 ms"), 1_152, NOTHING)
    measured = look_ups(metrics)
    assert (measured.count, measured.beyond(0.002), measured.beyond(0.005), measured.beyond(0.15)) == (2, 2, 1, 1)


def test_what_is_counted_at_the_switch_is_shown() -> None:
    metrics, messages = Metrics(Exchange), Counter({"StasisEnd": 2})
    metrics.read_switch(messages, Counter({"POST bridges/{bridgeId}": 1}))
    messages["StasisEnd"] += 1
    shown = generate_latest(metrics.registry).decode()
    assert 'switchboard_asterisk_messages_total{kind="StasisEnd"} 3.0' in shown
    assert 'switchboard_asterisk_requests_total{request="POST bridges/{bridgeId}"} 1.0' in shown


def test_an_answer_to_a_question_of_an_earlier_process_has_no_length() -> None:
    metrics = Metrics(Exchange)
    metrics.observe(CallerFound(ONE, ()), 1_000, NOTHING)
    assert look_ups(metrics).count == 0
