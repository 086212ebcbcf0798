"""Callers leave messages: spoken, recorded, stored and mailed, on a real Asterisk with a real mail server."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import shutil
import wave
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from time import time
from zoneinfo import ZoneInfo

import asyncpg
import pytest
import pytest_asyncio

from devkit.company import Company
from devkit.ear import Ear, prompt_frames
from devkit.mail import MailServer, sound_of
from devkit.processes import Deadline
from devkit.rows import caller
from tests.sound.scenes import DISPATCH, OPERATORS, ORDERS, calling, other_rules, tiny_disk

pytestmark = pytest.mark.asyncio(loop_scope="session")

SPEECH = "demo-instruct"
"""What callers say: half a minute of it would be there."""
BOX = """
[box.test]
title = "Dispatch"
department = "regional"
greeting = "vm-goodbye"
thanks = ["auth-thankyou"]
nothing = ["vm-nomore"]
sorry = ["im-sorry"]
longest = "20s"
silence = "3s"
mail = ["dispatch@example.com", "head@example.com"]
"""
ROUTING = """
[[rule]]
name = "after hours"
line = "dispatch"
class = "unidentified"
plan = "closed"

[[rule]]
name = "to the box"
line = "dispatch"
plan = "box"

[[plan.box.step]]
voicemail = "test"

[[plan.closed.step]]
message = "hello-world"
opens = "tomorrow"
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def boxed(company: Company) -> AsyncIterator[Company]:
    """The same company: who dials dispatch comes to a box, or hears when it opens; 5 while waiting leads there too."""
    names = ("routing.toml", "queues.toml", "hours.toml", "voicemail.toml")
    was = {name: (company.config / name).read_text() for name in names}
    tomorrow = (datetime.fromtimestamp(time(), ZoneInfo("Europe/Moscow")) + timedelta(days=1)).strftime("%a").lower()
    of_dispatch = re.compile(r"^\[\[(rule|plan\.dispatch\w*\.step)\]\]\n(?:(?!\[).*\n)*", re.MULTILINE)
    routing = of_dispatch.sub(lambda part: "" if "dispatch" in part[0] else part[0], was["routing.toml"])
    begin = routing.index("[[rule]]")
    keys = "[queue.operators.keys]"
    texts = {
        "voicemail.toml": f"{was['voicemail.toml']}\n{BOX}",
        "routing.toml": f"{routing[:begin]}{ROUTING}\n{routing[begin:]}",
        "queues.toml": was["queues.toml"].replace(keys, f'{keys}\n5 = "voicemail:test"'),
        "hours.toml": f'{was["hours.toml"]}\n[hours.tomorrow]\n{tomorrow} = "09:00-18:00"\n',
    }
    async with other_rules(company, texts, paused=OPERATORS):
        yield company


@pytest.fixture(scope="module")
def mail(company: Company) -> Iterator[MailServer]:
    with MailServer(company.mail_port) as server:
        yield server


async def hears_the_tone(company: Company, ear: Ear) -> int:
    folder = company.asterisk.sounds / "en"
    return await ear.hears(folder / "beep.wav", since=await ear.hears(folder / "vm-goodbye.wav"))


def speech(company: Company) -> Path:
    return company.asterisk.sounds / "en" / f"{SPEECH}.wav"


async def message_of(company: Company, record: asyncpg.Record, *, filed: bool = True) -> asyncpg.Record:
    """The message of a call, once its sound is in the folder."""
    deadline = Deadline(20, "the message to be filed")
    while True:
        rows = await company.query(
            "SELECT v.*, r.file, r.sha256, r.bytes FROM voicemail v LEFT JOIN call_recording r"
            " ON r.recording_id = v.message_id WHERE v.call_id = $1",
            record["call_id"],
        )
        if rows and (rows[0]["file"] is not None or not filed):
            return rows[0]
        await deadline.pause(0.05)


