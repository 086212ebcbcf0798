"""R4: the service stands still, or its wire to Asterisk breaks, while callers come and go.

The short run sends one traffic through several faults, one after the other; `--full` each fault alone, at full length.
Through all of them: nobody is declined, no talk is cut, and within five seconds of the fault's end nobody is stuck.
Who talks or waits for the dispatch desk when the first fault begins does so when the last one ends, in the same order.
Who calls while the service is away hears ringing until it is back, or is taken by Asterisk's own queue. After a long
fault more callers are there than operators: then some wait, with music, and leave after the second they would have
talked for; they must be on record as just that.

The processor's bound is for the time the service is away: what it uses to find out that it still is.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from devkit.company import Company
from devkit.processes import Deadline
from tests.chaos.books import out_of_order
from tests.chaos.conftest import Dial, Figures
from tests.chaos.scenes import rewired, serve_everybody
from tests.chaos.traffic import flow, gap, nobody_in_limbo, what_became_of
from tests.tools.processor import Processor
from tests.tools.unkind import UnkindAri
from tests.tools.wire import Wire

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.usefixtures("everybody_answers"),
    pytest.mark.timeout(240),
]

NOTICED_WITHIN_S = 3.5
"""3 s of silence, and what a busy machine adds."""
LIMBO_S = 5.0
IDLE = 0.05
"""Of one processor."""
HEARS_WITHIN_MS = 1_000
BETWEEN_S = 0.5


@dataclass(frozen=True)
class Fault:
    """``begins`` and ``ends`` it; between them ``for_s`` pass."""

    name: str
    begins: Callable[[Company, Wire], object]
    for_s: float = 0.0
    ends: Callable[[Company, Wire], object] = lambda _crowd, _wire: None
    noticed: bool = True
    """Whether the service must see that the connection is lost."""
    away: bool = False
    """Whether it then has nothing to do until the end but to try again."""
    settles_s: float = 0.0
    """How long what was held up takes to come through after the end."""


def stands_still(for_s: float, settles_s: float = 0.0) -> Fault:
    """SIGSTOP: sockets stay open, nobody reads them."""
    return Fault(
        f"SIGSTOP {for_s:g} s",
        lambda crowd, _wire: os.kill(crowd.service.pid, signal.SIGSTOP),
        for_s,
        lambda crowd, _wire: os.kill(crowd.service.pid, signal.SIGCONT),
        noticed=False,
        settles_s=settles_s,
    )


def black_hole(for_s: float) -> Fault:
    """Both ways swallowed, nobody is told."""
    name = f"packets dropped both ways {for_s:g} s"
    return Fault(name, lambda _, wire: wire.black_hole(), for_s, lambda _, wire: wire.heal(), away=True)


def refused(for_s: float) -> Fault:
    """Whoever connects is turned away at once: what makes a careless client spin."""
    name = f"connections refused {for_s:g} s"
    return Fault(name, lambda _, wire: wire.refuse(), for_s, lambda _, wire: wire.heal(), away=True)


def narrowed(buffer_bytes: int, for_s: float, *, stays: bool = False) -> Fault:
    """Buffers of so many bytes on a new connection; ``stays``: for what comes next as well."""

    def begins(_crowd: Company, wire: Wire) -> None:
        wire.narrow(buffer_bytes)
        wire.reset()

    def ends(_crowd: Company, wire: Wire) -> None:
        if not stays:
            wire.narrow(None)
            wire.reset()

    return Fault(f"buffers of {buffer_bytes // 1024} KiB", begins, for_s, ends)


CLOSED = Fault("clean close", lambda _, wire: wire.close(), 0.5)
RESET = Fault("reset", lambda _, wire: wire.reset(), 0.5)
HALF = Fault("close in mid-frame", lambda _, wire: wire.cut_in_the_middle(), 0.5)

SLOWLY_S = 12.0
"""A wire whose buffers are smaller than one segment stops for 200 ms again and again: what happened in 20 s takes half
as long to come through."""

SHORT = [(stands_still(1), CLOSED, HALF, narrowed(4_096, 1), stands_still(5), black_hole(4))]
FULL = [
    (stands_still(1), stands_still(5), stands_still(20)),
    (black_hole(30),),
    (refused(30),),
    (narrowed(4_096, 10), narrowed(16_384, 10)),
    (narrowed(4_096, 2, stays=True), stands_still(20, SLOWLY_S)),
    (CLOSED, RESET, HALF) * 5,
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "faults" in metafunc.fixturenames:
        sequences = FULL if metafunc.config.getoption("--full") else SHORT
        names = [", ".join(dict.fromkeys(fault.name for fault in faults)) for faults in sequences]
        metafunc.parametrize("faults", sequences, ids=names)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def wire(crowd: Company) -> AsyncIterator[Wire]:
    """The service reaches Asterisk through this wire."""
    straight = crowd.env["SWITCHBOARD_ARI_URL"]
    async with Wire.to(straight) as wire, rewired(crowd, "SWITCHBOARD_ARI_URL", wire.through(straight)):
        yield wire


async def befalls(crowd: Company, wire: Wire, fault: Fault, figures: Figures) -> None:
    """The fault, from its begin to its end; it is noticed in time, and costs little while it lasts."""
    lost_before, began_s = losses(crowd), monotonic()
    fault.begins(crowd, wire)
    try:
        processor = Processor(crowd.service.pid)
        if fault.noticed:
            deadline = Deadline(NOTICED_WITHIN_S, f"{fault.name} to be noticed")
            while losses(crowd) == lost_before:
                await deadline.pause(0.02)
            figures.add("R4", f"{fault.name}: noticed after, ms", (monotonic() - began_s) * 1000, "≤ 3500")
        await asyncio.sleep(max(0.0, began_s + fault.for_s - monotonic()))
        if fault.away:
            used = processor.used()
            figures.add("R4", f"{fault.name}: processor while away, %", used * 100, "≤ 5")
            assert used <= IDLE
    finally:
        fault.ends(crowd, wire)


def losses(crowd: Company) -> int:
    """How often the service said that it lost Asterisk."""
    return crowd.service.log.read_text().count('"switch.lost"')


async def test_a_fault_declines_nobody(
    crowd: Company, wire: Wire, dial: Dial, figures: Figures, faults: tuple[Fault, ...]
) -> None:
    await crowd.wait_ready()
    wire.narrow(None)
    dispatch = crowd.policy.lines["dispatch"].numbers[0]
    stays = dial(8, per_s=20, to=dispatch)
    await stays.start()
    await stays.answered(8)
    groups = await flow(dial, sum(fault.for_s + fault.settles_s + BETWEEN_S + 0.3 for fault in faults) + 2)
    gaps = []
    await asyncio.sleep(BETWEEN_S)
    for fault in faults:
        with gap() as away:
            await befalls(crowd, wire, fault, figures)
            limbo_s = await nobody_in_limbo(crowd, [stays, *groups], LIMBO_S)
            await asyncio.sleep(fault.settles_s)
        gaps.append(away)
        figures.add("R4", f"{fault.name}: nobody in limbo after, s", limbo_s, "≤ 5")
        await asyncio.sleep(BETWEEN_S)
    outcome = await what_became_of(crowd, groups, gaps)
    gone = [call for call in stays.calls() if call.over]
    await serve_everybody(crowd)
    stayed = await what_became_of(crowd, [stays], gaps)
    figures.add("R4", f"callers declined, of {len(outcome.stories) + 8}", len(outcome.declined), "0")
    figures.add("R4", "talks cut", len(outcome.cut) + len(gone), "0")
    figures.add("R4", "left while waiting for a free operator", len(outcome.unanswered))
    figures.add("R4", "somebody heard nothing for, ms, at most", outcome.silence_ms, "≤ 1000")
    figures.add("R4", "records that disagree with the wire", len(outcome.problems() + stayed.problems()), "0")
    assert (outcome.declined, outcome.cut) == ([], [])
    assert (gone, stayed.declined, stayed.cut, stayed.unanswered) == ([], [], [], [])
    assert (outcome.problems(), stayed.problems(), out_of_order(stayed.stories)) == ([], [], [])
    assert outcome.silence_ms <= HEARS_WITHIN_MS
    await crowd.wait_ready()


LATE_MS = 300


@pytest.mark.full
async def test_events_late_twice_and_in_another_order(
    crowd: Company, wire: Wire, dial: Dial, figures: Figures, full: bool, seed: int
) -> None:
    """Every fifth event is late by up to 0.3 s and so overtaken by others, every tenth comes twice."""
    await crowd.wait_ready()
    async with UnkindAri(crowd.settings.ari_url, seed=seed, doubled=0.1, late=0.2, late_ms=LATE_MS) as unkind:
        await led_to(crowd, wire, unkind.port)
        groups = await flow(dial, 60 if full else 4)
        outcome = await what_became_of(crowd, groups)
        limbo_s = await nobody_in_limbo(crowd, groups, LIMBO_S)
        await crowd.wait_idle(LIMBO_S)
        await led_to(crowd, wire, urlsplit(crowd.settings.ari_url).port)
    problems = outcome.problems(300 + 2 * LATE_MS)
    late, doubled = sum(unkind.late.values()), sum(unkind.doubled.values())
    figures.add("R4", f"{late} events late, {doubled} doubled: callers declined", len(outcome.declined), "0")
    figures.add("R4", "… in limbo after the last, s", limbo_s, "≤ 5")
    figures.add("R4", "… records that disagree with the wire", len(problems), "0")
    assert late > 0
    assert (outcome.declined, outcome.cut, outcome.unanswered) == ([], [], [])
    assert problems == []
    await crowd.wait_ready()


async def led_to(crowd: Company, wire: Wire, port: int | None) -> None:
    """The service is connected by way of the server at this port."""
    assert port is not None
    lost_before = losses(crowd)
    wire.lead_to(port)
    deadline = Deadline(LIMBO_S, "the service to be connected another way")
    while losses(crowd) == lost_before or await crowd.service.problems() != []:
        await deadline.pause(0.05)
