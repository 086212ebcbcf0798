"""``docs/config.md``, made from the models: ``python -m switchboard.config.reference > docs/config.md``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from switchboard.config import boxes, files, hearing, queues_file, recording
from switchboard.config.fields import Table
from switchboard.config.files import FILES
from switchboard.config.handing_over import Destination, Transfers
from switchboard.config.people import Absence, Codes, Said
from switchboard.config.units import show_duration

_INTRODUCTION = """\
# Config reference

<!-- Made by `python -m switchboard.config.reference`; a test compares. Edit the descriptions in
switchboard/config/files.py. -->

The company is described by six TOML files in one folder (`hours.toml` and `voicemail.toml` may be left out).
`switchboard check FOLDER` finds every mistake at once, each with file, line and, where there is one, a suggestion; its
exit code is 3 when the files cannot be used. A running service takes over changed files within seconds; while they have
mistakes it goes on with what it had. Queues, people and boxes are those of today, also for callers who wait; plans and
their steps, call-backs, recording and all other times hold for calls that come afterwards.

- **NAME** in a header is yours to choose: small Latin letters, digits and `_`, beginning with a letter.
- **Durations** are text with units: `"150ms"`, `"15s"`, `"3m"`, `"1h30m"`.
- **Time ranges** are local time: `"09:00-18:00"`, `"09:00-13:00, 14:00-17:00"`, `"closed"`. A day ends at `24:00`.
- **Lists of text** with one element may be written without brackets.
- **Prompts** are sounds of Asterisk's core packages (`"vm-nobodyavail"`), or your own: `"custom/NAME"`.
- Indexes in messages count from 1: `plan.debt.step[2]` is the second step.
"""

# header, model and what it is, by file; in the order an admin would write them
_TABLES: dict[str, list[tuple[str, type[Table], str]]] = {
    "company.toml": [
        ("[company]", files.Company, "Who we are."),
        ("[numbers]", files.Numbers, "How phone numbers are read."),
        ("[line.NAME]", files.Line, "What the company is dialled on."),
        ("[department.NAME]", files.Department, "Departments and their heads."),
        (
            "[codes]",
            Codes,
            "What staff dial on their phones, see docs/operator/dial-codes.md. No code begins like another one.",
        ),
        (
            "[outbound]",
            files.Outbound,
            "Calls to outside numbers, which see the number of the line that was called, else of the first by name.",
        ),
        ("[limits]", files.Limits, "Deadlines that keep calls from hanging."),
        ("[transfers]", Transfers, "How long things take when a caller is given away, held or parked."),
        ("[prompts]", Said, "What staff hear after a code."),
        ("[recording]", recording.Recording, "Recorded talks, see docs/admin/recording.md."),
        (
            "[[recording.rule]]",
            recording.RecordingRule,
            "Which talks. The first rule whose conditions all hold decides.",
        ),
        ("[speech.ru]", hearing.Speech, "Your own recordings of words that Asterisk's Russian prompts lack."),
    ],
    "staff.toml": [
        ("[person.NAME]", files.Person, "Everybody with a phone, and everybody who is responsible for something."),
        ("[[person.NAME.absent]]", Absence, "When they are not there, and who is in their place."),
        ("[pool.NAME]", files.Pool, "People who share a duty."),
    ],
    "queues.toml": [
        ("[queue.NAME]", queues_file.Queue, "Where callers wait for the next free operator."),
        ("[[queue.NAME.tier]]", queues_file.Tier, "Who is rung besides for callers who have waited for a while."),
        ("[queue.NAME.backup]", queues_file.Backup, "Who stands in while the service level is low."),
        ("[queue.NAME.hears]", hearing.Hears, "What they hear besides the music, in the language of their line."),
        ("[callback]", hearing.CallBack, "How people are called back who asked for it by a key while they waited."),
    ],
    "routing.toml": [
        (
            "[[rule]]",
            files.Rule,
            "The first rule whose conditions all hold decides. The last rule must have no conditions.",
        ),
        ("[plan.NAME]", files.Plan, "What is tried for a call, step by step."),
        (
            "[[plan.NAME.step]]",
            files.Step,
            (
                "Exactly one of `queue`, `ring`, `message`, `callback`, `voicemail`, with its keys. One of the last "
                "three ends the plan."
            ),
        ),
        (
            "[destination.NAME]",
            Destination,
            "A duty that staff give callers to by its number, or ask there themselves: the same plans and queues.",
        ),
    ],
    "hours.toml": [
        ("[hours.NAME]", files.OpeningHours, "Weekly opening hours, for the rules' `during` and `outside`."),
        ("[[hours.NAME.special]]", files.SpecialDay, "What holds on one date instead."),
    ],
    "voicemail.toml": [
        ("[box.NAME]", boxes.Box, "Where callers leave messages, see docs/admin/voicemail.md."),
    ],
}

_SETTINGS = """\
## Environment

