"""One company of softphones for all transfers: real Asterisk, Postgres and the service as a process of its own.

`./dev chaos t1 t2` runs everything; `./dev test` a short selection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from devkit.asterisk import PROJECT
from devkit.company import SAMPLE_CONFIG
from devkit.crowd import crowded, import_clients
from devkit.postgres import Postgres, installed
from devkit.soft_company import SoftCompany
from tests.transfers.ways import ByCommand, ByKeys, ByRefer, Way

FOLDER = PROJECT / ".dev" / "transfers"
DOOR = FOLDER / "door"
_TRANSFERS = """
[transfers]
ring_for = "4s"
return_ring_for = "4s"
return_wait = "30s"
hold_at_most = "20s"
parked_at_most = "6s"
"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def company() -> AsyncIterator[SoftCompany]:
    more = {"more": [f"operator{nth}" for nth in range(1, 4)]}
    config = hurried(crowded(SAMPLE_CONFIG, FOLDER / "config", more, ring_for="15s", wrap_up="0s"))
    server = Postgres(FOLDER / "postgres", own=installed())
    await server.start()
    try:
        opened = SoftCompany(FOLDER / "company", config=config, postgres=server)
        opened.program = ("-m", "tests.tools.command_door", str(DOOR))
        async with opened:
            await import_clients(opened)
            yield opened
    finally:
        await server.stop()


def hurried(config: Path) -> Path:
    """The same with little patience for callers who are given away, on hold or parked."""
    company = config / "company.toml"
    text = company.read_text().partition("\n[transfers]")[0]
    text = text.replace("[limits]\n", '[limits]\ninternal_ring_for = "4s"\n', 1)
    company.write_text(f"{text}\n{_TRANSFERS}")
    return config


def all_ways(company: SoftCompany) -> list[Way]:
    """Every way in which somebody can give a caller away."""
    by_phone = (ByRefer(), ByRefer(referred_by=False), ByRefer(refer_sub=False))
    return [*by_phone, ByKeys(company.policy.codes), ByCommand(DOOR)]
