"""What the crowd is for: the highest clean rate, and how long five hundred who wait take to be served.

Both sides take turns here as well: a try of the one, a try of the other; a crowd served by the one, by the other.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from time import monotonic

from benchmarks import crowd
from benchmarks.field import Field, Side, now_us, sleep_until
from benchmarks.figures import Failures, wrong_with
from benchmarks.search import Search
from benchmarks.spread import percentile
from devkit import processes
from devkit.phones import SIPP_OPTIONS, command
from devkit.ports import free_udp_ports
from devkit.processes import Deadline, ProcessFailed
from devkit.scenarios import FOREVER_MS, ScenarioFiles, caller_scenario
from devkit.sip_log import CallResult, MessageLog

SHORT_TALK_MS = (149, 151)
DRAIN_TALK_MS = (300, 1_500)
SET_UP_AT_MOST_MS = 500.0
"""p99: a set-up of half a second means that the first INVITE went unheard, see RFC 3261's T1."""
FIRST_PER_S = 20.0
_PACE_KEPT = 0.97
_GATHER_PER_S = 40
_LONGEST_S = 120.0
_serial = count(1)


@dataclass(frozen=True)
class Try:
    """One rate for some seconds. ``clean``: nobody refused, unserved or slow, nothing sent twice, the pace kept."""

    side: Side
    per_s: float
    placed: int
    set_up_p99_ms: float
    failures: Failures
    clean: bool


@dataclass(frozen=True)
class Drain:
    """``took_ms``: from the moment that all operators became free until the last of ``served`` talks ended."""

    side: Side
    served: int
    took_ms: float
    failures: Failures
    placed: int


async def highest_clean(field: Field, seconds: float, first_per_s: float) -> AsyncIterator[Try | Mapping[Side, float]]:
    """Try after try; last what was found."""
    await field.let_crowd_talk(SHORT_TALK_MS)
    searches = {side: Search(first_per_s) for side in (Side.OURS, Side.PEER)}
    going = list(searches)
    while going:
        for side in tuple(going):
            rate = searches[side].next_rate()
            if rate is None:
                going.remove(side)
                continue
            await field.let_serve(side)
            tried = await _try(field, rate, seconds)
            searches[side].tell(rate, clean=tried.clean)
            yield tried
        going.reverse()
    yield {side: search.clean_per_s for side, search in searches.items()}


async def _try(field: Field, per_s: float, seconds: float) -> Try:
    callers = await Callers.start(field, crowd.PEER_RUSH, per_s)
    all_left = True
    try:
        began_s = monotonic()
        await sleep_until(began_s + seconds)
        callers.stop()
        await callers.all_gone()
    except TimeoutError:  # far above the limit somebody hangs until a session timer ends it
        all_left = False
    finally:
        await callers.close()
    calls = callers.log.calls()
    wrong = wrong_with(calls, callers.log.messages(), field.crowd_messages())
    set_up_ms = percentile([call.setup_ms for call in calls if call.answered and call.setup_ms is not None], 99)
    in_time = len(calls) >= _PACE_KEPT * per_s * seconds
    await field.company.wait_idle(timeout_s=60 if all_left else 150)
    clean = all_left and in_time and not wrong.any and set_up_ms <= SET_UP_AT_MOST_MS
    return Try(field.side, per_s, len(calls), set_up_ms, wrong, clean)


async def drain(field: Field, many: int) -> Drain:
    """Let callers hold every operator, ``many`` more wait, then the first hang up all at once."""
    peer = crowd.PEER_DRAIN
    holding = await Callers.start(field, peer, _GATHER_PER_S, most=len(crowd.OPERATORS), staying=True)
    waiting: Callers | None = None
    try:
        await holding.until(lambda _: field.crowd_talks() >= len(crowd.OPERATORS), "all operators to talk")
        waiting = await Callers.start(field, peer, _GATHER_PER_S, most=many)
        await waiting.until(lambda calls: sum(call.answered for call in calls) >= many, "everybody to wait")
        began_us = now_us()
        holding.hang_up_all()
        await waiting.all_gone()
        await holding.all_gone()
    finally:
        for callers in filter(None, (holding, waiting)):
            await callers.close()
    calls = waiting.log.calls()
    ends = [call.bye_us for call in calls if call.bye_us is not None]
    both = [*calls, *holding.log.calls()]
    wrong = wrong_with(both, waiting.log.messages(), holding.log.messages(), field.crowd_messages())
    await field.company.wait_idle(timeout_s=60)
    return Drain(field.side, len(ends), (max(ends) - began_us) / 1000, wrong, len(both))


class Callers:
    """One SIPp process that dials the crowd's line, on the side that serves now."""

    def __init__(self, child: processes.Child, address: str, port: int, log: MessageLog) -> None:
        self._child = child
        self._address = address
        self._port = port
        self.log = log

    @classmethod
    async def start(
        cls, field: Field, peer: str, per_s: float, *, most: int | None = None, staying: bool = False
    ) -> Callers:
        """``peer``: what they dial while the peer serves; ``most`` calls and no more; ``staying``: they are talked to
        until they hang up."""
        company = field.company
        to = crowd.LINE if field.side is Side.OURS else "+" + peer
        identity = f"<sip:[field0]@{company.carrier.address}>"
        scenario = caller_scenario(to, identity, "[field0]", talk_ms=FOREVER_MS, patience_ms=FOREVER_MS)
        files = ScenarioFiles(company.folder / "phones", f"crowd-callers-{next(_serial)}", scenario)
        log = MessageLog()
        log.follow(files.messages)
        address = company.carrier.address
        [port] = free_udp_ports(1, address)
        table = field.staying_callers if staying else field.callers
        pace = ["-r", str(round(per_s * 10)), "-rp", "10000", "-l", "20000"]
        argv = ["sipp", *SIPP_OPTIONS, *files.options(), "-inf", str(table), *pace]
        argv += ["-m", str(most)] if most is not None else []
        argv += ["-i", address, "-p", str(port), company.settings.sip]
        return cls(await processes.start("callers", argv), address, port, log)

    def stop(self) -> None:
        """No new calls; those under way go on."""
        self._child.process.send_signal(signal.SIGUSR1)

    def hang_up_all(self) -> None:
        for call in self.log.calls():
            if not call.over:
                command(self._address, self._port, call.call_id)

    async def until(self, meant: Callable[[Sequence[CallResult]], bool], awaited: str) -> None:
        """Wait until ``meant`` is true of their calls."""
        deadline = Deadline(_LONGEST_S, awaited)
        while not meant(self.log.calls()):
            if not self._child.running:
                raise ProcessFailed(f"the callers are gone: {self._child.last_words()}")
            await deadline.pause(0.05)

    async def all_gone(self) -> None:
        deadline = Deadline(_LONGEST_S, "the last callers to leave")
        while self._child.running:
            await deadline.pause(0.02)

    async def close(self) -> None:
        await self._child.kill()
