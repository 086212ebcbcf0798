"""One company with a crowd for all faults: forty operators, a thousand known callers, and whatever breaks.

`./dev chaos` runs everything at its full size; `./dev test` a short selection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

import pytest_asyncio

from devkit.company import SAMPLE_CONFIG, Company
from devkit.crowd import BYSTANDERS, Callers, crowded, import_clients, numbers
from devkit.phones import ANSWER, RING_FOREVER
from devkit.postgres import Postgres, installed
from tests.chaos.doors import add_doors
from tests.conftest import FOLDER, Figures

__all__ = ["BANKS", "FOLDER", "RINGERS", "Dial", "Figures"]

RINGERS = tuple(f"ringer{nth:02}" for nth in range(1, 11))
BANKS = {
    "answering": (
        *("olga", "oleg", "irina", "kirill", "karina", "maxim", "marina", "viktor", "roman", "fedor", "faina"),
        *(f"operator{nth:02}" for nth in range(1, 28)),
    ),
    "ringing": RINGERS,
}
"""Who answers at once, and who lets it ring."""
ONLOOKERS = {BYSTANDERS: tuple(f"bystander{nth:03}" for nth in range(1, 153))}
"""In a full run: with them two hundred phones sign on."""


# ---- the company -------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def crowd(full: bool) -> AsyncIterator[Company]:
    banks = BANKS | (ONLOOKERS if full else {})
    config = add_doors(crowded(SAMPLE_CONFIG, FOLDER / "config", banks, ring_for="60s", wrap_up="0s"))
    server = Postgres(FOLDER / "postgres", own=installed())  # it will be made to fail
    await server.start()
    try:
        async with Company(FOLDER / "company", config=config, postgres=server, banks=banks) as opened:
            await import_clients(opened)
            await opened.banks["ringing"].behave(RING_FOREVER)
            yield opened
    finally:
        await server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everybody_answers(crowd: Company) -> AsyncIterator[None]:
    """For the tests of one file nobody lets it ring: steady traffic is served as it comes."""
    await crowd.banks["ringing"].behave(ANSWER)
    yield
    await crowd.banks["ringing"].behave(RING_FOREVER)


Dial = Callable[..., Callers]
"""``dial(many, per_s=…, talk_ms=…)``: so many callers whom nobody has seen before; see ``Callers``."""
_next_number = count()


@pytest_asyncio.fixture(loop_scope="session")
async def dial(crowd: Company) -> AsyncIterator[Dial]:
    """Callers for one test; whoever is left at its end is cut off, and the company is idle again."""
    groups: list[Callers] = []

    def dial(many: int, **how: Any) -> Callers:
        first = next(_next_number)
        for _ in range(many - 1):
            next(_next_number)
        groups.append(Callers(crowd, numbers(many, first), **how))
        return groups[-1]

    yield dial
    for group in groups:
        group.hang_up_all()
    for bank in crowd.banks.values():
        for call in bank.talking():
            bank.act_on(call)
    try:
        await crowd.wait_idle(30)
    finally:
        for group in groups:
            await group.close()
