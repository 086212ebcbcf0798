"""Postgres: client look-ups (``local_directory``, from a copy that ``follow`` keeps in step), the call record
(``recorder``), imports, the schema."""
