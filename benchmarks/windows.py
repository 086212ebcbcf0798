"""The run: windows of either side in turn, ABBA, each with its two loads.

Every window is like every other: let its side serve, place seldom callers (an operator is always free), then more
callers than operators (somebody always waits). The first seconds of each part are dropped, always as many.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from time import monotonic

from benchmarks import processor
from benchmarks.field import OPERATORS, Field, Load, Side, now_us, sleep_until
from benchmarks.figures import Figures, figures
from benchmarks.voice import answers_by_port, until_heard_ms
from devkit import processes
from devkit.phones import SIPP_OPTIONS
from devkit.ports import free_udp_ports
from devkit.processes import Deadline, ProcessFailed
from devkit.scenarios import ScenarioFiles
from devkit.sip_log import Message, MessageLog

DROPPED_S = 2.0
"""Of the beginning of each part."""
CALLS_PER_S = 5
"""With an operator free: talks of 0.15 s, so that at most one of three operators talks."""
IN_HAND = 9
"""While callers wait: three talk, six wait."""
_DRAIN_S = 40.0


@dataclass(frozen=True)
class Plan:
    """How long a run is. ``pairs``: of windows; seconds counted in each part, after those dropped."""

    pairs: int = 8
    free_s: float = 5.0
    waiting_s: float = 8.5
    voice_s: float = 4.0
    searches: int = 2
    """How often the highest clean rate is looked for; the lowest found is reported."""
    try_s: float = 5.0
    drains: int = 2
    """Of each side."""
    crowd: int = 500
    """How many wait when a drain begins."""


QUICK = Plan(pairs=1, free_s=3.0, waiting_s=5.0, voice_s=3.0, searches=0, drains=1, crowd=150)


@dataclass(frozen=True)
class Part:
    side: Side
    load: Load
    figures: Figures
    used: processor.Reading
    """In the counted time."""
    placed: int
    """INVITEs of callers, uncounted time included."""
    messages: float | None = None
    """Between Asterisk and the service, from the first caller to the end of the last call; ``None`` for the peer."""
    requests: float | None = None
    voice_ms: tuple[float, ...] = ()
    """Operator's 200 → the first packet of their voice at the caller, where they speak."""
    mute: int = 0
    """Callers who never heard their operator."""


@dataclass(frozen=True)
class Pair:
    """One window of each side, next to each other in time."""

    parts: tuple[Part, ...]

    def of(self, side: Side, load: Load) -> Part:
        return next(part for part in self.parts if part.side is side and part.load is load)


async def run(field: Field, plan: Plan) -> AsyncIterator[Pair]:
    """Pair after pair: AB, BA, AB … so that neither side is always first."""
    for number in range(plan.pairs):
        order = (Side.PEER, Side.OURS) if number % 2 == 0 else (Side.OURS, Side.PEER)
        parts: list[Part] = []
        for side in order:
            await field.let_serve(side)
            loads = {Load.FREE: plan.free_s, Load.WAITING: plan.waiting_s, Load.VOICE: plan.voice_s}
            for load, counted_s in loads.items():
                parts.append(await _part(field, load, counted_s, f"{number}-{side.name}-{load}"))
        yield Pair(tuple(parts))


async def _part(field: Field, load: Load, counted_s: float, name: str) -> Part:
    """Put the load on, count, let the callers who are there be served, and read the logs."""
    await field.let_talk(load)
    logs = {phone: field.company.phones[phone].log for phone in OPERATORS}
    read_before = {phone: len(log.messages()) for phone, log in logs.items()}
    field.ears.take()
    counted_before = await field.counted() if field.side is Side.OURS else {}
    callers = MessageLog()
    child = await _start_callers(field, load, name, callers)
    try:
        began_s = monotonic()
        await sleep_until(began_s + DROPPED_S)
        begin_us, before = now_us(), field.processor_time()
        await sleep_until(began_s + DROPPED_S + counted_s)
        end_us, used = now_us(), field.processor_time().since(before)
        child.process.send_signal(signal.SIGUSR1)  # SIPp: no new calls, end when those under way have
        deadline = Deadline(_DRAIN_S, "the last callers to be served")
        while child.running:
            await deadline.pause(0.05)
    finally:
        await child.kill()
    await field.company.wait_idle()
    counted = await field.counted() if field.side is Side.OURS else {}
    new = {phone: log.messages()[read_before[phone] :] for phone, log in logs.items()}
    placed = callers.messages()
    if not placed:
        raise ProcessFailed(f"the callers of {name} placed no call: {child.last_words()}")
    answers = answers_by_port(field.ear_of, field.answered_us())
    voice_ms, mute = until_heard_ms(answers, field.ears.take())
    return Part(
        field.side,
        load,
        figures(placed, new, begin_us, end_us),
        used,
        _invites(placed),
        **{what: counted[what] - counted_before[what] for what in counted},
        voice_ms=tuple(voice_ms),
        mute=mute,
    )


async def _start_callers(field: Field, load: Load, name: str, log: MessageLog) -> processes.Child:
    company = field.company
    files = ScenarioFiles(company.folder / "phones", f"bench-{name}", field.scenario(load))
    log.follow(files.messages)
    address = company.carrier.address
    pace = ["-r", "20", "-l", str(IN_HAND)] if load is Load.WAITING else ["-r", str(CALLS_PER_S), "-l", "1000"]
    argv = ["sipp", *SIPP_OPTIONS, *files.options(), "-inf", str(field.callers), *pace]
    argv += ["-i", address, "-p", str(free_udp_ports(1, address)[0])]
    return await processes.start(f"callers {name}", [*argv, company.settings.sip])


def _invites(messages: Sequence[Message]) -> int:
    return len({m.call_id for m in messages if m.sent and m.method == "INVITE" and m.status is None})
