"""Messages that callers leave: asked for, asked about, thrown away."""

from __future__ import annotations

import pytest

from switchboard.adapters.asterisk.telephony import AsteriskTelephony, Trunk
from switchboard.core.actions import AskAboutRecording, DropRecording, RecordMessage
from switchboard.core.facts import RecordingEnded
from switchboard.core.ids import CallId, LegId, RecordingId
from switchboard.engine.ports import LegGone, Refused, SwitchAway
from tests.adapters.asterisk.conftest import Bench
from tests.adapters.asterisk.fake_ari import reply, silence

CALL, IN = CallId("c" * 24), LegId("1795476463.0")
MESSAGE = RecordingId(f"{CALL}00000002")
RECORD = RecordMessage(CALL, IN, MESSAGE, longest_ms=180_000, silence_ms=4_500)
LIVE, FILE = f"GET recordings/live/{MESSAGE}", f"GET recordings/stored/{MESSAGE}/file"


@pytest.fixture
async def telephony(bench: Bench) -> AsteriskTelephony:
    await bench.ready(request_s=0.3)
    bench.fake.requests.clear()
    return AsteriskTelephony(bench.ari, "switchboard", Trunk("carrier"))


def asked(bench: Bench) -> list[str]:
    return [str(seen) for seen in bench.fake.requests]


async def test_a_message_is_recorded_behind_a_tone(bench: Bench, telephony: AsteriskTelephony) -> None:
    assert await telephony.perform(RECORD) is None
    [seen] = bench.fake.requests
    assert str(seen) == f"POST channels/{IN}/record"
    assert seen.query == {
        "name": MESSAGE, "format": "wav", "maxDurationSeconds": "180", "maxSilenceSeconds": "5", "ifExists": "fail",
        "beep": "true", "terminateOn": "#",
    }  # fmt: skip


async def test_asterisk_has_nowhere_to_write(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("POST .*/record", reply(500, {"message": "Internal Server Error"}))
    with pytest.raises(Refused, match="500"):
        await telephony.perform(RECORD)


async def test_a_doubtful_answer_is_looked_into(bench: Bench, telephony: AsteriskTelephony) -> None:
    """Recording is asked for once, whether it goes on or not."""
    for doubt in (silence, reply(409, {"message": "already exists"})):
        bench.fake.on("POST .*/record", doubt)
        bench.fake.on(LIVE, reply(200, {"name": MESSAGE}))
        await telephony.perform(RECORD)
        bench.fake.on(LIVE, reply(404, {"message": "Recording not found"}))
        with pytest.raises(Refused):
            await telephony.perform(RECORD)
    assert sum(line.startswith("POST") for line in asked(bench)) == 4


async def test_who_just_left_is_told_from_what_cannot_be_recorded(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("POST .*/record", reply(404, {"message": "Channel not found"}))
    with pytest.raises(LegGone) as gone:
        await telephony.perform(RECORD)
    assert gone.value.leg == IN


async def test_what_goes_on_is_no_news(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on(LIVE, reply(200, {"name": MESSAGE, "state": "recording"}))
    assert await telephony.perform(AskAboutRecording(CALL, MESSAGE)) is None


async def test_what_is_over_is_as_long_as_its_file(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on(LIVE, reply(404, {"message": "Recording not found"}))
    bench.fake.on(FILE, reply(200, "x" * (44 + 3 * 16_000 - 2)))  # and two quotation marks
    said = await telephony.perform(AskAboutRecording(CALL, MESSAGE))
    assert said == RecordingEnded(MESSAGE, duration_ms=3_000)


async def test_what_never_was_is_not_there(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("GET recordings/.*", reply(404, {"message": "Recording not found"}))
    said = await telephony.perform(AskAboutRecording(CALL, MESSAGE))
    assert isinstance(said, RecordingEnded)
    assert (said.recording, said.kept, said.known) == (MESSAGE, False, False)


async def test_nobody_can_say(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("GET recordings/.*", reply(500, {"message": "Internal Server Error"}))
    with pytest.raises(Refused):
        await telephony.perform(AskAboutRecording(CALL, MESSAGE))
    bench.ari.stop()
    await bench.over()
    with pytest.raises(SwitchAway):
        await telephony.perform(AskAboutRecording(CALL, MESSAGE))


async def test_what_is_thrown_away_may_be_gone(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("DELETE .*", reply(404, {"message": "Recording not found"}))
    await telephony.perform(DropRecording(CALL, MESSAGE))
    assert asked(bench) == [f"DELETE recordings/stored/{MESSAGE}"]
