"""The files an admin imports: what every cell may hold, and what is said about those that hold something else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.postgres.client_files import (
    Phone,
    Unusable,
    read_amount,
    read_clients,
    read_date,
    read_phones,
    read_receivables,
)
from switchboard.config.load import load
from switchboard.core.phone_number import NumberPlan

POLICY = load(Path(__file__).parents[3] / "config")
PLAN = NumberPlan(area_code="495")
HEADER = "client_id;name;class;phones;manager;department;credit_limit;last_order_on\n"


def problems_of(*lines: str) -> list[str]:
    found = read_clients((HEADER + "\n".join(lines)).encode(), POLICY, "utf-8")
    return [str(problem) for problem in sorted(found.problems)]


def test_a_client_is_read_with_everything() -> None:
    content = HEADER + '1;Shop «A»;key;"8 (495) 000-10-01, доб. 5, 000-10-02";kirill;wholesale;1 000,50;31.01.2026\n'
    (client,) = read_clients(content.encode(), POLICY, "utf-8").rows
    assert (client.client_id, client.name, client.client_class, client.line) == ("1", "Shop «A»", "key", 2)
    assert (client.manager, client.department) == ("kirill", "wholesale")
    assert (client.credit_limit_minor, client.last_order_on) == (100_050, date(2026, 1, 31))
    assert client.phones == (
        Phone("+74950001001", "8 (495) 000-10-01, доб. 5", "5", main=True),
        Phone("+74950001002", "000-10-02", None, main=False),
    )


def test_what_is_empty_is_nothing() -> None:
    (client,) = read_clients((HEADER + "1;Shop;retail;;;;;\n").encode(), POLICY, "utf-8").rows
    assert (client.manager, client.department, client.credit_limit_minor) == (None, None, None)
    assert (client.price_column, client.last_order_on, client.phones) == (None, None, ())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (";Shop;retail;;;;;", "client_id is empty"),
        ("1;;retail;;;;;", "name is empty"),
        ("1;Shop;;;;;;", "class is empty"),
        (
            "1;Shop;vip;;;;;",
            'class "vip" is not one of the classes in company.toml: key, market, own_point, retail, regional',
        ),
        ("1;Shop;new;;;;;", 'class "new" is not one of the classes'),
        ("1;Shop;retail;;nobody;;;", 'manager "nobody" is not one of the people in staff.toml: olga, oleg'),
        ("1;Shop;retail;;;nowhere;;", 'department "nowhere" is not one of the departments in company.toml'),
        ("1;Shop;retail;12345;;;;", 'phones: "12345" is not a phone number (unreadable)'),
        ("1;Shop;retail;000-10-01, 101;;;;", 'phones: "101" is not a phone number (internal)'),
        ("1;Shop;retail;нет;;;;", 'phones: "нет" is not a phone number (unreadable)'),
        ("1;Shop;retail;;;;1,234;", 'credit_limit: "1,234" is not an amount such as 1234.50 or 1 234,50'),
        ("1;Shop;retail;;;;-5;", 'credit_limit: "-5" is below zero'),
        ("1;Shop;retail;;;;;31.02.2026", 'last_order_on: "31.02.2026" is no day of any calendar'),
        ("1;Shop;retail;;;;;01/31/26", 'last_order_on: "01/31/26" is not a date such as 2026-01-31 or 31.01.2026'),
    ],
)
def test_a_cell_that_cannot_be_used_is_named_with_its_line(line: str, expected: str) -> None:
    (found,) = problems_of("0;Fine;retail;;;;;", line)
    assert found.startswith(f"line 3: {expected}")


def test_everything_wrong_is_told_at_once() -> None:
    assert problems_of("1;;vip;12;;;;", "1;Shop;retail;;;;x;") == [
        'line 2: class "vip" is not one of the classes in company.toml: key, market, own_point, retail, regional',
        "line 2: name is empty",
        'line 2: phones: "12" is not a phone number (unreadable)',
        "line 3: client_id 1 was in line 2 already",
        'line 3: credit_limit: "x" is not an amount such as 1234.50 or 1 234,50',
    ]


def test_receivables_are_read_and_their_mistakes_named() -> None:
    content = "client_id;document;amount;due_on\n1;A;1 234,50;31.01.2026\n1;B;-5;2026-01-31\n1;A;;x\n2;;1.5;\n"
    found = read_receivables(content.encode(), "utf-8")
    assert [(row.document, row.amount_minor, row.due_on) for row in found.rows] == [
        ("A", 123_450, date(2026, 1, 31)),
        ("B", -500, date(2026, 1, 31)),
    ]
    assert [str(problem) for problem in sorted(found.problems)] == [
        "line 4: client_id document 1 A was in line 2 already",
        'line 4: due_on: "x" is not a date such as 2026-01-31 or 31.01.2026',
        "line 5: document is empty",
    ]
    (empty,) = read_receivables(b"client_id;document;amount;due_on\n1;A;;2026-01-31\n", "utf-8").problems
    assert str(empty) == "line 2: amount is empty"


@pytest.mark.parametrize(
    ("text", "minor"),
    [("0", 0), ("12", 1200), ("12.5", 1250), ("12,05", 1205), ("1 234,50", 123450), ("1\u00a0234,50", 123450),
     ("1\u202f234 567", 123456700), ("1'234.50", 123450), ("1,234.50", 123450), ("1.234.567,89", 123456789),
     ("-7,1", -710), ("\u22127", -700)],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(text: str, minor: int) -> None:
    assert read_amount(text) == minor


@pytest.mark.parametrize(
    "text",
    ["", "-", "1,234", "1.234", "12.345,6", "1,23,456.00", "12,34,56", "1.5.0", "5 руб.", "1e3", "#N/A", "9" * 16],
)
def test_an_amount_that_could_be_read_two_ways_or_none_is_refused(text: str) -> None:
    with pytest.raises(Unusable):
        read_amount(text)


@given(minor=st.integers(-(10**15), 10**15))
def test_an_amount_is_read_back_exactly(minor: int) -> None:
    sign, rest = "-" if minor < 0 else "", f"{abs(minor) // 100:,}"
    cents = f"{abs(minor) % 100:02}"
    for text in (
        f"{sign}{rest}.{cents}",
        f"{sign}{rest.replace(',', ' ')},{cents}",
        f"{sign}{abs(minor) // 100}.{cents}",
    ):
        assert read_amount(text) == minor


def test_dates_are_days() -> None:
    assert read_date("2024-02-29") == read_date("29.02.2024") == date(2024, 2, 29)
    for text in ("2025-02-29", "29.02.25", "0000-01-01", "2025-13-01", "２０２５-01-01"):
        with pytest.raises(Unusable):
            read_date(text)


def test_a_cell_of_phones_is_read_one_by_one() -> None:
    cell = "8 (495) 000-10-01 доб. 5; +7 495 000-10-02\n000-10-03, , 84950001001"
    assert [(phone.e164, phone.main) for phone in read_phones(cell, PLAN)] == [
        ("+74950001001", True),
        ("+74950001002", False),
        ("+74950001003", False),
    ]
