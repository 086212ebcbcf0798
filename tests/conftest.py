"""Which tests make real calls; and for those of faults their size, their seed, and the figures that they measure,
printed in one table at the end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from devkit.asterisk import PROJECT
from devkit.checks import WITH_CALLS

FOLDER = PROJECT / ".dev" / "chaos"
_TESTS = PROJECT / "tests"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="faults at their full size and length: see ./dev chaos")
    parser.addoption("--seed", type=int, default=1, help="of everything random")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if _TESTS in item.path.parents and item.path.relative_to(_TESTS).parts[0] in WITH_CALLS:
            item.add_marker(pytest.mark.real)
    if not config.getoption("--full", default=False):
        later = [item for item in items if item.get_closest_marker("full") is not None]
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in later]


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether to take the time that a fault of full size and length needs."""
    return bool(request.config.getoption("--full", default=False))


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--seed", default=1))


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
        terminalreporter.write_line(f"{row:12} {what:66} {measured:>14}   {must}")
    seed = terminalreporter.config.getoption("--seed", default=1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"figures-{seed}.json").write_text(json.dumps(_FIGURES.rows, indent=1, ensure_ascii=False))
