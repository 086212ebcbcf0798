"""One file per step of the schema: plain SQL in it, numbered in order."""
