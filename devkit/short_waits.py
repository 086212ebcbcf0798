"""The sample company with short patience: a copy of its config in which every wait is seconds, for demo and tests."""

from __future__ import annotations

import re
from pathlib import Path

_SHORTER = {
    "60s": "60s",
    "3m": "4s",
    "1m": "4s",
    "40s": "4s",
    "30s": "4s",
    "20s": "2s",
    "15s": "2s",
    "10s": "1s",
    "5s": "1s",
}
_WAITS = re.compile(r'^(at_most|each|ring_for|wrap_up|missed_for) = "(\w+)"', re.MULTILINE)

_OFF = re.compile(r'^(short_hang_up|place_kept_for) = "\w+"', re.MULTILINE)
_SPOKEN = re.compile(r"^\[queue\.\w+\.(?:hears|keys)\].*\n(?:(?!\[).*\n)*", re.MULTILINE)


def alike(text: str) -> str:
    """A file's text without what tells callers apart by how long they waited: no hang-up is a short one, no place is
    kept for who calls again."""
    return _OFF.sub(lambda off: f'{off[1]} = "0s"', text)


def plain(text: str) -> str:
    """The same, with nothing but music for those who wait, like a queue of Asterisk's own."""
    return _SPOKEN.sub("", alike(text))


def shortened(config: Path, into: Path, *, longest: str = "4s") -> Path:
    """Copy ``config`` to ``into`` with shorter waits; the longest, in a queue, becomes ``longest``.

    A wait that we have no shorter one for is an error: KeyError. All callers are `alike`.
    """
    shorter = _SHORTER | {"3m": longest}
    into.mkdir(parents=True, exist_ok=True)
    for file in sorted(config.glob("*.toml")):
        text = _WAITS.sub(lambda wait: f'{wait[1]} = "{shorter[wait[2]]}"', file.read_text())
        (into / file.name).write_text(alike(text))
    return into
