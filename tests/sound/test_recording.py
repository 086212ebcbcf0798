"""Recordings on a real Asterisk: both voices, soon, whole, without what was paused; kept through crashes."""

from __future__ import annotations

import array
import asyncio
import hashlib
import shutil
import wave
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from devkit.company import Company
from devkit.ear import Ear
from devkit.phones import ANSWER, register
from devkit.processes import Deadline
from tests.sound.scenes import HIGH, LOW, load_rules, other_rules, press_until_heard, talk, tiny_disk

pytestmark = pytest.mark.asyncio(loop_scope="session")

RULES = """
[recording]
announcement = "conf-now-recording"
pause_at_most = "10s"

[[recording.rule]]
name = "orders"
queue = "operators"
"""
SAMPLES_PER_MS = 8


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def recording(company: Company) -> AsyncIterator[Company]:
    """The same company; what operators say to callers is recorded. Only olga is free."""
    rules = (company.config / "company.toml").read_text() + RULES
    async with other_rules(company, {"company.toml": rules}, paused=("oleg", "irina")):
        yield company


async def filed(company: Company, before: int = 0, timeout_s: float = 15) -> asyncpg.Record:
    """The newest recording, once its talk is over and its file is on record."""
    deadline = Deadline(timeout_s, "a recording to be filed")
    while True:
        rows = await company.query("SELECT * FROM call_recording ORDER BY started_at")
        if len(rows) > before and rows[-1]["file"] is not None and rows[-1]["ended_at"] is not None:
            newest: asyncpg.Record = rows[-1]
            return newest
        await deadline.pause(0.05)


async def until_it(company: Company, state: str) -> None:
    """Wait until the newest recording is in this state, by what Asterisk says."""
    [row] = await company.query("SELECT recording_id FROM call_recording ORDER BY started_at DESC LIMIT 1")
    deadline = Deadline(5, f"the recording to be {state}")
    while (await company.ari(f"recordings/live/{row['recording_id']}"))["state"] != state:
        await deadline.pause(0.02)


async def count(company: Company) -> int:
    [row] = await company.query("SELECT count(*) FROM call_recording")
    return int(row[0])


def file_of(company: Company, row: asyncpg.Record) -> Path:
    return company.folder / "service" / "recordings" / str(row["file"])


def samples(path: Path) -> array.array[int]:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8_000, 1, 2)
        return array.array("h", file.readframes(file.getnframes()))


