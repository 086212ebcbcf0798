"""The simulation: 100 000 calls with every promise kept, and proof that a broken one would be seen.

Seeds are fixed, so a red run here is red for everybody; ``python -m switchboard.sim`` takes new ones.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any
from unittest import mock

import msgspec
import pytest
from click.testing import CliRunner

from switchboard.core import arrival, connecting, queueing, seating, steps
from switchboard.core import call as calls
from switchboard.core.actions import StopMusic
from switchboard.core.call_state import Call
from switchboard.core.entries import Outcome
from switchboard.core.exchange import Exchange
from switchboard.core.facts import DeadlinePassed, LegLeft
from switchboard.core.invariants import may_be_rung
from switchboard.sim.__main__ import big_company, main
from switchboard.sim.day import BrokenPromise, run
from switchboard.sim.unkindness import KIND

SEEDS = (20260101, 20260102)
OUTCOMES_OF_A_LONG_DAY = set(Outcome) - {Outcome.OUR_FAULT, Outcome.OVERFLOW, Outcome.TURNED_AWAY}


def test_many_thousand_calls() -> None:
    """Two processes, because a machine that tests has at least two cores; spawned, so that they share nothing."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        reports = list(pool.map(run, SEEDS, [12_000] * 2))
    for report in reports:
        print(report)
    assert sum(report.calls for report in reports) >= 24_000
    assert {outcome for report in reports for outcome in report.outcomes} == OUTCOMES_OF_A_LONG_DAY
    for report in reports:
        assert sum(report.outcomes.values()) == report.calls


def test_in_a_kind_world_nobody_is_ever_left_alone() -> None:
    report = run(7, 2_000, KIND)
    assert report.left_alone == 0
    assert Outcome.SWITCH_LOST not in report.outcomes


def test_whoever_falls_out_of_their_bridge_is_put_back_before_anybody_gives_up() -> None:
    falls = msgspec.structs.replace(KIND, fall_out=0.2)
    assert run(7, 2_000, falls).left_alone == 0
    with mock.patch.object(calls, "when_apart", return_value=False):
        assert run(7, 2_000, falls).left_alone > 50  # if nobody looks for them


def test_a_big_company_keeps_its_promises_too() -> None:
    """Every strategy, tiers, skills and backup groups. Once a backup group was rung beside operators who were idle."""
    one, two = run(1, 1_500, company=big_company()), run(1, 1_500, company=big_company())
    assert one.outcomes[Outcome.SERVED] > 500
    assert (one.facts, one.outcomes) == (two.facts, two.outcomes)


def test_a_seed_repeats_itself() -> None:
    one, two, other = run(1, 150), run(1, 150), run(2, 150)
    assert (one.facts, one.outcomes) == (two.facts, two.outcomes)
    assert (one.facts, one.outcomes) != (other.facts, other.outcomes)


# broken on purpose: each plant is a mistake that somebody could make ------------------------------------------------


def _forgets_refusals(rule: Callable[..., Any]) -> Callable[..., Any]:
    def lose_offer(floor: Any, call: Call, offer: Any, *rest: Any) -> None:
        rule(floor, call, offer, *rest)
        if offer.person in call.not_again:
            call.not_again.remove(offer.person)

    return lose_offer


def _takes_any_deadline(rule: Callable[..., Any]) -> Callable[..., Any]:
    def dispatch(exchange: Exchange, fact: Any, call: Call | None) -> bool:
        if isinstance(fact, DeadlinePassed) and call is not None:
            return calls.handle(exchange.floor, call, fact)
        return bool(rule(exchange, fact, call))

    return dispatch


def _lets_callers_slip(rule: Callable[..., Any]) -> Callable[..., Any]:
    def handle(floor: Any, call: Call, fact: Any) -> bool:
        return False if isinstance(fact, LegLeft) and fact.leg == call.leg else bool(rule(floor, call, fact))

    return handle


def _leaves_others_ringing(_: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *_: None


def _disturbs_everybody(rule: Callable[..., Any]) -> Callable[..., Any]:
    def why_not(person: Any) -> str | None:
        why: str | None = rule(person)
        return None if why == "is paused (do not disturb)" else why

    return why_not


def _falls_silent(_: Callable[..., Any]) -> Callable[..., Any]:
    return lambda floor, call: floor.act(StopMusic(call.call_id, call.leg))


def _serves_the_newest(rule: Callable[..., Any]) -> Callable[..., Any]:
    def next_turn(floor: Any, person: Any) -> Any:
        first = rule(floor, person)
        if first is None or not isinstance(first[0], Call):
            return first
        waiting = [call for call in floor.calls.values() if may_be_rung(floor, person.person_id, call)]
        return max((call for call in waiting if not call.offers), key=lambda call: call.arrived_at_ms), person

    return next_turn


def _lets_it_be_said_to_the_end(_: Callable[..., Any]) -> Callable[..., Any]:
    return lambda floor, call: None


def _calls_back_first(_: Callable[..., Any]) -> Callable[..., Any]:
    return lambda rules, booking: 0


@pytest.mark.parametrize(
    ("where", "name", "plant", "message"),
    [
        (calls, "lose_offer", _forgets_refusals, "rung again|ready while|before"),
        (Exchange, "_dispatch", _takes_any_deadline, "deadline"),
        (connecting, "withdraw", _leaves_others_ringing, "goes on ringing|left alone|in truth"),
        (queueing, "next_turn", _serves_the_newest, "before"),
        (connecting, "stop_ring_clock", _leaves_others_ringing, "rang"),
        (connecting, "let_hear_voice", _leaves_others_ringing, "was not answered"),
        (arrival, "set_language", _falls_silent, "hears nothing"),
        (steps, "why_not_now", _disturbs_everybody, "did not want to be disturbed"),
        (connecting, "hush", _lets_it_be_said_to_the_end, "is connected while a message is said"),
        (seating, "place_of_booking", _calls_back_first, "back before|who is to be called back"),
    ],
)
def test_a_broken_rule_is_seen_and_said_with_its_seed(
    where: Any, name: str, plant: Callable[..., Any], message: str
) -> None:
    with (
        mock.patch.object(where, name, plant(getattr(where, name))),
        pytest.raises(BrokenPromise, match=message) as caught,
    ):
        run(3, 10_000)
    assert str(caught.value).startswith("seed 3, fact ")
    assert len(str(caught.value).splitlines()) > 2, "the last facts of the call are not told"


def test_the_command_says_the_seed_first() -> None:
    said = CliRunner().invoke(main, ["--calls", "100", "--seed", "5"])
    assert said.exit_code == 0
    assert said.output.startswith("seed 5\nseed 5: 1")
    assert "calls/s" in said.output
    with mock.patch.object(connecting, "let_hear_voice", _leaves_others_ringing(print)):
        said = CliRunner().invoke(main, ["--calls", "100", "--seed", "5"])
    assert said.exit_code == 1
    assert "Error: seed 5, fact" in said.output
