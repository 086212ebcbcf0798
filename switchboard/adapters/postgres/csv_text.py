"""CSV as people's programs write it: every line that cannot be used is named with its number and the reason.

Accepted: UTF-8 with or without byte-order mark; ``;``, ``,`` or tab between cells (found from the first line, which
names the columns, in any order); quoted cells. Excel in Russia saves windows-1251 unless told otherwise; no program
can tell that from other one-byte encodings with certainty, and guessing wrong would turn names into noise, so it is
accepted when the admin says so, and refused where the file is plainly UTF-8.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from msgspec import Struct

SEPARATORS = ";,\t"
UTF_8, WINDOWS_1251 = "utf-8", "cp1251"
PROBLEMS_SHOWN = 100


class Problem(Struct, frozen=True, order=True):
    """One thing wrong with a file. ``line`` counts from 1; a cell with line breaks counts where its row begins."""

    line: int
    why: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.why}"


class BadImport(Exception):
    """The file was not imported, nothing of it. ``str()`` is the whole report, one problem a line."""

    def __init__(self, file_name: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        shown = [f"  {problem}" for problem in self.problems[:PROBLEMS_SHOWN]]
        if len(self.problems) > PROBLEMS_SHOWN:
            shown.append(f"  … and {len(self.problems) - PROBLEMS_SHOWN} more")
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n".join([f"{file_name}: {count}, nothing was imported", *shown]))


class Row(Struct, frozen=True):
    line: int
    cells: dict[str, str]
    """By column; stripped; a column that the file does not have is missing."""


class Columns(Struct, frozen=True):
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        return self.required + self.optional


class Sheet(Struct):
    """What could be read, and what is wrong with the rest."""

    rows: list[Row]
    problems: list[Problem]


def read_sheet(content: bytes, encoding: str, columns: Columns) -> Sheet:
    """Read a file's ``content``. Never raises for what is in it."""
    sheet = Sheet([], [])
    text = _decoded(content, encoding, sheet.problems)
    if text is None:
        return sheet
    separator = _separator(text, columns)
    records = _records(text, separator, sheet.problems)
    first = next(records, None)
    if sheet.problems:  # the first line is broken: no other one is the header
        return sheet
    header = [] if first is None else [cell.strip().lower() for cell in first[1]]
    if mistakes := _mistakes_in(header, columns):
        sheet.problems += [Problem(first[0] if first else 1, why) for why in mistakes]
        return sheet
    for line, cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            named = {";": "semicolons", ",": "commas", "\t": "tabs"}[separator]
            why = f"{len(cells)} cells, the first line names {len(header)} columns (cells are separated by {named})"
            sheet.problems.append(Problem(line, why))
            continue
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        sheet.rows.append(Row(line, row))
    if not sheet.rows and not sheet.problems:
        sheet.problems.append(Problem(1, "there are no rows behind the first line"))
    return sheet


def _decoded(content: bytes, encoding: str, problems: list[Problem]) -> str | None:
    try:
        codec = codecs.lookup(encoding).name
    except LookupError:
        codec = encoding
    if codec not in (UTF_8, "utf-8-sig", WINDOWS_1251):
        problems.append(Problem(1, f"encoding {encoding} is not supported: use utf-8 or windows-1251"))
        return None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        problems.append(Problem(1, 'the file is UTF-16 (Excel\'s "Unicode text"): save it as "CSV UTF-8"'))
        return None
    if codec == WINDOWS_1251 and not content.isascii() and _is_utf_8(content):
        problems.append(Problem(1, f"the file is UTF-8, not {encoding}: leave --encoding out"))
        return None
    try:
        text = content.decode(codec if codec == WINDOWS_1251 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        advice = "" if codec == WINDOWS_1251 else (
            '; Excel in Russia saves windows-1251: save as "CSV UTF-8", or pass --encoding windows-1251'
        )  # fmt: skip
        problems.append(Problem(line, f"byte 0x{content[error.start]:02x} is not {encoding}{advice}"))
        return None
    if (nul := text.find("\0")) >= 0:
        problems.append(Problem(text.count("\n", 0, nul) + 1, "a NUL byte: this is not a text file"))
        return None
    return text


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode(UTF_8)
    except UnicodeDecodeError:
        return False
    return True


def _separator(text: str, columns: Columns) -> str:
    """The separator under which the first line names most columns; a semicolon where none helps."""
    first_line = re.split(r"[\r\n]", text, maxsplit=1)[0]

    def names(separator: str) -> int:
        return sum(cell.strip(' "').lower() in columns.known for cell in first_line.split(separator))

    return max(SEPARATORS, key=names)


def _records(text: str, separator: str, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it begins in. A record that is quoted wrongly becomes a problem."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.append(Problem(line, _quoting_mistake(str(error), separator)))
        else:
            yield line, cells


def _quoting_mistake(error: str, separator: str) -> str:
    if "unexpected end of data" in error:
        return 'a quote (") that is opened here is never closed'
    if "expected after" in error:
        return (
            f'text behind a closing quote ("): double a quote that belongs to the text, or end the cell ({separator})'
        )
    return f"cannot be read as CSV: {error}"


def _mistakes_in(header: Sequence[str], columns: Columns) -> list[str]:
    if not any(name in columns.known for name in header):
        return [f"the first line must name the columns: {', '.join(columns.known)}"]
    mistakes = [f"column {name} is missing" for name in columns.required if name not in header]
    for name in dict.fromkeys(header):
        if name not in columns.known:
            near = get_close_matches(name, columns.known, n=1)
            mistakes.append(f'unknown column "{name}"' + (f": did you mean {near[0]}?" if near else ""))
        elif header.count(name) > 1:
            mistakes.append(f"column {name} is there {header.count(name)} times")
    return mistakes
