"""The Switchboard service as a process of its own, as in production: `python -m switchboard run`, settings in the
environment, ready when /health says so.
"""

import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from devkit import processes
from devkit.asterisk import PROJECT
from devkit.processes import Child, Deadline


@dataclass
class Service:
    """`env` holds its settings, `log` its log lines, `health` host:port of /health and /metrics.

    `program` is what Python runs, for tests that have the service in a wrapping of theirs.
    """

    env: dict[str, str]
    log: Path
    health: str
    program: tuple[str, ...] = ("-m", "switchboard", "run")
    _child: Child | None = None

    @property
    def pid(self) -> int:
        if self._child is None:
            raise RuntimeError("the service is not running")
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    async def start(self, timeout_s: float = 30, *, despite: str = "") -> None:
        """Start it; returns when it serves, with no problem but one that names `despite`. Raises ProcessFailed with
        its last words, TimeoutError."""
        argv = [sys.executable, *self.program]
        self._child = await processes.start("the service", argv, output=self.log, env=self.env, cwd=PROJECT)
        deadline = Deadline(timeout_s, f"the service to be ready (its log: {self.log})")
        while not await self._ready(despite):
            self._child.check()
            await deadline.pause(0.05)

    async def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self._child is not None:
            await self._child.stop(signal.SIGTERM)
            self._child = None

    async def kill(self) -> None:
        """kill -9, as a crash would."""
        if self._child is not None:
            await self._child.kill()
            self._child = None

    async def command(self, *words: str) -> str:
        """Run another `switchboard` command with the same settings; what it printed. Raises ProcessFailed."""
        return await run_command(self.env, *words)

    async def look(self, what: str) -> str:
        """What it answers under /``what``: health, metrics. Raises aiohttp.ClientError."""
        async with aiohttp.ClientSession() as session, session.get(f"http://{self.health}/{what}") as response:
            return await response.text()

    async def problems(self) -> list[str] | None:
        """What /health says is not as it should be; None while it says nothing."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session,
                session.get(f"http://{self.health}/health") as response,
            ):
                problems: list[str] = (await response.json())["problems"]
                return problems
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def _ready(self, despite: str) -> bool:
        problems = await self.problems()
        return problems is not None and all(despite and despite in problem for problem in problems)


async def run_command(env: dict[str, str], *words: str) -> str:
    """`switchboard WORDS` to its end; what it printed. Raises ProcessFailed with that if it fails."""
    argv = [sys.executable, "-m", "switchboard", *words]
    return await processes.output_of(argv, env=env, cwd=PROJECT, timeout_s=120)
