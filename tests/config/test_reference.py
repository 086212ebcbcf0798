"""The reference page is the models, and describes every key of every file."""

from __future__ import annotations

import re
from pathlib import Path

from switchboard.config import boxes, files, queues_file, recording
from switchboard.config.fields import Table
from switchboard.config.files import FILES
from switchboard.config.reference import reference, tables
from switchboard.config.settings import PREFIX

PAGE = Path(__file__).parents[2] / "docs" / "config.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == reference(), "run: python -m switchboard.config.reference > docs/config.md"


def test_every_table_and_key_is_described() -> None:
    named = {**vars(files), **vars(queues_file), **vars(recording), **vars(boxes)}.values()
    models = {one for one in named if isinstance(one, type) and issubclass(one, Table) and one is not Table}
    assert {model.__name__ for model in models} == {model.__name__ for model in tables()}
    for model in models - set(FILES.values()):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name} has no description"


def test_every_environment_variable_is_described() -> None:
    source = (Path(__file__).parents[2] / "switchboard" / "config" / "settings.py").read_text()
    names = re.findall(r'read\.\w+\("([A-Z_]+)"', source)
    assert len(names) == 17
    for name in names:
        assert f"`{PREFIX}{name}`" in reference()
