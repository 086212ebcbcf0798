"""The schema's version: bring a database up to date, or say what it lacks before the service starts on it.

Synchronous on purpose: it runs from the command line and once before the event loop serves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy.exc
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from msgspec import Struct

from switchboard.engine.ports import Refused

CONNECT_WITHIN_S = 5


class SchemaState(Struct, frozen=True):
    """What a database has and what this program needs; revisions are four digits in order."""

    found: str | None
    """``None``: never migrated."""
    wanted: str

    @property
    def current(self) -> bool:
        return self.found == self.wanted

    def __str__(self) -> str:
        if self.current:
            return f"the schema is at {self.found}, as it should be"
        if self.found is None:
            return f"the database is empty; this program needs schema {self.wanted}: run `switchboard migrate`"
        if self.found > self.wanted:
            return f"the schema is at {self.found}, newer than this program ({self.wanted}): update the program"
        return f"the schema is at {self.found}, this program needs {self.wanted}: run `switchboard migrate`"


def migrate(url: str) -> SchemaState:
    """Bring the database to this program's schema; nothing happens when it is there. One transaction.

    Raises ``Refused`` when the database cannot be reached or will not have it.
    """
    config = _config()
    with _refusals():
        config.attributes["url"] = _for_sqlalchemy(url)
        command.upgrade(config, "head")
    return schema_state(url)


def schema_state(url: str) -> SchemaState:
    """What the database has. Raises ``Refused`` when it cannot be reached."""
    wanted = ScriptDirectory.from_config(_config()).get_current_head()
    assert wanted is not None, "the migrations are packaged with the program"
    with _refusals(), psycopg.connect(url, connect_timeout=CONNECT_WITHIN_S) as connection:
        exists = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        if exists is None or exists[0] is None:
            return SchemaState(None, wanted)
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return SchemaState(row[0] if row else None, wanted)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except sqlalchemy.exc.DBAPIError as error:
        raise Refused(f"schema: {error.orig}") from error
    except (psycopg.Error, CommandError) as error:
        raise Refused(f"schema: {error}") from error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "switchboard.adapters.postgres:migrations")
    return config


def _for_sqlalchemy(url: str) -> str:
    """The same URL, naming the driver: SQLAlchemy would take psycopg2 for a bare ``postgresql://``."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgresql", "postgres"):
        raise Refused("schema: a Postgres URL begins with postgresql://")
    return f"postgresql+psycopg://{rest}"
