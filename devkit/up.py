"""`./dev up` and `./dev down`: the sample company left running in the background, to be played with.

`up` starts a keeper, a process that holds the company together, and returns when it is open; `down` asks the keeper
to close it. The keeper's id is in a file beside the company's data, with the moment it was started, so that another
process which happens to get that id later is never signalled.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import click

from devkit.asterisk import PROJECT, Settings
from devkit.company import Company
from devkit.debian import say
from devkit.phones import Call, Carrier
from devkit.ports import free_or
from devkit.sip_log import CallResult

_LONGEST_START_S = 120
_LONGEST_STOP_S = 60


def up(folder: Path, address: str, sip_port: int) -> None:
    """Start the company and say how to reach it. Raises ClickException."""
    if _keeper(folder) is not None:
        raise click.ClickException("it is up already; ./dev down ends it")
    folder.mkdir(parents=True, exist_ok=True)
    _state_file(folder).unlink(missing_ok=True)
    log = folder / "keeper.log"
    argv = [sys.executable, "-m", "devkit", "keep", "--folder", str(folder), "--address", address]
    argv += ["--sip-port", str(sip_port)]
    with log.open("wb") as sink:
        keeper = subprocess.Popen(
            argv, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
        )
    say("Opening the company …")
    until = time.monotonic() + _LONGEST_START_S
    while not _state_file(folder).exists():
        if keeper.poll() is not None or time.monotonic() > until:
            keeper.terminate()
            raise click.ClickException(f"it did not come up:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.1)
    say(_instructions(json.loads(_state_file(folder).read_text()), folder))


def down(folder: Path) -> None:
    """End the company; returns when all of it is gone."""
    keeper = _keeper(folder)
    if keeper is None:
        say("Nothing is up.")
        return
    os.kill(keeper, signal.SIGTERM)
    until = time.monotonic() + _LONGEST_STOP_S
    while _started_at(keeper) is not None:
        if time.monotonic() > until:
            raise click.ClickException(f"process {keeper} does not end; its log: {folder / 'keeper.log'}")
        time.sleep(0.1)
    _state_file(folder).unlink(missing_ok=True)
    say("The company is closed.")


async def keep(folder: Path, address: str, sip_port: int) -> None:
    """Hold the company open until told to stop: the keeper's own work."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    settings = Settings(sip_address=address, sip_port=free_or(sip_port, address))
    async with Company(folder / "company", settings=settings) as company:
        state = {
            "pid": os.getpid(),
            "started": _started_at(os.getpid()),
            "exchange": company.settings.sip,
            "trunk_host": company.settings.trunk_host,
            "lines": {line.name: line.numbers[0] for line in company.policy.lines.values()},
            "people": {p.phone: f"{p.name}, {p.role}, {p.extension}" for p in company.policy.people.values()},
            "health": company.env["SWITCHBOARD_HTTP"],
            "database": company.database_url.rpartition("@")[2],
        }
        being_written = _state_file(folder).with_suffix(".part")
        being_written.write_text(json.dumps(state))
        being_written.rename(_state_file(folder))
        await told.wait()


async def call(folder: Path, number: str, to: str | None, talk_s: int) -> str:
    """Call in from outside, through the carrier, and say what came of it."""
    if _keeper(folder) is None:
        raise click.ClickException("nothing is up; ./dev up opens the company")
    state = json.loads(_state_file(folder).read_text())
    address = state["trunk_host"]
    carrier = Carrier("caller", folder / "calls", address, 0, exchange=state["exchange"])
    dialled = to or next(iter(state["lines"].values()))
    try:
        placed = await carrier.call(number, dialled)
        result = await _talked(placed, talk_s)
    finally:
        await carrier.off()
    if not result.answered:
        return f"refused with {result.final_code}"
    return f"connected after {result.setup_ms:.0f} ms, over after {(result.talk_ms or 0) / 1000:.1f} s"


async def _talked(placed: Call, talk_s: int) -> CallResult:
    """Wait for the answer, talk so long, and hang up. Not by SIPp's own clock: it begins anew when the exchange asks
    whether a caller without a voice is still there."""
    final = await placed.final(timeout_s=600)
    if final.answered:
        with suppress(TimeoutError):
            return await placed.ended(timeout_s=talk_s)
        placed.hang_up()
    return await placed.ended()


def _state_file(folder: Path) -> Path:
    return folder / "running.json"


def _keeper(folder: Path) -> int | None:
    """The id of the keeper, if it is alive and the one we started."""
    if not _state_file(folder).exists():
        return None
    state = json.loads(_state_file(folder).read_text())
    pid = int(state["pid"])
    return pid if _started_at(pid) == state["started"] else None


def _started_at(pid: int) -> str | None:
    """When the process began, in the kernel's ticks. None: there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _instructions(state: dict[str, object], folder: Path) -> str:
    people, lines = state["people"], state["lines"]
    assert isinstance(people, dict)
    assert isinstance(lines, dict)
    rows = "\n".join(f"    {phone:<12} {who}" for phone, who in people.items())
    numbers = ", ".join(f"{name} {number}" for name, number in lines.items())
    return f"""The company is open.

  Lines        {numbers}
  Staff        every phone below is simulated and answers at once
{rows}

  A softphone  server {state["exchange"]} (UDP), user name as above, password in
               {folder / "company" / "phone_secrets.toml"}
               It takes the simulated phone's place. *11 begins a shift, *10 ends it.
  Call in      ./dev call +79160000000        as that number, on the first line; --to dials another
  Look         http://{state["health"]}/health and /metrics, {folder / "company" / "logs" / "service.log"}
  Database     {state["database"]}
  End it       ./dev down"""
