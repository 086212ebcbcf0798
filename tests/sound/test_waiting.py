"""What waiting callers hear, press and are called back for: heard frame by frame, on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

import asyncpg
import pytest
import pytest_asyncio

from devkit.company import Company
from devkit.ear import TONE, Ear, prompt_frames
from devkit.phones import ANSWER
from devkit.processes import Deadline
from devkit.rows import caller
from tests.sound.scenes import DISPATCH, OPERATORS, calling, other_rules

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONGEST_GAP_MS = 300
"""A frame comes every 20 ms, where the machine has time; silence would last for seconds."""
MESSAGE = "queue-youarenext.wav"
"""Five seconds of being told to be first in line."""
HEARS = """
greeting = "one-moment-please"
place = true
messages = ["queue-thankyou"]
first_after = "1s"
every = "5s"
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def speaking(company: Company) -> AsyncIterator[Company]:
    """The same company, with quick messages in both queues, and a Russian dispatch line; nobody is free."""
    was = {name: (company.config / name).read_text() for name in ("company.toml", "queues.toml", "routing.toml")}
    queues = was["queues.toml"]
    begin = queues.index("[queue.operators.hears]")
    end = queues.index("[queue.operators.keys]")
    queues = f"{queues[:begin]}[queue.operators.hears]{HEARS}\n[queue.dispatch.hears]{HEARS}\n{queues[end:]}"
    texts = {
        "queues.toml": queues.replace("[callback]", '[callback]\nring_for = "5s"\nretry_after = "10s"'),
        "company.toml": was["company.toml"].replace("[line.dispatch]", '[line.dispatch]\nlanguage = "ru"'),
        "routing.toml": was["routing.toml"].replace('at_most = "8s"', 'at_most = "60s"'),
    }
    async with other_rules(company, texts, paused=OPERATORS):
        yield company


@asynccontextmanager
async def operator_of(company: Company, name: str) -> AsyncIterator[Ear]:
    """In the place of this person's phone: picks up the next call at once and speaks."""
    phone = company.phones[name]
    await phone.off()
    ear = Ear.wait_on(phone.address, phone.port)
    try:
        yield ear
    finally:
        await ear.close()
        await phone.behave(ANSWER)


def gaps_ms(ear: Ear) -> Iterator[float]:
    frames = ear.frames
    return ((after.at_s - before.at_s) * 1000 for before, after in pairwise(frames))


async def heard_in_order(ear: Ear, folder: Path, prompts: list[str]) -> int:
    since = 0
    for prompt in prompts:
        since = await ear.hears(folder / f"{prompt}.wav", since=since)
    return since


async def test_greeting_place_and_message_in_the_language_of_the_line(speaking: Company) -> None:
    both_lines = [_is_spoken_to(speaking, "+74950000001", "en"), _is_spoken_to(speaking, DISPATCH, "ru")]
    for language, longest_ms in await asyncio.gather(*both_lines):
        print(f"{language}: longest gap between two frames {longest_ms:.0f} ms")
        assert longest_ms < LONGEST_GAP_MS
    await speaking.wait_idle()


async def _is_spoken_to(company: Company, to: str, language: str) -> tuple[str, float]:
    """Two call, and are told that they are next and second; how long the first heard nothing, at the longest."""
    folder = company.asterisk.sounds / language
    thanks = prompt_frames(folder / "queue-thankyou.wav")
    async with calling(company, "anonymous", to) as first, calling(company, "anonymous", to) as second:
        said, _ = await asyncio.gather(
            heard_in_order(first, folder, ["one-moment-please", "queue-youarenext", "queue-thankyou"]),
            heard_in_order(second, folder, ["one-moment-please", "queue-thereare", "digits/2", "queue-callswaiting"]),
        )
        await first.until(lambda: _music_behind(first, thanks, said), "the music to come back", 12)
        return language, max(gaps_ms(first))


