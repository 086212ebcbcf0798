"""`./dev`: one command for everything a developer does. The script of that name prepares Python, then comes here."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click

from devkit import checks, prerequisites
from devkit import demo as demonstration
from devkit import up as running
from devkit.asterisk import PROJECT
from devkit.debian import say
from devkit.processes import ProcessFailed

_DATA = PROJECT / ".dev"
_LOGS = _DATA / "logs"


@click.group()
def main() -> None:
    """Switchboard on your own machine: a whole telephone company on loopback, no Docker."""


@main.command()
def setup() -> None:
    """Install and prepare everything, and start nothing."""
    prerequisites.ensure(_LOGS)
    say("Everything is here.")


@main.command()
def check() -> None:
    """Format, lint, types, imports, budgets: seconds."""
    _exit(checks.check())


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def test(pytest_arguments: tuple[str, ...]) -> None:
    """Everything, with a real Asterisk, SIPp phones and Postgres; or only what you name to pytest."""
    prerequisites.ensure(_LOGS)
    _exit(checks.test(_DATA / "test", pytest_arguments))


@main.command()
@click.argument("rows", nargs=-1)
@click.option("--seed", default=1, show_default=True)
@click.option("--repeat", default=1, show_default=True, help="So often, each time with the next seed.")
def chaos(rows: tuple[str, ...], seed: int, repeat: int) -> None:
    """Break everything, at full size: an hour or more; or only ROWS of the table of faults (r1 r3 …)."""
    prerequisites.ensure(_LOGS)
    _exit(checks.chaos(_DATA / "test", rows, seed, repeat))


@main.command()
def demo() -> None:
    """The sample company, one real call for every promise, and the records it leaves."""
    prerequisites.ensure(_LOGS)
    _exit(bool(_run(demonstration.run(_DATA / "demo"))))


@main.command()
@click.option("--address", default="127.0.0.1", show_default=True, help="Where Asterisk listens for phones.")
@click.option("--sip-port", default=5060, show_default=True, help="If taken, or 0: any free port.")
def up(address: str, sip_port: int) -> None:
    """Open the sample company and leave it running."""
    prerequisites.ensure(_LOGS)
    running.up(_DATA / "up", address, sip_port)


@main.command()
def down() -> None:
    """Close the company that `up` opened."""
    running.down(_DATA / "up")


@main.command()
@click.argument("number")
@click.option("--to", help="The number dialled; else the company's first line.")
@click.option("--talk", "talk_s", default=5, show_default=True, help="Seconds to stay after the answer.")
def call(number: str, to: str | None, talk_s: int) -> None:
    """Call the running company from outside, as NUMBER."""
    say(str(_run(running.call(_DATA / "up", number, to, talk_s))))


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """Our queue beside Asterisk's own, in one run."""
    prerequisites.ensure(_LOGS)
    sys.exit(subprocess.run([sys.executable, "-m", "benchmarks", *arguments], cwd=PROJECT, check=False).returncode)


@main.command(hidden=True)
@click.option("--folder", type=click.Path(path_type=Path), required=True)
@click.option("--address", required=True)
@click.option("--sip-port", type=int, required=True)
def keep(folder: Path, address: str, sip_port: int) -> None:
    """What `up` leaves in the background."""
    asyncio.run(running.keep(folder, address, sip_port))


def _run(work: Coroutine[Any, Any, object]) -> object:
    """Run to the end, or to Ctrl-C or SIGTERM: either way everything started is ended first."""

    async def guarded() -> object:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(guarded())
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("Stopped; nothing is left running.")
        sys.exit(130)
    except (ProcessFailed, TimeoutError) as problem:
        raise click.ClickException(str(problem)) from problem


def _exit(well: bool) -> None:
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main(prog_name="./dev")