async def newest(company: Company, before: int) -> asyncpg.Record:
    return (await company.wait_records(before + 1))[-1]


def share_heard(said: Path, seconds: float, sound: bytes, folder: Path) -> float:
    """How much of what was said is in the sound, frame by frame."""
    kept = folder / "kept.wav"
    kept.write_bytes(sound)
    first = folder / "said.wav"
    with wave.open(str(said)) as file, wave.open(str(first), "wb") as cut:
        cut.setparams(file.getparams())
        cut.writeframes(file.readframes(round(seconds * 8000)))
    wanted = prompt_frames(first)
    return len(wanted & prompt_frames(kept)) / len(wanted)


def lasts_s(sound: bytes) -> float:
    with wave.open(io.BytesIO(sound)) as file:
        return file.getnframes() / file.getframerate()


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def test_a_message_reaches_the_department(boxed: Company, mail: MailServer, tmp_path: Path) -> None:
    """Spoken, ended by #, thanked for; on record, in the folder, a task, and mailed with its sound."""
    before, letters = len(await boxed.records()), len(mail.letters)
    async with calling(boxed, caller(1), DISPATCH) as ear:
        since = await hears_the_tone(boxed, ear)
        await ear.say(speech(boxed), 5)
        await ear.press("#")
        await ear.hears(boxed.asterisk.sounds / "en" / "auth-thankyou.wav", since=since)
        await ear.until(lambda: ear.over or None, "the end")
    record = await newest(boxed, before)
    assert record["outcome"] == "voicemail"
    message = await message_of(boxed, record)
    assert (message["box"], message["department"], message["caller_number"]) == ("test", "regional", caller(1))
    stored = (boxed.folder / "service" / "recordings" / message["file"]).read_bytes()
    assert (hashlib.sha256(stored).hexdigest(), len(stored)) == (message["sha256"], message["bytes"])
    letter = await mail.letter(letters + 1)
    assert mail.recipients[letters] == ["dispatch@example.com", "head@example.com"]
    assert letter["Message-ID"] == f"<{message['message_id']}@example.com>"
    assert caller(1) in text_of(letter)
    assert 4 < lasts_s(sound_of(letter)) < 6.5
    assert share_heard(speech(boxed), 4.5, sound_of(letter), tmp_path) > 0.9
    tasks = await boxed.query("SELECT * FROM task WHERE call_id = $1", record["call_id"])
    assert [(task["kind"], task["person"]) for task in tasks] == [("voicemail", "roman")]
    assert caller(1) not in (boxed.folder / "logs" / "service.log").read_text()
    await _asterisk_keeps_nothing(boxed)


async def _asterisk_keeps_nothing(company: Company) -> None:
    deadline = Deadline(25, "Asterisk to have no recording left")
    while await company.ari("recordings/stored"):
        await deadline.pause(0.1)


async def test_who_hangs_up_in_the_middle_has_left_a_message(boxed: Company, mail: MailServer, tmp_path: Path) -> None:
    before, letters = len(await boxed.records()), len(mail.letters)
    async with calling(boxed, caller(2), DISPATCH) as ear:
        await hears_the_tone(boxed, ear)
        await ear.say(speech(boxed), 4)
    assert (await newest(boxed, before))["outcome"] == "voicemail"
    sound = sound_of(await mail.letter(letters + 1))
    assert share_heard(speech(boxed), 3.5, sound, tmp_path) > 0.9


