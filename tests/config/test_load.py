"""Loading as a whole: version, defaults, exit codes, and that no text whatever makes it raise anything else."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard.config import files, queues_file
from switchboard.config.check import BAD, check
from switchboard.config.fields import Table
from switchboard.config.files import FILES
from switchboard.config.load import BadConfig, examine, load
from switchboard.config.units import Duration, read_duration
from switchboard.core.policy import Limits, Outbound, Prompts

SOUND = Path(__file__).parent / "sound"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(SOUND, tmp_path / "config")
    return tmp_path / "config"


def edit(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


def test_defaults_are_those_of_the_core(folder: Path) -> None:
    policy = load(folder)
    # what is not in a log of before must mean what it meant then
    later = {"missed_ms": 30_000, "short_hang_up_ms": 5_000, "place_kept_ms": 180_000}
    assert policy.limits == msgspec.structs.replace(Limits(), **later)
    assert policy.outbound == Outbound()
    assert policy.prompts == Prompts()
    assert [person.signed_in_at_start for person in policy.people.values()] == [False, True, True]
    assert policy.people["anna"].phone == "anna"  # type: ignore[index]


def test_the_version_is_of_what_the_files_say(folder: Path) -> None:
    version = load(folder).version
    edit(folder, "queues.toml", "title", "# a comment\ntitle ")
    assert load(folder).version == version
    edit(folder, "queues.toml", "Operators", "Operators!")
    assert load(folder).version != version


def test_windows_editors_are_fine(folder: Path) -> None:
    version = load(folder).version
    for name in FILES:
        text = (folder / name).read_text()
        (folder / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load(folder).version == version


def test_hours_may_be_left_out(folder: Path) -> None:
    (folder / "hours.toml").unlink()
    assert load(folder).hours == {}
    edit(folder, "routing.toml", 'class = "key"', 'class = "key"\nduring = "office"')
    with pytest.raises(
        BadConfig, match=r"routing.toml:4: rule\[1\].during: no hours are called \"office\"; add \[hours"
    ):
        load(folder)


def test_all_problems_come_at_once(folder: Path) -> None:
    edit(folder, "staff.toml", '"101"', "101")
    edit(folder, "queues.toml", "anna", "hanna")
    edit(folder, "routing.toml", '"15s"', "15")
    edit(folder, "company.toml", "Europe", "Urope")
    with pytest.raises(BadConfig) as caught:
        load(folder)
    assert [problem.file for problem in caught.value.problems] == [
        "company.toml", "queues.toml", "routing.toml", "staff.toml",
    ]  # fmt: skip
    said: list[str] = []
    assert check(folder, said.append) == BAD
    assert len(said) == 5
    assert said[-1].endswith("4 problems, 0 warnings")


def test_warnings_alone_do_not_stop_anybody(folder: Path) -> None:
    (folder / "notes.toml").write_text("")
    checked = examine(folder)
    assert [problem.warning for problem in checked.problems] == [True]
    assert checked.policy == load(folder)
    assert check(folder, lambda _: None) == 0


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as caught:
        load(tmp_path / "nowhere")
    assert len(caught.value.problems) == 4


_LINES = {name: (SOUND / name).read_text().splitlines() for name in FILES}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_broken_files_are_explained_and_never_raise(folder: Path, data: st.DataObject) -> None:
    """Take lines out, double them, move them, change their values: the answer is a policy or problems with places."""
    odd = st.sampled_from(
        ["5", '""', "[]", "{}", "true", "[[]]", '"x"', "-1", "2027-01-01", '["a", 1]', '"own_manager"']
    )
    for name, lines in _LINES.items():
        changed = list(lines)
        for _ in range(data.draw(st.integers(0, 2))):
            at = data.draw(st.integers(0, len(changed) - 1))
            match data.draw(st.sampled_from(["drop", "double", "move", "value"])):
                case "drop":
                    changed[at] = ""
                case "double":
                    changed.insert(at, changed[at])
                case "move":
                    changed.insert(data.draw(st.integers(0, len(changed) - 1)), changed.pop(at))
                case _:
                    key, equals, _ = changed[at].partition(" = ")
                    changed[at] = f"{key} = {data.draw(odd)}" if equals else changed[at]
        (folder / name).write_text("\n".join(changed) + "\n")
    checked = examine(folder)
    assert (checked.policy is None) == any(not problem.warning for problem in checked.problems)
    for problem in checked.problems:
        assert 1 <= problem.line <= len((folder / problem.file).read_text().splitlines()) + 1
        assert "\n" not in str(problem)
        assert "Input should" not in str(problem)  # pydantic's words, not ours


def test_lines_speak_the_company_s_language_unless_told(folder: Path) -> None:
    edit(folder, "company.toml", "[company]", '[company]\nlanguage = "ru"')
    assert load(folder).lines["main"].language == "ru"
    edit(folder, "company.toml", "[line.main]", '[line.main]\nlanguage = "en"')
    assert load(folder).lines["main"].language == "en"


def test_the_bounds_of_every_duration_can_be_read() -> None:
    found = [
        said
        for named in (files, queues_file)
        for model in vars(named).values()
        if isinstance(model, type) and issubclass(model, Table)
        for field in model.model_fields.values()
        for said in _annotations(field.annotation, field.metadata)
        if isinstance(said, Duration)
    ]
    assert len(found) > 15
    for said in found:
        assert read_duration(said.low) < read_duration(said.high)


def _annotations(annotation: object, metadata: list[object]) -> list[object]:
    """What is said of a field, also where it may be absent."""
    inner = [said for one in get_args(annotation) for said in getattr(one, "__metadata__", ())]
    return [*metadata, *inner]
