"""One service that is killed again and again: the real loop, lanes, recorder, patrol, vigil and log, in virtual time.

``Lives`` starts it as ``app.py`` does (replay, ``SwitchLost``, then a survey) over one ``SqliteLog`` file, one
``UndyingSwitch`` and one ``MemoryRecords``, lets it die at the fatal ``Points``, and starts the next life after a gap.
Meanwhile it keeps the books, and names everything that does not balance:

- *replay agrees*: a second exchange is told every batch when it became durable. After each start the replayed one has
  the same bytes, and so had the living one when it died (unless it died with a batch handled and not kept);
- *the promises* of ``Exchange.check`` and of the ``Witness`` hold over the whole history, across all lives;
- *each entry once*: what is stored in the end is exactly what a replay from nothing says, each place was only ever
  offered with one content, each call has one record with one final outcome, each caller who came one call;
- *nobody is left*: some time after each start, and at the end, every leg in the switch is needed by a living call;
- no caller hears nothing for long (see ``UndyingSwitch``), nothing was logged as an error.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import structlog

from switchboard.adapters.log import sqlite
from switchboard.adapters.log.sqlite import SqliteLog
from switchboard.core.call_state import Connecting, Ending, Listening, OnHold, Talking
from switchboard.core.entries import CallRecord, Outcome
from switchboard.core.exchange import Exchange
from switchboard.core.facts import Found, PolicyLoaded, SwitchLost
from switchboard.core.ids import CallId, LegId, PersonId, call_id_for
from switchboard.core.policy import Policy
from switchboard.engine import clock as engine_clock
from switchboard.engine import loop as engine_loop
from switchboard.engine.clock import SteadyClock
from switchboard.engine.loop import Loop, place
from switchboard.engine.patrol import Patrol
from switchboard.engine.ports import Batch, Directory, Placed, SwitchAway
from switchboard.engine.recorder import Recorder
from switchboard.engine.twins import MemoryPins, MemoryRecords
from switchboard.engine.vigil import Vigil
from switchboard.sim.checks import Witness
from tests.tools.crash_points import (
    Crash,
    CrashingDirectory,
    CrashingLog,
    CrashingRecords,
    CrashingTelephony,
    Life,
    Points,
)
from tests.tools.undying_switch import UndyingSwitch

FACTS_BETWEEN_SNAPSHOTS = 5
FORGET_EACH_S = 0.5
ENTRIES_AT_ONCE = 5
"""Fewer than many a fact makes: the records' cursor also stands in the midst of them."""
CONNECT_MS = 100
SETTLED_AFTER_MS = 1_000
"""So long after a survey nobody may be left over."""
_ON_ITS_WAY_MS = 100
"""A hang-up just asked for has happened by then."""

_encode = msgspec.msgpack.Encoder().encode
_decode_batch = msgspec.msgpack.Decoder(Batch).decode


class WallClock:
    """What the module ``time`` is to the engine's clock. ``wrong_ms``: how far the wall clock is from the truth."""

    def __init__(self, began_ms: int, now_ms: Callable[[], int]) -> None:
        self._began_ms = began_ms
        self._now_ms = now_ms
        self.wrong_ms = 0

    def time_ns(self) -> int:
        return (self._now_ms() + self.wrong_ms) * 1_000_000

    def monotonic_ns(self) -> int:
        return (self._now_ms() - self._began_ms) * 1_000_000


class WatchedRecords(MemoryRecords):
    """Also remembers everything that was ever offered, stored already or not."""

    def __init__(self) -> None:
        super().__init__()
        self.offered: dict[tuple[int, int], Placed] = {}
        self.problems: list[str] = []

    async def store(self, entries: Any) -> None:
        for placed in entries:
            first = self.offered.setdefault((placed.position, placed.index), placed)
            if first != placed:
                self.problems.append(f"place {placed.position}.{placed.index} was offered with two contents")
        await super().store(entries)