async def test_silence_is_no_message(boxed: Company, mail: MailServer) -> None:
    """It ends by itself, and so does the call of somebody who hangs up during the greeting."""
    before, letters = len(await boxed.records()), len(mail.letters)
    async with calling(boxed, caller(3), DISPATCH) as ear:
        since = await hears_the_tone(boxed, ear)
        await ear.hears(boxed.asterisk.sounds / "en" / "vm-nomore.wav", since=since)
        await ear.until(lambda: ear.over or None, "the end")
    async with calling(boxed, caller(4), DISPATCH) as ear:
        await ear.hears(boxed.asterisk.sounds / "en" / "vm-goodbye.wav")
    silent, gone = (await boxed.wait_records(before + 2))[-2:]
    assert (silent["outcome"], gone["outcome"]) == ("message", "message")
    both = [silent["call_id"], gone["call_id"]]
    assert await boxed.query("SELECT * FROM voicemail WHERE call_id = ANY($1)", both) == []
    assert await boxed.query("SELECT * FROM task WHERE call_id = ANY($1)", both) == []
    await _asterisk_keeps_nothing(boxed)
    assert len(mail.letters) == letters
    assert await boxed.service.problems() == []


async def test_a_key_leads_out_of_the_queue_to_the_box(boxed: Company, mail: MailServer) -> None:
    before, letters = len(await boxed.records()), len(mail.letters)
    async with calling(boxed, caller(1), ORDERS) as ear:
        await ear.hears(boxed.asterisk.sounds / "en" / "one-moment-please.wav")
        await ear.press("5")
        await hears_the_tone(boxed, ear)
        await ear.say(speech(boxed), 3.5)
    assert (await newest(boxed, before))["outcome"] == "voicemail"
    await mail.letter(letters + 1)


async def test_without_room_to_record_callers_are_told_and_called_back(boxed: Company, mail: MailServer) -> None:
    before, letters = len(await boxed.records()), len(mail.letters)
    shutil.rmtree(boxed.asterisk.recordings)
    try:
        async with calling(boxed, caller(3), DISPATCH) as ear:
            await ear.hears(boxed.asterisk.sounds / "en" / "im-sorry.wav", 5)
            await ear.until(lambda: ear.over or None, "the end")
        record = await newest(boxed, before)
        assert record["outcome"] == "callback"
        tasks = await boxed.query("SELECT kind, person FROM task WHERE call_id = $1", record["call_id"])
        assert [tuple(task) for task in tasks] == [("call_back", "roman")]
        problems = await boxed.service.problems()
        assert problems is not None
        assert any("recorded" in problem for problem in problems)
        assert '"recording.failed"' in (boxed.folder / "logs" / "service.log").read_text()
    finally:
        boxed.asterisk.recordings.mkdir()
    async with calling(boxed, caller(3), DISPATCH) as ear:
        await hears_the_tone(boxed, ear)
        await ear.say(speech(boxed), 3.5)
    await mail.letter(letters + 1)
    deadline = Deadline(30, "the alarm to end")
    while await boxed.service.problems():
        await deadline.pause(0.2)


async def test_a_disk_that_fills_up_in_mid_message(boxed: Company, mail: MailServer, tmp_path: Path) -> None:
    """Asterisk ends it there, and says no more than that: what there was room for is a message like any other."""
    before, letters = len(await boxed.records()), len(mail.letters)
    with tiny_disk(boxed.asterisk.recordings):
        async with calling(boxed, caller(5), DISPATCH) as ear:
            since = await hears_the_tone(boxed, ear)
            await ear.say(speech(boxed), 9)
            await ear.hears(boxed.asterisk.sounds / "en" / "auth-thankyou.wav", since=since)
            await ear.until(lambda: ear.over or None, "the end")
        record = await newest(boxed, before)
        sound = sound_of(await mail.letter(letters + 1))
    assert record["outcome"] == "voicemail"
    tasks = await boxed.query("SELECT kind, person FROM task WHERE call_id = $1", record["call_id"])
    assert [tuple(task) for task in tasks] == [("voicemail", "roman")]
    assert 3.5 < lasts_s(sound) < 4.5
    assert share_heard(speech(boxed), 3, sound, tmp_path) > 0.9


