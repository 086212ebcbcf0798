"""The command line, thin: every command says its words and calls what does the work.

Exit codes: 0 done · 1 a negative result · 2 wrong use · 3 the configuration is wrong · 4 something we depend on
(Asterisk, Postgres, the log) cannot be used.

What only one command needs is imported in it: the service must start fast, and a mistake be told at once.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from switchboard.adapters.asterisk.errors import AriReplaced, AriUnusable
from switchboard.adapters.log.sqlite import LogUnusable
from switchboard.adapters.postgres.csv_text import BadImport
from switchboard.config.asterisk_files import asterisk_files, read_phone_secrets, too_open
from switchboard.config.check import check as check_files
from switchboard.config.load import load
from switchboard.config.problems import BadConfig
from switchboard.config.settings import BadSettings, Settings
from switchboard.core.policy import Policy
from switchboard.core.snapshot import UnknownFormat
from switchboard.engine.ports import Refused

if TYPE_CHECKING:
    from switchboard.adapters.postgres.imports import Summary

WRONG_CONFIG, UNUSABLE, REPLACED = 3, 4, 5
"""Exit codes. To start again mends neither the first nor the last: see systemd/switchboard.service."""


class Importing(Protocol):
    def __call__(self, url: str, file: Path, policy: Policy, *, encoding: str) -> Coroutine[Any, Any, Summary]: ...


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


_UNUSABLE = (AriUnusable, AriReplaced, LogUnusable, UnknownFormat, Refused, OSError)


@contextmanager
def _said_plainly() -> Iterator[None]:
    """Turn what we expect to go wrong into one message and an exit code; anything else keeps its traceback."""
    try:
        yield
    except (BadConfig, BadSettings) as problems:
        click.echo(str(problems), err=True)
        sys.exit(WRONG_CONFIG)
    except _UNUSABLE as error:
        click.echo(f"switchboard: {error}", err=True)
        sys.exit(UNUSABLE)
    except ExceptionGroup as group:
        expected, bugs = group.split(_UNUSABLE)
        if bugs is not None or expected is None:
            raise
        for leaf in _leaves(expected):
            click.echo(f"switchboard: {leaf}", err=True)
        sys.exit(REPLACED if expected.subgroup(AriReplaced) is not None else UNUSABLE)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


@click.group()
@click.version_option(package_name="switchboard")
def main() -> None:
    """A company's telephone operator. Settings come from the environment, see docs/config.md."""


@main.command()
def run() -> None:
    """Serve calls until told to stop."""
    import uvloop

    from switchboard.adapters.observe.logs import set_up_logging
    from switchboard.app import run_service

    set_up_logging(as_json=not sys.stderr.isatty())
    with _said_plainly():
        uvloop.run(run_service(Settings.from_environment(os.environ)))


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("config"))
def check(folder: Path) -> None:
    """Check the config files in FOLDER and report every problem with its file and line."""
    sys.exit(check_files(folder, click.echo))


@main.command("migrate")
def migrate_database() -> None:
    """Bring the database to this version's tables."""
    from switchboard.adapters.postgres.schema import migrate

    with _said_plainly():
        migrate(Settings.from_environment(os.environ).database_url)


@main.command("asterisk-files")
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
def write_asterisk_files(out: Path) -> None:
    """Write the staff's phones, for Asterisk to include, into the folder OUT."""
    with _said_plainly():
        settings = Settings.from_environment(os.environ)
        if settings.phone_secrets is None:
            raise BadSettings(["SWITCHBOARD_PHONE_SECRETS is not set: the file with the phones' passwords"])
        if (warning := too_open(settings.phone_secrets)) is not None:
            click.echo(f"warning: {warning}", err=True)
        files = asterisk_files(load(settings.config), read_phone_secrets(settings.phone_secrets))
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (out / name).touch(mode=0o640)  # the phones' passwords are in one of them
            (out / name).write_text(text, encoding="utf-8")


@main.command("pin")
@click.argument("person")
@click.password_option("--pin", prompt="PIN (4 to 12 digits)", help="Asked for when absent, which keeps it unseen.")
def hash_pin(person: str, pin: str) -> None:
    """Print PERSON's line for the file of PINs (SWITCHBOARD_PINS): the PIN itself cannot be read from it."""
    from switchboard.adapters.pins.hashed import hashed

    try:
        click.echo(f'{person} = "{hashed(pin)}"')
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@main.group()
def clients() -> None:
    """The client file."""


@main.group()
def receivables() -> None:
    """What clients owe."""


@clients.command("import")
@click.argument("file", type=_FILE)
@click.option("--encoding", default="utf-8", show_default=True, help="Excel in Russia writes windows-1251.")
def import_client_file(file: Path, encoding: str) -> None:
    """Import clients from the CSV FILE: all of it, or nothing and a list of its bad lines."""
    from switchboard.adapters.postgres.imports import import_clients

    _import(import_clients, file, encoding)


@receivables.command("import")
@click.argument("file", type=_FILE)
@click.option("--encoding", default="utf-8", show_default=True, help="Excel in Russia writes windows-1251.")
def import_receivable_file(file: Path, encoding: str) -> None:
    """Import what clients owe from the CSV FILE, which is taken for the whole truth."""
    from switchboard.adapters.postgres.imports import import_receivables

    _import(import_receivables, file, encoding)


def _import(importing: Importing, file: Path, encoding: str) -> None:
    with _said_plainly():
        settings = Settings.from_environment(os.environ)
        try:
            summary = asyncio.run(importing(settings.database_url, file, load(settings.config), encoding=encoding))
        except BadImport as bad:
            click.echo(str(bad), err=True)
            sys.exit(1)
        click.echo(str(summary))
