"""Postgres away, on the real thing: callers are known and reach who they should, and their records follow later."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from devkit.company import Company
from devkit.processes import Deadline
from devkit.rows import TALK_MS, caller

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY_CLIENT = caller(2)
SOON_S = 20
"""The service looks every 5 s and waits 3 s for an answer."""

Outage = Callable[[Company], Any]


@asynccontextmanager
async def hangs(company: Company) -> AsyncIterator[None]:
    """Postgres is there and says nothing: sockets stay open, new ones are accepted."""
    await company.postgres.pause()
    try:
        yield
    finally:
        await company.postgres.resume()


@asynccontextmanager
async def crashes(company: Company) -> AsyncIterator[None]:
    """Postgres ends at once; everybody is disconnected, new connections are refused."""
    await company.postgres.crash()
    try:
        yield
    finally:
        await company.postgres.start_again()


async def until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = Deadline(SOON_S, what)
    while not await true():
        await deadline.pause(0.05)


async def degraded(company: Company) -> bool:
    return any(
        "Postgres is away: look-ups answer from a copy" in each for each in await company.service.problems() or []
    )


async def well(company: Company) -> bool:
    return await company.service.problems() == []


async def key_client_reaches_kirill(company: Company) -> None:
    taken = len(company.phones["kirill"].calls())
    call = await company.call(KEY_CLIENT, talk_ms=TALK_MS)
    result = await call.ended()
    assert result.answered
    assert len(company.phones["kirill"].calls()) == taken + 1
    await company.wait_idle()


async def on_record(company: Company, calls: int) -> None:
    """All calls got there, the last one as it should."""
    record = (await company.wait_records(calls, timeout_s=SOON_S))[-1]
    assert len(await company.records()) == calls
    assert (record["outcome"], record["answered_by"], record["client_class"]) == ("transferred", "kirill", "key")
    assert record["wait_ms"] < 1_000
    assert "class key in the client file, manager kirill" in [each["why"] for each in json.loads(record["reasons"])]


@pytest.mark.parametrize("outage", [hangs, crashes])
async def test_while_postgres_is_away_a_key_client_reaches_their_own_manager(company: Company, outage: Outage) -> None:
    await company.wait_ready()
    calls = len(await company.records())
    async with outage(company):
        await key_client_reaches_kirill(company)  # before anybody noticed
        await until(lambda: degraded(company), "/health to say so")
        assert "switchboard_directory_age_seconds 0.0" not in await company.service.look("metrics")
        await key_client_reaches_kirill(company)
    await on_record(company, calls + 2)
    await until(lambda: well(company), "/health to be well again")
    await company.wait_ready()


async def test_the_service_starts_while_postgres_is_away(company: Company) -> None:
    await company.wait_ready()
    calls = len(await company.records())
    await company.service.stop()
    async with crashes(company):
        await company.service.start(despite="Postgres")
        await key_client_reaches_kirill(company)
    await on_record(company, calls + 1)
    await until(lambda: well(company), "/health to be well")
    await company.wait_ready()


async def test_the_service_starts_while_postgres_hangs(company: Company) -> None:
    await company.wait_ready()
    calls = len(await company.records())
    await company.service.stop()
    async with hangs(company):
        await company.service.start(despite="Postgres")
        await key_client_reaches_kirill(company)
    await on_record(company, calls + 1)
    await until(lambda: well(company), "/health to be well")
    await company.wait_ready()


async def test_a_changed_client_is_known_by_their_next_call(company: Company) -> None:
    await company.wait_ready()
    taken = len(company.phones["karina"].calls())
    await company.query("UPDATE client SET manager = 'karina' WHERE client_id = 'D-02'")
    call = await company.call(KEY_CLIENT, talk_ms=TALK_MS)
    await call.ended()
    await company.query("UPDATE client SET manager = 'kirill' WHERE client_id = 'D-02'")
    assert len(company.phones["karina"].calls()) == taken + 1
    await company.wait_idle()
    await company.wait_ready()
