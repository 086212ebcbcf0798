"""Reload: changed words give a policy, mistakes give their problems, everything else gives silence."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from switchboard.config.load import BadConfig, load
from switchboard.config.watch import watch
from switchboard.core.policy import Policy

SOUND = Path(__file__).parent / "sound"
DEADLINE_S = 15


async def test_watch(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    shutil.copytree(SOUND, folder)
    queues = folder / "queues.toml"
    good = queues.read_text()
    before = load(folder)
    changes = watch(folder, before)

    async def next_one() -> Policy | BadConfig:
        return await asyncio.wait_for(anext(changes), DEADLINE_S)

    # what changed before the first look is not missed
    queues.write_text(good.replace("Operators", "Front desk"))
    changed = await next_one()
    assert isinstance(changed, Policy)
    assert changed.queues["operators"].title == "Front desk"

    queues.write_text(good.replace("anna", "hanna"))
    broken = await next_one()
    assert isinstance(broken, BadConfig)
    assert "hanna" in str(broken)

    # a comment in the broken file is no news; mending it gives a policy, even the one before
    queues.write_text(good.replace("anna", "hanna") + "# soon\n")
    replacement = folder / "queues.toml.new"
    replacement.write_text(good.replace("Operators", "Front desk"))
    replacement.rename(queues)
    assert await next_one() == changed

    # a new file in a swapped folder, as mounts do it, and then nothing new: a comment
    queues.write_text(good)
    assert await next_one() == before
    queues.write_text(good + "# nothing\n")
    pending = asyncio.ensure_future(anext(changes))
    (folder / "staff.toml").write_text((SOUND / "staff.toml").read_text().replace('"Anna"', '"Anne"'))
    last = await asyncio.wait_for(pending, DEADLINE_S)
    assert isinstance(last, Policy)
    assert [person.name for person in last.people.values()] == ["Anne", "Mark", "Vera"]


async def test_without_a_known_policy_the_first_is_told(tmp_path: Path) -> None:
    shutil.copytree(SOUND, tmp_path, dirs_exist_ok=True)
    first = await asyncio.wait_for(anext(watch(tmp_path)), DEADLINE_S)
    assert first == load(tmp_path)


async def test_what_says_nothing_new_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One edit for each look, so that none can hide behind the next."""
    shutil.copytree(SOUND, tmp_path, dirs_exist_ok=True)
    queues = tmp_path / "queues.toml"
    good = queues.read_text()
    broken = good.replace("anna", "hanna")
    edits = [good, good + "# a comment\n", broken, broken + "# another\n", broken, good, good]

    async def one_by_one(_folder: Path) -> AsyncIterator[None]:
        for edit in edits:
            queues.write_text(edit)
            yield

    monkeypatch.setattr("switchboard.config.watch._occasions", one_by_one)
    told = [type(result) async for result in watch(tmp_path, load(tmp_path))]
    assert told == [BadConfig, Policy]
