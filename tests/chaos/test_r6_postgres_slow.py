"""R6: Postgres is slow, its tables are locked, its connections are taken, while callers come and go.

Look-ups answer from the copy beside the service, so none takes longer than the caller's deadline of 150 ms, whatever
Postgres does; and nothing that waits for Postgres keeps the event loop. Both are read from the service's own /metrics.

The loop's lag holds what the machine kept from the service as well. So of all sleeps of the loop one in two hundred may
be later than 50 ms in a full run, and one in fifty in the short one; how long the service wanted to run and had no
processor stands among the figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from time import monotonic

import asyncpg
import pytest
import pytest_asyncio

from devkit.company import Company
from devkit.processes import Deadline
from tests.chaos.conftest import Dial, Figures
from tests.chaos.scenes import rewired
from tests.chaos.traffic import flow, in_step, nobody_in_limbo, what_became_of
from tests.tools.hog import hogged
from tests.tools.metrics import Histogram
from tests.tools.processor import Processor
from tests.tools.wire import Wire

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.usefixtures("everybody_answers"),
    pytest.mark.timeout(240),
]

LOOK_UP_S, LAG_S = 0.15, 0.05
MAY_BE_LATE, MAY_BE_LATE_FULL = 0.02, 0.005
"""Of all sleeps of the loop."""
DRAINED_S = 60.0
SLOWEST_MS = 1_000

Slowness = Callable[[Company, Wire], AbstractAsyncContextManager[None]]


def delayed(each_way_ms: int) -> Slowness:
    """Whatever is said takes so long; an answer twice that, and a new connection eight times."""

    @asynccontextmanager
    async def delay(_crowd: Company, wire: Wire) -> AsyncIterator[None]:
        wire.delay(each_way_ms)
        try:
            yield
        finally:
            wire.delay(0)

    return delay


@asynccontextmanager
async def locked(crowd: Company, _wire: Wire) -> AsyncIterator[None]:
    """All tables, against reading as well: LOCK TABLE in ACCESS EXCLUSIVE mode."""
    connection = await asyncpg.connect(crowd.database_url)
    try:
        async with connection.transaction():
            tables = await connection.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                                            "'public'::regnamespace ORDER BY relname")  # fmt: skip
            await connection.execute(f"LOCK TABLE {', '.join(table['relname'] for table in tables)}")
            yield
    finally:
        await connection.close()


@asynccontextmanager
async def taken(crowd: Company, _wire: Wire) -> AsyncIterator[None]:
    """Every connection that the server has, the service's own as well."""
    async with hogged(crowd.database_url) as held:
        assert held > 10
        yield


@dataclass(frozen=True)
class Fault:
    name: str
    slow: Slowness
    for_s: float


SHORT = [(Fault("500 ms each way", delayed(500), 3), Fault("LOCK TABLE", locked, 3), Fault("pool hogged", taken, 2.5))]
FULL = [
    *[(Fault(f"{ms} ms each way", delayed(ms), 30),) for ms in (50, 500, 2_000)],
    (Fault("LOCK TABLE", locked, 30),),
    (Fault("pool hogged", taken, 30),),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "faults" in metafunc.fixturenames:
        sequences = FULL if metafunc.config.getoption("--full") else SHORT
        metafunc.parametrize("faults", sequences, ids=[", ".join(each.name for each in faults) for faults in sequences])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def wire(crowd: Company) -> AsyncIterator[Wire]:
    """The service reaches Postgres through this wire."""
    straight, began_s = crowd.env["SWITCHBOARD_DATABASE_URL"], monotonic()
    async with Wire.to(straight) as wire, rewired(crowd, "SWITCHBOARD_DATABASE_URL", wire.through(straight)):
        await in_step(crowd, began_s)
        yield wire


async def measured(crowd: Company) -> tuple[Histogram, Histogram]:
    """Look-ups and the loop's lag so far."""
    text = await crowd.service.look("metrics")
    return Histogram.read(text, "switchboard_look_up_seconds"), Histogram.read(text, "switchboard_loop_lag_seconds")


async def test_a_slow_postgres_slows_nobody(
    crowd: Company, wire: Wire, dial: Dial, figures: Figures, full: bool, faults: tuple[Fault, ...]
) -> None:
    await crowd.wait_ready()
    groups = await flow(dial, sum(fault.for_s + 1 for fault in faults) + 1)
    late, may_be_late = [], MAY_BE_LATE_FULL if full else MAY_BE_LATE
    for fault in faults:
        look_ups_before, lag_before = await measured(crowd)
        processor = Processor(crowd.service.pid)
        async with fault.slow(crowd, wire):
            await asyncio.sleep(fault.for_s)
            look_ups, lag = await measured(crowd)
        look_ups, lag = look_ups.since(look_ups_before), lag.since(lag_before)
        late.append((look_ups.beyond(LOOK_UP_S), lag.beyond(LAG_S) / lag.count))
        figures.add(
            "R6", f"{fault.name}: {look_ups.count} look-ups, the slowest within, s", look_ups.share(1), "≤ 0.15"
        )
        figures.add("R6", f"{fault.name}: loop lag, p99 of {lag.count} within, s", lag.share(0.99), "≤ 0.05")
        figures.add("R6", f"{fault.name}: loop lag, worst within, s", lag.share(1), "≤ 0.05")
        figures.add("R6", f"{fault.name}: the machine kept it waiting, s in all", processor.waited_s())
        await asyncio.sleep(1)
    outcome = await what_became_of(crowd, groups, timeout_s=DRAINED_S)
    await nobody_in_limbo(crowd, groups, DRAINED_S)
    slowest_ms = max(outcome.books.set_up_ms())
    figures.add("R6", f"slowest set-up of {len(outcome.stories)}, ms", slowest_ms)
    assert (outcome.declined, outcome.cut, outcome.unanswered, outcome.misjudged) == ([], [], [], [])
    assert outcome.problems() == []
    assert slowest_ms <= SLOWEST_MS
    assert all(slow_look_ups == 0 and share <= may_be_late for slow_look_ups, share in late), late
    await crowd.wait_ready()


@pytest.mark.full
async def test_without_a_copy_a_slow_postgres_costs_a_caller_the_deadline_and_no_more(
    crowd: Company, wire: Wire, dial: Dial, figures: Figures
) -> None:
    """The copy is gone and cannot be fetched: look-ups ask Postgres, and callers go on unknown when it is too slow."""
    await crowd.wait_ready()
    await crowd.service.stop()
    for file in (crowd.folder / "service").glob("directory.db*"):
        file.unlink()
    wire.delay(2_000)
    await crowd.service.start(despite="Postgres")
    groups = await flow(dial, 3)
    await asyncio.sleep(3)
    for group in groups:
        await group.all_over()
    look_ups, _ = await measured(crowd)
    wire.delay(0)
    wire.reset()
    deadline = Deadline(DRAINED_S, "the copy to be there")
    while await crowd.service.problems() != []:
        await deadline.pause(0.1)
    outcome = await what_became_of(crowd, groups, timeout_s=DRAINED_S)
    classes = {record["client_class"] for story in outcome.stories for record in story.records}
    figures.add("R6", f"no copy, 2 s each way: {look_ups.count} look-ups, the slowest within, s", look_ups.share(1),
                "≤ 0.2: the deadline, and the turn after it")  # fmt: skip
    assert look_ups.beyond(0.2) == 0
    assert classes == {"unidentified"}
    assert (outcome.declined, outcome.cut, outcome.unanswered, outcome.problems()) == ([], [], [], [])
    await crowd.wait_ready()
