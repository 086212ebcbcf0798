"""How many callers are taken on: never more than the rate for long, never fewer than it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from switchboard.core.admission import NotTaken, why_not_taken
from switchboard.core.entries import Outcome
from switchboard.core.exchange import Exchange
from switchboard.core.facts import PolicyLoaded
from switchboard.core.floor import Floor
from tests.core.policy import POLICY

START_MS = 1_800_000_000_000


def floor_with_rate(per_s: int, overflow_per_s: int = 100) -> Floor:
    exchange = Exchange()
    limits = replace(POLICY.limits, new_calls_per_s=per_s, overflow_calls_per_s=overflow_per_s)
    exchange.handle(PolicyLoaded(replace(POLICY, limits=limits)), START_MS)
    return exchange.floor


@given(st.integers(1, 500), st.lists(st.integers(0, 300), min_size=1, max_size=300))
def test_no_stretch_of_time_takes_on_more_than_its_share(per_s: int, gaps_ms: list[int]) -> None:
    floor = floor_with_rate(per_s)
    taken_ms: list[int] = []
    for gap_ms in gaps_ms:
        floor.at_ms += gap_ms
        if why_not_taken(floor) is None:
            taken_ms.append(floor.at_ms)
    for first, begin_ms in enumerate(taken_ms):
        for count, end_ms in enumerate(taken_ms[first:], 1):
            assert count <= (end_ms - begin_ms + 2_000) * per_s / 1_000 + 2


@given(st.integers(1, 100), st.integers(1, 500))
def test_who_keeps_to_the_rate_is_always_taken_on(per_s: int, calls: int) -> None:
    floor = floor_with_rate(per_s)
    for number in range(calls):
        floor.at_ms = START_MS + -(-number * 1_000 // per_s)
        assert why_not_taken(floor) is None


def test_a_burst_ends_when_it_is_over() -> None:
    floor = floor_with_rate(10)
    taken = [why_not_taken(floor) for _ in range(100)]
    assert taken.count(None) == 21  # two seconds' worth, and the first
    assert taken[-1] == NotTaken(Outcome.OVERFLOW, "more than 10 calls a second come in")
    floor.at_ms += 100
    assert why_not_taken(floor) is None


def test_a_flood_goes_to_three_places() -> None:
    floor = floor_with_rate(10, overflow_per_s=5)
    taken = [why_not_taken(floor) for _ in range(100)]
    outcomes = [None if one is None else one.outcome for one in taken]
    assert outcomes == [None] * 21 + [Outcome.OVERFLOW] * 11 + [Outcome.TURNED_AWAY] * 68
