"""Actions become requests, and doubtful answers are looked into."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from switchboard.adapters.asterisk.telephony import AsteriskTelephony, Trunk, spoken_caller
from switchboard.core.actions import (
    Action,
    Answer,
    AskAboutRecording,
    AskWhetherThere,
    CheckPin,
    Connect,
    DropRecording,
    GoOnRecording,
    HangUp,
    Join,
    LookUpCaller,
    PauseRecording,
    Play,
    PlayInBridge,
    RecordMessage,
    Ring,
    RingOutside,
    SendToDialplan,
    SetLanguage,
    Snoop,
    SoundRinging,
    StartMusic,
    StartRecording,
    StopMusic,
    StopPlaying,
    StopRecording,
    StopRinging,
    TakeDownBridge,
)
from switchboard.core.ids import BridgeId, CallId, LegId, PhoneId, PlaybackId, RecordingId
from switchboard.core.phone_number import NumberKind, PhoneNumber
from switchboard.engine.ports import LegGone, Refused, SwitchAway
from tests.adapters.asterisk.conftest import Bench
from tests.adapters.asterisk.fake_ari import Reply, Seen, reply, silence

CALL = CallId("c" * 24)
IN, OUT = LegId("1795476463.0"), LegId(CALL + "00000001")
BRIDGE = BridgeId(CALL + "00000002")
TAPE = RecordingId(CALL + "00000003")
START = StartRecording(CALL, BRIDGE, TAPE, (IN, OUT))
RING = Ring(CALL, OUT, PhoneId("olga"), "+74951234567", "Anna Weber", like=IN, ring_ms=12_500)
CONNECT = Connect(CALL, BRIDGE, (IN, OUT))


@pytest.fixture
async def telephony(bench: Bench) -> AsteriskTelephony:
    await bench.ready(request_s=0.3)
    bench.fake.requests.clear()
    return AsteriskTelephony(bench.ari, "switchboard", Trunk("carrier"))


def asked(bench: Bench) -> list[tuple[str, dict[str, str]]]:
    return [(str(seen), seen.query) for seen in bench.fake.requests]


def _shown(endpoint: str, caller: str, timeout: str) -> dict[str, str]:
    return {
        "endpoint": endpoint,
        "app": "switchboard",
        "appArgs": "ring",
        "callerId": caller,
        "timeout": timeout,
        "originator": IN,
    }


@pytest.mark.parametrize(
    ("action", "request_line", "query"),
    [
        (SoundRinging(CALL, IN), f"POST channels/{IN}/ring", {}),
        (StopRinging(CALL, IN), f"DELETE channels/{IN}/ring", {}),
        (Answer(CALL, IN), f"POST channels/{IN}/answer", {}),
        (
            SetLanguage(CALL, IN, "ru"),
            f"POST channels/{IN}/variable",
            {"variable": "CHANNEL(language)", "value": "ru"},
        ),
        (StartMusic(CALL, IN, "default"), f"POST channels/{IN}/moh", {"mohClass": "default"}),
        (StopMusic(CALL, IN), f"DELETE channels/{IN}/moh", {}),
        (
            Play(CALL, IN, PlaybackId("p" * 32), ("beep", "digits/1")),
            f"POST channels/{IN}/play/{'p' * 32}",
            {"media": "sound:beep,sound:digits/1"},
        ),
        (StopPlaying(CALL, IN, PlaybackId("p" * 32)), f"DELETE playbacks/{'p' * 32}", {}),
        (RING, f"POST channels/{OUT}", _shown("PJSIP/olga", '"Anna Weber" <+74951234567>', "13")),
        (
            RingOutside(CALL, OUT, "+74997654321", "+74951234567", like=IN, ring_ms=60_000),
            f"POST channels/{OUT}",
            _shown("PJSIP/+74997654321@carrier", '"" <+74951234567>', "60"),
        ),
        (
            Snoop(CALL, OUT, IN, whisper=False),
            f"POST channels/{IN}/snoop/{OUT}",
            {"spy": "both", "whisper": "none", "app": "switchboard", "appArgs": "ring"},
        ),
        (
            Snoop(CALL, OUT, IN, whisper=True),
            f"POST channels/{IN}/snoop/{OUT}",
            {"spy": "both", "whisper": "out", "app": "switchboard", "appArgs": "ring"},
        ),
        (Join(CALL, IN, BRIDGE), f"POST bridges/{BRIDGE}/addChannel", {"channel": IN, "absorbDTMF": "true"}),
        (
            PlayInBridge(CALL, BRIDGE, PlaybackId("p" * 32), ("beep",)),
            f"POST bridges/{BRIDGE}/play/{'p' * 32}",
            {"media": "sound:beep"},
        ),
        (
            StartRecording(CALL, BRIDGE, TAPE, (IN, OUT)),
            f"POST bridges/{BRIDGE}/record",
            {"name": TAPE, "format": "wav", "ifExists": "fail"},
        ),
        (StopRecording(CALL, TAPE), f"POST recordings/live/{TAPE}/stop", {}),
        (GoOnRecording(CALL, TAPE), f"DELETE recordings/live/{TAPE}/pause", {}),
        (TakeDownBridge(CALL, BRIDGE), f"DELETE bridges/{BRIDGE}", {}),
        (HangUp(CALL, OUT, 26), f"DELETE channels/{OUT}", {"reason_code": "26"}),
        (
            SendToDialplan(CALL, IN),
            f"POST channels/{IN}/continue",
            {"context": "fallback", "extension": "s", "priority": "1"},
        ),
    ],
)
async def test_one_action_one_request(
    bench: Bench, telephony: AsteriskTelephony, action: Action, request_line: str, query: dict[str, str]
) -> None:
    await telephony.perform(action)
    assert asked(bench) == [(request_line, query)]


async def test_who_is_rung_for_nobody_yet_has_codecs_of_their_own(bench: Bench, telephony: AsteriskTelephony) -> None:
    """An operator who is to call somebody back: there is no other leg, and none that could be gone."""
    ring = replace(RING, like=None)
    await telephony.perform(ring)
    [(_, query)] = asked(bench)
    assert "originator" not in query
    bench.fake.on("POST channels/.*", reply(400, {"message": "Endpoint not found"}))
    with pytest.raises(Refused) as refused:
        await telephony.perform(ring)
    assert not isinstance(refused.value, LegGone)


async def test_two_legs_are_connected(bench: Bench, telephony: AsteriskTelephony) -> None:
    await telephony.perform(CONNECT)
    assert asked(bench) == [
        (f"POST bridges/{BRIDGE}", {"type": "mixing,dtmf_events"}),
        (f"POST bridges/{BRIDGE}/addChannel", {"channel": f"{IN},{OUT}"}),
    ]


@pytest.mark.parametrize(
    ("action", "refused"),
    [
        (RING, ("POST channels/.*", 400, "Provided originator channel was not found")),
        (CONNECT, ("POST .*/addChannel", 400, "Channel not found")),
        (Answer(CALL, IN), ("POST .*/answer", 404, "Channel not found")),
        (Play(CALL, IN, PlaybackId("p" * 32), ("beep",)), ("POST .*/play/.*", 404, "Channel not found")),
    ],
)
async def test_a_refusal_names_the_caller_who_just_left(
    bench: Bench, telephony: AsteriskTelephony, action: Action, refused: tuple[str, int, str]
) -> None:
    pattern, status, why = refused
    bench.fake.on(pattern, reply(status, {"message": why}))
    bench.fake.on(f"GET channels/{IN}", reply(404, {"message": "Channel not found"}))
    with pytest.raises(LegGone) as gone:
        await telephony.perform(action)
    assert gone.value.leg == IN


async def test_a_refusal_while_the_caller_is_there_names_nobody(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("POST channels/.*", reply(400, {"message": "Endpoint not found"}))
    bench.fake.on(f"GET channels/{IN}", reply(200, {"id": IN}))
    with pytest.raises(Refused, match="Endpoint not found") as refused:
        await telephony.perform(RING)
    assert not isinstance(refused.value, LegGone)


async def test_a_leg_that_just_left_leaves_no_bridge_behind(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("POST .*/addChannel", reply(400, {"message": "Channel not found"}))
    with pytest.raises(Refused, match="400 Channel not found"):
        await telephony.perform(CONNECT)
    assert (f"DELETE bridges/{BRIDGE}", {}) in asked(bench)


@pytest.mark.parametrize("action", [Answer(CALL, IN), RING, CONNECT, HangUp(CALL, OUT)])
async def test_what_asterisk_refuses_is_refused(bench: Bench, telephony: AsteriskTelephony, action: Action) -> None:
    bench.fake.on("(POST|DELETE) .*", reply(500, {"error": "Allocation failed"}))
    with pytest.raises(Refused, match="500 Allocation failed"):
        await telephony.perform(action)


async def test_nothing_is_done_while_there_is_no_connection(bench: Bench) -> None:
    with pytest.raises(Refused, match="not connected"):
        await AsteriskTelephony(bench.ari, "switchboard", Trunk()).perform(RING)


async def test_ending_what_has_ended_is_done(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("DELETE .*", reply(404, {"message": "Channel not found"}))
    for action in (HangUp(CALL, OUT), TakeDownBridge(CALL, BRIDGE), StopMusic(CALL, IN)):
        await telephony.perform(action)


def _alive(bench: Bench, there: bool) -> None:
    bench.fake.on(f"GET channels/{OUT}", reply(200 if there else 404, {"id": OUT}))


async def test_a_conflict_may_be_false(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on(f"POST channels/{OUT}", reply(409, {"message": "Channel with given unique ID already exists"}))
    _alive(bench, there=False)
    with pytest.raises(Refused, match="409"):
        await telephony.perform(RING)
    _alive(bench, there=True)
    await telephony.perform(RING)


async def test_an_answer_that_is_lost_after_the_deed(bench: Bench, telephony: AsteriskTelephony) -> None:
    async def done_but_silent(_seen: Seen) -> Reply | None:
        _alive(bench, there=True)
        return None

    bench.fake.on(f"POST channels/{OUT}", done_but_silent)
    await telephony.perform(RING)
    assert [line for line, _ in asked(bench)] == [f"POST channels/{OUT}", f"GET channels/{OUT}"]  # made once


async def test_an_answer_that_is_lost_before_the_deed(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("POST .*", silence)
    _alive(bench, there=False)
    with pytest.raises(Refused, match="no answer"):
        await telephony.perform(RING)
    with pytest.raises(Refused, match="no answer"):
        await telephony.perform(CONNECT)
    with pytest.raises(Refused, match="no answer"):
        await telephony.perform(Answer(CALL, IN))
    posts = [line for line, _ in asked(bench) if line.startswith("POST")]
    assert len(posts) == len(set(posts))  # none was repeated


@pytest.mark.parametrize(
    "action",
    [
        RingOutside(CALL, OUT, "500@elsewhere&PJSIP/olga", "", like=IN, ring_ms=1_000),
        RingOutside(CALL, OUT, "", "", like=IN, ring_ms=1_000),
        Ring(CALL, OUT, PhoneId("olga&PJSIP/trunk"), "", "", like=IN, ring_ms=1_000),
        Ring(CALL, OUT, PhoneId("olga/sip:x@y"), "", "", like=IN, ring_ms=1_000),
    ],
)
async def test_nothing_else_can_be_dialled(bench: Bench, telephony: AsteriskTelephony, action: Action) -> None:
    with pytest.raises(Refused, match="cannot be dialled"):
        await telephony.perform(action)
    assert asked(bench) == []


async def test_a_look_up_is_our_bug(telephony: AsteriskTelephony) -> None:
    with pytest.raises(TypeError):
        await telephony.perform(LookUpCaller(CALL, PhoneNumber("", NumberKind.WITHHELD), 150))


async def test_a_refusal_shows_no_number(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("POST .*", reply(400, {"message": "Endpoint PJSIP/+74997654321@carrier is bad"}))
    action = RingOutside(CALL, OUT, "+74997654321", "+74951234567", like=IN, ring_ms=1_000)
    with pytest.raises(Refused) as refused:
        await telephony.perform(action)
    assert "7654321" not in refused.value.why
    assert "1234567" not in refused.value.why


@pytest.mark.parametrize(
    ("mode", "other"), [("rfc4733", "auto_info"), ("auto_info", "rfc4733"), ("inband", "auto_info")]
)
async def test_a_far_end_is_asked_by_setting_and_setting_back(
    bench: Bench, telephony: AsteriskTelephony, mode: str, other: str
) -> None:
    bench.fake.on("GET .*/variable", reply(200, {"value": mode}))
    await telephony.perform(AskWhetherThere(CALL, IN))
    line, name = f"channels/{IN}/variable", "PJSIP_DTMF_MODE()"
    assert asked(bench) == [
        (f"GET {line}", {"variable": name}),
        (f"POST {line}", {"variable": name, "value": other}),
        (f"POST {line}", {"variable": name, "value": mode}),
    ]


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("GET", reply(404, {"message": "Channel not found"})),
        ("GET", reply(200, {"value": None})),
        ("POST", reply(404, {"message": "Channel not found"})),
    ],
)
async def test_asking_a_leg_that_is_gone_is_refused_and_names_nobody(
    bench: Bench, telephony: AsteriskTelephony, method: str, answer: Any
) -> None:
    bench.fake.on("GET .*", reply(200, {"value": "rfc4733"}))
    bench.fake.on(f"{method} .*", answer)
    with pytest.raises(Refused) as refused:
        await telephony.perform(AskWhetherThere(CALL, IN))
    assert not isinstance(refused.value, LegGone)


async def test_voice_is_counted(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on(
        f"GET channels/{IN}/rtp_statistics", reply(200, {"rxcount": 151, "txcount": 7, "channel_uniqueid": IN})
    )
    assert await telephony.voice_packets(IN) == 151
    assert asked(bench) == [(f"GET channels/{IN}/rtp_statistics", {})]


async def test_nobody_counts_the_voice_of_a_leg_that_is_gone(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("GET .*", reply(404, {"message": "Channel not found"}))
    assert await telephony.voice_packets(IN) is None


async def test_a_count_that_cannot_be_read_is_refused(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("GET .*", reply(200, {"rxcount": "many"}))
    with pytest.raises(Refused, match="cannot be read"):
        await telephony.voice_packets(IN)


async def test_without_a_connection_nobody_counts(bench: Bench) -> None:
    with pytest.raises(SwitchAway):
        await AsteriskTelephony(bench.ari, "switchboard", Trunk()).voice_packets(IN)


@pytest.mark.parametrize(
    ("number", "name", "spoken"),
    [
        ("+74951234567", "Анна", '"Анна" <+74951234567>'),
        ("", "", '"" <>'),
        ("anonymous", 'A "B" <C>\\\r\n', '"A B C" <anonymous>'),
        ('1"><2', "x" * 100, f'"{"x" * 60}" <12>'),
    ],
)
def test_speaking_of_the_caller(number: str, name: str, spoken: str) -> None:
    assert spoken_caller(number, name) == spoken


def test_every_action_is_known_here() -> None:
    tried: set[Any] = {SoundRinging, Answer, SetLanguage, StartMusic, StopMusic, Play, Ring, RingOutside, Connect}
    tried |= {StopRinging, StopPlaying, TakeDownBridge, HangUp, SendToDialplan, LookUpCaller, AskWhetherThere, CheckPin}
    tried |= {Snoop, Join, PlayInBridge, StartRecording, PauseRecording, GoOnRecording, StopRecording}
    tried |= {RecordMessage, AskAboutRecording, DropRecording}  # see test_messages.py
    assert tried == set(Action.__args__)


async def test_a_recording_that_goes_on_already_is_no_refusal(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("POST bridges/.*/record", reply(409, {"message": "already exists and can not be overwritten"}))
    with pytest.raises(Refused, match="409"):
        await telephony.perform(START)
    bench.fake.on(f"GET recordings/live/{TAPE}", reply(200, {"name": TAPE, "format": "wav", "state": "recording"}))
    await telephony.perform(START)


async def test_who_just_left_is_why_there_is_no_recording(bench: Bench, telephony: AsteriskTelephony) -> None:
    bench.fake.on("POST bridges/.*/record", reply(404, {"message": "Bridge not found"}))
    bench.fake.on(f"GET channels/{IN}", reply(200, {"id": IN}))
    with pytest.raises(LegGone) as caught:
        await telephony.perform(START)
    assert caught.value.leg == OUT


async def test_a_pause_is_confirmed_when_it_is_so_and_not_before(bench: Bench, telephony: AsteriskTelephony) -> None:
    pause = PauseRecording(CALL, TAPE, OUT, PlaybackId("p" * 32), ("beep",))
    await telephony.perform(pause)
    paused, played = (str(seen) for seen in bench.fake.requests)
    assert (paused, played) == (f"POST recordings/live/{TAPE}/pause", f"POST channels/{OUT}/play/{'p' * 32}")
    bench.fake.requests.clear()
    bench.fake.on("POST recordings/live/.*", reply(404, {"message": "Recording not found"}))
    with pytest.raises(Refused):
        await telephony.perform(pause)
    assert len(bench.fake.requests) == 1
    await telephony.perform(StopRecording(CALL, TAPE))
