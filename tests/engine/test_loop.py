"""The loop: commit before act, deadlines as facts, and a log that replays to the same state and actions."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from switchboard.adapters.log.sqlite import SqliteLog
from switchboard.core.actions import Action, Connect, HangUp, Play, Ring, SendToDialplan
from switchboard.core.caller import Client
from switchboard.core.entries import CallRecord, Outcome
from switchboard.core.exchange import Handled
from switchboard.core.facts import (
    CallArrived,
    CallerFound,
    Entrance,
    Fact,
    Found,
    LegAnswered,
    LegBridged,
    LegEnded,
    LegLeft,
    PlaybackEnded,
    PolicyLoaded,
    StaffCommanded,
    SwitchReady,
)
from switchboard.core.ids import LegId
from switchboard.core.phone_number import PhoneNumber
from switchboard.core.staff_commands import StaffCommand
from switchboard.engine.clock import SteadyClock
from switchboard.engine.loop import Loop
from switchboard.engine.memory_log import MemoryLog
from switchboard.engine.ports import Batch, Directory, Log, Placed, Refused
from switchboard.engine.twins import MemoryDirectory
from tests.core.policy import POLICY

ROOT = Path(__file__).parents[2]


NOON_MS = 1_799_830_800_000
"""A Wednesday at noon in Moscow, when the test company is open."""


class NoonClock(SteadyClock):
    """Starts at noon, whenever the test runs, and goes on from there."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead_ms = NOON_MS - super().now_ms()

    def now_ms(self) -> int:
        return super().now_ms() + self._ahead_ms


class WatchedLog(MemoryLog):
    """Notes when something was made durable."""

    def __init__(self, clock: NoonClock, notes: list[str]) -> None:
        super().__init__(clock)
        self._notes = notes

    async def keep(self, batch: Batch, entries: Sequence[Placed]) -> None:
        await asyncio.sleep(0)  # give actions every chance to be too early
        await super().keep(batch, entries)
        self._notes.append("kept " + ",".join(type(fact).__name__ for fact in batch.facts))


class ObligingSwitch:
    """Every phone is picked up, every bridge and hang-up works, at once; ``refuse`` names actions that do not."""

    def __init__(self, notes: list[str], refuse: tuple[str, ...] = ()) -> None:
        self.notes = notes
        self.refuse = refuse
        self.loop: Loop | None = None

    async def perform(self, action: Action) -> None:
        name = type(action).__name__
        self.notes.append(name)
        if name in self.refuse:
            raise Refused("409 not now")
        assert self.loop is not None
        for fact in _effects(action):
            self.loop.post(fact)


def _effects(action: Action) -> list[Fact]:
    match action:
        case Ring(leg=leg):
            return [LegAnswered(leg)]
        case Connect(bridge=bridge, legs=legs):
            return [LegBridged(leg, bridge) for leg in legs]
        case HangUp(leg=leg):
            return [LegLeft(leg), LegEnded(leg, 16)]
        case Play(playback=playback):
            return [PlaybackEnded(playback)]
        case SendToDialplan(leg=leg):
            return [LegLeft(leg)]
        case _:
            return []


@asynccontextmanager
async def serving(
    log: Log, switch: ObligingSwitch, seen: list[tuple[Fact, Handled]], directory: Directory | None = None
) -> AsyncIterator[Loop]:
    """A loop with the test company at work, cancelled at the end."""
    clock = NoonClock()
    if isinstance(log, SqliteLog):
        log.clock = clock
    loop = Loop(log, clock, [lambda fact, _at_ms, handled: seen.append((fact, handled))])
    switch.loop = loop
    running = asyncio.create_task(loop.run(switch, directory or MemoryDirectory()))
    loop.post(PolicyLoaded(POLICY))
    loop.post(SwitchReady(Found((), (), tuple(sorted(person.phone for person in POLICY.people.values()))), "one"))
    for person in POLICY.people.values():
        loop.post(StaffCommanded(person.person_id, StaffCommand.SIGN_IN))
    try:
        yield loop
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def arrives(leg: str, number: str = "") -> CallArrived:
    line = next(iter(POLICY.lines.values())).numbers[0]
    return CallArrived(LegId(leg), Entrance.LINE, number, line)


def records(seen: list[tuple[Fact, Handled]]) -> dict[str, CallRecord]:
    """The last record of each call."""
    return {entry.call: entry for _, handled in seen for entry in handled.entries if isinstance(entry, CallRecord)}


