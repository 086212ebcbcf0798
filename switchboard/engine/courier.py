"""The courier: takes finished recordings out of the switch into the folder, and deletes those that are old.

A worker beside the calls; none of them ever waits for it. What is to be fetched is derived: from what the exchange
awaits (``Floor.unfiled``), and from what lies in the switch. So nothing is lost with an event or with this process.
The order of things makes it safe to die anywhere: the file is durable, then it is on record, then the switch's copy
goes; a deletion is on record, then the file goes. Whatever is done twice gives the same.

No room, no folder, no connection: that is an alarm, told once and shown by ``problem`` while it lasts, and calls go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from switchboard.core.actions import DropRecording
from switchboard.core.call_state import Keeping, LeavingMessage
from switchboard.core.entries import CallStep, RecordingPart
from switchboard.core.exchange import Handled
from switchboard.core.facts import (
    Fact,
    RecordingEnded,
    RecordingExpired,
    RecordingFiled,
    RecordingMissed,
)
from switchboard.core.floor import Floor
from switchboard.core.ids import RecordingId, call_id_of
from switchboard.core.recording import OVER_BEFORE
from switchboard.core.voicemail import NOT_RECORDED
from switchboard.engine.ports import Clock, InboxFull, RecordingMissing, RecordingStore, Refused, SwitchAway

ROUND_S = 20.0
"""Between two looks at what lies in the switch, and at the folder."""
LIVE_AGAIN_S = 1.0
"""A recording that is still being made is looked at again then."""
AWAY_AGAIN_S = 2.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
MISSED_AFTER_MS = 60_000
"""A recording that is over for so long and lies nowhere never will."""
_EXPIRED_AT_ONCE = 50
_REFUSALS_AT_ONCE = 3
_DAY_MS = 24 * 3_600_000

_log = structlog.get_logger()


class Courier:
    """``run`` is a task; ``observe`` an observer of the loop, told of what is on record."""

    def __init__(
        self, store: RecordingStore, floor: Callable[[], Floor], post: Callable[[Fact], None], clock: Clock
    ) -> None:
        """``post`` hands a fact in or raises ``InboxFull``."""
        self._store = store
        self._floor = floor
        self._post = post
        self._clock = clock
        self._to_fetch: dict[RecordingId, float] = {}
        """When each may be looked at, by the event loop's time."""
        self._to_release: dict[RecordingId, None] = {}
        self._to_delete: dict[RecordingId, None] = {}
        self._filed: dict[RecordingId, None] = {}
        """Told, and not on record yet."""
        self._woken = asyncio.Event()
        self._round_at_s = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._trouble: str | None = None
        """Why nothing can be fetched or deleted."""
        self._unwell: str | None = None
        """What the last look at the folders found."""
        self._unrecorded: str | None = None
        """Why the last talk or message that should have been recorded was not."""
        self._unrecorded_id = ""
        """Id of its call or recording; ids sort by when calls arrived."""
        self.filed_total = 0
        self.failures_total = 0
        """Talks that were not recorded, and files that could not be fetched or found."""

    @property
    def waiting(self) -> int:
        """How many recordings are to be fetched, as far as is known."""
        return len(self._to_fetch)

    def problem(self) -> str | None:
        """What is not as it should be, for people; ``None``: nothing."""
        if self._unrecorded is not None:
            return f"the last talk or message that should have been recorded was not: {self._unrecorded}"
        if self._trouble is not None:
            return f"recordings cannot be filed, {len(self._to_fetch)} wait in Asterisk: {self._trouble}"
        return self._unwell

    def observe(self, fact: Fact, _at_ms: int, handled: Handled) -> None:
        """Something was kept."""
        match fact:
            case RecordingFiled(recording=recording):
                if recording > self._unrecorded_id:
                    self._unrecorded = None
                self._filed.pop(recording, None)
                self._to_fetch.pop(recording, None)
                self._to_release[recording] = None
                self._woken.set()
            case RecordingExpired(recording=recording):
                self._to_delete[recording] = None
                self._woken.set()
            case RecordingEnded(recording=recording, kept=True):
                self._want(recording)
            case RecordingEnded(recording=recording, kept=False, known=True, why=why):
                self._alarm(recording, why or "Asterisk says that it failed")
            case _:
                pass
        for entry in handled.entries:
            if isinstance(entry, CallStep) and entry.reason.startswith(f"{NOT_RECORDED}: "):
                self._alarm(entry.call, entry.reason.removeprefix(f"{NOT_RECORDED}: "))
            if not isinstance(entry, RecordingPart):
                continue
            if entry.trouble not in ("", OVER_BEFORE):
                self._alarm(entry.recording, entry.trouble)
            if entry.recording in self._floor().unfiled:
                self._want(entry.recording)
        for action in handled.actions:
            if isinstance(action, DropRecording):
                self._to_fetch.pop(action.recording, None)

    def _want(self, recording: RecordingId) -> None:
        self._to_fetch.setdefault(recording, 0.0)
        self._woken.set()

    def _alarm(self, made_id: str, why: str) -> None:
        if made_id == self._unrecorded_id:
            return
        self._unrecorded, self._unrecorded_id = why, made_id
        self.failures_total += 1
        _log.error("recording.failed", reason=why)

    async def run(self) -> None:
        """Fetch and delete until cancelled. Nothing that goes wrong ends it."""
        while True:
            self._woken.clear()
            wait_s = ROUND_S
            try:
                wait_s = await self.work()
                self._mind(None)
            except SwitchAway:
                wait_s = AWAY_AGAIN_S  # told by others, loudly
            except Refused as refused:
                self._mind(refused.why)
                wait_s, self._pause_s = self._pause_s, min(self._pause_s * 2, LONGEST_PAUSE_S)
            except InboxFull as full:
                _log.warning("recordings.put_off", reason=str(full))
                wait_s = FIRST_PAUSE_S
            except Exception:
                _log.exception("recordings.bug")
                wait_s = FIRST_PAUSE_S
            await self._wait(wait_s)

    async def _wait(self, wait_s: float) -> None:
        """Until there is something to do, but never without a pause while something is in the way."""
        if self._trouble is not None or wait_s == AWAY_AGAIN_S:
            await asyncio.sleep(wait_s)
            return
        try:
            async with asyncio.timeout(wait_s):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def work(self) -> float:
        """Do what there is to do; in how many seconds there may be more. Raises ``Refused``, ``InboxFull``."""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._round_at_s:
            await self._go_round()
            self._round_at_s = now_s + ROUND_S
        while self._to_release:
            recording = next(iter(self._to_release))
            await self._store.release(recording)
            self._to_release.pop(recording, None)
        while self._to_delete:
            recording = next(iter(self._to_delete))
            await self._store.delete(recording)
            self._to_delete.pop(recording, None)
        await self._fetch_all(now_s)
        return max(0.0, min([self._round_at_s, *self._to_fetch.values()]) - asyncio.get_running_loop().time())

    async def _go_round(self) -> None:
        """Look for what nobody told us of: events were lost, or this process has just begun."""
        await self._expire()
        if not self._is_in_use():
            self._unwell = None
            return
        unwell = await self._store.check()
        if unwell is not None and unwell != self._unwell:
            _log.error("recordings.unwell", reason=unwell)
        self._unwell = unwell
        for recording in (*self._floor().unfiled, *await self._store.lying()):
            known = recording in self._filed or recording in self._to_release
            if not known and not self._is_being_left(recording):
                self._to_fetch.setdefault(recording, 0.0)

    def _is_being_left(self, recording: RecordingId) -> bool:
        """A message whose call still has to ask what there is of it: Asterisk must have it until then."""
        call = self._floor().calls.get(call_id_of(recording))
        return call is not None and isinstance(call.state, LeavingMessage | Keeping)

    def _is_in_use(self) -> bool:
        """Where nothing is recorded, Asterisk is not asked, and may well have no folder for it."""
        floor = self._floor()
        if floor.unfiled or floor.current_version is None:
            return bool(floor.unfiled)
        return bool(floor.policy.recording.rules or floor.policy.boxes)

    async def _fetch_all(self, now_s: float) -> None:
        """One that is refused does not hold up the others, unless several are: then it is not their fault."""
        refusals: list[Refused] = []
        for recording in [one for one, at_s in self._to_fetch.items() if at_s <= now_s]:
            try:
                await self._fetch(recording)
            except Refused as refused:
                refusals.append(refused)
                if len(refusals) >= _REFUSALS_AT_ONCE:
                    break
        if refusals:
            raise refusals[0]

    async def _fetch(self, recording: RecordingId) -> None:
        try:
            filed = await self._store.fetch(recording)
        except RecordingMissing as missing:
            self._miss(recording, missing.why)
            return
        if filed is None:
            self._to_fetch[recording] = asyncio.get_running_loop().time() + LIVE_AGAIN_S
            return
        self._filed[recording] = None
        self._to_fetch.pop(recording, None)
        try:
            self._post(RecordingFiled(recording, filed.file, filed.sha256, filed.size_bytes))
        except InboxFull:
            self._filed.pop(recording, None)
            self._to_fetch[recording] = 0.0
            raise
        self.filed_total += 1
        _log.info("recording.filed", recording=recording, bytes=filed.size_bytes)

    def _miss(self, recording: RecordingId, why: str) -> None:
        ended_at_ms = self._floor().unfiled.get(recording)
        if ended_at_ms is None:  # nobody waits for it: filed and released a moment ago, or never ours
            self._to_fetch.pop(recording, None)
        elif self._clock.now_ms() - ended_at_ms < MISSED_AFTER_MS:
            self._to_fetch[recording] = asyncio.get_running_loop().time() + LIVE_AGAIN_S
        else:
            self._post(RecordingMissed(recording, why))
            self._to_fetch.pop(recording, None)
            self.failures_total += 1
            _log.error("recording.missing", recording=recording, reason=why)

    async def _expire(self) -> None:
        """Files that are older than the policy keeps them; on record first."""
        floor = self._floor()
        keep_days = floor.policy.recording.keep_days if floor.current_version is not None else 0
        if not keep_days or self._to_delete:
            return
        for recording in await self._store.older_than(self._clock.now_ms() - keep_days * _DAY_MS, _EXPIRED_AT_ONCE):
            self._post(RecordingExpired(recording, keep_days))
            _log.info("recording.expired", recording=recording, kept_days=keep_days)

    def _mind(self, trouble: str | None) -> None:
        if trouble is None:
            if self._trouble is not None:
                _log.info("recordings.back")
            self._pause_s = FIRST_PAUSE_S
        elif trouble != self._trouble:
            self.failures_total += 1
            _log.error("recordings.refused", reason=trouble)
        self._trouble = trouble