def heard(sound: array.array[int], period: int) -> list[int]:
    """The milliseconds in which a tone of this period (in samples) is there: by Goertzel's sum over 20 ms."""
    step, found = 20 * SAMPLES_PER_MS, []
    for at in range(0, len(sound) - step, step):
        block = sound[at : at + step]
        # at 4 and 2 kHz the sine and cosine are 1, 0, −1: sums of samples
        even = sum(one * (1, 0, -1, 0)[n % 4] if period == 4 else one * (1, -1)[n % 2] for n, one in enumerate(block))
        odd = sum(one * (0, 1, 0, -1)[n % 4] for n, one in enumerate(block)) if period == 4 else 0
        if (even * even + odd * odd) ** 0.5 / step > 500:
            found.append(at // SAMPLES_PER_MS)
    return found


async def test_the_file_holds_both_and_is_on_record_with_its_checksum(recording: Company) -> None:
    before = await count(recording)
    async with talk(recording) as (caller, _):
        await caller.hears(recording.asterisk.sounds / "en" / "conf-now-recording.wav")
        await asyncio.sleep(2)
    row = await filed(recording, before)
    path = file_of(recording, row)
    content = path.read_bytes()
    assert (row["sha256"], row["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (row["person"], row["number"], row["rule"], row["trouble"]) == ("olga", 1, "orders", "")
    sound = samples(path)
    lasted_ms = (row["ended_at"] - row["started_at"]).total_seconds() * 1000
    assert abs(len(sound) / SAMPLES_PER_MS - lasted_ms) < 300
    for name, period in (("caller", 2), ("operator", 4)):
        there = heard(sound, period)
        print(f"{name}: first heard after {there[0]} ms, {len(there) * 20} of {lasted_ms:.0f} ms")
        assert there[0] < 200
        assert len(there) * 20 > lasted_ms * 0.9
    [call] = await recording.query("SELECT * FROM call_record WHERE call_id = $1", row["call_id"])
    assert "was told" in call["reasons"] or "is told that the talk may be recorded" in call["reasons"]
    assert await recording.ari("recordings/stored") == []


async def test_what_is_said_in_a_pause_is_not_in_the_file(recording: Company) -> None:
    before = await count(recording)
    async with talk(recording) as (caller, operator):
        await asyncio.sleep(1)
        mark = len(operator.frames)
        await operator.press("*6")
        await until_it(recording, "paused")
        caller.voice, was = LOW, caller.voice
        await asyncio.sleep(2)
        caller.voice = was
        await operator.press("*6")
        await until_it(recording, "recording")
        await asyncio.sleep(1)
        await operator.hears(recording.asterisk.sounds / "en" / "beep.wav", 1, since=mark)  # one of the two, at least
    row = await filed(recording, before)
    sound = samples(file_of(recording, row))
    lasted_ms = (row["ended_at"] - row["started_at"]).total_seconds() * 1000
    left_out_ms = lasted_ms - len(sound) / SAMPLES_PER_MS
    print(f"talk {lasted_ms:.0f} ms, paused {row['paused_ms']} ms by the record, {left_out_ms:.0f} ms in the file")
    assert 2_000 < row["paused_ms"] < 3_500
    assert abs(left_out_ms - row["paused_ms"]) < 300
    silent = [ms for ms in range(0, int(len(sound) / 8) - 40, 20) if ms not in set(heard(sound, 2))]
    assert len(silent) * 20 < 400, "the caller's other tone, of the pause, is in the file"


async def test_killed_in_the_midst_it_goes_on_and_is_filed(recording: Company) -> None:
    before = await count(recording)
    async with talk(recording):
        await asyncio.sleep(1)
        await recording.service.kill()
        await asyncio.sleep(1)
        await recording.service.start()
        await asyncio.sleep(1)
    row = await filed(recording, before)
    lasted_ms = (row["ended_at"] - row["started_at"]).total_seconds() * 1000
    sound = samples(file_of(recording, row))
    assert abs(len(sound) / SAMPLES_PER_MS - lasted_ms) < 400
    assert row["trouble"] == ""
    assert await count(recording) == before + 1


async def test_a_talk_that_ends_while_the_service_is_away_is_filed_afterwards(recording: Company) -> None:
    before = await count(recording)
    async with talk(recording) as (caller, operator):
        await asyncio.sleep(1)
        await recording.service.kill()
        caller.hang_up()
        await asyncio.sleep(0.5)
        operator.hang_up()
        await asyncio.sleep(0.5)
        await recording.service.start()
    row = await filed(recording, before, 30)
    assert len(samples(file_of(recording, row))) > 8_000
    assert await recording.ari("recordings/stored") == []


async def test_no_folder_is_an_alarm_and_the_talk_goes_on(recording: Company) -> None:
    spool = recording.folder / "asterisk" / "spool" / "recording"
    before = await count(recording)
    spool.rename(spool.with_name("gone"))
    try:
        async with talk(recording) as (caller, operator):
            mark = len(caller.frames)
            await asyncio.sleep(1)
            assert sum(frame.payload == LOW for frame in caller.frames[mark:]) > 25
            problems = await recording.service.problems() or []
            assert any("should have been recorded was not" in problem for problem in problems), problems
            refused = recording.asterisk.sounds / "en" / "invalid.wav"
            await press_until_heard(operator, partial(operator.press, "*6"), refused)
    finally:
        spool.with_name("gone").rename(spool)
    rows = await recording.query("SELECT * FROM call_recording ORDER BY started_at")
    assert len(rows) == before + 1
    assert "500" in rows[-1]["trouble"]
    async with talk(recording):
        await asyncio.sleep(0.5)
    await filed(recording, before + 1, 40)
    assert await recording.service.problems() == []


async def test_our_own_folder_is_away_for_a_while(recording: Company) -> None:
    folder, before = recording.folder / "service" / "recordings", await count(recording)
    folder.rename(folder.with_name("unmounted"))
    try:
        async with talk(recording):
            await asyncio.sleep(1)
        deadline = Deadline(15, "the alarm")
        while not any("cannot be filed" in problem for problem in await recording.service.problems() or []):
            await deadline.pause(0.1)
        assert len(await recording.ari("recordings/stored")) == 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name("unmounted").rename(folder)
    row = await filed(recording, before, 60)
    assert file_of(recording, row).stat().st_size == row["bytes"]


async def test_a_disk_that_fills_up_in_mid_talk_ends_no_talk(recording: Company) -> None:
    before = await count(recording)
    with tiny_disk(recording.folder / "asterisk" / "spool" / "recording"):
        async with talk(recording) as (caller, _):
            await asyncio.sleep(9)
            mark = len(caller.frames)
            await asyncio.sleep(0.5)
            assert sum(frame.sounds for frame in caller.frames[mark:]) > 12
        row = await filed(recording, before, 30)
        print(f"full disk: {row['bytes']} bytes, trouble: {row['trouble']}")
        problems = await recording.service.problems() or []
    assert row["trouble"] != ""
    assert any("should have been recorded was not" in problem for problem in problems), problems


HEADS = """
[[recording.rule]]
name = "heads"
person = "viktor"
announce = false
"""


async def test_nothing_is_missing_at_the_beginning(recording: Company, full: bool) -> None:
    """From the first that the operator hears of the caller to the first moment of the file. Both hear the same sound:
    when it changes is known in both."""
    before, text = await count(recording), (recording.config / "company.toml").read_text()
    await load_rules(recording, {"company.toml": text + HEADS})
    phone, missing_ms = recording.phones["viktor"], []
    await phone.off()
    head = Ear.wait_on(phone.address, phone.port, talks=False)
    try:
        for number in range(60 if full else 6):
            at, known = len(head.frames), f"+7916555{number:04}"
            caller = await Ear.call(recording.settings.trunk_host, known, "+74950000001", recording.settings.sip)
            caller.talks, caller.voice = True, HIGH
            began_s = await _hears_tone(head, 2, at)
            await asyncio.sleep(0.4)
            caller.voice = LOW
            changed_s = await _hears_tone(head, 4, at)
            await asyncio.sleep(0.2)
            await caller.close()
            await head.until(lambda: head.over or None, "the call to end")
            head.pick_up_next()
            row = await filed(recording, before + number)
            sound = samples(file_of(recording, row))
            missing_ms.append((changed_s - began_s) * 1000 - heard(sound, 4)[0])
            await recording.wait_idle()
    finally:
        await head.close()
        await phone.behave(ANSWER)
        await load_rules(recording, {"company.toml": text})
    missing_ms.sort()
    print(
        f"{len(missing_ms)} talks: {missing_ms[len(missing_ms) // 2]:.0f} ms missing, at most {missing_ms[-1]:.0f} ms"
    )
    assert missing_ms[-1] < 200


async def _hears_tone(ear: Ear, period: int, since: int) -> float:
    """When it first heard a tone of so many samples."""

    def look() -> float | None:
        for frame in ear.frames[since:]:
            sound = frame.payload
            periods = [each for each in (1, 2, 4) if sound[each:] == sound[:-each]]
            if periods and periods[0] == period:
                return frame.at_s
        return None

    return await ear.until(look, f"a tone of {period} samples")


async def test_asterisk_is_killed_in_mid_talk_and_what_there_is_is_filed(recording: Company) -> None:
    before = await count(recording)
    async with talk(recording) as (caller, operator):
        await asyncio.sleep(4)
        await recording.asterisk.kill()
        for ear in (caller, operator):
            ear.hang_up()  # nobody is there to hear it
        await recording.asterisk.start()
    await register(list(recording.phones.values()))
    row = await filed(recording, before, 60)
    sound = samples(file_of(recording, row))
    print(f"Asterisk killed after 4 s: {len(sound) / 8:.0f} ms are there")
    assert len(sound) / 8 > 2_000
    others = [name for name in recording.policy.people if name not in ("oleg", "irina")]
    await recording.wait_people("ready", *others, timeout_s=60)
    await recording.wait_people("paused", "oleg", "irina", timeout_s=60)
