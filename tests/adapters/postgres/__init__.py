"""The Postgres adapter: look-ups, the record, imports, the schema."""
