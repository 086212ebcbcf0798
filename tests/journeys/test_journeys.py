"""Every journey in this folder, on the pure core."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.runner import Runner
from tests.journeys.script import Wrong, read

FOLDER = Path(__file__).parent
JOURNEYS = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("path", JOURNEYS, ids=lambda path: path.stem)
def test_journey(path: Path) -> None:
    wrong = None
    try:
        Runner(read(path)).play()
    except Wrong as error:
        wrong = str(error)
    if wrong is not None:
        pytest.fail(wrong, pytrace=False)


def test_every_row_of_the_table_has_its_journey() -> None:
    rows = {path.stem.split("_")[0] for path in JOURNEYS if path.stem.startswith("row")}
    single = {f"row{number:02d}" for number in range(1, 14)}
    assert rows == single | {f"row{number}{letter}" for number in (14, 15) for letter in "abc"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0s ivan calls orders from +79161234567 -> ring olga", "got       look up ivan"),
        ("0s ivan flies to the moon", "do not understand 'ivan flies to the moon'"),
        ("0s ivan calls orders from withheld -> ring olga 20s for ivan", "ivan Waiting"),
    ],
)
def test_a_wrong_script_is_told_where_and_why(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "wrong.txt"
    path.write_text(f"staff: olga\n{line}\n")
    with pytest.raises(Wrong) as caught:
        Runner(read(path)).play()
    assert "wrong.txt:2" in str(caught.value)
    assert message in str(caught.value)
