"""What admins read when their files are wrong: one folder for each theme, with the exact messages.

A folder in ``golden/`` holds the broken files and ``expected.txt``; the files it does not hold are those of the sound
company in ``sound/``, without those that ``without.txt`` names. After an intended change of messages run
``python -m tests.config.test_golden`` and read the difference.
"""

from __future__ import annotations

import ast
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

import switchboard.config
from switchboard.config.load import examine
from switchboard.config.problems import Path as InFile
from switchboard.config.read import Files

HERE = Path(__file__).parent
SOUND = HERE / "sound"
GOLDEN = sorted(path for path in (HERE / "golden").iterdir() if path.is_dir())


def overlaid(golden: Path, into: Path) -> Path:
    shutil.copytree(SOUND, into, dirs_exist_ok=True)
    for broken in golden.iterdir():
        if broken.name == "without.txt":
            for name in broken.read_text().split():
                (into / name).unlink()
        elif broken.is_dir():
            (into / broken.name).unlink()
            shutil.copytree(broken, into / broken.name)
        elif broken.name != "expected.txt":
            shutil.copy(broken, into)
    return into


def messages(golden: Path, folder: Path) -> str:
    problems = examine(overlaid(golden, folder)).problems
    return "".join(f"{problem}\n" for problem in problems).replace(str(folder), "FOLDER")


def test_the_sound_company_is_sound(tmp_path: Path) -> None:
    shutil.copytree(SOUND, tmp_path, dirs_exist_ok=True)
    checked = examine(tmp_path)
    assert checked.problems == ()
    assert checked.policy is not None


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.name)
def test_messages(golden: Path, tmp_path: Path) -> None:
    assert messages(golden, tmp_path) == (golden / "expected.txt").read_text()


def test_every_kind_of_problem_has_a_golden_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: set[tuple[str, int]] = set()
    really = Files.problem

    def problem(
        self: Files, file: str, path: InFile, message: str, suggestion: str = "", *, warning: bool = False
    ) -> None:
        caller = sys._getframe(1)
        noted.add((Path(caller.f_code.co_filename).name, caller.f_lineno))
        really(self, file, path, message, suggestion, warning=warning)

    monkeypatch.setattr(Files, "problem", problem)
    for golden in GOLDEN:
        messages(golden, tmp_path / golden.name)
    missed = [
        f"{file}:{call.lineno}"
        for file, call in _calls_of_problem()
        if not any((file, line) in noted for line in range(call.lineno, (call.end_lineno or 0) + 1))
    ]
    assert missed == []


def _calls_of_problem() -> list[tuple[str, ast.Call]]:
    found = [
        (path.name, node)
        for path in sorted(Path(switchboard.config.__path__[0]).glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "problem"
    ]
    assert len(found) > 30
    return found


if __name__ == "__main__":
    for each in GOLDEN:
        with tempfile.TemporaryDirectory() as temporary:
            (each / "expected.txt").write_text(messages(each, Path(temporary)))