def _music_behind(ear: Ear, prompt: set[bytes], since: int) -> int | None:
    """Half a second of sound behind the last frame of a message."""
    last = max((at for at in range(since, len(ear.frames)) if ear.frames[at].payload in prompt), default=0)
    behind = ear.frames[last + 1 :]
    return last if len(behind) > 60 and sum(frame.sounds for frame in behind) > 25 else None


async def test_an_operator_is_heard_at_once_whatever_is_being_said(speaking: Company) -> None:
    folder = speaking.asterisk.sounds / "en"
    announcement = prompt_frames(folder / MESSAGE)
    took_ms: dict[str, list[float]] = {"music": [], "message": []}
    async with operator_of(speaking, "olga") as phone:
        for what in ("message", "music") * 2:
            async with calling(speaking, "anonymous") as ear:
                since = await ear.hears(folder / "one-moment-please.wav")
                if what == "message":
                    since = await ear.hears(folder / MESSAGE, since=since)
                await speaking.dial_code("*21", "olga")
                heard = await ear.until(partial(_first_tone, ear), "to hear the operator")
                assert phone.answered_s is not None
                took_ms[what].append((ear.frames[heard].at_s - phone.answered_s) * 1000)
                during = [frame for frame in ear.frames[since:heard] if frame.payload in announcement]
                assert bool(during) is (what == "message")
                assert [frame for frame in ear.frames[heard:] if frame.payload in announcement] == []
            await phone.until(lambda: phone.over or None, "the operator's call to end")
            await speaking.dial_code("*20", "olga")
            phone.pick_up_next()
    await speaking.wait_idle()
    print(f"answer to audio: {', '.join(f'{what} {[round(ms) for ms in each]} ms' for what, each in took_ms.items())}")
    assert median(took_ms["message"]) < median(took_ms["music"]) + 40


def _first_tone(ear: Ear) -> int | None:
    return next((at for at, frame in enumerate(ear.frames) if frame.payload == TONE), None)


async def test_a_caller_is_called_back(speaking: Company) -> None:
    """Presses 1 (by RTP), confirms the number (by INFO), hears goodbye; the operator's phone rings before theirs."""
    folder = speaking.asterisk.sounds / "en"
    records, outside = len(await speaking.records()), speaking.carrier.calls()
    async with calling(speaking, caller(1)) as ear:
        await ear.hears(folder / "one-moment-please.wav")
        await ear.press("1")
        since = await ear.hears(folder / "vm-num-i-have.wav")
        await ear.hears(folder / "digits" / "7.wav", since=since)
        ear.press_by_info("1")
        await ear.hears(folder / "goodbye.wav", since=since)
        await ear.until(lambda: ear.over or None, "the call to end")
    answered = sum(call.answered for call in speaking.phones["oleg"].calls())
    await speaking.dial_code("*21", "oleg")
    dialled = await speaking.carrier.rung(len(outside) + 1)
    await speaking.phones["oleg"].answered(answered + 1)
    summoned = speaking.phones["oleg"].calls()[-1]
    assert dialled.to_user == caller(1)
    assert summoned.final_us is not None
    assert dialled.invited_us > summoned.final_us
    assert "call-back" in summoned.from_header
    await speaking.carrier.answered(sum(call.answered for call in outside) + 1)
    await speaking.wait_people("talking", "oleg")
    await asyncio.sleep(0.3)
    speaking.phones["oleg"].hang_up()
    await speaking.wait_idle()
    first, second = await _both(speaking, records)
    assert (first["outcome"], first["direction"]) == ("callback_booked", "inbound")
    assert (second["outcome"], second["direction"], second["answered_by"]) == ("served", "callback", "oleg")
    assert second["caller_number"] == caller(1)
    assert first["call_id"] in second["reasons"]
    await speaking.dial_code("*20", "oleg")


async def _both(company: Company, before: int) -> list[asyncpg.Record]:
    """The caller's record and that of the call-back, without the codes that were dialled."""
    deadline = Deadline(10, "both records")
    while True:
        new = [one for one in (await company.records())[before:] if one["direction"] != "code" and one["ended_at"]]
        if len(new) == 2:
            return new
        await deadline.pause(0.05)
