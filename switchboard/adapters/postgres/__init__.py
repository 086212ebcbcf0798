"""Postgres: client look-ups (``directory``), the call record (``recorder``), imports, the schema."""
