"""The courier: nothing is lost, whatever is refused, heard late or never, and wherever the process dies."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
import pytest

from switchboard.core.call_state import Ending, Keeping, LeavingMessage
from switchboard.core.entries import RecordingFile, RecordingGone
from switchboard.core.exchange import Exchange
from switchboard.core.facts import (
    ActionFailed,
    CallArrived,
    Entrance,
    Fact,
    Found,
    PolicyLoaded,
    RecordingEnded,
    RecordingExpired,
    RecordingFiled,
    RecordingMissed,
    SwitchReady,
)
from switchboard.core.ids import CallId, LegId, PlaybackId, RecordingId
from switchboard.core.recording_rules import Recording, RecordingRule
from switchboard.engine import courier as courier_module
from switchboard.engine.courier import Courier
from switchboard.engine.memory_recordings import MemoryRecordings
from switchboard.sim.company import BOXES, DAY_MS, sample_policy

ONE, TWO = (RecordingId(f"{DAY_MS:012x}{'c' * 12}{number:08x}") for number in (1, 2))


class SetClock:
    def __init__(self) -> None:
        self.at_ms = DAY_MS

    def now_ms(self) -> int:
        return self.at_ms


class Desk:
    """An exchange that gets what the courier posts, and tells it what was kept, unless ``deaf``."""

    def __init__(self) -> None:
        self.store = MemoryRecordings()
        self.clock = SetClock()
        self.exchange = Exchange()
        self.facts: list[Fact] = []
        self.entries: list[object] = []
        self.deaf = False
        """The process dies before what it posts is kept."""
        self.courier = self.new_courier()
        rules = (RecordingRule("everything", announce=False),)
        self.happen(PolicyLoaded(msgspec.structs.replace(sample_policy(), recording=Recording(rules))))

    def new_courier(self) -> Courier:
        return Courier(self.store, lambda: self.exchange.floor, self.post, self.clock)

    def post(self, fact: Fact) -> None:
        self.facts.append(fact)
        if not self.deaf:
            self.happen(fact)

    def happen(self, fact: Fact) -> None:
        handled = self.exchange.handle(fact, self.clock.at_ms)
        assert handled.bug is None
        self.entries += handled.entries
        self.courier.observe(fact, self.clock.at_ms, handled)

    async def work(self, times: int = 2) -> None:
        for _ in range(times):
            await self.courier.work()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROUND_S", "LIVE_AGAIN_S", "FIRST_PAUSE_S"):
        monkeypatch.setattr(courier_module, name, 0.0)


async def test_what_ended_is_filed_put_on_record_and_then_released() -> None:
    desk = Desk()
    desk.store.in_switch[ONE] = b"voice"
    desk.happen(RecordingEnded(ONE))
    await desk.work()
    [file] = [entry for entry in desk.entries if isinstance(entry, RecordingFile)]
    assert (file.recording, file.call, file.size_bytes) == (ONE, ONE[:24], 5)
    assert desk.store.in_switch == {}
    assert desk.store.files == {ONE: b"voice"}
    assert desk.courier.waiting == 0


async def test_what_nobody_told_us_of_is_found_in_the_switch() -> None:
    desk = Desk()
    desk.store.in_switch = {ONE: b"1", TWO: b"22"}
    desk.store.live = {TWO: None}
    await desk.work()
    assert list(desk.store.files) == [ONE]
    desk.store.live.clear()
    await desk.work()
    assert desk.store.in_switch == {}
    assert [type(fact) for fact in desk.facts] == [RecordingFiled, RecordingFiled]


async def test_a_message_stays_in_the_switch_until_its_call_has_asked_for_it() -> None:
    """Asterisk was restarted in the midst of it: the call must find there what was said, or it counts as nothing."""
    desk = Desk()
    desk.happen(SwitchReady(Found()))
    line = next(iter(sample_policy().lines.values()))
    desk.happen(CallArrived(LegId("a"), Entrance.LINE, "", line.numbers[0]))
    [call] = desk.exchange.floor.calls.values()
    box, recording = BOXES["orders"], RecordingId(f"{call.call_id}00000009")
    desk.store.in_switch[recording] = b"voice"
    for state in (
        LeavingMessage(box, PlaybackId("p"), recording, DAY_MS, DAY_MS),
        Keeping(box, recording, True, DAY_MS, DAY_MS),
    ):
        call.state = state
        await desk.work()
        assert desk.store.in_switch == {recording: b"voice"}
    call.state = Ending(DAY_MS)
    await desk.work()
    assert desk.store.files == {recording: b"voice"}


async def test_a_process_that_dies_before_it_is_on_record_does_it_again() -> None:
    desk = Desk()
    desk.store.in_switch[ONE] = b"voice"
    desk.deaf = True
    await desk.work()
    assert desk.store.in_switch == {ONE: b"voice"}
    desk.deaf, desk.courier = False, desk.new_courier()
    await desk.work()
    assert desk.store.in_switch == {}
    assert desk.facts[0] == desk.facts[1]


async def test_what_is_awaited_and_nowhere_is_missed_after_a_while() -> None:
    desk = Desk()
    desk.exchange.floor.unfiled[ONE] = desk.clock.at_ms
    await desk.work()
    assert desk.facts == []
    desk.clock.at_ms += courier_module.MISSED_AFTER_MS
    await desk.work(3)
    assert [type(fact) for fact in desk.facts] == [RecordingMissed]
    assert [entry.missing for entry in desk.entries if isinstance(entry, RecordingGone)] == ["404"]
    assert desk.exchange.floor.unfiled == {}
    assert desk.courier.failures_total == 1


async def test_no_room_is_told_and_goes_by() -> None:
    desk = Desk()
    desk.store.in_switch[ONE] = b"voice"
    running = asyncio.create_task(desk.courier.run())
    try:
        desk.store.away = "no space left"
        desk.happen(RecordingEnded(ONE))
        async with asyncio.timeout(5):
            while "no space left" not in (desk.courier.problem() or ""):
                await asyncio.sleep(0)
            desk.store.away = None
            while desk.courier.problem() is not None or not desk.store.files:
                await asyncio.sleep(0)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_talk_that_could_not_be_recorded_is_an_alarm_until_a_later_one_is_filed() -> None:
    desk = Desk()
    desk.happen(RecordingEnded(ONE, kept=False, why="no room"))
    assert "no room" in str(desk.courier.problem())
    desk.happen(RecordingFiled(ONE, "x", "y", 1))
    assert desk.courier.problem() is not None
    desk.happen(RecordingFiled(TWO, "x", "y", 1))
    assert desk.courier.problem() is None
    desk.happen(ActionFailed(CallId("c" * 24), "StartRecording", "500"))
    assert desk.courier.problem() is None, "about a call that nobody knows"


async def test_what_is_old_is_put_on_record_before_it_is_deleted() -> None:
    desk = Desk()
    desk.store.files = {ONE: b"voice", TWO: b"voice"}
    keep_days = desk.exchange.floor.policy.recording.keep_days
    desk.clock.at_ms += (keep_days + 2) * 24 * 3_600_000
    desk.deaf = True
    await desk.work(1)
    assert [type(fact) for fact in desk.facts] == [RecordingExpired, RecordingExpired]
    assert len(desk.store.files) == 2
    desk.deaf, desk.courier = False, desk.new_courier()
    await desk.work()
    assert desk.store.files == {}
    gone = [entry for entry in desk.entries if isinstance(entry, RecordingGone)]
    assert [(entry.recording, entry.missing) for entry in gone[:2]] == [(ONE, ""), (TWO, "")]


async def test_where_nothing_is_recorded_nothing_is_asked() -> None:
    desk = Desk()
    desk.happen(PolicyLoaded(msgspec.structs.replace(sample_policy(), boxes={})))
    asked: list[str] = []
    for name in ("lying", "check", "fetch"):
        setattr(desk.store, name, lambda *_, name=name: asked.append(name))
    await desk.work()
    assert asked == []
