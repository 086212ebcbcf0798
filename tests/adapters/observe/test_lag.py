"""How late the event loop is: measured on a real one, judged by what lasts."""

from __future__ import annotations

import asyncio
import time

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from switchboard.adapters.observe.lag import EACH_S, LATE_S, LoopLag
from tests.tools.metrics import Histogram, value

LAG, WORST = "switchboard_loop_lag_seconds", "switchboard_loop_lag_worst_seconds"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def lag(registry: CollectorRegistry) -> LoopLag:
    return LoopLag(registry)


def shown(registry: CollectorRegistry) -> str:
    return generate_latest(registry).decode()


async def test_what_holds_up_the_loop_is_measured(lag: LoopLag, registry: CollectorRegistry) -> None:
    measuring = asyncio.create_task(lag.run())
    await asyncio.sleep(0)
    time.sleep(EACH_S + 0.3)  # noqa: ASYNC251  that is the fault
    while not Histogram.read(shown(registry), LAG).count:
        await asyncio.sleep(0)
    measuring.cancel()
    assert Histogram.read(shown(registry), LAG).beyond(0.2) == 1
    assert value(shown(registry), WORST) >= 0.3


def test_waking_early_is_not_late(lag: LoopLag, registry: CollectorRegistry) -> None:
    lag.slept(EACH_S * 0.99)
    assert value(shown(registry), WORST) == 0


def test_one_stall_is_no_problem(lag: LoopLag) -> None:
    for late_s in (0, 20, *[0] * 60):
        lag.slept(EACH_S + late_s)
    assert lag.problem() is None


def test_a_loop_that_is_late_again_and_again_is_one(lag: LoopLag) -> None:
    for _ in range(49):
        lag.slept(EACH_S + 0.25)
    assert lag.problem() is None
    lag.slept(EACH_S + 0.25)
    assert "late by 250 ms again and again" in (lag.problem() or "")
    for _ in range(26):
        lag.slept(EACH_S + LATE_S / 10)
    assert lag.problem() is None


def test_the_worst_is_that_of_the_last_minute(lag: LoopLag, registry: CollectorRegistry) -> None:
    lag.slept(EACH_S + 7)
    for _ in range(600):
        lag.slept(EACH_S)
    assert value(shown(registry), WORST) == 0
    assert Histogram.read(shown(registry), LAG).beyond(5) == 1
