"""Child processes that never outlive us.

Every process we start gets a session of its own, so that one signal reaches it and its children, and dies with us by
the kernel's own doing (`setpriv --pdeathsig`) even if we are killed outright. Only processes started here are ever
signalled, by their id.
"""

import asyncio
import contextlib
import os
import pwd
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic


class ProcessFailed(Exception):
    """A process we need ended by itself, or did not get ready in time; the text ends with its last words."""


@dataclass(frozen=True)
class Child:
    """One running process. `output` holds its stdout and stderr; None: thrown away."""

    name: str
    process: asyncio.subprocess.Process
    output: Path | None

    @property
    def running(self) -> bool:
        return self.process.returncode is None

    @property
    def pid(self) -> int:
        return self.process.pid

    async def stop(self, stop_signal: signal.Signals = signal.SIGTERM, patience_s: float = 10.0) -> None:
        """Ask it to end; after `patience_s` end it. Returns when it is gone."""
        if self.running:
            self._signal(stop_signal)
            try:
                async with asyncio.timeout(patience_s):
                    await self.process.wait()
            except TimeoutError:
                await self.kill()
        self._signal(signal.SIGKILL)  # whatever it left behind in its group

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        self._signal(signal.SIGKILL)
        await self.process.wait()

    def last_words(self, lines: int = 20) -> str:
        """The end of its output, for a message to a person."""
        if self.output is None or not self.output.exists():
            return ""
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-lines:])

    def check(self) -> None:
        """Raise ProcessFailed if it has ended."""
        if not self.running:
            raise ProcessFailed(f"{self.name} ended with {self.process.returncode}:\n{self.last_words()}")

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # gone, which is what a signal is for
            os.killpg(self.process.pid, number)


async def start(
    name: str,
    argv: Sequence[str],
    *,
    output: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    run_as: str | None = None,
) -> Child:
    """Start `argv`. `env` is added to our own environment; `run_as` names the account to become (we must be root)."""
    become = _becoming(run_as)
    sink = output.open("ab") if output else None
    try:
        process = await asyncio.create_subprocess_exec(
            *("setpriv", *become, "--pdeathsig", "KILL", *argv),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink or asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.STDOUT if sink else asyncio.subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
    finally:
        if sink:
            sink.close()
    return Child(name, process, output)


async def output_of(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path = Path("/"),
    run_as: str | None = None,
    timeout_s: float = 60.0,
) -> str:
    """Run `argv` to its end and return what it printed. Raises ProcessFailed if it fails or takes too long."""
    become = ["setpriv", *_becoming(run_as)] if run_as else []
    process = await asyncio.create_subprocess_exec(
        *become,
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **(env or {})},
        cwd=cwd,
    )
    try:
        async with asyncio.timeout(timeout_s):
            printed, _ = await process.communicate()
    except TimeoutError:
        raise ProcessFailed(f"{argv[0]} took more than {timeout_s:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = printed.decode(errors="replace")
    if process.returncode:
        raise ProcessFailed(f"{argv[0]} ended with {process.returncode}:\n{text.strip()[-2000:]}")
    return text


def _becoming(account: str | None) -> list[str]:
    if account is None:
        return []
    return ["--reuid", account, "--regid", str(pwd.getpwnam(account).pw_gid), "--init-groups"]


class Deadline:
    """A point in time by which something must be true; `pause()` waits a moment, or raises TimeoutError past it."""

    def __init__(self, seconds: float, awaited: str) -> None:
        self._until = monotonic() + seconds
        self._awaited = awaited

    async def pause(self, seconds: float = 0.01) -> None:
        if monotonic() > self._until:
            raise TimeoutError(f"gave up waiting for {self._awaited}")
        await asyncio.sleep(seconds)
