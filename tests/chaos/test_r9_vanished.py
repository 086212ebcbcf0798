"""R9: somebody vanishes in mid-talk. Nobody says BYE, nobody may stay alone, and whoever is only silent is not cut off.

SIPp's phones send no voice, so whoever has one here is given it (``tests/tools/voice.py``), until they vanish.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from devkit.company import Company
from devkit.crowd import Callers, PhoneBank
from devkit.phones import ANSWER
from devkit.sip_log import CallResult
from tests.chaos.conftest import Dial, Figures
from tests.chaos.doors import DIRECT, LATE, SINGLE, TIMED, TOGETHER
from tests.chaos.moments import now_us, rings, seen, until
from tests.chaos.scenes import phone_of_its_own
from tests.tools.forgetful import started_afresh
from tests.tools.voice import voices

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

REPAIRED_WITHIN_MS = 10_000
FOUND_WITHIN_S = 30
"""So long we wait for what should take ten."""
LOST_WITHIN_S = 80
"""Who neither has a phone of the staff nor answers at all: 6 s of silence, 64 s without any answer, and some."""
SPOKEN_S, UNDISTURBED_S = 6, 15
"""How long they are heard before they vanish, and how long those who do not vanish are watched."""


async def test_somebody_vanishes_in_mid_talk(crowd: Company, dial: Dial, figures: Figures) -> None:
    """A phone is unplugged; another, and a caller's, are started afresh and know nothing of their calls. Beside them
    two talk on and on without a sound, and two with their voices."""
    await crowd.wait_ready()
    ringing = crowd.banks["ringing"]
    async with (
        phone_of_its_own(crowd, "ringer05", ANSWER) as unplugged,
        phone_of_its_own(crowd, "ringer06", ANSWER) as restarted,
        AsyncExitStack() as stack,
    ):
        alone, forgotten = await talk(crowd, dial, DIRECT), await talk(crowd, dial, SINGLE)
        forgets, mute = await talk(crowd, dial, TIMED, rung=1), await talk(crowd, dial, TOGETHER, rung=3)
        heard = await talk(crowd, dial, LATE)
        await stack.enter_async_context(voices(*await ears(crowd, heard)))
        async with voices(*await ears(crowd, alone, forgotten, forgets)):
            await asyncio.sleep(SPOKEN_S)
            asked_early = [asked(callers) for callers in (alone, forgotten, forgets)]
            await asyncio.gather(unplugged.off(), restarted.off(), forgets.close())
        vanished_us = now_us()
        afresh = [
            await stack.enter_async_context(started_afresh(*place))
            for place in ((restarted.address, restarted.port), forgets.address)
        ]
        found_s: dict[str, float] = {}
        for what, look in (
            ("phone unplugged in mid-talk", lambda: alone.calls()[0].bye_us),
            ("phone that was started afresh and forgot its call", lambda: forgotten.calls()[0].bye_us),
            ("caller whose BYE was lost", lambda: partner(ringing, forgets).bye_us),
        ):
            found_s[what] = (await seen(look, f"the {what} to be missed", FOUND_WITHIN_S) - vanished_us) / 1_000_000
            figures.add("R9", f"{what}: found after, s", found_s[what], "≤ 10")
        await until(vanished_us + UNDISTURBED_S * 1_000_000)
        await undisturbed(crowd, figures, UNDISTURBED_S + SPOKEN_S, mute, heard)
    assert max(found_s.values()) * 1_000 <= REPAIRED_WITHIN_MS
    assert [*asked_early, asked(heard)] == [0, 0, 0, 0], "whoever was heard was asked"
    assert asked(mute), "nobody asked whether the mute are there"
    assert all("INVITE" in telephone.disowned for telephone in afresh)
    reasons = await reasons_of(crowd, alone, forgotten, forgets)
    assert reasons[0][-1] == "the answering party fell silent and their phone is not there any more"
    for why, whose in zip(reasons[1:], ("the answering party", "the caller"), strict=True):
        assert f"{whose} fell silent: asked whether they are there" in why
        assert why[-1] == f"{whose} hung up"
    await crowd.wait_ready()


@pytest.mark.full
async def test_a_callers_network_is_gone_in_mid_talk(crowd: Company, dial: Dial, figures: Figures) -> None:
    """Nothing answers there at all: SIP gives it up in its own time. Two who are mute all that time are not cut off."""
    await crowd.wait_ready()
    mute, gone = await talk(crowd, dial, TOGETHER, rung=3), await talk(crowd, dial, TIMED, rung=1)
    async with voices(*await ears(crowd, gone)):
        await asyncio.sleep(SPOKEN_S)
        await gone.close()
    gone_us = now_us()
    missed_us = await seen(
        lambda: partner(crowd.banks["ringing"], gone).bye_us, "the caller to be missed", LOST_WITHIN_S
    )
    figures.add("R9", "caller whose network is gone: found after, s", (missed_us - gone_us) / 1_000_000)
    await until(gone_us + LOST_WITHIN_S * 1_000_000)
    await undisturbed(crowd, figures, LOST_WITHIN_S + SPOKEN_S, mute)
    await crowd.wait_ready()


async def talk(crowd: Company, dial: Dial, to: str, rung: int = 0) -> Callers:
    """Somebody dials this line and talks. ``rung``: so many phones of the bank ring, and one of them is picked up."""
    callers = dial(1, per_s=100, to=to)
    await callers.start()
    if rung:
        crowd.banks["ringing"].act_on((await rings(crowd.banks["ringing"], callers.who[0], rung))[0])
    await callers.answered(1)
    return callers


async def undisturbed(crowd: Company, figures: Figures, for_s: int, *talks: Callers) -> None:
    """All these still talk; now they hang up."""
    cut = [callers for callers in talks if callers.calls()[0].over]
    figures.add("R9", f"talks of {for_s} s, silent or not, that were cut", len(cut), "0")
    for callers in talks:
        callers.hang_up_all()
    await crowd.wait_idle()
    assert cut == []


async def ears(crowd: Company, *talks: Callers) -> list[tuple[str, int]]:
    """Where Asterisk takes the voices of these callers and of whom they talk with."""
    numbers = {callers.who[0] for callers in talks}
    callers_legs = {channel["id"] for channel in await crowd.ari("channels") if channel["caller"]["number"] in numbers}
    found = []
    for bridge in await crowd.ari("bridges"):
        for channel in bridge["channels"] if callers_legs & set(bridge["channels"]) else ():
            said = await crowd.ari(f"channels/{channel}/variable?variable=CHANNEL(rtp,src)")
            found.append((crowd.settings.sip_address, int(said["value"].rpartition(":")[2])))
    assert len(found) == 2 * len(talks)
    return found


async def reasons_of(crowd: Company, *talks: Callers) -> list[list[str]]:
    """Why everything happened in each of these calls, as their records have it."""
    rows = await crowd.query(
        "SELECT caller_number, reasons FROM call_record WHERE caller_number = ANY($1)",
        [callers.who[0] for callers in talks],
    )
    told = {row["caller_number"]: [reason["why"] for reason in json.loads(row["reasons"])] for row in rows}
    return [told[callers.who[0]] for callers in talks]


def asked(callers: Callers) -> int:
    """How many requests within their calls these callers got."""
    return sum(message.first_line.startswith("INVITE") and not message.sent for message in callers.log.messages())


def partner(bank: PhoneBank, callers: Callers) -> CallResult:
    """The leg that was answered for this caller."""
    return next(call for call in bank.calls() if callers.who[0] in call.from_header and call.answered)
