"""The sample company's client file: it imports, and the cast is what its README says, whatever the day."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from switchboard.adapters.postgres.directory import PostgresDirectory, open_directory_pool
from switchboard.adapters.postgres.imports import import_clients, import_receivables
from switchboard.config.load import load
from switchboard.core.caller import Client, Debt, choose_client
from switchboard.core.phone_number import read_number

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[3]
POLICY = load(ROOT / "config")
TODAY = "2026-03-10"


class Noon:
    def now_ms(self) -> int:
        return int(
            datetime.fromisoformat(f"{TODAY}T12:00").replace(tzinfo=ZoneInfo(POLICY.timezone)).timestamp() * 1000
        )


def generate(folder: Path) -> None:
    script = ROOT / "sample-data" / "generate.py"
    subprocess.run([sys.executable, str(script), "--to", str(folder), "--today", TODAY], check=True)


def test_the_same_day_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        generate(tmp_path / name)
    for file in ("clients.csv", "receivables.csv"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.fixture
async def directory(database_url: str, tmp_path: Path) -> AsyncIterator[PostgresDirectory]:
    generate(tmp_path)
    summary = await import_clients(database_url, tmp_path / "clients.csv", POLICY)
    assert 190 <= summary.added <= 210
    assert (await import_receivables(database_url, tmp_path / "receivables.csv", POLICY)).added > 50
    pool = await open_directory_pool(database_url)
    yield PostgresDirectory(pool, POLICY.timezone, Noon())
    pool.terminate()


CAST = [
    ("+74950001001", "retail", "maxim", Debt.NONE),
    ("+74950001002", "key", "kirill", Debt.NONE),
    ("+74950001003", "key", "karina", Debt.NONE),
    ("+74950001004", "key", "kirill", Debt.NONE),
    ("+74950001005", "key", "karina", Debt.NONE),
    ("+74950001007", "retail", None, Debt.NONE),
    ("+74950001008", "market", "maxim", Debt.OVERDUE),
    ("+74950001009", "retail", "marina", Debt.OVER_LIMIT),
    ("+74950001011", "market", "maxim", Debt.NONE),
    ("+74950001012", "regional", "marina", Debt.NONE),
    ("+74950001013", "retail", "maxim", Debt.NONE),
    ("+74950001014", "retail", "maxim", Debt.NONE),
    ("+74950001020", "own_point", "marina", Debt.NONE),
]


async def test_the_cast_is_what_the_readme_says(directory: PostgresDirectory) -> None:
    found = []
    for number, *_ in CAST:
        client = choose_client(await directory.find(read_number(number, POLICY.number_plan))).client
        assert isinstance(client, Client)
        found.append((number, client.client_class, client.manager, client.debt))
        assert f"| {number} | {client.client_id} " in (ROOT / "sample-data" / "README.md").read_text()
    assert found == CAST
    assert await directory.find(read_number("+74950001006", POLICY.number_plan)) == ()


async def test_a_shared_number_is_of_two_clients(directory: PostgresDirectory) -> None:
    both = await directory.find(read_number("+74950001020", POLICY.number_plan))
    assert [client.client_id for client in both] == ["D-20", "D-21"]
    assert choose_client(both).client == both[0]
