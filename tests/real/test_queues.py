"""The queue's rules on real phones: the admin changes them while the company is open, and calls go by them at once."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from devkit.company import Company
from devkit.phones import ANSWER, RING_FOREVER
from devkit.processes import Deadline
from devkit.rows import caller

pytestmark = pytest.mark.asyncio(loop_scope="session")

RETAIL, MARKET = 1, 11
OPERATORS = ("olga", "oleg", "irina")


@asynccontextmanager
async def queues(company: Company, *changes: tuple[str, str]) -> AsyncIterator[None]:
    """The queues with these changes of their file, as the admin saves it; afterwards as they were."""
    path = company.config / "queues.toml"
    before = path.read_text()
    changed = before
    for old, new in changes:
        assert old in changed
        changed = changed.replace(old, new, 1)
    await _save(company, changed)
    try:
        yield
    finally:
        await _save(company, before)


async def _save(company: Company, text: str) -> None:
    """Save the file and wait until the service goes by it."""
    loads = _loads(company)
    (company.config / "queues.toml").write_text(text)
    deadline = Deadline(10, "the new rules")
    while _loads(company) == loads:
        await deadline.pause(0.02)


def _loads(company: Company) -> int:
    return len(re.findall(r"policy\.loaded", (company.folder / "logs" / "service.log").read_text()))


async def rung(company: Company, *names: str, at: dict[str, int]) -> None:
    """Wait until each of these phones rings for one call more than ``at`` the beginning."""
    for name in names:
        await company.phones[name].rung(at[name] + 1)


async def served(company: Company) -> list[asyncpg.Record]:
    """The calls from outside, oldest first."""
    return [record for record in await company.records() if record["direction"] == "inbound"]


def rings(company: Company) -> dict[str, int]:
    return {name: len(phone.calls()) for name, phone in company.phones.items()}


EVERYBODY = 'people = ["olga", "oleg", "irina"]'


async def test_ring_all_has_one_winner(company: Company) -> None:
    await company.wait_ready()
    await company.behave(olga=RING_FOREVER, oleg=RING_FOREVER, irina=RING_FOREVER)
    before = rings(company)
    async with queues(company, (EVERYBODY, f'{EVERYBODY}\nstrategy = "all"')):
        call = await company.call(caller(RETAIL))
        await rung(company, *OPERATORS, at=before)
        company.phones["oleg"].answer()
        await call.answered()
        await company.wait_people("talking", "oleg")
        await company.wait_people("ready", "olga", "irina")
        call.hang_up()
        await call.ended()
        await company.wait_idle()
    await company.behave(olga=ANSWER, oleg=ANSWER, irina=ANSWER)
    await company.wait_ready()
    record = (await served(company))[-1]
    assert (record["outcome"], record["answered_by"]) == ("served", "oleg")
    assert rings(company) == before | {name: before[name] + 1 for name in OPERATORS}


def how_many_talk(company: Company) -> int:
    """So many talks have begun."""
    return (company.folder / "logs" / "service.log").read_text().count("talks with the caller")


async def test_a_strategy_is_changed_while_a_caller_waits(company: Company) -> None:
    """The caller keeps waiting through it. Olga has been idle for longest, but irina is first in the new order."""
    await company.leave(*OPERATORS)
    await company.come_back("olga")
    await company.dial_code("*20", "olga")
    call = await company.call(caller(RETAIL))
    await call.answered()
    async with queues(company, (EVERYBODY, 'people = ["irina", "oleg", "olga"]\nstrategy = "ordered"')):
        before, talks = rings(company), how_many_talk(company)
        await company.dial_code("*21", "olga")
        await rung(company, "olga", at=before)
        deadline = Deadline(10, "the two to hear each other")  # she counts as talking from when she picks up
        while how_many_talk(company) == talks:
            await deadline.pause(0.02)
        call.hang_up()
        await call.ended()
        await company.come_back("oleg", "irina")
        await company.wait_ready()
        second = await company.call(caller(MARKET), talk_ms=300)
        await second.ended()
    await company.wait_idle()
    await company.wait_ready()
    first, then = (await served(company))[-2:]
    assert (first["outcome"], first["answered_by"]) == ("served", "olga")
    assert (then["outcome"], then["answered_by"]) == ("served", "irina")
    assert first["policy_version"] != then["policy_version"]


async def test_who_waits_hears_it_ring_before_there_is_music(company: Company) -> None:
    await company.leave("oleg", "irina")
    await company.dial_code("*20", "olga")
    no_greeting = ('greeting = "one-moment-please"', "")
    async with queues(company, (EVERYBODY, f'{EVERYBODY}\nmusic_after = "1s"'), no_greeting):
        call = await company.call(caller(RETAIL))
        heard = await call.answered()
        call.hang_up()
        await call.ended()
        await company.wait_idle()
    await company.dial_code("*21", "olga")
    await company.come_back("oleg", "irina")
    await company.wait_ready()
    assert heard.ringing_us is not None
    assert heard.ringing_us - heard.invited_us < 500_000
    assert heard.setup_ms is not None
    assert 1_000 <= heard.setup_ms < 1_500


async def test_a_tier_opens_after_its_time(company: Company) -> None:
    await company.leave("olga", "oleg")
    tier = 'people = ["olga", "oleg"]\ntier = [{ after = "1s", people = ["irina"] }]'
    async with queues(company, (EVERYBODY, tier)):
        before = rings(company)
        call = await company.call(caller(RETAIL))
        await rung(company, "irina", at=before)
        await company.wait_people("talking", "irina")
        call.hang_up()
        await call.ended()
        await company.wait_idle()
    await company.come_back("olga", "oleg")
    await company.wait_ready()
    record = (await served(company))[-1]
    assert (record["outcome"], record["answered_by"]) == ("served", "irina")
    assert 1_000 <= record["wait_ms"] < 1_500


async def test_the_backup_group_stands_in_for_absent_operators(company: Company) -> None:
    """D22. Nobody else is signed in, so the manager is rung at once."""
    await company.leave("olga", "oleg", "irina")
    async with queues(company, (EVERYBODY, f'{EVERYBODY}\nbackup = {{ people = ["maxim"] }}')):
        call = await company.call(caller(RETAIL), talk_ms=300)
        await call.ended()
        await company.wait_idle()
    await company.come_back("olga", "oleg", "irina")
    await company.wait_ready()
    record = (await served(company))[-1]
    assert (record["outcome"], record["answered_by"]) == ("served", "maxim")
    assert record["wait_ms"] < 1_000


async def test_who_calls_again_is_offered_to_the_same_operator(company: Company) -> None:
    same = f'{EVERYBODY}\nsame_operator_within = "1h"\nsame_operator_first = "3s"'
    async with queues(company, (EVERYBODY, same)):
        for _ in range(2):
            call = await company.call(caller(RETAIL), talk_ms=300)
            await call.ended()
            await company.wait_idle()
            await company.wait_ready()
    first, second = (await served(company))[-2:]
    assert first["outcome"] == second["outcome"] == "served"
    assert first["answered_by"] == second["answered_by"]
