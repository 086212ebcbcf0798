"""Supervisors on real phones: who hears whom in each mode, frame by frame; what ends it; what is on record.

Everybody hums a tone of their own (``tests/tools/pitch.py``). Viktor heads the department and may listen to whoever
serves the operators' queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise

import asyncpg
import pytest
import pytest_asyncio

from devkit.company import Company
from devkit.ear import Ear
from devkit.phones import ANSWER
from devkit.processes import Deadline
from tests.tools.pitch import HIGH, LOW, MIDDLE, heard, hum

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLER, OPERATOR, SUPERVISOR = LOW, MIDDLE, HIGH
_AUDIT = "SELECT * FROM audit ORDER BY at, log_position, log_index"
_OPERATORS = ("oleg", "irina")


@dataclass
class Talk:
    """A caller and olga talk, and viktor's phone is ours."""

    company: Company
    caller: Ear
    olga: Ear
    viktor: Ear

    async def hear(self, s: float = 0.6) -> dict[str, set[int]]:
        """Whom each of the three hears from now on, in nearly all frames; nobody hears anybody by halves."""
        begin = {name: len(ear.frames) for name, ear in self._ears()}
        await asyncio.sleep(s)
        shares = {name: heard(ear.frames[begin[name] :]) for name, ear in self._ears()}
        print({name: {hz: round(share, 2) for hz, share in each.items()} for name, each in shares.items()})
        for name, each in shares.items():
            assert all(share < 0.05 or share > 0.8 for share in each.values()), (name, each)
        return {name: {hz for hz, share in each.items() if share > 0.8} for name, each in shares.items()}

    def _ears(self) -> tuple[tuple[str, Ear], ...]:
        return ("caller", self.caller), ("olga", self.olga), ("viktor", self.viktor)

    async def dial(self, code: str) -> None:
        """Viktor dials, and hears somebody."""
        since = len(self.viktor.frames)
        self.viktor.dial("viktor", code, self.company.settings.sip)
        await self.viktor.until(lambda: self.viktor.answered_s, "the listening to be answered")
        await self.hears_somebody(since)

    async def hears_somebody(self, since: int) -> None:
        await self.viktor.until(lambda: _sounds(self.viktor, since), "viktor to hear somebody")

    async def is_over(self) -> None:
        """They have all hung up, or been hung up, and nothing is left in Asterisk."""
        for name, ear in self._ears():
            await ear.until(lambda ear=ear: ear.over or None, f"the end of {name}'s call")  # type: ignore[misc]
        await self.company.wait_idle()


def _sounds(ear: Ear, since: int) -> bool | None:
    return any(heard([frame])[hz] for frame in ear.frames[since:][-5:] for hz in (CALLER, OPERATOR)) or None


BOTH = {CALLER, OPERATOR}
TALK = {"caller": {OPERATOR}, "olga": {CALLER}, "viktor": set()}
LISTEN = TALK | {"viktor": BOTH}
WHISPER = LISTEN | {"olga": {CALLER, SUPERVISOR}}
BARGE_IN = {"caller": {OPERATOR, SUPERVISOR}, "olga": {CALLER, SUPERVISOR}, "viktor": BOTH}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def quiet(company: Company) -> AsyncIterator[Company]:
    """Olga alone takes calls."""
    await company.wait_ready()
    for name in _OPERATORS:
        await company.dial_code("*20", name)
    try:
        yield company
    finally:
        for name in _OPERATORS:
            await company.dial_code("*21", name)
        await company.wait_ready()


@asynccontextmanager
async def talk(company: Company) -> AsyncIterator[Talk]:
    await company.wait_people("ready", "olga", "viktor")
    phones, settings = company.phones, company.settings
    for name in ("olga", "viktor"):
        await phones[name].off()  # for the time of this talk, ours stand there
    caller = Ear.at(settings.trunk_host, talks=True, voice=hum(CALLER))
    olga = Ear.at(phones["olga"].address, phones["olga"].port, talks=True, voice=hum(OPERATOR))
    viktor = Ear.at(phones["viktor"].address, phones["viktor"].port, talks=True, voice=hum(SUPERVISOR))
    viktor.secret = phones["viktor"].secret
    try:
        olga.pick_up_next()
        caller.dial("anonymous", "+74950000001", settings.sip)
        await caller.until(lambda: caller.answered_s, "the answer")
        await company.wait_people("talking", "olga")
        yield Talk(company, caller, olga, viktor)
    finally:
        for ear in (viktor, caller, olga):
            await ear.close()
        for name in ("olga", "viktor"):
            await phones[name].behave(ANSWER)
        await company.wait_idle()


async def audit(company: Company, since: int = 0) -> list[tuple[str, str, str | None, bool, str | None, str | None]]:
    await company.wait_recorded()
    rows = (await company.query(_AUDIT))[since:]
    return [tuple(row[name] for name in ("person", "what", "about", "allowed", "was", "becomes")) for row in rows]


async def count(company: Company) -> int:
    return len(await audit(company))


async def newest(company: Company, direction: str) -> asyncpg.Record:
    deadline = Deadline(10, f"a {direction} call to be over and on record")
    while True:
        await company.wait_recorded()
        found = await company.query(
            "SELECT * FROM call WHERE direction = $1 ORDER BY arrived_at DESC LIMIT 1", direction
        )
        if found and found[0]["outcome"] is not None:
            return found[0]
        await deadline.pause(0.05)