async def test_the_service_dies_in_the_midst_of_a_message(boxed: Company, mail: MailServer, tmp_path: Path) -> None:
    """One caller hangs up while nobody is there; another speaks on until somebody is, and is thanked."""
    before, letters = len(await boxed.records()), len(mail.letters)
    async with calling(boxed, caller(4), DISPATCH) as staying:
        async with calling(boxed, caller(5), DISPATCH) as leaving:
            await asyncio.gather(hears_the_tone(boxed, leaving), hears_the_tone(boxed, staying))
            speaking = asyncio.create_task(staying.say(speech(boxed), 12))
            await leaving.say(speech(boxed), 1.5)
            await boxed.service.kill()
            await leaving.say(speech(boxed), 3)
        await asyncio.sleep(0.5)
        await boxed.service.start()
        await speaking
        since = len(staying.frames)
        await staying.press("#")
        await staying.hears(boxed.asterisk.sounds / "en" / "auth-thankyou.wav", since=since)
    both = (await boxed.wait_records(before + 2))[-2:]
    assert [record["outcome"] for record in both] == ["voicemail", "voicemail"]
    sounds = [sound_of(await mail.letter(letters + number)) for number in (1, 2)]
    assert sorted(lasts_s(sound) > 8 for sound in sounds) == [False, True]
    assert all(share_heard(speech(boxed), 2.5, sound, tmp_path) > 0.8 for sound in sounds)


async def test_a_mail_server_that_is_away_gets_the_letter_later(boxed: Company, mail: MailServer) -> None:
    """Across a restart of the service, too: what is not sent stands in Postgres."""
    before, letters = len(await boxed.records()), len(mail.letters)
    mail.refuse, mail.refused = "451 come back later", 0
    try:
        async with calling(boxed, caller(2), DISPATCH) as ear:
            await hears_the_tone(boxed, ear)
            await ear.say(speech(boxed), 3.5)
        message = await message_of(boxed, await newest(boxed, before))
        deadline = Deadline(20, "the letter to be refused, and that to be on record")
        while (await message_of(boxed, await newest(boxed, before)))["tries"] == 0:
            await deadline.pause(0.05)
        assert mail.refused
        await boxed.service.kill()
        await boxed.service.start()
    finally:
        mail.refuse = ""
    letter = await mail.letter(letters + 1, 30)
    assert letter["Message-ID"] == f"<{message['message_id']}@example.com>"
    deadline = Deadline(5, "it to be marked as sent")
    while (row := await message_of(boxed, await newest(boxed, before)))["done_at"] is None:
        await deadline.pause(0.05)
    assert row["tries"] == 1


async def test_who_calls_when_it_is_closed_hears_when_it_opens(boxed: Company) -> None:
    before = len(await boxed.records())
    folder, since = boxed.asterisk.sounds / "en", 0
    async with calling(boxed, "anonymous", DISPATCH) as ear:
        for prompt in ("hello-world", "digits/tomorrow", "digits/at", "digits/9", "digits/oclock", "digits/a-m"):
            since = await ear.hears(folder / f"{prompt}.wav", since=since)
        await ear.until(lambda: ear.over or None, "the end")
    assert (await newest(boxed, before))["outcome"] == "message"


async def test_what_was_said_before_asterisk_died_is_kept(boxed: Company, mail: MailServer, tmp_path: Path) -> None:
    """Asterisk writes 64 KiB at a time, so up to four seconds of the end are gone with it."""
    before, letters = len(await boxed.records()), len(mail.letters)
    async with calling(boxed, caller(1), DISPATCH) as ear:
        await hears_the_tone(boxed, ear)
        await ear.say(speech(boxed), 9)
        await boxed.asterisk.kill()
    await boxed.asterisk.start()
    await boxed.register_phones()
    assert (await newest(boxed, before))["outcome"] == "voicemail"
    sound = sound_of(await mail.letter(letters + 1, 40))
    assert share_heard(speech(boxed), 7.5, sound, tmp_path) > 0.8
    assert 8 < lasts_s(sound) < 9.5
