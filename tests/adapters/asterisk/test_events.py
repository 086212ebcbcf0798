"""Frames become events, whatever they hold."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.asterisk import events
from switchboard.adapters.asterisk.events import Malformed, UnknownEvent, parse
from tests.adapters.asterisk.fake_ari import channel, endpoint, event

# As a real Asterisk 22.10.1 sent it.
DESTROYED = (
    '{"type":"ChannelDestroyed","timestamp":"2026-11-23T22:34:28.961+0000","cause":26,"cause_txt":"Answered elsewhere",'
    '"channel":{"id":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbba","name":"PJSIP/100-00000000","state":"Down",'
    '"protocol_id":"e85ae8e9-a650-4b8b-9d2f-be53484da90f","caller":{"name":"Анна","number":"100"},'
    '"connected":{"name":"Анна","number":"100"},"accountcode":"","dialplan":{"context":"in","exten":"s","priority":1,'
    '"app_name":"AppDial2","app_data":"(Outgoing Line)"},"creationtime":"2026-11-23T22:34:28.954+0000",'
    '"language":"en"},"asterisk_id":"02:fc:00:00:00:01","application":"switchboard"}'
)


def test_a_real_frame() -> None:
    parsed = parse(DESTROYED)
    assert isinstance(parsed, events.ChannelDestroyed)
    assert (parsed.cause, parsed.tech_cause, parsed.application) == (26, None, "switchboard")
    assert parsed.channel.caller == events.CallerId("Анна", "100")
    assert parsed.channel.dialplan.app_name == "AppDial2"
    assert parse(DESTROYED.encode()) == parsed


def test_an_answer() -> None:
    frame = event("RESTResponse", request_id="7", status_code=404, reason_phrase="Not Found", message_body="{}")
    assert parse(json.dumps(frame)) == events.RESTResponse(
        application="switchboard", request_id="7", status_code=404, reason_phrase="Not Found", message_body="{}"
    )


def test_fields_that_we_do_not_know_are_ignored() -> None:
    frame = event("StasisEnd", channel=channel("1", new_in_23={"deep": [1, 2]}), new_in_24=None)
    assert isinstance(parse(json.dumps(frame)), events.StasisEnd)


def test_a_channel_without_its_trimmings_still_arrives() -> None:
    parsed = parse('{"type":"StasisStart","application":"a","channel":{"id":"1.2"}}')
    assert parsed == events.StasisStart(application="a", channel=events.Channel("1.2"))


def test_unknown_types_are_named() -> None:
    assert parse(json.dumps(event("ChannelTeleported", where="moon"))) == UnknownEvent("ChannelTeleported")


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "garbage",
        "[]",
        "null",
        "{}",
        '{"type":null}',
        '{"type":["StasisStart"]}',
        '{"type":"StasisStart"}',
        '{"type":"StasisStart","channel":{}}',
        '{"type":"ChannelDestroyed","channel":{"id":"1"},"cause":"seventeen"}',
        '{"type":"StasisEnd","channel":{"id":"1"}',
        b"\xff\xfe\x00",
        b'{"type":"StasisEnd","channel":{"id":"\xff"}}',
        '{"type":"\ud800"}',
        "[" * 100_000,
        '{"type":"New","deep":' + "[" * 100_000,
    ],
)
def test_malformed_frames_are_told_apart(frame: str | bytes) -> None:
    assert isinstance(parse(frame), Malformed)


def test_what_is_malformed_does_not_show_a_number() -> None:
    parsed = parse(json.dumps(event("StasisStart", channel={"id": "1", "state": 79161234567})))
    assert isinstance(parsed, Malformed)
    assert "79161234567" not in parsed.why


def test_an_endpoint() -> None:
    parsed = parse(json.dumps(event("EndpointStateChange", endpoint=endpoint("olga", "offline"))))
    assert parsed == events.EndpointStateChange(
        application="switchboard", endpoint=events.Endpoint("PJSIP", "olga", "offline")
    )


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_fields = st.sampled_from(["channel", "cause", "args", "playback", "endpoint", "bridge", "peer", "application", "id"])
_kinds = st.sampled_from([struct.__name__ for struct in events.KnownEvent.__args__]) | st.text(max_size=8)


@given(st.text(st.characters()) | st.binary())
def test_nothing_makes_it_raise(frame: str | bytes) -> None:
    parse(frame)


@given(_kinds, st.dictionaries(_fields, _json | st.dictionaries(_fields, _json), max_size=4))
def test_nothing_in_an_event_makes_it_raise(kind: str, fields: dict[str, object]) -> None:
    known = kind in {struct.__name__ for struct in events.KnownEvent.__args__}
    parsed = parse(json.dumps({**fields, "type": kind}))
    assert isinstance(parsed, UnknownEvent) is not known
