"""A Postgres for deliveries that are cut short."""

from __future__ import annotations

from tests.adapters.postgres.database import database, database_url, migrated_url, server_url

__all__ = ["database", "database_url", "migrated_url", "server_url"]
