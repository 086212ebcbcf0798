"""Whose talks somebody may listen to, as the files say it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from switchboard.config.load import load
from switchboard.core.ids import PersonId
from switchboard.core.policy import MayListen

SAMPLE = Path(__file__).parents[2] / "config"


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("viktor", MayListen(department=True, queues=("operators",))),
        ("roman", MayListen(department=True)),  # a head who says nothing
        ("olga", MayListen()),
    ],
)
def test_the_sample_company(person: str, expected: MayListen) -> None:
    assert load(SAMPLE).people[PersonId(person)].may_listen == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [("[]", MayListen()), ('["everybody"]', MayListen(everybody=True))],
)
def test_a_head_may_say_otherwise(tmp_path: Path, said: str, expected: MayListen) -> None:
    folder = tmp_path / "config"
    shutil.copytree(SAMPLE, folder)
    staff = (folder / "staff.toml").read_text()
    (folder / "staff.toml").write_text(staff.replace("[person.roman]", f"[person.roman]\nmay_listen = {said}"))
    assert load(folder).people[PersonId("roman")].may_listen == expected
