"""The arithmetic behind `./dev bench`, on logs and samples made up so that the right answer is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import crowd
from benchmarks.crowd import bench_config
from benchmarks.figures import Failures, Figures, figures
from benchmarks.spread import middle, percentile, ratio
from devkit.company import SAMPLE_CONFIG
from devkit.sip_log import Message
from switchboard.config.load import load

SECOND = 1_000_000


def message(at_us: int, sent: bool, first_line: str, call_id: str, method: str, number: str = "") -> Message:
    headers = {"call-id": call_id, "cseq": f"1 {method}", "from": f"<sip:+{number}@127.0.0.2>;tag=1"}
    return Message(at_us, sent, first_line, headers)


def leg(
    *, sent: bool, number: str, invited: int, answered: int | None, bye: int | None, final: str = "200 OK"
) -> list[Message]:
    """One call in the log of a phone: ``sent`` says whether this phone placed it. The caller's BYE comes from there."""
    call_id = f"{'caller' if sent else 'leg'}-{number}-{invited}"
    messages = [message(invited, sent, "INVITE sip:x SIP/2.0", call_id, "INVITE", number)]
    if answered is not None:
        messages.append(message(answered, not sent, f"SIP/2.0 {final}", call_id, "INVITE", number))
    if bye is not None:
        messages.append(message(bye, not sent, "BYE sip:x SIP/2.0", call_id, "BYE", number))
        messages.append(message(bye + 500, sent, "SIP/2.0 200 OK", call_id, "BYE", number))
    return messages


def caller(number: str, invited: int, answered: int | None, bye: int | None, final: str = "200 OK") -> list[Message]:
    return leg(sent=True, number=number, invited=invited, answered=answered, bye=bye, final=final)


def rung(number: str, invited: int, answered: int, bye: int) -> list[Message]:
    return leg(sent=False, number=number, invited=invited, answered=answered, bye=bye)


def two_callers_one_operator(second_invited: int) -> Figures:
    callers = [
        *caller("71", 1 * SECOND, 1 * SECOND + 5_000, 2 * SECOND),
        *caller("72", second_invited, 2 * SECOND + 12_000, 3 * SECOND),
    ]
    olga = [
        *rung("71", 1 * SECOND + 3_000, 1 * SECOND + 4_000, 2 * SECOND),
        *rung("72", 2 * SECOND + 10_000, 2 * SECOND + 11_000, 3 * SECOND),
    ]
    return figures(callers, {"olga": olga}, 0, 10 * SECOND)


def test_reaction_is_from_the_bye_to_the_next_invite_while_somebody_waits() -> None:
    found = two_callers_one_operator(second_invited=1_500_000)
    assert found.reaction_ms == (10.0,)
    assert found.nobody_waited == 1  # after the second talk nobody is left
    assert found.failures == Failures()


def test_a_bye_with_nobody_waiting_is_no_sample() -> None:
    found = two_callers_one_operator(second_invited=2 * SECOND + 1)
    assert found.reaction_ms == ()
    assert found.nobody_waited == 2


def test_set_up_counts_only_calls_that_find_an_operator_free() -> None:
    found = two_callers_one_operator(second_invited=1_500_000)
    assert found.set_up_ms == (5.0,)
    assert found.offer_ms == (3.0,)
    assert found.pick_up_ms == (1.0,)
    assert found.nobody_free == 1
    assert found.calls == 2


def test_a_second_operator_is_free_while_the_first_talks() -> None:
    callers = caller("71", 1 * SECOND, 1_005_000, 2 * SECOND) + caller("72", 1_500_000, 1_520_000, 3 * SECOND)
    phones = {
        "olga": rung("71", 1_003_000, 1_004_000, 2 * SECOND),
        "oleg": rung("72", 1_510_000, 1_515_000, 3 * SECOND),
    }
    assert figures(callers, phones, 0, 10 * SECOND).set_up_ms == (5.0, 20.0)