What differs between two machines that run the same company. Secrets may be given as a file instead: the variable's
name and `_FILE`, e.g. `SWITCHBOARD_ARI_PASSWORD_FILE=/run/secrets/ari`.

| variable | default | meaning |
| --- | --- | --- |
| `SWITCHBOARD_CONFIG` | `config` | Folder of the files above. Mount the folder, not single files. |
| `SWITCHBOARD_DATA` | required | Folder of the log and of the copy of the client file; created when missing. |
| `SWITCHBOARD_DATABASE_URL` | required, secret | `postgresql://…` |
| `SWITCHBOARD_ARI_URL` | required | `http://host:port/ari` |
| `SWITCHBOARD_ARI_USER` | `switchboard` | User of ari.conf. |
| `SWITCHBOARD_ARI_PASSWORD` | required, secret | Its password. |
| `SWITCHBOARD_HTTP` | `127.0.0.1:8080` | Where `/health` and `/metrics` are. |
| `SWITCHBOARD_PHONE_SECRETS` | for `asterisk-files` | TOML file, one line a phone: `olga = "…"`. Keep it from others. |
| `SWITCHBOARD_PINS` | – | TOML file, one line a person (`switchboard pin PERSON`); for hot-desking. |
| `SWITCHBOARD_QUEUE_LOG` | – | Asterisk's `queue_log`; without it, calls that only it knows of are not on record. |
| `SWITCHBOARD_SMTP` | – | `host:port` of the mail server that messages in boxes are sent through. |
| `SWITCHBOARD_SMTP_TLS` | `starttls` | `starttls`, `tls` (from the first byte) or `none` (a server beside us). |
| `SWITCHBOARD_SMTP_FROM` | required with a server | Address that these mails come from. |
| `SWITCHBOARD_SMTP_USER` | – | Where the server asks for one. |
| `SWITCHBOARD_SMTP_PASSWORD` | required with a user, secret | Its password. |
| `SWITCHBOARD_RECORDINGS` | in the data folder | Folder of recordings; one that is named here must be there. |
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *_sections(), _SETTINGS])


def _sections() -> Iterator[str]:
    for file, tables in _TABLES.items():
        yield f"## {file}\n"
        if file == "company.toml":
            yield "Begins with `schema_version = 1`, the version of this format, before any table.\n"
        for header, model, meaning in tables:
            yield f"### `{header}`\n\n{meaning}\n"
            yield "| key | type | default | meaning |\n| --- | --- | --- | --- |"
            yield from _rows(model)
            yield ""


def _rows(model: type[Table]) -> Iterator[str]:
    schema = model.model_json_schema()
    for name, field in model.model_fields.items():
        key = field.alias or name
        kind = _type(schema["properties"][key], schema)
        if kind is None:
            continue  # a list of tables has a section of its own
        default = "required" if field.is_required() else _default(field.default, kind)
        yield f"| `{key}` | {kind} | {default} | {field.description} |"


def _type(spec: dict[str, Any], schema: dict[str, Any]) -> str | None:
    """The type in words; ``None`` for tables."""
    options = [option for option in spec.get("anyOf", [spec]) if option.get("type") != "null"]
    spec = options[0]
    if "$ref" in spec:
        return None
    if "enum" in spec or "const" in spec:
        return "one of " + ", ".join(f"`{value}`" for value in spec.get("enum", [spec.get("const")]))
    match spec.get("type"):
        case "string":
            title = spec.get("title", "")
            return title if title.startswith(("duration", "time ranges")) else "text"
        case "boolean":
            return "true or false"
        case "integer":
            return f"whole number, {spec.get('minimum')} to {spec.get('maximum')}"
        case "array":
            inner = _type(spec["items"], schema)
            if inner is None:
                return None
            return f"list of {spec['minItems']} numbers" if inner.startswith("whole") else _list_of(inner)
        case "object":
            return f"table: {_type(spec['additionalProperties'], schema)} for each key"
    raise AssertionError(spec)


def _list_of(inner: str) -> str:
    return f"list: {inner}" if inner.startswith("one of") else f"list of {inner}"


def _default(value: Any, kind: str) -> str:
    if value is None or value in ({}, (), []):
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int):
        return f'`"{show_duration(value)}"`' if kind.startswith("duration") else f"`{value}`"
    return "`" + re.sub(r"'", '"', repr(value)) + "`"


def tables() -> list[type[Table]]:
    """Every model the page describes; a test holds them against all there are."""
    return [model for described in _TABLES.values() for _, model, _ in described] + list(FILES.values())


if __name__ == "__main__":
    print(reference(), end="")
