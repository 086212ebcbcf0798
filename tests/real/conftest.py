"""One company for all tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from devkit.asterisk import PROJECT
from devkit.company import Company
from tests.tools.whole_company import whole_company


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def company() -> AsyncIterator[Company]:
    async with whole_company(PROJECT / ".dev" / "real") as opened:
        yield opened
