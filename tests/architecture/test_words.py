"""The words of the house (DESIGN: "Words") are kept: no vague names, a docstring on top of every file."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
VAGUE = re.compile(r"(Manager|Helper|Util|Utils|Handler)$")


def test_no_class_has_a_vague_name() -> None:
    vague = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in sorted((ROOT / "switchboard").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and VAGUE.search(node.name)
    ]
    assert vague == []


def test_every_module_begins_with_what_it_is_about() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "switchboard").rglob("*.py"))
        if "migrations/versions" not in str(path) and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_the_core_names_no_forbidden_thing() -> None:
    """import-linter checks imports; this catches what needs no import: the clock through datetime, sets iterated."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "switchboard" / "core").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"})
        or (isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.Set | ast.SetComp))
    ]
    assert found == []
