"""The admin pages tell the truth: every example on them is put into the sample company, which must still be sound."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from switchboard.config.load import examine

PROJECT = Path(__file__).parents[2]
PAGES = sorted((PROJECT / "docs" / "admin").glob("*.md"))
_BLOCK = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"^# (\w+\.toml)$", re.MULTILINE)
_TABLE = re.compile(r"^\[+([\w.]+)\]+", re.MULTILINE)


def examples() -> list[tuple[str, str]]:
    return [
        (f"{page.stem} {number}", block)
        for page in PAGES
        for number, block in enumerate(_BLOCK.findall(page.read_text()), 1)
    ]


def put_in(folder: Path, block: str) -> None:
    """Write each part of an example into its file: tables that it names take the place of those that are there; a rule
    goes above all others."""
    parts = _FILE.split(block)
    assert parts[0].strip() == "", "an example begins with the name of its file"
    for file, text in zip(parts[1::2], parts[2::2], strict=True):
        path = folder / file
        path.write_text(_merged(path.read_text(), text))
        tomllib.loads(path.read_text())


def _merged(before: str, example: str) -> str:
    named = [
        ".".join(table.split(".")[:2]) for table in _TABLE.findall(example) if table not in ("rule", "recording.rule")
    ]
    kept = [part for part in re.split(r"(?m)^(?=\[)", before) if not any(_is_of(part, name) for name in named)]
    if "[[rule]]" in example:
        first = next(index for index, part in enumerate(kept) if part.startswith("[[rule]]"))
        return "".join([*kept[:first], f"{example}\n", *kept[first:]])
    return "".join([*kept, f"\n{example}"])


def _is_of(part: str, table: str) -> bool:
    head = _TABLE.match(part)
    return head is not None and (head[1] == table or head[1].startswith(f"{table}."))


@pytest.mark.parametrize("block", [block for _, block in examples()], ids=[name for name, _ in examples()])
def test_an_example_loads(tmp_path: Path, block: str) -> None:
    shutil.copytree(PROJECT / "config", tmp_path / "config")
    put_in(tmp_path / "config", block)
    problems = [problem for problem in examine(tmp_path / "config").problems if not problem.warning]
    assert problems == []


def test_there_are_examples_and_a_wrong_one_is_seen(tmp_path: Path) -> None:
    assert len(examples()) >= 6
    shutil.copytree(PROJECT / "config", tmp_path / "config")
    put_in(tmp_path / "config", '# queues.toml\n[queue.operators]\ntitle = "Orders"\npeople = ["nobody"]\n')
    assert any('nobody is called "nobody"' in str(problem) for problem in examine(tmp_path / "config").problems)
