"""Lanes: order within a call, calls side by side, refusals as facts."""

from __future__ import annotations

import asyncio

import pytest

from switchboard.core.actions import Action, Answer, CheckPin, Connect, HangUp, LookUpCaller, StartMusic
from switchboard.core.caller import Client
from switchboard.core.facts import ActionFailed, CallerFound, Fact, LegBridged, LookUpFailed, PinChecked
from switchboard.core.ids import BridgeId, CallId, LegId, PersonId
from switchboard.core.phone_number import NumberKind, PhoneNumber
from switchboard.engine import lanes as lanes_module
from switchboard.engine.lanes import Lanes
from switchboard.engine.ports import Pins, Refused
from switchboard.engine.twins import MemoryPins

NUMBER = PhoneNumber("+74951234567", NumberKind.PUBLIC, "+74951234567")


class Switch:
    """Performs nothing; notes the order, waits at gates, fails on request."""

    def __init__(self) -> None:
        self.done: list[Action] = []
        self.gates: dict[LegId, asyncio.Event] = {}
        self.failures: dict[LegId, Exception] = {}

    async def perform(self, action: Action) -> None:
        leg = getattr(action, "leg", LegId(""))
        if leg in self.gates:
            await self.gates[leg].wait()
        if leg in self.failures:
            raise self.failures[leg]
        self.done.append(action)


class File:
    def __init__(self, answer: tuple[Client, ...] | Exception, gate: asyncio.Event | None = None) -> None:
        self.answer, self.gate = answer, gate

    async def find(self, number: PhoneNumber) -> tuple[Client, ...]:
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def find_at_once(self, number: PhoneNumber) -> None:
        return None

    def age_ms(self) -> int:
        return 7


async def perform(
    switch: Switch, directory: File, *actions: Action, until: int = 0, pins: Pins | None = None
) -> list[Fact]:
    """Give the actions, open every gate after the lanes had a chance to run, and return the facts posted."""
    posted: list[Fact] = []
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        lanes = Lanes(tasks, switch, directory, posted.append, pins)
        for action in actions:
            lanes.give(action)
        for _ in range(20):
            await asyncio.sleep(0)
        for gate in switch.gates.values():
            gate.set()
    assert lanes.busy == 0
    return posted


async def test_actions_of_one_call_keep_their_order() -> None:
    switch = Switch()
    a, b = LegId("a"), LegId("b")
    switch.gates[a] = asyncio.Event()
    first, second, other = Answer(CallId("1"), a), HangUp(CallId("1"), b), Answer(CallId("2"), LegId("c"))
    await perform(switch, File(()), first, second, other)
    assert switch.done == [other, first, second]  # the other call did not wait for this one's slow answer


async def test_a_refusal_becomes_a_fact_and_the_lane_goes_on() -> None:
    switch = Switch()
    switch.failures[LegId("a")] = Refused("404 no such channel")
    after = StartMusic(CallId("1"), LegId("b"), "default")
    posted = await perform(switch, File(()), Answer(CallId("1"), LegId("a")), after)
    assert posted == [ActionFailed(CallId("1"), "Answer", "404 no such channel", LegId("a"))]
    assert switch.done == [after]


async def test_legs_are_in_their_bridge_when_the_switch_has_consented() -> None:
    connect = Connect(CallId("1"), BridgeId("b"), (LegId("a"), LegId("c")))
    posted = await perform(Switch(), File(()), connect)
    assert posted == [LegBridged(LegId("a"), BridgeId("b")), LegBridged(LegId("c"), BridgeId("b"))]


async def test_legs_are_not_in_their_bridge_when_the_switch_refused() -> None:
    switch = Switch()
    switch.failures[LegId("")] = Refused("409 not in Stasis")
    posted = await perform(switch, File(()), Connect(CallId("1"), BridgeId("b"), (LegId("a"), LegId("c"))))
    assert posted == [ActionFailed(CallId("1"), "Connect", "409 not in Stasis", bridge=BridgeId("b"))]


async def test_a_bug_in_an_adapter_harms_one_action_only() -> None:
    switch = Switch()
    switch.failures[LegId("a")] = ZeroDivisionError("oh")
    after = StartMusic(CallId("1"), LegId("b"), "default")
    posted = await perform(switch, File(()), Answer(CallId("1"), LegId("a")), after)
    assert posted == [ActionFailed(CallId("1"), "Answer", "bug: ZeroDivisionError: oh", LegId("a"))]
    assert switch.done == [after]


async def test_an_action_without_an_answer_counts_as_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes_module, "ACTION_AT_MOST_S", 0.01)
    switch = Switch()
    never = asyncio.Event()

    async def hang(_action: Action) -> None:
        await never.wait()

    monkeypatch.setattr(switch, "perform", hang)
    posted = await perform(switch, File(()), HangUp(CallId("1"), LegId("a")))
    assert [type(fact) for fact in posted] == [ActionFailed]


async def test_a_look_up_does_not_hold_up_its_call() -> None:
    gate = asyncio.Event()
    switch = Switch()
    answer = Answer(CallId("1"), LegId("a"))
    switch.gates[LegId("never waited for")] = gate
    posted = await perform(switch, File((), gate), LookUpCaller(CallId("1"), NUMBER, 2_000), answer)
    assert switch.done == [answer]
    assert posted == [CallerFound(CallId("1"), (), age_ms=7)]


@pytest.mark.parametrize(
    ("directory", "why"),
    [
        (File(Refused("no connection to Postgres")), "no connection to Postgres"),
        (File(KeyError("x")), "bug: KeyError"),
        (File((), asyncio.Event()), "no answer within 20 ms"),
    ],
)
async def test_a_look_up_that_fails_says_why(directory: File, why: str) -> None:
    posted = await perform(Switch(), directory, LookUpCaller(CallId("1"), NUMBER, 20))
    assert posted == [LookUpFailed(CallId("1"), why)]


class BrokenPins:
    async def is_right(self, person: PersonId, leg: LegId) -> bool:
        raise RuntimeError("the PIN was 4711")


async def test_a_pin_is_asked_for_and_not_told() -> None:
    check = CheckPin(CallId("1"), LegId("a"), PersonId("olga"))
    pins = MemoryPins({PersonId("olga"): "4711"}, {LegId("a"): "4711"})
    assert await perform(Switch(), File(()), check, pins=pins) == [PinChecked(CallId("1"), right=True)]
    for failing in (pins, BrokenPins(), None):
        [failed] = await perform(Switch(), File(()), check, pins=failing)
        assert isinstance(failed, ActionFailed)
        assert (failed.call, failed.action) == (CallId("1"), "CheckPin")
        assert "4711" not in failed.why
