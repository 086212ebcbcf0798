"""One company for all rows: real Asterisk, SIPp phones, Postgres and the service as a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from devkit.asterisk import PROJECT
from devkit.company import SAMPLE_CONFIG, Company
from devkit.postgres import Postgres, installed
from devkit.short_waits import shortened

FOLDER = PROJECT / ".dev" / "test-company"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def company() -> AsyncIterator[Company]:
    config = shortened(SAMPLE_CONFIG, FOLDER.with_name("test-config"), longest="8s")
    server = Postgres(FOLDER.with_name("test-postgres"), own=installed())  # it will be made to fail
    await server.start()
    try:
        async with Company(FOLDER, config=config, postgres=server) as opened:
            yield opened
    finally:
        await server.stop()


@pytest.fixture(autouse=True)
def _real(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.real)
