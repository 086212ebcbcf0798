"""Problems: what is wrong in the files, where, and what was probably meant.

An admin who has made five mistakes wants to see five lines, not one line five times. So nothing here is raised
on the way: problems are collected, and ``BadConfig`` carries them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

_BARE = re.compile(r"[A-Za-z0-9_-]+")

Path = tuple[str | int, ...]
"""Where in a file: keys and indexes (from 0) as TOML nests them, e.g. ``("rule", 2, "class")``."""


@dataclass(frozen=True, order=True)
class Problem:
    file: str
    """Name of the file, relative to the config folder."""
    line: int
    """Counted from 1."""
    path: str
    """As ``show_path`` writes it; empty for a problem of the whole file."""
    message: str
    suggestion: str = ""
    warning: bool = False
    """The company can be run like this, but probably was not meant so."""

    def __str__(self) -> str:
        parts = [f"{self.file}:{self.line}", self.path, ("warning: " if self.warning else "") + self.message]
        text = ": ".join(part for part in parts if part)
        whole = f"{text}; {self.suggestion}" if self.suggestion else text
        # what admins wrote is quoted in messages: one problem stays one line
        return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in whole)


class BadConfig(Exception):
    """The files cannot be used. ``problems`` has all of them, warnings too, by file and line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


def show_path(path: Path) -> str:
    """A path as people read it: ``plan.key_client.step[1].queue``. Indexes count from 1 there."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part + 1}]"
        else:
            shown += ("." if shown else "") + (part if _BARE.fullmatch(part) else f'"{part}"')
    return shown


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest of the known words, or all of them where they are few; empty when neither helps."""
    words = list(known)
    near = get_close_matches(word.lower(), words, n=1, cutoff=0.6) or get_close_matches(word, words, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"known are {', '.join(words)}" if 0 < len(words) <= 12 else ""
