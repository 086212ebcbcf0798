"""`./dev check`, `./dev test` and `./dev chaos`: the same commands for people and for CI.

Every check runs even if an earlier one failed, so that one run shows all there is to mend.
"""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import click

from devkit import postgres
from devkit.asterisk import PROJECT
from devkit.debian import say
from devkit.postgres import Postgres

_BIN = Path(sys.executable).parent
_LONGEST_FAULT_S = 3_600
_CODE = ("switchboard", "devkit", "tests", "benchmarks")


def check() -> bool:
    """Format, lint, types, imports, budgets. True: all is well."""
    code = [name for name in _CODE if (PROJECT / name).exists()]
    checks = {
        "format": [_tool("ruff"), "format", "--check", *code],
        "lint": [_tool("ruff"), "check", *code],
        "types": [_tool("mypy")],
        "imports": [_tool("lint-imports")],
        "budgets": [sys.executable, "-m", "pytest", "tests/architecture"],
    }
    results = [_run(name, argv) for name, argv in checks.items()]
    return all(results)


def test(folder: Path, chosen: tuple[str, ...]) -> bool:
    """Everything, or what `chosen` names to pytest. True: all is well."""
    if chosen:
        return asyncio.run(_with_postgres(folder, {"chosen tests": list(chosen)}))
    well = check()
    fast = ["tests", "-n", "2", "--ignore=tests/real", "--ignore=tests/chaos"]
    fast += ["--ignore=tests/transfers", "--ignore=tests/architecture"]
    suites = {
        "fast tests": fast,
        "real tests": ["tests/real"],
        "faults": ["tests/chaos"],
        "transfers": ["tests/transfers"],
    }
    return asyncio.run(_with_postgres(folder, suites)) and well


def chaos(folder: Path, rows: tuple[str, ...], seed: int, repeat: int) -> bool:
    """Every fault at its full size, or those of `rows` (r1, r3 …), `repeat` times with `seed`, `seed` + 1 … True: each
    time all that must hold held."""
    files = [str(path) for row in rows for path in sorted((PROJECT / "tests").glob(f"*/test_{row.lower()}_*.py"))]
    if rows and not files:
        say(f"No faults are called {', '.join(rows)}: see docs/reliability.md")
        return False
    suites = {
        f"seed {number}": [
            *(files or ["tests/chaos", "tests/crashes", "tests/transfers"]),
            "--full",
            f"--seed={number}",
            f"--timeout={_LONGEST_FAULT_S}",
        ]
        for number in range(seed, seed + repeat)
    }
    return asyncio.run(_with_postgres(folder, suites))


async def _with_postgres(folder: Path, suites: dict[str, list[str]]) -> bool:
    """Run pytest on each suite, with one Postgres server for all of them."""
    server = Postgres(folder)
    await server.start()
    try:
        env = {postgres.URL_VARIABLE: server.url}
        results = [await asyncio.to_thread(_run, name, _pytest(args), env) for name, args in suites.items()]
        return all(results)
    finally:
        await server.stop()


def _pytest(args: list[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", *args]


def _tool(name: str) -> str:
    return str(_BIN / name)


def _run(name: str, argv: list[str], env: dict[str, str] | None = None) -> bool:
    say(click.style(f"── {name}", bold=True))
    started = time.monotonic()
    status = subprocess.run(argv, cwd=PROJECT, check=False, env={**os.environ, **(env or {})}).returncode
    verdict = "fine" if status == 0 else f"FAILED ({status})"
    say(f"── {name}: {verdict}, {time.monotonic() - started:.0f} s")
    return status == 0
