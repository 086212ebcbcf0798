"""Debian packages: installed when missing, with progress, by root or through sudo.

Nothing is installed twice and nothing is asked: a package whose command is there already is left alone, so a machine
that is set up is not touched.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click


class MissingPrerequisite(click.ClickException):
    """Something the machine lacks and we may not install; the message ends with the command that mends it."""


def say(text: str) -> None:
    """One line of progress."""
    click.echo(text)
    sys.stdout.flush()


def as_root(argv: Sequence[str], purpose: str) -> list[str]:
    """`argv` as root would run it: as it is, or through sudo."""
    if os.geteuid() == 0:
        return list(argv)
    if shutil.which("sudo"):
        return ["sudo", *argv]
    raise MissingPrerequisite(f"{purpose} needs root. Run as root: {' '.join(argv)}")


def run_shown(title: str, argv: Sequence[str], log: Path) -> None:
    """Run a slow command: its title, the seconds it takes, and only if it fails what it printed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    click.echo(f"{title} …", nl=False)
    with log.open("wb") as sink:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, env=_quiet_environment()
        )
        try:
            while True:
                try:
                    status = process.wait(timeout=5)
                    break
                except subprocess.TimeoutExpired:
                    click.echo(".", nl=False)
        except BaseException:
            process.terminate()
            process.wait()
            click.echo(" stopped")
            raise
    click.echo(f" {'done' if status == 0 else 'failed'} ({time.monotonic() - started:.0f} s)")
    if status != 0:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise click.ClickException(f"{' '.join(argv)}\nended with {status}:\n{last}\nThe whole of it is in {log}")


def need_commands(packages_by_command: dict[str, str], logs: Path) -> None:
    """Install the packages of those commands that are not there. Keys: a command, or the full path of a file."""
    missing = [
        package
        for command, package in packages_by_command.items()
        if not (Path(command).exists() if command.startswith("/") else shutil.which(command, path=_search_path()))
    ]
    if not missing:
        return
    names = sorted(set(missing))
    install = ["apt-get", "install", "-y", "--no-install-recommends", *names]
    if not shutil.which("apt-get"):
        raise MissingPrerequisite(f"missing: {', '.join(names)}, and no apt-get here. Install what they hold.")
    run_shown("Refreshing apt's lists", as_root(["apt-get", "update"], "apt-get"), logs / "apt-update.log")
    run_shown(f"Installing {', '.join(names)}", as_root(install, "apt-get"), logs / "apt-install.log")


def _quiet_environment() -> dict[str, str]:
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def _search_path() -> str:
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"])
