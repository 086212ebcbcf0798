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

from devkit import ports, postgres
from devkit.asterisk import PROJECT
from devkit.debian import say
from devkit.postgres import Postgres

_BIN = Path(sys.executable).parent
_LONGEST_FAULT_S = 3_600
WITH_CALLS = ("sound", "real", "transfers", "chaos")
"""The folders of tests with real calls. They wait for most of their time, so all run side by side."""
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
    fast = ["tests", "-n", "2", "-m", "not real", "--ignore=tests/architecture"]
    beside = {name: [f"tests/{name}"] for name in WITH_CALLS}
    return asyncio.run(_with_postgres(folder, {"fast tests": fast}, beside)) and well


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


async def _with_postgres(folder: Path, first: dict[str, list[str]], beside: dict[str, list[str]] | None = None) -> bool:
    """Run pytest on each suite of ``first``, then on those of ``beside`` at once; one Postgres server for all."""
    server = Postgres(folder)
    await server.start()
    try:
        env = {postgres.URL_VARIABLE: server.url}
        results = [_run(name, _pytest(args), env) for name, args in first.items()]
        at_once = [
            asyncio.to_thread(_run, name, _pytest(args), env | _network(number), shown_at_end=True)
            for number, (name, args) in enumerate((beside or {}).items(), 1)
        ]
        return all([*results, *await asyncio.gather(*at_once)])
    finally:
        await server.stop()


def _network(number: int) -> dict[str, str]:
    return {ports.NETWORK_VARIABLE: f"127.0.{number}"}


def _pytest(args: list[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", *args]


def _tool(name: str) -> str:
    return str(_BIN / name)


def _run(name: str, argv: list[str], env: dict[str, str] | None = None, *, shown_at_end: bool = False) -> bool:
    """``shown_at_end``: what it prints comes in one piece, as another runs beside it."""
    say(click.style(f"── {name}", bold=True))
    started = time.monotonic()
    whole_env = {**os.environ, **(env or {})}
    done = subprocess.run(argv, cwd=PROJECT, check=False, env=whole_env, capture_output=shown_at_end, text=True)
    if shown_at_end:
        say(f"{done.stdout}{done.stderr}")
    verdict = "fine" if done.returncode == 0 else f"FAILED ({done.returncode})"
    say(f"── {name}: {verdict}, {time.monotonic() - started:.0f} s")
    return done.returncode == 0
