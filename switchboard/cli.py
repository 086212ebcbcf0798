"""The command line, thin: every command says its words and calls what does the work.

Exit codes: 0 done · 1 a negative result · 2 wrong use · 3 the configuration is wrong · 4 something we depend on
(Asterisk, Postgres, the log) cannot be used.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import uvloop

from switchboard.adapters.asterisk.errors import AriReplaced, AriUnusable
from switchboard.adapters.log.sqlite import LogUnusable
from switchboard.adapters.observe.logs import set_up_logging
from switchboard.adapters.postgres.imports import BadImport, import_clients, import_receivables
from switchboard.adapters.postgres.schema import migrate
from switchboard.app import run_service
from switchboard.config.asterisk_files import asterisk_files, read_phone_secrets
from switchboard.config.load import BadConfig, load
from switchboard.config.settings import BadSettings, Settings

WRONG_CONFIG, UNUSABLE = 3, 4
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


_UNUSABLE = (AriUnusable, AriReplaced, LogUnusable, OSError)


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
        for error in _leaves(expected):
            click.echo(f"switchboard: {error}", err=True)
        sys.exit(UNUSABLE)


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
    set_up_logging(as_json=not sys.stderr.isatty())
    with _said_plainly():
        uvloop.run(run_service(Settings.from_environment()))


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("config"))
def check(folder: Path) -> None:
    """Check the config files in FOLDER and report every problem with its file and line."""
    with _said_plainly():
        policy = load(folder)
        click.echo(f"{folder}: {len(policy.people)} people, {len(policy.rules)} rules, version {policy.version}: fine")


@main.command("migrate")
def migrate_database() -> None:
    """Bring the database to this version's tables."""
    with _said_plainly():
        migrate(Settings.from_environment().database_url)


@main.command("asterisk-files")
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
def write_asterisk_files(out: Path) -> None:
    """Write the staff's phones, for Asterisk to include, into the folder OUT."""
    with _said_plainly():
        settings = Settings.from_environment()
        files = asterisk_files(load(settings.config), read_phone_secrets(settings.phone_secrets))
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (out / name).write_text(text, encoding="utf-8")


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
    _import(import_clients, file, encoding)


@receivables.command("import")
@click.argument("file", type=_FILE)
@click.option("--encoding", default="utf-8", show_default=True, help="Excel in Russia writes windows-1251.")
def import_receivable_file(file: Path, encoding: str) -> None:
    """Import what clients owe from the CSV FILE, which is taken for the whole truth."""
    _import(import_receivables, file, encoding)


def _import(importing: Importing, file: Path, encoding: str) -> None:
    with _said_plainly():
        settings = Settings.from_environment()
        try:
            summary = asyncio.run(importing(settings.database_url, file, load(settings.config), encoding=encoding))
        except BadImport as bad:
            click.echo(str(bad), err=True)
            sys.exit(1)
        click.echo(str(summary))