async def until_over(seen: list[tuple[Fact, Handled]], calls: int) -> dict[str, CallRecord]:
    async with asyncio.timeout(10):
        while sum(record.outcome is not None for record in records(seen).values()) < calls:
            await asyncio.sleep(0.001)
    return records(seen)


async def talking(seen: list[tuple[Fact, Handled]], calls: int) -> None:
    async with asyncio.timeout(10):
        while sum(record.answered_at_ms is not None for record in records(seen).values()) < calls:
            await asyncio.sleep(0.001)


class QuickDirectory(MemoryDirectory):
    """Knows at once; ``away`` says why it refuses."""

    def find_at_once(self, number: PhoneNumber) -> tuple[Client, ...]:
        if self.away is not None:
            raise Refused(self.away)
        return ()


@pytest.mark.parametrize("away", [None, "no copy"])
async def test_what_is_known_at_once_is_kept_with_its_question(away: str | None) -> None:
    notes: list[str] = []
    seen: list[tuple[Fact, Handled]] = []
    directory = QuickDirectory()
    directory.away = away
    async with serving(WatchedLog(NoonClock(), notes), ObligingSwitch(notes), seen, directory) as loop:
        loop.post(arrives("caller-1", "+74951234567"))
        await talking(seen, 1)
        position = loop.position
    [kept] = [note for note in notes if "CallArrived" in note]
    assert kept.endswith("CallArrived" if away else "CallArrived,CallerFound")
    assert sum(isinstance(fact, CallerFound) for fact, _ in seen) == (0 if away else 1)
    assert position == len(seen)


async def test_nothing_is_done_before_its_cause_is_kept() -> None:
    notes: list[str] = []
    seen: list[tuple[Fact, Handled]] = []
    async with serving(WatchedLog(NoonClock(), notes), ObligingSwitch(notes), seen) as loop:
        loop.post(arrives("caller-1"))
        await talking(seen, 1)
        loop.post(LegLeft(LegId("caller-1")))
        [record] = (await until_over(seen, 1)).values()
    assert record.outcome is Outcome.SERVED
    arrived = next(at for at, note in enumerate(notes) if "CallArrived" in note)
    picked_up = next(at for at, note in enumerate(notes) if "LegAnswered" in note)
    assert arrived < notes.index("Ring") < picked_up < notes.index("Connect")


async def test_actions_leave_before_observers_are_told() -> None:
    """A caller waits for the first and nobody for the second."""
    notes: list[str] = []
    switch = ObligingSwitch(notes)

    class NotesFacts(list[tuple[Fact, Handled]]):
        def append(self, told: tuple[Fact, Handled]) -> None:
            notes.append(f"told of {type(told[0]).__name__}")
            super().append(told)

    seen = NotesFacts()
    async with serving(MemoryLog(NoonClock()), switch, seen) as loop:
        loop.post(arrives("caller-1"))
        await talking(seen, 1)
    assert notes.index("Ring") < notes.index("told of CallArrived")
    assert notes.index("Connect") < notes.index("told of LegAnswered")


async def test_a_refused_ring_comes_back_as_a_fact_and_the_call_goes_on() -> None:
    seen: list[tuple[Fact, Handled]] = []
    async with serving(MemoryLog(NoonClock()), ObligingSwitch([], refuse=("Ring",)), seen) as loop:
        loop.post(arrives("caller-1"))
        async with asyncio.timeout(5):
            while not any(type(fact).__name__ == "ActionFailed" for fact, _ in seen):
                await asyncio.sleep(0.001)
        loop.post(LegLeft(LegId("caller-1")))
        [record] = (await until_over(seen, 1)).values()
    assert any("could not be rung: 409 not now" in reason.why for reason in record.reasons)


async def test_a_deadline_comes_as_a_fact() -> None:
    """A public number whose look-up never answers: the deadline sends the caller on."""
    seen: list[tuple[Fact, Handled]] = []

    class SilentDirectory(MemoryDirectory):
        async def find(self, number: object) -> tuple[()]:
            await asyncio.Event().wait()
            return ()

    switch = ObligingSwitch([])
    loop = Loop(MemoryLog(NoonClock()), NoonClock(), [lambda fact, _at, handled: seen.append((fact, handled))])
    switch.loop = loop
    running = asyncio.create_task(loop.run(switch, SilentDirectory()))
    loop.post(PolicyLoaded(POLICY))
    loop.post(SwitchReady(Found(), "one"))
    loop.post(arrives("caller-1", "+74951234567"))
    async with asyncio.timeout(5):
        while not any(record.client_class == "unidentified" for record in records(seen).values()):
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


