"""One company with a crowd for all faults: forty operators, a thousand known callers, and whatever breaks.

`./dev chaos` runs everything at its full size; `./dev test` a short selection. Every fault is seeded, and every figure
that a test measures is printed in one table at the end.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from devkit.asterisk import PROJECT
from devkit.company import SAMPLE_CONFIG, Company
from devkit.crowd import Callers, crowded, import_clients, numbers
from devkit.phones import RING_FOREVER
from devkit.postgres import Postgres, installed
from tests.chaos.doors import add_doors

FOLDER = PROJECT / ".dev" / "chaos"
FIGURES = FOLDER / "figures.json"
RINGERS = tuple(f"ringer{nth:02}" for nth in range(1, 11))
BANKS = {
    "answering": (
        *("olga", "oleg", "irina", "kirill", "karina", "maxim", "marina", "viktor", "roman", "fedor", "faina"),
        *(f"operator{nth:02}" for nth in range(1, 28)),
    ),
    "ringing": RINGERS,
}
"""Who answers at once, and who lets it ring."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="faults at their full size and length: see ./dev chaos")
    parser.addoption("--seed", type=int, default=1, help="of everything random")


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether to take the time that a fault of full size and length needs."""
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--seed"))


@pytest.fixture(autouse=True)
def _real(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.real)


# ---- figures -----------------------------------------------------------------------------------------------------


@dataclass
class Figures:
    """What was measured, row by row of the table of faults."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, row: str, what: str, measured: object, must: str = "") -> None:
        """Put one figure on the list; ``must`` is what the table of faults asks for."""
        shown = f"{measured:.3g}" if isinstance(measured, float) else str(measured)
        self.rows.append((row, what, shown, must))


_FIGURES = Figures()


@pytest.fixture(scope="session")
def figures() -> Figures:
    return _FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _FIGURES.rows:
        return
    terminalreporter.section("what was measured")
    for row, what, measured, must in _FIGURES.rows:
        terminalreporter.write_line(f"{row:4} {what:70} {measured:>14}   {must}")
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(_FIGURES.rows, indent=1, ensure_ascii=False))


# ---- the company -------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def crowd() -> AsyncIterator[Company]:
    config = add_doors(crowded(SAMPLE_CONFIG, FOLDER / "config", BANKS, ring_for="60s", wrap_up="0s"))
    server = Postgres(FOLDER / "postgres", own=installed())  # it will be made to fail
    await server.start()
    try:
        async with Company(FOLDER / "company", config=config, postgres=server, banks=BANKS) as opened:
            await import_clients(opened)
            await opened.banks["ringing"].behave(RING_FOREVER)
            yield opened
    finally:
        await server.stop()


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