def test_what_began_before_the_counted_time_is_not_counted() -> None:
    callers = caller("71", 1 * SECOND, 1_005_000, 2 * SECOND)
    olga = rung("71", 1_003_000, 1_004_000, 2 * SECOND)
    late = figures(callers, {"olga": olga}, 1_000_001, 10 * SECOND)
    assert (late.set_up_ms, late.calls) == ((), 1)
    assert figures(callers, {"olga": olga}, 0, 2 * SECOND).calls == 0


def test_an_operator_who_is_never_rung_again_is_a_failure_not_a_missing_sample() -> None:
    callers = [*caller("71", 1 * SECOND, 1_005_000, 2 * SECOND), *caller("72", 1_500_000, None, None)]
    olga = rung("71", 1_003_000, 1_004_000, 2 * SECOND)
    failures = figures(callers, {"olga": olga}, 0, 10 * SECOND).failures
    assert failures == Failures(unfinished=1, never_rung=1)
    assert failures.any


def test_refusals_and_retransmissions_are_counted() -> None:
    refused = caller("71", 1 * SECOND, 1_005_000, None, final="503 Service Unavailable")
    again = [message(1_500_000, True, "INVITE sip:x SIP/2.0", "caller-71-1000000", "INVITE", "71")]
    failures = figures(refused + again, {}, 0, 10 * SECOND).failures
    assert failures == Failures(refused=1, retransmissions=1)
    assert failures + failures == Failures(refused=2, retransmissions=2)


@pytest.mark.parametrize(("percent", "wanted"), [(50, 2.0), (51, 3.0), (90, 4.0), (100, 4.0), (0, 1.0)])
def test_percentiles_are_samples(percent: float, wanted: float) -> None:
    assert percentile([4.0, 2.0, 1.0, 3.0], percent) == wanted


def medians(pairs: Sequence[tuple[list[float], list[float]]]) -> tuple[float, float]:
    return middle([ms for peer, _ in pairs for ms in peer]), middle([ms for _, ours in pairs for ms in ours])


def test_a_ratio_that_never_differs_has_no_spread() -> None:
    found = ratio([([10.0, 20.0, 30.0], [1.0, 2.0, 3.0])] * 10, medians)
    assert (found.value, found.low, found.high) == (0.1, 0.1, 0.1)


def test_the_spread_holds_the_ratio_and_grows_with_the_difference_between_windows() -> None:
    calm = ratio([([100.0], [10.0 + number / 10]) for number in range(10)], medians)
    wild = ratio([([100.0], [10.0 + number * 10]) for number in range(10)], medians)
    for found in (calm, wild):
        assert found.low < found.value < found.high
    assert wild.high - wild.low > 10 * (calm.high - calm.low)
    assert ratio([([100.0], [10.0 + number]) for number in range(10)], medians) == ratio(
        [([100.0], [10.0 + number]) for number in range(10)], medians
    )


def test_nothing_measured_is_no_ratio() -> None:
    found = ratio([([], [1.0])], medians)
    assert math.isnan(found.value)
    assert math.isnan(percentile([], 50))


def test_our_side_has_no_wrap_up_and_a_crowd_and_is_otherwise_the_sample_company(tmp_path: Path) -> None:
    policy, sample = load(bench_config(SAMPLE_CONFIG, tmp_path)), load(SAMPLE_CONFIG)
    assert {queue.wrap_up_ms for queue in policy.queues.values()} == {0}
    assert {queue.wrap_up_ms for queue in sample.queues.values()} != {0}
    assert policy.queues["crowd"].people == crowd.OPERATORS
    assert policy.lines["crowd"].numbers == (crowd.LINE,)
    assert policy.rules[0].plan == "crowd"
    assert (policy.rules[1:], policy.limits.calls_at_once) == (sample.rules, 5_000)
    assert {name: policy.people[name] for name in sample.people} == sample.people
    assert set(policy.people) - set(sample.people) == set(crowd.OPERATORS)
