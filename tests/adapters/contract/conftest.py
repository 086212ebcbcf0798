"""The real thing behind the ports is Postgres."""

from tests.adapters.postgres.database import database, database_url, migrated_url, server_url

__all__ = ["database", "database_url", "migrated_url", "server_url"]
