"""On which line of a TOML text does a path stand?

Neither tomllib nor pydantic keeps line numbers. This reads a text that tomllib has accepted, so it may be simple:
headers, keys, and values that run over several lines (arrays, long strings). What stands inside a value on one
line is placed on the line of its key.
"""

from __future__ import annotations

import re

from switchboard.config.problems import Path

_HEADER = re.compile(r"\s*(\[\[?)([^#]*?)\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_KEY_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")
_VALUE_PART = re.compile(
    r'"""(?:[^\\]|\\.)*?"""'
    r"|'''.*?'''"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*|[\[\]{},\n]|[^\s\[\]{},\"'#]+",
    re.DOTALL,
)


class Lines:
    """Line numbers (from 1) of everything in ``text``."""

    def __init__(self, text: str) -> None:
        self._line_of: dict[Path, int] = {}
        self._text = text
        self._read()

    def of(self, path: Path) -> int:
        """The line of ``path``, or of the nearest thing around it that stands in the text; 1 for the whole file."""
        for length in range(len(path), 0, -1):
            line = self._line_of.get(path[:length])
            if line is not None:
                return line
        return 1

    def _read(self) -> None:
        lines = self._text.splitlines(keepends=True)
        lengths: dict[Path, int] = {}
        table: Path = ()
        number = 0
        while number < len(lines):
            line = lines[number]
            number += 1
            if header := _HEADER.match(line.rstrip("\r\n")):
                table = self._header(_parts(header[2]), header[1] == "[[", lengths, number)
                self._mark(table, number)
            elif key := _KEY.match(line):
                path = table
                for part in _parts(key[1]):
                    path = (*path, part)
                    self._mark(path, number)
                rest = line[key.end() :] + "".join(lines[number:])
                number += self._value(path, rest, number)

    def _header(self, parts: Path, is_list: bool, lengths: dict[Path, int], number: int) -> Path:
        """The full path of a header, with the index of the newest table of every list on the way."""
        path: Path = ()
        for depth, part in enumerate(parts):
            path = (*path, part)
            self._mark(path, number)  # [a.b] is where a begins, if nothing said so before
            if is_list and depth == len(parts) - 1:
                lengths[path] = lengths.get(path, 0) + 1
            if path in lengths:
                path = (*path, lengths[path] - 1)
        return path

    def _value(self, path: Path, text: str, first: int) -> int:
        """Mark the elements of an array that begins at ``text``; how many more lines the value takes."""
        depth, index, line, fresh = 0, 0, first, False
        for token in _VALUE_PART.finditer(text):
            part = token[0]
            if fresh and depth == 1 and part not in "],\n" and not part.startswith("#"):
                self._mark((*path, index), line)
                fresh = False
            if part in "[{":
                depth += 1
                fresh = fresh or (depth == 1 and part == "[")
            elif part in "]}":
                depth -= 1
            elif part == "," and depth == 1:
                index, fresh = index + 1, True
            elif part == "\n" and depth == 0:
                break
            if not part.startswith("#"):
                line += part.count("\n")
        return line - first

    def _mark(self, path: Path, line: int) -> None:
        self._line_of.setdefault(path, line)


def _parts(dotted: str) -> Path:
    return tuple(double or single or bare for double, single, bare in _KEY_PART.findall(dotted))