async def test_listen_whisper_and_barge_in(quiet: Company) -> None:
    before = await count(quiet)
    async with talk(quiet) as one:
        assert await one.hear() == TALK
        await one.dial("*90101")
        assert await one.hear() == LISTEN
        for key, expected in (("5", WHISPER), ("6", BARGE_IN), ("4", LISTEN), ("6", BARGE_IN), ("5", WHISPER)):
            await one.viktor.press(key)
            await asyncio.sleep(0.3)
            assert await one.hear() == expected, key
        one.viktor.hang_up()
        await asyncio.sleep(0.2)
        assert await one.hear() == TALK
        one.caller.hang_up()
        await one.olga.until(lambda: one.olga.over or None, "olga's call to end")
    did = ["listen", "whisper", "barge_in", "listen", "barge_in", "whisper", None]
    expected = [("viktor", after or "stop", "olga", True, was, after) for was, after in pairwise([None, *did])]
    assert await audit(quiet, before) == expected
    record, talked = await newest(quiet, "listen"), await newest(quiet, "inbound")
    assert (record["outcome"], record["caller_person"]) == ("listened", "viktor")
    assert talked["call_id"] in record["reasons"]
    assert talked["outcome"] == "served"


async def test_a_mere_listener_changes_nothing_for_the_two(quiet: Company) -> None:
    """No other frame reaches them, none is missing, and none comes later than before."""
    async with talk(quiet) as one:
        await asyncio.sleep(0.5)
        since = {"caller": len(one.caller.frames), "olga": len(one.olga.frames)}
        await one.dial("*90101")
        await asyncio.sleep(1.5)
        for name, ear, tone in (("caller", one.caller, OPERATOR), ("olga", one.olga, CALLER)):
            frames = ear.frames[since[name] :]
            longest_ms = max((after.at_s - before.at_s) * 1000 for before, after in pairwise(frames))
            print(f"{name}: {len(frames)} frames, longest gap {longest_ms:.0f} ms")
            assert {frame.payload for frame in frames} == {hum(tone)}
            assert longest_ms < 100
            assert abs((frames[-1].at_s - frames[0].at_s) / 0.02 - len(frames)) < 5
        one.viktor.hang_up()


@pytest.mark.parametrize("code", ["*90101", "*91101", "*92101"])
async def test_the_caller_hangs_up(quiet: Company, code: str) -> None:
    """A sound for the supervisor, who was in a bridge a moment ago, Asterisk would lose now and then: there is none."""
    async with talk(quiet) as one:
        await one.dial(code)
        one.caller.hang_up()
        await one.is_over()
    assert (await newest(quiet, "listen"))["outcome"] == "listened"


async def test_the_operator_hangs_up(quiet: Company) -> None:
    async with talk(quiet) as one:
        await one.dial("*92101")
        one.olga.hang_up()
        await one.is_over()
    assert (await newest(quiet, "inbound"))["outcome"] == "served"


async def test_who_may_not_hears_that(quiet: Company) -> None:
    """Kirill is no head."""
    before = await count(quiet)
    async with talk(quiet) as one:
        phone = quiet.phones["kirill"]
        kirill = Ear.at(phone.address, secret=phone.secret)
        kirill.dial("kirill", "*90101", quiet.settings.sip)
        try:
            await kirill.hears(quiet.asterisk.sounds / "en" / "invalid.wav")
            await kirill.until(lambda: kirill.over or None, "the end", 10)
            assert all(heard(kirill.frames)[hz] < 0.5 for hz in (CALLER, OPERATOR))  # words have all pitches
        finally:
            await kirill.close()
        assert await one.hear() == TALK
    assert await audit(quiet, before) == [("kirill", "listen", "olga", False, None, None)]
    assert (await newest(quiet, "listen"))["outcome"] == "refused"


@pytest.mark.parametrize("code", ["*90101", "*91101", "*92101"])
async def test_the_service_is_killed_meanwhile(quiet: Company, code: str) -> None:
    """All three go on as they were; afterwards keys work, and it ends like any other."""
    async with talk(quiet) as one:
        await one.dial(code)
        before = await one.hear()
        await quiet.service.kill()
        assert await one.hear() == before
        await quiet.service.start()
        assert await one.hear() == before
        await one.viktor.press("4")
        await asyncio.sleep(0.3)
        assert await one.hear() == LISTEN
        one.caller.hang_up()
        await one.is_over()
    assert (await newest(quiet, "listen"))["outcome"] == "listened"


@pytest.mark.parametrize("leaves", ["caller", "viktor"])
async def test_somebody_leaves_while_the_service_is_dead(quiet: Company, leaves: str) -> None:
    async with talk(quiet) as one:
        await one.dial("*91101")
        await quiet.service.kill()
        getattr(one, leaves).hang_up()
        await asyncio.sleep(0.3)
        await quiet.service.start()
        if leaves == "viktor":
            assert await one.hear() == TALK
            one.caller.hang_up()
        await one.is_over()
    assert (await newest(quiet, "listen"))["outcome"] == "listened"


async def test_the_service_is_killed_in_the_midst_of_beginning(quiet: Company) -> None:
    async with talk(quiet) as one:
        one.viktor.dial("viktor", "*90101", quiet.settings.sip)
        await one.viktor.until(lambda: one.viktor.statuses or None, "Asterisk to hear of it")
        await quiet.service.kill()
        await quiet.service.start()
        await one.hears_somebody(0)
        assert await one.hear() == LISTEN
        one.caller.hang_up()
        await one.is_over()
