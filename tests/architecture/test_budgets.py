"""Nothing outgrows its budget: the tail is what separates good code bases from bad ones."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE_LINES, FUNCTION_LINES = 400, 50
ROOMS = ("switchboard", "devkit", "tests", "benchmarks")
LARGER_FOR_A_REASON: dict[str, int] = {}
"""Path or path:function → its own budget. May only shrink."""


def _sources() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def test_no_file_outgrows_its_budget() -> None:
    sources = _sources()
    assert len(sources) > 30  # the rooms are where we think they are
    too_long = []
    for path in sources:
        name = str(path.relative_to(ROOT))
        lines = path.read_text().count("\n")
        if lines > LARGER_FOR_A_REASON.get(name, FILE_LINES):
            too_long.append(f"{name}: {lines} lines")
    assert too_long == []


def test_no_function_outgrows_its_budget() -> None:
    too_long = []
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{path.relative_to(ROOT)}:{node.name}"
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LARGER_FOR_A_REASON.get(name, FUNCTION_LINES):
                    too_long.append(f"{name}: {lines} lines")
    assert too_long == []
