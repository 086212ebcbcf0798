"""The same faults put to the peer, plain `Queue()` with `cdr_pgsql`, in the same run: what is lost and forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import pytest
import pytest_asyncio

from devkit.company import SAMPLE_CONFIG, Company
from devkit.crowd import Callers, crowded, numbers
from devkit.phones import ANSWER
from devkit.postgres import Postgres, installed
from devkit.processes import Deadline
from tests.chaos.books import number_in
from tests.chaos.conftest import FOLDER, Figures
from tests.tools.peer import LINE, open_peer, records

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.full]

OPERATORS = ("olga", "oleg", "irina")
EVERYBODY = {"answering": (*OPERATORS, "kirill", "karina", "maxim", "marina", "viktor", "roman", "fedor", "faina")}
WAITING = 5
GONE_S = 10.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def peer() -> AsyncIterator[Company]:
    config = crowded(SAMPLE_CONFIG, FOLDER / "peer-config", EVERYBODY, ring_for="15s", wrap_up="0s")
    server = Postgres(FOLDER / "peer-postgres", own=installed())
    await server.start()
    try:
        async with Company(FOLDER / "peer", config=config, postgres=server, banks=EVERYBODY, serving=False) as opened:
            await open_peer(opened, OPERATORS)
            yield opened
    finally:
        await server.stop()


async def test_records_work_while_nothing_is_broken(peer: Company) -> None:
    """Else the next tests would count what was never there."""
    callers = Callers(peer, numbers(3, 69_000), per_s=3, talk_ms=1_500, to=f"+{LINE}")
    await callers.start()
    await callers.all_over()
    await _written(peer, callers)


async def test_the_peer_when_asterisk_is_killed(peer: Company, figures: Figures) -> None:
    there = Callers(peer, numbers(len(OPERATORS) + WAITING, 69_100), per_s=10, to=f"+{LINE}")
    await there.start()
    await there.answered(len(OPERATORS) + WAITING)
    deadline = Deadline(10, "the operators to talk")
    while len(peer.banks["answering"].talking()) < len(OPERATORS):
        await deadline.pause(0.05)
    served = {number_in(leg.from_header) for leg in peer.banks["answering"].talking()}
    await peer.asterisk.kill()
    await there.close()
    await peer.banks["answering"].behave(ANSWER)
    await peer.asterisk.start()
    await peer.register_phones()
    seen = {row["src"] for row in await records(peer)}
    lost = [number for number in there.who if number not in seen]
    figures.add("R3", f"peer: calls without any record, of {len(there.who)}", len(lost), "ours: 0")
    forgotten = [number for number in lost if number not in served]
    figures.add("R3", f"peer: waiting callers nobody can call back, of {WAITING}", len(forgotten), "ours: 0")
    assert len(there.who) == len(OPERATORS) + WAITING


async def test_the_peer_while_postgres_is_gone(peer: Company, figures: Figures) -> None:
    await peer.postgres.crash()
    gone_s = monotonic()
    callers = Callers(peer, numbers(20, 69_200), per_s=2, talk_ms=400, to=f"+{LINE}")
    await callers.start()
    await callers.all_over()
    while monotonic() < gone_s + GONE_S:
        await asyncio.sleep(0.1)
    await peer.postgres.start_again()
    later = Callers(peer, numbers(3, 69_300), per_s=3, talk_ms=1_500, to=f"+{LINE}")
    await later.start()
    await later.all_over()
    await _written(peer, later)
    seen = {row["src"] for row in await records(peer)}
    lost = [number for number in callers.who if number not in seen]
    figures.add("R5", f"peer: calls without any record, of {len(callers.who)}", len(lost), "ours: 0")
    assert len(callers.calls()) == len(callers.who)


async def _written(peer: Company, callers: Callers) -> None:
    """Wait until all these calls are on the peer's record."""
    deadline = Deadline(15, "the peer's records")
    while not set(callers.who) <= {row["src"] for row in await records(peer)}:
        await deadline.pause(0.1)
