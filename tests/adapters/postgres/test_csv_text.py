"""Reading CSV: what Excel and accounting programs write, and every way in which it can be broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.postgres.csv_text import BadImport, Columns, Problem, Sheet, read_sheet

COLUMNS = Columns(("id", "name"), ("note",))


def read(content: bytes | str, encoding: str = "utf-8") -> Sheet:
    return read_sheet(content.encode() if isinstance(content, str) else content, encoding, COLUMNS)


def problems(content: bytes | str, encoding: str = "utf-8") -> list[str]:
    return [str(problem) for problem in read(content, encoding).problems]


@pytest.mark.parametrize(
    "content",
    ["id;name\n1;Ёж\n", "id,name\r\n1,Ёж\r\n", "id\tname\n1\tЁж", "\ufeffid;name\n1;Ёж\n", "name;id\nЁж;1\n",
     ' ID ; Name \n1; Ёж \n', "id;name\r1;Ёж\r", '"id";"name"\n"1";"Ёж"\n', "id;name\n\n;\n1;Ёж\n\n"],
)  # fmt: skip
def test_all_usual_forms_are_one_table(content: str) -> None:
    sheet = read(content)
    assert sheet.problems == []
    assert [row.cells for row in sheet.rows] == [{"id": "1", "name": "Ёж"}]


def test_windows_1251_is_read_when_it_is_said() -> None:
    content = "id;name\n1;Ёж\n".encode("cp1251")
    for encoding in ("windows-1251", "cp1251", "Windows-1251"):
        assert read(content, encoding).rows[0].cells["name"] == "Ёж"


def test_rows_know_the_line_they_begin_in() -> None:
    sheet = read('id;name;note\n1;a;"two\nlines"\n2;b;\n\n3;c;"with ""quotes"""\n')
    assert [(row.line, row.cells["note"]) for row in sheet.rows] == [(2, "two\nlines"), (4, ""), (6, 'with "quotes"')]


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        ("id;name\n1;Ёж\n".encode("cp1251"), "utf-8", "line 2: byte 0xa8 is not utf-8; Excel in Russia saves"),
        (b"id;name\n1;\x98\n", "windows-1251", "line 2: byte 0x98 is not windows-1251"),
        ("id;name\n1;Ёж\n".encode(), "windows-1251", "line 1: the file is UTF-8, not windows-1251"),
        ("id;name\n1;Ёж\n".encode("utf-16"), "utf-8", "line 1: the file is UTF-16"),
        (b"id;name\n1;a\n", "koi8-r", "line 1: encoding koi8-r is not supported"),
        (b"id;name\n1;a\n", "no such", "line 1: encoding no such is not supported"),
        (b"id;name\n1;a\n2;\0\n", "utf-8", "line 3: a NUL byte"),
    ],
)
def test_a_wrong_encoding_is_refused_with_advice(content: bytes, encoding: str, expected: str) -> None:
    (found,) = problems(content, encoding)
    assert found.startswith(expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ["line 1: the first line must name the columns: id, name, note"]),
        ("1;Ёж\n", ["line 1: the first line must name the columns: id, name, note"]),
        ("id;nmae\n1;a\n", ["line 1: column name is missing", 'line 1: unknown column "nmae": did you mean name?']),
        ("id;name;id\n1;a;2\n", ["line 1: column id is there 2 times"]),
        ("id;name\n", ["line 1: there are no rows behind the first line"]),
        ("id;name\n1;a;b\n2;b\n3\n",
         ["line 2: 3 cells, the first line names 2 columns (cells are separated by semicolons)",
          "line 4: 1 cells, the first line names 2 columns (cells are separated by semicolons)"]),
        ('id;name\n1;"a\n2;b\n', ['line 2: a quote (") that is opened here is never closed']),
        ('id;name\n1;"a"b\n2;b\n',
         ['line 2: text behind a closing quote ("): double a quote that belongs to the text, or end the cell (;)']),
        (f'{"a" * 200_000}\n1;a\n', ["line 1: cannot be read as CSV: field larger than field limit (131072)"]),
        (f'id;name\n1;"{"a" * 200_000}"\n', ["line 2: cannot be read as CSV: field larger than field limit (131072)"]),
    ],
)  # fmt: skip
def test_what_is_broken_is_named_with_its_line(content: str, expected: list[str]) -> None:
    assert problems(content) == expected


def test_after_a_line_that_is_quoted_wrongly_reading_goes_on() -> None:
    sheet = read('id;name\n1;"a"b\n2;b\n3\n')
    assert [row.line for row in sheet.rows] == [3]
    assert [problem.line for problem in sheet.problems] == [2, 4]


def test_the_report_is_in_order_and_does_not_flood() -> None:
    few = BadImport("x.csv", [Problem(7, "b"), Problem(2, "a")])
    assert str(few) == "x.csv: 2 problems, nothing was imported\n  line 2: a\n  line 7: b"
    many = BadImport("x.csv", [Problem(line, "bad") for line in range(1, 251)])
    assert len(many.problems) == 250
    assert str(many).endswith("\n  … and 150 more")
    assert str(many).count("\n") == 101


@given(content=st.binary(max_size=200) | st.text(alphabet='id;name,"\n\r\tЁ\0', max_size=60).map(str.encode))
def test_no_content_makes_it_raise(content: bytes) -> None:
    for encoding in ("utf-8", "windows-1251"):
        for whole in (content, b"id;name\n" + content):
            sheet = read(whole, encoding)
            assert sheet.problems or sheet.rows
