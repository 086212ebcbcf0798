"""The two files an admin imports, line by line: clients with their phones, and what they owe. Pure.

``clients.csv`` has the columns ``client_id``, ``name``, ``class`` and ``phones``, and may have ``manager``,
``department``, ``credit_limit``, ``price_column`` and ``last_order_on``. ``phones`` holds any number of phones,
separated by commas, semicolons (then the cell is quoted) or line breaks; the first one is the client's main number.

``receivables.csv`` has ``client_id``, ``document``, ``amount`` and ``due_on``. An amount below zero is a credit note.

Amounts are in major units, as people and accounting programs write them: ``1234``, ``1234.5``, ``1 234,50``,
``1,234.50``. Dates are ``2026-01-31`` or ``31.01.2026``. An empty cell is nothing: no manager, no limit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TypeVar

from msgspec import Struct

from switchboard.adapters.postgres.csv_text import Columns, Problem, Row, Sheet, read_sheet
from switchboard.core.phone_number import NumberKind, NumberPlan, read_number
from switchboard.core.policy import Policy

CLIENT_COLUMNS = Columns(
    ("client_id", "name", "class", "phones"),
    ("manager", "department", "credit_limit", "price_column", "last_order_on"),
)
RECEIVABLE_COLUMNS = Columns(("client_id", "document", "amount", "due_on"))
LARGEST_AMOUNT_MINOR = 10**15
"""A thousand times more than any client owes: what is larger is a mistake."""

Value = TypeVar("Value")


class Phone(Struct, frozen=True):
    e164: str
    raw: str
    extension: str | None
    main: bool


class ClientRow(Struct, frozen=True):
    line: int
    client_id: str
    name: str
    client_class: str
    manager: str | None
    department: str | None
    credit_limit_minor: int | None
    price_column: str | None
    last_order_on: date | None
    phones: tuple[Phone, ...]


class ReceivableRow(Struct, frozen=True):
    line: int
    client_id: str
    document: str
    amount_minor: int
    due_on: date


class Unusable(ValueError):
    """A cell says nothing we can use; its text is the reason."""


class ClientFile(Struct):
    rows: list[ClientRow]
    problems: list[Problem]


class ReceivableFile(Struct):
    rows: list[ReceivableRow]
    problems: list[Problem]


def read_clients(content: bytes, policy: Policy, encoding: str) -> ClientFile:
    """Every client of the file, checked against the company's classes, people and departments."""
    sheet = read_sheet(content, encoding, CLIENT_COLUMNS)
    found = ClientFile([], sheet.problems)
    _refuse_repeated(sheet, "client_id")
    for row in sheet.rows:
        cells = _Cells(row, sheet.problems)
        client = ClientRow(
            line=row.line,
            client_id=cells.needed("client_id"),
            name=cells.needed("name"),
            client_class=cells.one_of("class", policy.classes, "classes in company.toml") or cells.needed("class"),
            manager=cells.one_of("manager", tuple(policy.people), "people in staff.toml"),
            department=cells.one_of("department", tuple(policy.departments), "departments in company.toml"),
            credit_limit_minor=cells.read("credit_limit", _limit),
            price_column=cells.text("price_column"),
            last_order_on=cells.read("last_order_on", read_date),
            phones=cells.phones(policy.number_plan),
        )
        if not cells.wrong:
            found.rows.append(client)
    return found


def read_receivables(content: bytes, encoding: str) -> ReceivableFile:
    """Every document of the file; whether its client exists only the database knows."""
    sheet = read_sheet(content, encoding, RECEIVABLE_COLUMNS)
    found = ReceivableFile([], sheet.problems)
    _refuse_repeated(sheet, "client_id", "document")
    for row in sheet.rows:
        cells = _Cells(row, sheet.problems)
        client_id, document = cells.needed("client_id"), cells.needed("document")
        amount_minor, due_on = cells.read("amount", read_amount), cells.read("due_on", read_date)
        if not cells.wrong:
            for name, value in (("amount", amount_minor), ("due_on", due_on)):
                if value is None:
                    sheet.problems.append(Problem(row.line, f"{name} is empty"))
        if not cells.wrong and amount_minor is not None and due_on is not None:
            found.rows.append(ReceivableRow(row.line, client_id, document, amount_minor, due_on))
    return found


