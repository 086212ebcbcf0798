"""PINs: the twin and the file agree, nothing that is said or raised holds a PIN or a hash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from switchboard.adapters.asterisk.dialled import DialledPins
from switchboard.adapters.pins.hashed import HashedPins, hashed
from switchboard.cli import main
from switchboard.core.ids import LegId, PersonId
from switchboard.engine.ports import Pins, Refused
from switchboard.engine.twins import MemoryPins

OLGA, NOBODY, LEG = PersonId("olga"), PersonId("nobody"), LegId("1.1")


@pytest.fixture(params=["file", "twin"])
def pins(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Pins]:
    """The port, after this was dialled."""
    path = tmp_path / "pins.toml"
    path.write_text(f'olga = "{hashed("4711")}"\n')

    def dialled(pin: str) -> Pins:
        if request.param == "twin":
            return MemoryPins({OLGA: "4711"}, {LEG: pin})
        kept = DialledPins()
        kept.keep(LEG, f"*12101*{pin}")
        return HashedPins(path, kept.take)

    return dialled


async def test_right_wrong_and_nobodys(pins: Callable[[str], Pins]) -> None:
    assert await pins("4711").is_right(OLGA, LEG)
    assert not await pins("4712").is_right(OLGA, LEG)
    assert not await pins("").is_right(OLGA, LEG)
    assert not await pins("4711").is_right(NOBODY, LEG)


async def test_what_was_dialled_is_known_once(pins: Callable[[str], Pins]) -> None:
    asked = pins("4711")
    assert await asked.is_right(OLGA, LEG)
    with pytest.raises(Refused):
        await asked.is_right(OLGA, LEG)


async def test_a_changed_pin_holds_at_once(tmp_path: Path) -> None:
    path = tmp_path / "pins.toml"
    pins = HashedPins(path, lambda _leg: "8642")
    path.write_text(f'olga = "{hashed("4711")}"\n')
    assert not await pins.is_right(OLGA, LEG)
    path.write_text(f'olga = "{hashed("8642")}"\n')
    assert await pins.is_right(OLGA, LEG)


@pytest.mark.parametrize("content", [None, b"\xff", b"olga = 4711 4711", b'olga = "4711"'])
async def test_a_file_that_will_not_do_is_refused_without_a_secret(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "pins.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        await HashedPins(path, lambda _leg: "4711").is_right(OLGA, LEG)
    assert "4711" not in refused.value.why
    with pytest.raises(Refused, match="SWITCHBOARD_PINS"):
        await HashedPins(None, lambda _leg: "4711").is_right(OLGA, LEG)


async def test_the_command_makes_a_line_of_the_file(tmp_path: Path) -> None:
    said = CliRunner().invoke(main, ["pin", "olga"], input="4711\n4711\n")
    assert said.exit_code == 0
    line = said.output.splitlines()[-1]
    assert "4711" not in said.output
    (tmp_path / "pins.toml").write_text(line)
    assert await HashedPins(tmp_path / "pins.toml", lambda _leg: "4711").is_right(OLGA, LEG)


@pytest.mark.parametrize("pin", ["123", "12345678901234", "12a4", "*411"])
def test_a_pin_that_no_phone_could_dial_is_refused(pin: str) -> None:
    said = CliRunner().invoke(main, ["pin", "olga", "--pin", pin])
    assert said.exit_code == 2
    assert "4 to 12 digits" in said.output
