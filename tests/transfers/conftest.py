"""One company of softphones for all transfers: real Asterisk, Postgres and the service as a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from devkit.asterisk import PROJECT
from devkit.company import SAMPLE_CONFIG
from devkit.postgres import Postgres, installed
from devkit.short_waits import shortened
from devkit.soft_company import SoftCompany

FOLDER = PROJECT / ".dev" / "transfers"


@pytest.fixture(autouse=True)
def _real(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.real)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def company() -> AsyncIterator[SoftCompany]:
    config = shortened(SAMPLE_CONFIG, FOLDER / "config", longest="8s")
    server = Postgres(FOLDER / "postgres", own=installed())
    await server.start()
    try:
        async with SoftCompany(FOLDER / "company", config=config, postgres=server) as opened:
            yield opened
    finally:
        await server.stop()
