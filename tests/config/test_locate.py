"""Lines of things in a TOML text, whatever the writer's style."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.config.locate import Lines
from switchboard.config.problems import Path

TEXT = '''\
# [not.a.table]
top = 1
"quoted key" = 2
a.b.c = 3

[ table . inner ] # comment
key = "[looks.like.a.header]"
long = """
[neither.is.this]
nor = "this"
"""
after_long = [ "one", # a comment, with ] and "
    "two",

    'three # not a comment',
]
nested = [[1, 2],
          [3]]
inline = { x = 1, y = [2] }
last = true

[[rule]]
name = "first"
[[rule]]
name = "second"
[rule.extra]
deep = 1
[[plan.p.step]]
queue = "q"
[[plan.p.step]]
ring = ["a",
        "b"]
[plan.p]
opens_task = "t"
'''

EXPECTED: dict[Path, int] = {
    ("top",): 2,
    ("quoted key",): 3,
    ("a",): 4,
    ("a", "b", "c"): 4,
    ("table",): 6,
    ("table", "inner"): 6,
    ("table", "inner", "key"): 7,
    ("table", "inner", "long"): 8,
    ("table", "inner", "after_long"): 12,
    ("table", "inner", "after_long", 0): 12,
    ("table", "inner", "after_long", 1): 13,
    ("table", "inner", "after_long", 2): 15,
    ("table", "inner", "nested", 1): 18,
    ("table", "inner", "nested", 1, 0): 18,
    ("table", "inner", "inline", "y"): 19,
    ("table", "inner", "last"): 20,
    ("rule",): 22,
    ("rule", 0, "name"): 23,
    ("rule", 1): 24,
    ("rule", 1, "name"): 25,
    ("rule", 1, "extra", "deep"): 27,
    ("plan", "p", "step", 0, "queue"): 29,
    ("plan", "p", "step", 1): 30,
    ("plan", "p", "step", 1, "ring", 1): 32,
    ("plan", "p", "step", 1, "missing"): 30,
    ("plan", "p", "opens_task"): 34,
    ("nowhere",): 1,
}


@pytest.mark.parametrize(("path", "line"), EXPECTED.items(), ids=str)
def test_lines(path: Path, line: int) -> None:
    assert tomllib.loads(TEXT)
    assert Lines(TEXT).of(path) == line


_KEYS = st.sampled_from(["a", "b-1", "c d", "é"])
_VALUES = st.one_of(
    st.integers(),
    st.sampled_from(["x", "[y]", "z = 1", "# w", 'say "so"', "a, b]"]),
    st.lists(st.sampled_from(["x", "[y]", "# w", "]", ","]), max_size=3),
)


@given(st.dictionaries(_KEYS, st.dictionaries(_KEYS, _VALUES, max_size=4), max_size=4), st.data())
def test_every_key_is_found_where_it_was_written(tables: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    lines: list[str] = []
    places: dict[Path, int] = {}
    for table, content in tables.items():
        lines.append(f'["{table}"]')
        places[(table,)] = len(lines)
        for key, value in content.items():
            written = [f'"{key}" = '] if not key.isalnum() or not key.isascii() else [f"{key} = "]
            places[(table, key)] = len(lines) + 1
            if isinstance(value, list) and data.draw(st.booleans()):
                written[0] += "["
                for index, element in enumerate(value):
                    written.append(f"  {_toml(element)}, # {element}")
                    places[(table, key, index)] = len(lines) + len(written)
                written.append("]")
            else:
                written[0] += _toml(value)
            lines += written
    text = "\n".join(lines) + "\n"
    assert tomllib.loads(text) == tables
    found = Lines(text)
    assert {path: found.of(path) for path in places} == places


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value) if isinstance(value, int) else '"' + value.replace('"', '\\"') + '"'
