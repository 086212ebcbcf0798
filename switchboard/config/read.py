"""Text of the files → models, as much of them as can be understood, and what is wrong with the rest.

One mistake must not hide others. So after the problems of a file are noted, what is wrong is taken out of the raw
data (the key, else the table around it) and the rest is read again; the checks across files then still see all that
is sound. Names of what was taken out stay known: a broken queue is not also an unknown one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path as Folder
from typing import Any, TypeVar

from pydantic import ValidationError

from switchboard.config.boxes import VoicemailFile
from switchboard.config.fields import Table
from switchboard.config.files import (
    FILES,
    CompanyFile,
    HoursFile,
    RoutingFile,
    StaffFile,
)
from switchboard.config.locate import Lines
from switchboard.config.problems import Path, Problem, did_you_mean, show_path
from switchboard.config.queues_file import QueuesFile

_Model = TypeVar("_Model", bound=Table)
MAY_BE_ABSENT = ("hours.toml", "voicemail.toml")
_KEYS = re.compile(r"\(('[^']*',? ?)+\)")
_AT = re.compile(r" ?\(at line (\d+), column (\d+)\)$")


@dataclass
class Files:
    """What was understood. A model is ``None`` when nothing of its file could be."""

    company: CompanyFile | None = None
    staff: StaffFile | None = None
    queues: QueuesFile | None = None
    routing: RoutingFile | None = None
    hours: HoursFile | None = None
    voicemail: VoicemailFile | None = None
    raw: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Parsed files by name, complete; without those that are not TOML."""
    lines: dict[str, Lines] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, file: str, path: Path, message: str, suggestion: str = "", *, warning: bool = False) -> None:
        line = self.lines[file].of(path) if file in self.lines else 1
        self.problems.append(Problem(file, line, show_path(path), message, suggestion, warning))

    def troubled(self, file: str, path: str = "") -> bool:
        """Whether something below ``path`` is wrong, so that what is missing there may only be misspelt."""
        return any(
            problem.file == file and not problem.warning and problem.path.startswith(path) for problem in self.problems
        )

    def names(self, file: str, table: str) -> list[str] | None:
        """Names of the tables ``[table.NAME]``, broken ones too; ``None`` when the file could not be read."""
        if file not in self.raw:
            return None
        tables = self.raw[file].get(table, {})
        return list(tables) if isinstance(tables, dict) else []


def read_files(folder: Folder) -> Files:
    """Read all that is there. Never raises for what stands in the files."""
    files = Files()
    for name in FILES:
        text = _text(folder / name, files)
        if text is not None:
            files.lines[name] = Lines(text)
            _parse(name, text, files)
    files.company = _understood(files, "company.toml", CompanyFile)
    files.staff = _understood(files, "staff.toml", StaffFile)
    files.queues = _understood(files, "queues.toml", QueuesFile)
    files.routing = _understood(files, "routing.toml", RoutingFile)
    files.hours = _understood(files, "hours.toml", HoursFile)
    files.voicemail = _understood(files, "voicemail.toml", VoicemailFile)
    for stranger in sorted(path.name for path in folder.glob("*.toml") if path.name not in FILES):
        hint = did_you_mean(stranger, FILES)
        files.problem(stranger, (), "no file of this name is read", hint, warning=True)
    return files


def _text(path: Folder, files: Files) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        if path.name not in MAY_BE_ABSENT:
            files.problem(path.name, (), "the file is missing", f"looked in {path.parent}")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        files.problems.append(Problem(path.name, line, "", "not UTF-8 text", "save the file as UTF-8"))
    except OSError as error:
        files.problem(path.name, (), f"cannot be read: {error.strerror}")
    return None


def _parse(name: str, text: str, files: Files) -> None:
    try:
        files.raw[name] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT.search(str(error))
        # without a position the end of the text came too early
        line, column = (int(at[1]), f", column {at[2]}") if at else (text.count("\n") + 1, "")
        what = _AT.sub("", str(error)).removesuffix(" (at end of document)")
        what = _KEYS.sub(lambda keys: ".".join(re.findall(r"'([^']*)'", keys[0])), what)
        files.problems.append(Problem(name, line, "", f"not TOML: {what[:1].lower()}{what[1:]}{column}"))


def _understood(files: Files, name: str, model: type[_Model]) -> _Model | None:
    """Validate, note the problems, take out what is wrong, until the rest is sound or nothing is left."""
    if name not in files.raw:
        return model.model_validate({}) if name in MAY_BE_ABSENT and name not in files.lines else None
    data = deepcopy(files.raw[name])
    first = True
    while True:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            mistakes = [(_path(e["loc"]), e["type"] in ("missing", "extra_forbidden"), e) for e in error.errors()]
        if first:
            for path, _, mistake in mistakes:
                files.problem(name, path, *_explain(mistake, model))
        first = False
        for path, about_a_key, mistake in mistakes:
            if not path or not _take_out(data, path[:-1] if about_a_key and mistake["type"] == "missing" else path):
                return None


def _path(loc: Iterable[str | int]) -> Path:
    return tuple(part for part in loc if part != "[key]")


def _take_out(data: dict[str, Any], path: Path) -> bool:
    """Remove what stands at ``path``; false when that would be the whole file.

    A table cannot be removed from a list of tables without moving the others away from their lines, so the whole
    list goes. What is gone already (removed with something around it) is fine.
    """
    while path and isinstance(path[-1], int):
        path = path[:-1]
    if not path:
        return False
    inner: Any = data
    for part in path[:-1]:
        try:
            inner = inner[part]
        except (KeyError, IndexError, TypeError):
            return True
    if isinstance(inner, dict):
        inner.pop(path[-1], None)
    return True


_SAID: dict[str, str] = {
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "list_type": "must be a list [...]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
}


def _explain(mistake: Any, model: type[Table]) -> tuple[str, str]:
    """Message and suggestion for one of pydantic's errors."""
    loc, kind, context = _path(mistake["loc"]), mistake["type"], mistake.get("ctx", {})
    match kind:
        case "missing":
            return "is missing", ""
        case "extra_forbidden":
            return "unknown key", did_you_mean(str(loc[-1]), keys_at(model, loc[:-1]))
        case "literal_error":
            allowed = re.findall(r"'([^']*)'", context["expected"]) or [context["expected"]]
            value = mistake["input"]
            near = did_you_mean(value, allowed) if isinstance(value, str) else ""
            shown = f'"{value}"' if isinstance(value, str) else value
            return f"{shown} is not one of {', '.join(allowed)}", near if near.startswith("did") else ""
        case "value_error":
            message, _, suggestion = str(context["error"]).partition("; ")
            return message, suggestion
        case "too_short":
            return "must not be empty" if context["min_length"] == 1 else "has too few elements", ""
        case "too_long":
            return f"has more than {context['max_length']} elements", ""
        case "less_than_equal" | "greater_than_equal":
            return f"must be at {'most' if 'le' in context else 'least'} {context.get('le', context.get('ge'))}", ""
        case _:
            return _SAID.get(kind, mistake["msg"]), ""


def keys_at(model: type[Table], path: Path) -> list[str]:
    """The keys that may stand in the table at ``path``."""
    schema = model.model_json_schema()
    here: Any = schema
    for part in (None, *path):
        if isinstance(part, int):
            here = here.get("items", {})
        elif part is not None:
            here = here.get("properties", {}).get(part) or here.get("additionalProperties") or {}
        here = next((option for option in here.get("anyOf", ()) if option.get("type") != "null"), here)
        while "$ref" in here:
            here = schema["$defs"][here["$ref"].rsplit("/", 1)[1]]
    return list(here.get("properties", {}))
