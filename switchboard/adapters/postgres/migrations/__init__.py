"""The schema's history, run by alembic; see ``switchboard.adapters.postgres.schema``."""
