"""Keys in a talk, in the voice (RFC 4733) and by SIP INFO: what they ask for is done, and the caller hears on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio

from devkit.company import Company
from devkit.ear import Ear
from tests.sound.scenes import HIGH, LOW, other_rules, press_until_heard, talk

pytestmark = pytest.mark.asyncio(loop_scope="session")
KIRILL = "201"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alone(company: Company) -> AsyncIterator[Company]:
    """Only olga is free."""
    async with other_rules(company, {}, paused=("oleg", "irina")):
        yield company


async def press(ear: Ear, keys: str, *, by_info: bool) -> None:
    if not by_info:
        await ear.press(keys)
        return
    for key in keys:
        ear.press_by_info(key)
        await asyncio.sleep(0.25)  # Asterisk makes each last 160 ms, and takes the next 45 ms later


async def hears_the_caller(operator: Ear, since: int) -> None:
    """Again, at last."""

    def look() -> bool | None:
        return any(frame.payload == HIGH for frame in operator.frames[since:]) or None

    await operator.until(look, "the caller again")


async def they_hear_each_other(caller: Ear, operator: Ear) -> None:
    """From now on, for a second."""
    heard, said = len(caller.frames), len(operator.frames)
    await asyncio.sleep(1)
    assert sum(frame.payload == LOW for frame in caller.frames[heard:]) > 40
    assert sum(frame.payload == HIGH for frame in operator.frames[said:]) > 40


@pytest.mark.parametrize("by_info", [False, True], ids=["in the voice", "by INFO"])
async def test_a_code_that_is_refused(alone: Company, by_info: bool) -> None:
    async with talk(alone) as (caller, operator):
        await they_hear_each_other(caller, operator)
        complete = partial(press, operator, alone.policy.codes.complete, by_info=by_info)
        await press_until_heard(operator, complete, alone.asterisk.sounds / "en" / "invalid.wav")
        await hears_the_caller(operator, len(operator.frames))
        await they_hear_each_other(caller, operator)


@pytest.mark.parametrize("by_info", [False, True], ids=["in the voice", "by INFO"])
async def test_a_colleague_is_asked(alone: Company, by_info: bool) -> None:
    codes = alone.policy.codes
    async with talk(alone) as (caller, operator):
        await they_hear_each_other(caller, operator)
        await press(operator, f"{codes.consult}{KIRILL}#", by_info=by_info)
        await asyncio.sleep(1.5)
        meanwhile, asked = len(caller.frames), len(operator.frames)
        await asyncio.sleep(1)
        music = [frame for frame in caller.frames[meanwhile:] if frame.sounds and frame.payload != LOW]
        assert len(music) > 25
        assert not any(frame.payload == HIGH for frame in operator.frames[asked:])
        await press(operator, codes.call_off, by_info=by_info)
        await hears_the_caller(operator, asked)
        await they_hear_each_other(caller, operator)