def read_amount(text: str) -> int:
    """Minor units. Raises ``Unusable``, also for what could be read two ways (``1,234``)."""
    compact = re.sub(r"[\s'’]", "", text).replace("\u2212", "-")
    found = re.fullmatch(r"(-?)(\d+)(?:[.,](\d{1,2}))?", compact)
    if found is None:
        grouped = re.fullmatch(r"(-?)(\d{1,3}(?:(,)\d{3})+\.\d{2}|\d{1,3}(?:(\.)\d{3})+,\d{2})", compact)
        if grouped is None:
            raise Unusable(f'"{text}" is not an amount such as 1234.50 or 1 234,50')
        return read_amount(compact.replace(grouped[3] or grouped[4], ""))
    minor = int(found[2]) * 100 + int((found[3] or "").ljust(2, "0"))
    if minor > LARGEST_AMOUNT_MINOR:
        raise Unusable(f'"{text}" is too large')
    return -minor if found[1] else minor


def read_date(text: str) -> date:
    """Raises ``Unusable``."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        year, month, day = text.split("-")
    elif re.fullmatch(r"\d{2}\.\d{2}\.\d{4}", text, re.ASCII):
        day, month, year = text.split(".")
    else:
        raise Unusable(f'"{text}" is not a date such as 2026-01-31 or 31.01.2026')
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise Unusable(f'"{text}" is no day of any calendar') from None


def read_phones(text: str, plan: NumberPlan) -> tuple[Phone, ...]:
    """The phones of one cell, each once, the first marked main. Raises ``Unusable``."""
    phones: dict[str, Phone] = {}
    for piece in _BETWEEN_PHONES.split(text):
        raw = piece.strip()
        if not raw:
            continue
        number = read_number(raw, plan)
        if number.kind is not NumberKind.PUBLIC or number.e164 is None:
            raise Unusable(f'"{raw}" is not a phone number ({number.kind.value})')
        phones.setdefault(number.e164, Phone(number.e164, raw, number.extension, main=not phones))
    return tuple(phones.values())


_BETWEEN_PHONES = re.compile(r"[;\n]|,(?!\s*(?:доб|вн|ext|x|х|#))", re.IGNORECASE)
"""A comma before an extension does not end the number: "8 495 123-45-67, доб. 12"."""


def _limit(text: str) -> int:
    limit_minor = read_amount(text)
    if limit_minor < 0:
        raise Unusable(f'"{text}" is below zero')
    return limit_minor


def _refuse_repeated(sheet: Sheet, *key: str) -> None:
    first: dict[tuple[str, ...], int] = {}
    for row in sheet.rows:
        value = tuple(row.cells[name] for name in key)
        seen = first.setdefault(value, row.line)
        if seen != row.line and all(value):
            sheet.problems.append(Problem(row.line, f"{' '.join(key)} {' '.join(value)} was in line {seen} already"))


class _Cells:
    """One row's cells, read by column; what is wrong is noted, and reading goes on to find the rest."""

    def __init__(self, row: Row, problems: list[Problem]) -> None:
        self._row = row
        self._problems = problems
        self.wrong = False

    def text(self, name: str) -> str | None:
        return self._row.cells.get(name) or None

    def needed(self, name: str) -> str:
        text = self.text(name)
        if text is None:
            self._note(f"{name} is empty")
        return text or ""

    def one_of(self, name: str, known: tuple[str, ...], where: str) -> str | None:
        text = self.text(name)
        if text is not None and text not in known:
            self._note(f'{name} "{text}" is not one of the {where}: {", ".join(known)}')
        return text

    def read(self, name: str, reading: Callable[[str], Value]) -> Value | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return reading(text)
        except Unusable as unusable:
            self._note(f"{name}: {unusable}")
            return None

    def phones(self, plan: NumberPlan) -> tuple[Phone, ...]:
        return self.read("phones", lambda text: read_phones(text, plan)) or ()

    def _note(self, why: str) -> None:
        self.wrong = True
        self._problems.append(Problem(self._row.line, why))