class Lives:
    def __init__(
        self,
        folder: Path,
        switch: UndyingSwitch,
        directory: Directory,
        policy: Policy,
        points: Points,
        gap_ms: Callable[[], int],
        clock_jumps_ms: Callable[[], int] = lambda: 0,
    ) -> None:
        """``gap_ms``: from a crash to the next start. ``clock_jumps_ms``: how wrong the machine's clock is then."""
        self.switch = switch
        self.records = WatchedRecords()
        self.problems: list[str] = []
        self.deaths: list[str] = []
        """At which points it died."""
        self.life: Loop | None = None
        self._path = folder / "switchboard.db"
        self._directory = directory
        self._policy = policy
        self._points = points
        self._gap_ms, self._clock_jumps_ms = gap_ms, clock_jumps_ms
        self._diary: list[bytes] = []
        """Every batch that became durable, as bytes: also what the log has forgotten."""
        self._kept = Exchange()
        self._witness = Witness(self._kept)
        self._last_made = (0, -1)
        """Place of the newest entry."""
        self._died_as: bytes | None = None
        self._recorder: Recorder | None = None
        self._wall = WallClock(switch.now_ms, lambda: switch.now_ms)

    async def story(self, people: Coroutine[Any, Any, None], at_most_s: float) -> list[str]:
        """Let the service live, and die, while ``people`` do what they do, until all is over; every problem of it."""
        with structlog.testing.capture_logs() as logged, ExitStack() as stack:
            for where, name, small in (
                (engine_loop, "_SNAPSHOT_EVERY", FACTS_BETWEEN_SNAPSHOTS),
                (sqlite, "_WAL_BYTES", 0),  # else each start writes and syncs 4 MB
                (engine_clock, "time", self._wall),
            ):
                stack.enter_context(mock.patch.object(where, name, small))
            living = asyncio.create_task(self.live())
            try:
                async with asyncio.timeout(at_most_s):
                    await people
                    while not self.is_over() and not living.done():
                        await asyncio.sleep(0.25)
            except TimeoutError:
                self._note([f"not over after {at_most_s:g} s: {self.switch.legs}, {self.switch.bridges}"])
            problems = await self.balance()
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)
            if living.done() and not living.cancelled() and living.exception() is not None:
                raise living.exception()
        return problems + [f"logged: {line}" for line in logged if line["log_level"] in ("error", "critical")]

    # living ----------------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Life after life, until cancelled."""
        while True:
            try:
                await self._one_life()
            except* Crash:
                pass
            self.deaths.append(f"{len(self._points.names)} ({self._points.names[-1]})")
            self.switch.lose()
            self.life = self._recorder = None
            await asyncio.sleep(self._gap_ms() / 1000)
            self._wall.wrong_ms = self._clock_jumps_ms()

    async def _one_life(self) -> None:
        life = Life(self._points)
        file = SqliteLog(self._path)
        clock = file.clock = SteadyClock(file.last_at_ms)
        log = CrashingLog(file, life, self._when_kept)
        loop = Loop(log, clock)
        try:
            await loop.rebuild()
            self._compare(loop.exchange.snapshot())
            self.life = loop
            loop.post(SwitchLost("this process has just begun"))
            if loop.exchange.floor.current_version != self._policy.version:
                loop.post(PolicyLoaded(self._policy))
            recorder = Recorder(
                log,
                CrashingRecords(self.records, life),
                loop.kept,
                most_at_once=ENTRIES_AT_ONCE,
                forget_each_s=FORGET_EACH_S,
            )
            self._recorder = recorder
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(
                    loop.run(
                        CrashingTelephony(self.switch, life),
                        CrashingDirectory(self._directory, life),
                        MemoryPins({PersonId("olga"): "4711"}, defaultdict(lambda: "4711")),
                    )
                )
                tasks.create_task(Patrol(loop, _Surveyor(self.switch), clock).run())
                tasks.create_task(Vigil(loop, self.switch, clock).run())
                tasks.create_task(recorder.run())
                tasks.create_task(self._connect(life, loop))
        finally:
            file.close()
            self._died_as = None if log.is_ahead or self.life is None else loop.exchange.snapshot()

    async def _connect(self, life: Life, loop: Loop) -> None:
        await asyncio.sleep(CONNECT_MS / 1000)
        life.reach("before the survey")
        self.switch.connect(loop.post)
        await asyncio.sleep(SETTLED_AFTER_MS / 1000)
        await self._nobody_is_left(loop.exchange)

    def is_over(self) -> bool:
        """Nobody is in the switch, no call lives, everything is delivered."""
        loop, recorder = self.life, self._recorder
        if loop is None or recorder is None or self.switch.away:
            return False
        delivered = recorder.delivered is not None and recorder.delivered >= self._last_made
        floor = loop.exchange.floor
        is_empty = not self.switch.legs and not self.switch.bridges
        return is_empty and not floor.calls and not floor.bookings and delivered

    # the books -------------------------------------------------------------------------------------------------

    def _when_kept(self, batch: Batch) -> None:
        content = _encode(batch)
        self._diary.append(content)
        batch = _decode_batch(content)
        if batch.at_ms < self._kept.floor.at_ms:
            self._note([f"time went back by {self._kept.floor.at_ms - batch.at_ms} ms"])
        for offset, fact in enumerate(batch.facts):
            handled = self._kept.handle(fact, batch.at_ms)
            self._note(self._witness.watch(fact, batch.at_ms, handled))
            self._note(self._kept.check_changes())
            if handled.entries:
                self._last_made = (batch.first + offset, len(handled.entries) - 1)

    def _note(self, problems: Any) -> None:
        self.problems += [f"after {self._points.names[-1]} ({len(self._points.names)}): {one}" for one in problems]

    def _compare(self, replayed: bytes) -> None:
        """After a start."""
        if replayed != self._kept.snapshot():
            self._note(["the replayed exchange is not what all facts kept make it"])
        if self._died_as is not None and replayed != self._died_as:
            self._note(["the replayed exchange is not the one that died"])

    async def _nobody_is_left(self, exchange: Exchange) -> None:
        doubts = self._left_over(exchange)
        await asyncio.sleep(_ON_ITS_WAY_MS / 1000)
        for leg in self._left_over(exchange):
            if leg in doubts:
                self._note([f"leg {leg} is needed by nobody: {self.switch.legs[leg]}"])
        self._note(exchange.check())

    def _left_over(self, exchange: Exchange) -> list[LegId]:
        needed: dict[LegId, None] = {}
        for call in exchange.floor.calls.values():
            state = call.state
            if not isinstance(state, Ending):
                needed |= dict.fromkeys((call.leg, *(offer.leg for offer in call.offers)))
            if isinstance(state, Connecting):
                needed[state.offer.leg] = None
            elif isinstance(state, Talking | OnHold):
                needed[state.leg] = None
            elif isinstance(state, Listening):
                needed |= {post.snoop: None for post in state.posts if post.snoop is not None}
            if isinstance(state, Connecting | Talking) and state.third is not None:
                needed[state.third.leg] = None
        return [leg for leg in self.switch.legs if leg not in needed]

    async def balance(self) -> list[str]:
        """Every problem of the whole story; to be asked once, when it is over."""
        exchange, expected = Exchange(), MemoryRecords()
        entries: list[Placed] = []
        for content in self._diary:
            batch = _decode_batch(content)
            for offset, fact in enumerate(batch.facts):
                entries += place(batch.first + offset, exchange.handle(fact, batch.at_ms).entries)
        await expected.store(entries)
        found = [*self.problems, *self.records.problems, *self.switch.problems, *self._kept.check()]
        found += self._witness.at_the_end()
        if self.switch.left_alone:
            found.append(f"{self.switch.left_alone} sat alone until they gave up")
        if exchange.snapshot() != self._kept.snapshot():
            found.append("a replay from nothing ends elsewhere")
        if self.life is not None and self.life.exchange.snapshot() != exchange.snapshot():
            found.append("the living exchange is not what its facts make it")
        for what in ("calls", "steps", "tasks", "people"):
            if getattr(self.records, what) != getattr(expected, what):
                found.append(f"the {what} on record are not those that a replay makes")
        found += [f"{placed} was never offered" for placed in entries if _place(placed) not in self.records.offered]
        found += self._odd_calls(entries)
        return found

    def _odd_calls(self, entries: list[Placed]) -> Iterator[str]:
        outcomes: dict[CallId, dict[Outcome, None]] = {}
        for placed in entries:
            if isinstance(placed.entry, CallRecord) and placed.entry.outcome is not None:
                outcomes.setdefault(placed.entry.call, {})[placed.entry.outcome] = None
        yield from (f"call {call} has the outcomes {list(each)}" for call, each in outcomes.items() if len(each) > 1)
        yield from (f"call {call} has no outcome" for call in self.records.calls if call not in outcomes)
        numbers: dict[CallId, list[int]] = {}
        for step in self.records.steps:
            numbers.setdefault(step.call, []).append(step.number)
        for call, counted in numbers.items():
            if counted != list(range(1, len(counted) + 1)):
                yield f"call {call} has the steps {counted}"
        made = [call[12:] for call in self.records.calls]
        for leg, must_be_known in self.switch.visits.items():
            times = made.count(call_id_for(leg, 0)[12:])
            if times > 1 or (must_be_known and not times):
                yield f"the caller of {leg} is on record {times} times"


class _Surveyor:
    def __init__(self, switch: UndyingSwitch) -> None:
        self._switch = switch

    async def survey(self) -> Found:
        if self._switch.away:
            raise SwitchAway("not connected")
        return self._switch.found()


def _place(placed: Placed) -> tuple[int, int]:
    return placed.position, placed.index
