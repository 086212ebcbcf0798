"""`--full`: everything at its full size; `--seed N`: of everything random."""

from __future__ import annotations

import pytest

from tests.adapters.postgres.database import database, database_url, migrated_url, server_url

__all__ = ["database", "database_url", "migrated_url", "server_url"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="faults at their full size and length")
    parser.addoption("--seed", type=int, default=1, help="of everything random")


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether to take the time that a fault of full size and length needs."""
    return bool(request.config.getoption("--full", default=False))


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--seed", default=1))
