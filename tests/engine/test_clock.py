"""The engine's clock, while somebody sets the machine's."""

from __future__ import annotations

import time

import pytest

from switchboard.engine import clock as module
from switchboard.engine.clock import Going, SteadyClock

HOUR_NS = 3_600 * 1_000_000_000


class Machine:
    """Both clocks of a machine, standing still unless told otherwise."""

    def __init__(self) -> None:
        self.wall_ns = 1_800_000_000 * 1_000_000_000
        self.monotonic_ns = 5_000_000_000
        self.boot = "first"

    def run(self, seconds: float) -> None:
        self.wall_ns += int(seconds * 1e9)
        self.monotonic_ns += int(seconds * 1e9)

    @property
    def wall_ms(self) -> int:
        return self.wall_ns // 1_000_000


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(time, "time_ns", lambda: machine.wall_ns)
    monkeypatch.setattr(time, "monotonic_ns", lambda: machine.monotonic_ns)
    monkeypatch.setattr(module, "this_boot", lambda: machine.boot)
    return machine


@pytest.mark.parametrize("jump_ns", [HOUR_NS, -HOUR_NS])
def test_it_does_not_jump_with_the_machine(machine: Machine, jump_ns: int) -> None:
    clock = SteadyClock()
    before_ms = clock.now_ms()
    machine.wall_ns += jump_ns
    machine.run(2)
    assert clock.now_ms() == before_ms + 2_000
    assert clock.ahead_ms() == -jump_ns // 1_000_000


@pytest.mark.parametrize("jump_ns", [HOUR_NS, -HOUR_NS])
def test_the_next_process_goes_on_with_it(machine: Machine, jump_ns: int) -> None:
    first = SteadyClock()
    last_ms = first.now_ms()
    machine.wall_ns += jump_ns
    machine.run(3)
    assert SteadyClock(last_ms, first.going).now_ms() == last_ms + 3_000


def test_after_a_boot_it_goes_by_the_machine(machine: Machine) -> None:
    going = SteadyClock().going
    machine.boot, machine.monotonic_ns = "second", 0
    machine.run(60)
    assert SteadyClock(0, going).now_ms() == machine.wall_ms


def test_what_was_kept_of_it_may_not_lead_back_behind_the_last_fact(machine: Machine) -> None:
    assert SteadyClock(machine.wall_ms, Going("first", 0)).now_ms() == machine.wall_ms


def test_drawn_near_it_goes_forward_at_once(machine: Machine) -> None:
    clock = SteadyClock()
    machine.wall_ns += HOUR_NS
    assert clock.draw_near(clock.now_ms())
    assert clock.now_ms() == machine.wall_ms


def test_drawn_near_it_goes_back_no_further_than_to_the_last_fact(machine: Machine) -> None:
    clock = SteadyClock()
    last_ms = clock.now_ms()
    machine.run(600)
    machine.wall_ns -= HOUR_NS
    assert clock.draw_near(last_ms)
    assert clock.now_ms() == last_ms
    machine.run(3_000)
    assert clock.draw_near(last_ms)
    assert clock.now_ms() == machine.wall_ms


def test_a_little_apart_is_near_enough(machine: Machine) -> None:
    clock = SteadyClock()
    machine.wall_ns += 40_000_000
    assert not clock.draw_near(0)
    assert clock.ahead_ms() == -40
