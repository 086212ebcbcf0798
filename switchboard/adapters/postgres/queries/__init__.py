"""SQL by name: one statement per file, so that it can be read, run in psql and explained without Python."""

from __future__ import annotations

from importlib.resources import files


def query(name: str) -> str:
    """The statement in ``name.sql``. Raises ``FileNotFoundError`` for a name nobody wrote."""
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
