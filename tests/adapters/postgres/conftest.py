"""Fixtures of the Postgres tests."""

from tests.adapters.postgres.database import database, database_url, migrated_url, server_url

__all__ = ["database", "database_url", "migrated_url", "server_url"]