REPLAY = """
import asyncio, hashlib, sys
from pathlib import Path
import msgspec
from switchboard.adapters.log.sqlite import SqliteLog
from switchboard.core.exchange import Exchange

async def main():
    log = SqliteLog(Path(sys.argv[1]))
    exchange, actions = Exchange(), hashlib.sha256()
    async for batch in log.stored(0):
        for fact in batch.facts:
            for action in exchange.handle(fact, batch.at_ms).actions:
                actions.update(msgspec.msgpack.encode(action))
    log.close()
    print(actions.hexdigest(), hashlib.sha256(exchange.snapshot()).hexdigest())

asyncio.run(main())
"""


async def test_a_stored_log_replays_to_the_same_state_and_actions(tmp_path: Path) -> None:
    """What the live exchange did is what a replay does, whatever the hash seed of the process."""
    seen: list[tuple[Fact, Handled]] = []
    log = SqliteLog(tmp_path / "log.db")
    async with serving(log, ObligingSwitch([]), seen) as loop:
        for number in range(30):
            loop.post(arrives(f"caller-{number}", "" if number % 3 else f"+7495123{number:04}"))
        await talking(seen, 3)
        for number in range(0, 30, 2):
            loop.post(LegLeft(LegId(f"caller-{number}")))
        await until_over(seen, 15)
        while log.waiting:
            await asyncio.sleep(0.001)
    state = hashlib.sha256(loop.exchange.snapshot()).hexdigest()
    actions = hashlib.sha256()
    for _, handled in seen:
        for action in handled.actions:
            actions.update(msgspec.msgpack.encode(action))
    log.close()
    replays = [_replay(tmp_path / "log.db", seed) for seed in ("1", "4242")]
    assert replays == [f"{actions.hexdigest()} {state}"] * 2


def _replay(log: Path, hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", REPLAY, str(log)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    return done.stdout.strip()


async def test_a_restarted_loop_goes_on_from_its_snapshot_and_what_came_after(tmp_path: Path) -> None:
    seen: list[tuple[Fact, Handled]] = []
    log = SqliteLog(tmp_path / "log.db")
    async with serving(log, ObligingSwitch([]), seen) as loop:
        loop.post(arrives("caller-1"))
        await talking(seen, 1)
        await loop.take_snapshot()
        loop.post(arrives("caller-2"))
        await talking(seen, 2)
        while log.waiting:
            await asyncio.sleep(0.001)
    before, position = loop.exchange.snapshot(), loop.position
    log.close()
    again = SqliteLog(tmp_path / "log.db")
    rebuilt = Loop(again, SteadyClock(again.last_at_ms))
    replayed = await rebuilt.rebuild()
    again.close()
    assert 0 < replayed < position
    assert (rebuilt.exchange.snapshot(), rebuilt.position) == (before, position)


class FullDisk(Exception):
    pass


class FillingLog(MemoryLog):
    """Keeps what it is given until its disk is full; a snapshot still finds room."""

    is_full = False

    async def keep(self, batch: Batch, entries: Sequence[Placed]) -> None:
        if self.is_full:
            raise FullDisk
        await super().keep(batch, entries)


async def test_what_could_not_be_kept_is_in_no_snapshot() -> None:
    """The service takes one as it ends. A call in it that the log has never heard of would have no record, ever."""
    log = FillingLog(NoonClock())
    loop = Loop(log, NoonClock())
    running = asyncio.create_task(loop.run(ObligingSwitch([]), MemoryDirectory()))
    loop.post(PolicyLoaded(POLICY))
    loop.post(SwitchReady(Found(), "one"))
    async with asyncio.timeout(5):
        while not log.batches:
            await asyncio.sleep(0.001)
    log.is_full = True
    loop.post(arrives("caller-1"))
    with pytest.raises(ExceptionGroup) as ended:
        await running
    assert ended.group_contains(FullDisk)
    await loop.take_snapshot()
    again = Loop(log, NoonClock())
    await again.rebuild()
    assert again.exchange.floor.current_version == POLICY.version
    assert not again.exchange.floor.calls
