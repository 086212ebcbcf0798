"""Alembic's way in: one connection, one transaction for all steps, and a lock so that two starts do not race.

The URL comes from ``schema.migrate`` as an attribute: not through the ini file's text, where ``%`` means something.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

LOCK = 0x5357_4244
"""Any number that nobody else in this database uses ("SWBD")."""


def run() -> None:
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=False)
        with context.begin_transaction():
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            context.run_migrations()


run()
