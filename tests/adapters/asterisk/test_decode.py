"""What events mean: the sequences that a real Asterisk 22.10.1 sends, as facts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from switchboard.adapters.asterisk.decode import Stray, decode, found
from switchboard.adapters.asterisk.events import (
    Bridge,
    CallerId,
    Channel,
    Dialplan,
    Endpoint,
    KnownEvent,
    Malformed,
    parse,
)
from switchboard.adapters.asterisk.feed import AsteriskFeed
from switchboard.adapters.asterisk.link import Survey
from switchboard.core.facts import (
    CallArrived,
    Entrance,
    Fact,
    Found,
    FoundLeg,
    KeyPressed,
    LegAnswered,
    LegBridged,
    LegEnded,
    LegLeft,
    LegRinging,
    PhoneSeen,
    PlaybackEnded,
    RecordingEnded,
    SwitchLost,
    SwitchReady,
)
from switchboard.core.ids import BridgeId, LegId, PhoneId, PlaybackId, RecordingId
from tests.adapters.asterisk.fake_ari import Json, channel, endpoint, event

APP = "switchboard"
WATCH = "switchboard-watch"
IN, OUT = LegId("1795476463.0"), LegId("c" * 24 + "00000001")


def heard(kind: str, **fields: Any) -> KnownEvent:
    parsed = parse(json.dumps(event(kind, **fields)))
    assert not isinstance(parsed, Malformed)
    return parsed  # type: ignore[return-value]


def facts(*frames: Json) -> list[Fact | Stray]:
    told = [decode(heard(frame.pop("type"), **frame), APP) for frame in frames]
    return [fact for fact in told if fact is not None]


def out(state: str) -> Json:
    return channel(OUT, "PJSIP/olga-00000002", state)


def test_a_call_comes_in_and_the_caller_hangs_up() -> None:
    caller = channel(IN, "PJSIP/trunk-00000001")
    assert facts(
        {"type": "StasisStart", "channel": caller, "args": ["line", "74951234567"]},
        {"type": "ChannelStateChange", "channel": channel(IN, state="Up")},
        {"type": "ChannelHangupRequest", "channel": caller},
        {"type": "StasisEnd", "channel": caller},
    ) == [CallArrived(IN, Entrance.LINE, "+74951234567", "74951234567"), LegLeft(IN)]


def test_staff_place_a_call() -> None:
    phone = channel(IN, "PJSIP/olga-home-0000001a", caller={"name": "Olga", "number": "101"})
    assert facts({"type": "StasisStart", "channel": phone, "args": ["phone", "*20,1"]}) == [
        CallArrived(IN, Entrance.PHONE, "101", "*20,1", PhoneId("olga-home"))
    ]


def test_what_was_dialled_may_hold_commas_which_asterisk_splits() -> None:
    phone = channel(IN, "PJSIP/olga-0000001a", caller={"name": "Olga", "number": "101"})
    (arrived,) = facts({"type": "StasisStart", "channel": phone, "args": ["phone", "1", "2"]})
    assert isinstance(arrived, CallArrived)
    assert arrived.dialled == "1,2"


def test_a_leg_of_ours_is_answered() -> None:
    assert facts(
        {"type": "Dial", "peer": out("Down"), "dialstatus": ""},
        {"type": "Dial", "peer": out("Down"), "dialstatus": "RINGING"},
        {"type": "ChannelStateChange", "channel": out("Ringing")},
        {"type": "ChannelStateChange", "channel": out("Up")},
        {"type": "Dial", "peer": out("Up"), "dialstatus": "ANSWER"},
        {"type": "StasisStart", "channel": out("Up"), "args": ["ring"]},
        {"type": "ChannelEnteredBridge", "bridge": {"id": "b" * 32, "channels": [OUT]}, "channel": out("Up")},
        {"type": "ChannelLeftBridge", "bridge": {"id": "b" * 32, "channels": []}, "channel": out("Up")},
        {"type": "BridgeDestroyed", "bridge": {"id": "b" * 32, "channels": []}},
        {"type": "ChannelHangupRequest", "channel": out("Up"), "cause": 32, "soft": True},
        {"type": "StasisEnd", "channel": out("Up")},
        {"type": "ChannelDestroyed", "channel": out("Up"), "cause": 16, "cause_txt": "Normal Clearing"},
    ) == [
        LegRinging(OUT),
        LegAnswered(OUT),
        LegBridged(OUT, BridgeId("b" * 32)),
        LegLeft(OUT),
        LegEnded(OUT, 16),
    ]


@pytest.mark.parametrize(
    ("dials", "cause", "code"),
    [
        (["", "RINGING", "BUSY"], 17, 486),
        (["", "RINGING", "NOANSWER"], 21, 603),  # a refusal: Dial says something else
        (["", "RINGING"], 19, None),  # time-out: no last Dial at all
        ([""], 3, 404),
    ],
)
def test_a_leg_of_ours_fails(dials: list[str], cause: int, code: int | None) -> None:
    frames = [{"type": "Dial", "peer": out("Down"), "dialstatus": status} for status in dials]
    gone = {"type": "ChannelDestroyed", "channel": out("Down"), "cause": cause, "cause_txt": "…", "tech_cause": code}
    assert facts(*frames, gone) == [LegEnded(OUT, cause, code)]


def test_the_other_application_tells_of_phones_only() -> None:
    again: list[Json] = [
        {"type": "ChannelStateChange", "channel": out("Ringing")},
        {"type": "StasisStart", "channel": out("Up"), "args": ["ring"]},
        {"type": "StasisEnd", "channel": out("Up")},
        {"type": "ChannelDestroyed", "channel": out("Up"), "cause": 16},
        {"type": "EndpointStateChange", "endpoint": endpoint("olga", "offline")},
        {"type": "EndpointStateChange", "endpoint": {"technology": "IAX2", "resource": "olga", "state": "online"}},
        {"type": "PeerStatusChange", "endpoint": endpoint("olga"), "peer": {"peer_status": "Reachable"}},
        {"type": "PeerStatusChange", "endpoint": endpoint("olga"), "peer": {"peer_status": "Unreachable"}},
        {
            "type": "PeerStatusChange",
            "endpoint": {"technology": "IAX2", "resource": "olga", "state": "online"},
            "peer": {"peer_status": "Reachable"},
        },
        {"type": "ContactStatusChange", "endpoint": endpoint("olga"), "contact_info": {"contact_status": "Created"}},
    ]
    assert facts(*({**frame, "application": WATCH} for frame in again)) == [
        PhoneSeen(PhoneId("olga"), False),
        PhoneSeen(PhoneId("olga"), True),
        PhoneSeen(PhoneId("olga"), False),
    ]


@pytest.mark.parametrize(("state", "was_heard"), [("done", True), ("failed", False), ("canceled", False)])
def test_a_message_ends(state: str, was_heard: bool) -> None:
    playback = {"id": "p" * 32, "media_uri": "sound:beep", "target_uri": f"channel:{IN}", "language": "en"}
    assert facts(
        {"type": "PlaybackStarted", "playback": {**playback, "state": "playing"}},
        {"type": "PlaybackFinished", "playback": {**playback, "state": state}},
    ) == [PlaybackEnded(PlaybackId("p" * 32), was_heard)]


def test_a_recording_ends() -> None:
    recording = {"name": "r" * 32, "format": "wav", "target_uri": f"channel:{IN}", "duration": 7}
    assert facts(
        {"type": "RecordingFinished", "recording": {**recording, "state": "done"}},
        {"type": "RecordingFailed", "recording": {**recording, "state": "failed", "cause": "no room"}},
    ) == [
        RecordingEnded(RecordingId("r" * 32), duration_ms=7000),
        RecordingEnded(RecordingId("r" * 32), kept=False, why="no room"),
    ]


def test_how_much_of_a_message_was_sound() -> None:
    """Asterisk counts it where silence would end the message; it says no length at all where nothing was recorded."""
    message = {"name": "r" * 32, "format": "wav", "target_uri": f"channel:{IN}", "state": "done"}
    silent = {**message, "duration": 0, "talking_duration": 0, "silence_duration": 4}
    spoken = {**message, "duration": 7, "talking_duration": 5, "silence_duration": 2}
    told = [facts({"type": "RecordingFinished", "recording": recording}) for recording in (message, silent, spoken)]
    assert told == [
        [RecordingEnded(RecordingId("r" * 32))],
        [RecordingEnded(RecordingId("r" * 32), talking_ms=0)],
        [RecordingEnded(RecordingId("r" * 32), duration_ms=7_000, talking_ms=5_000)],
    ]


def test_a_key_is_pressed() -> None:
    pressed: Json = {"type": "ChannelDtmfReceived", "channel": channel(IN), "digit": "#", "duration_ms": 120}
    assert facts(dict(pressed)) == [KeyPressed(IN, "#")]
    assert facts({**pressed, "application": WATCH}) == []


@pytest.mark.parametrize(
    "frame",
    [
        {"channel": channel(IN), "args": []},
        {"channel": channel(IN), "args": ["surprise"]},
        {"channel": channel(IN, "Local/1@from-staff-0000001;2"), "args": ["phone", "102"]},
        {"channel": channel(IN, "odd"), "args": ["phone", "102"]},
        {"channel": channel(OUT), "args": ["ring"], "replace_channel": channel(IN)},
    ],
)
def test_strays_are_named(frame: Json) -> None:
    (stray,) = facts({"type": "StasisStart", **frame})
    assert isinstance(stray, Stray)
    assert stray.why


def _lives(leg: str, app_data: str = "", *, state: str = "Ring", name: str = "PJSIP/trunk-00000001") -> Channel:
    here = Dialplan(app_name="Stasis", app_data=app_data) if app_data else Dialplan(app_name="AppDial2")
    return Channel(leg, name, state, CallerId(number="555"), here)


def test_a_survey_tells_what_is_ours() -> None:
    bridge = "b" * 32
    survey = Survey(
        (
            _lives("1795476463.2", "switchboard,line,555", state="Up"),
            _lives(OUT, state="Ringing"),  # not in Stasis yet
            _lives(OUT[:-1] + "f", "switchboard,ring", state="Up"),
            _lives("1795476463.1", "switchboard,phone,102", name="PJSIP/olga-00000002"),
            _lives("1795476463.3", "switchboard-two,line,555"),
            _lives("1795476463.4"),
            _lives("1795476463.5", "switchboard,somehow"),
            _lives("1795476463.6", state="Up", name="PJSIP/ida-00000003"),  # Asterisk's own queue rang it
        ),
        (Bridge(bridge, ("1795476463.2", OUT[:-1] + "f")), Bridge("somebody-elses")),
        (Endpoint("PJSIP", "oleg", "online"), Endpoint("PJSIP", "olga", "online"), Endpoint("PJSIP", "ida", "unknown")),
    )
    from_olga = CallArrived(LegId("1795476463.1"), Entrance.PHONE, "555", "102", PhoneId("olga"))
    on_a_line = CallArrived(LegId("1795476463.2"), Entrance.LINE, "555", "555")
    assert found(survey, APP) == Found(
        (
            FoundLeg(LegId("1795476463.1"), up=False, bridge=None, arrival=from_olga),
            FoundLeg(LegId("1795476463.2"), up=True, bridge=BridgeId(bridge), arrival=on_a_line),
            FoundLeg(OUT, up=False),
            FoundLeg(LegId(OUT[:-1] + "f"), up=True, bridge=BridgeId(bridge)),
        ),
        (BridgeId(bridge),),
        (PhoneId("oleg"), PhoneId("olga")),
        (PhoneId("ida"),),
    )


@pytest.mark.parametrize(
    ("made", "waited_ms"),
    [
        ("2026-11-23T22:34:28.954+0000", 1_046),
        ("2026-11-23T22:34:31.000+0000", 0),  # their clock is ahead
        ("", 0),
        ("long ago", 0),
    ],
)
def test_a_survey_tells_how_long_a_caller_has_been_there(made: str, waited_ms: int) -> None:
    there = replace(_lives("1795476463.2", "switchboard,line,555"), creationtime=made)
    at_ms = 1_795_473_270_000
    [leg] = found(Survey((there,), (), (), at_ms=at_ms), APP).legs
    assert leg.arrival == CallArrived(LegId("1795476463.2"), Entrance.LINE, "555", "555", waited_ms=waited_ms)


_kinds = st.sampled_from(
    [
        "StasisStart",
        "StasisEnd",
        "ChannelStateChange",
        "ChannelDestroyed",
        "ChannelDtmfReceived",
        "PlaybackFinished",
        "EndpointStateChange",
        "PeerStatusChange",
    ]
)


@given(
    _kinds,
    st.text(max_size=20),
    st.text(max_size=20),
    st.lists(st.sampled_from(["line", "phone", "ring", "", "555"]) | st.text(max_size=5), max_size=3),
)
def test_no_event_makes_it_raise(kind: str, name: str, app_data: str, args: list[str]) -> None:
    odd = channel(name, name, name, dialplan={"app_name": "Stasis", "app_data": app_data})
    parsed = heard(
        kind,
        channel=odd,
        args=args,
        cause=0,
        digit=name,
        playback={"id": name, "state": name},
        endpoint={"technology": "PJSIP", "resource": name, "state": name},
        peer={"peer_status": name},
    )
    told = decode(parsed, APP)
    if isinstance(told, CallArrived):
        assert (told.phone is not None) is (told.entrance is Entrance.PHONE)
    found(Survey((Channel(name, dialplan=Dialplan(app_name="Stasis", app_data=app_data)),), (), ()), APP)


def _phone(state: str) -> KnownEvent:
    return heard("EndpointStateChange", application=WATCH, endpoint=endpoint("olga", state))


def test_the_feed_leaves_out_what_says_nothing_new() -> None:
    told: list[Fact] = []
    feed = AsteriskFeed(told.append, APP)
    nothing = Survey((), (), (Endpoint("PJSIP", "olga", "online"), Endpoint("PJSIP", "oleg", "offline")), "today")
    feed.surveyed(nothing)
    for state in ("online", "online", "offline", "offline", "online"):
        feed.happened(_phone(state))
    feed.lost("Asterisk closed the websocket (1006)")
    feed.surveyed(nothing)
    feed.happened(_phone("online"))
    olga = PhoneId("olga")
    switch_ready = SwitchReady(Found((), (), (olga,)), "today")
    lost = SwitchLost("Asterisk closed the websocket (1006)")
    assert told == [switch_ready, PhoneSeen(olga, False), PhoneSeen(olga, True), lost, switch_ready]


def test_a_phone_that_the_inbox_did_not_take_is_told_again() -> None:
    told: list[Fact] = []
    full = True

    def submit(fact: Fact) -> None:
        if full and isinstance(fact, PhoneSeen):
            raise RuntimeError("full")
        told.append(fact)

    feed = AsteriskFeed(submit, APP)
    with pytest.raises(RuntimeError):
        feed.happened(_phone("online"))
    full = False
    feed.happened(_phone("online"))
    assert told == [PhoneSeen(PhoneId("olga"), True)]


def test_the_feed_counts_strays_and_tells_nobody() -> None:
    told: list[Fact] = []
    feed = AsteriskFeed(told.append, APP)
    feed.happened(heard("StasisStart", channel=channel(IN), args=["surprise"]))
    assert (told, feed.strays) == ([], 1)
