"""The connection: made, set up, told in order, ended for good."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from switchboard.adapters.asterisk import requests
from switchboard.adapters.asterisk.connection import State, pause_before, read_version
from switchboard.adapters.asterisk.errors import AriReplaced, AriTimeout, AriUnavailable, AriUnusable
from switchboard.adapters.asterisk.events import NOT_WANTED, ApplicationReplaced, StasisEnd, StasisStart
from switchboard.adapters.asterisk.link import Survey
from switchboard.adapters.asterisk.settings import AriSettings
from tests.adapters.asterisk.conftest import Bench, eventually
from tests.adapters.asterisk.fake_ari import Reply, Seen, channel, endpoint, event, hangup, reply


async def test_the_way_to_ready(bench: Bench) -> None:
    await bench.ready()
    assert bench.owner.states == [State.SURVEYING, State.READY]
    assert bench.fake.socket_queries == [{"app": "switchboard,switchboard-watch"}]  # above all no subscribeAll
    bench.ari.stop()
    await bench.over()
    assert bench.owner.states[2:] == [State.LOST, State.STOPPED]
    assert bench.owner.losses == ["stopped"]
    assert bench.ari.counts.losses == 0


async def test_what_is_not_wanted_is_denied_and_nothing_is_allowed_by_name(bench: Bench) -> None:
    await bench.ready()
    filters = {seen.uri: seen.body for seen in bench.fake.asked("PUT .*/eventFilter")}
    assert set(filters) == {"applications/switchboard/eventFilter", "applications/switchboard-watch/eventFilter"}
    for body in filters.values():
        assert set(body) == {"disallowed"}  # an allow list would swallow the answers to our own requests
        denied = {entry["type"] for entry in body["disallowed"]}
        assert denied >= set(NOT_WANTED)
    denied_calls = {entry["type"] for entry in filters["applications/switchboard/eventFilter"]["disallowed"]}
    facts_follow = {"StasisStart", "StasisEnd", "ChannelDestroyed", "PlaybackFinished"}
    assert not denied_calls & (facts_follow | {"ApplicationReplaced", "RESTResponse"})
    denied_phones = {entry["type"] for entry in filters["applications/switchboard-watch/eventFilter"]["disallowed"]}
    assert not denied_phones & {"PeerStatusChange", "ApplicationReplaced", "RESTResponse"}
    assert "RESTResponse" not in str(filters)


async def test_phones_are_watched_one_by_one_and_on_the_other_application(bench: Bench) -> None:
    await bench.ready()
    watched = [(seen.uri, seen.query) for seen in bench.fake.asked("POST applications/.*")]
    assert watched == [
        ("applications/switchboard-watch/subscription", {"eventSource": "endpoint:PJSIP/olga"}),
        ("applications/switchboard-watch/subscription", {"eventSource": "endpoint:PJSIP/oleg"}),
    ]


async def test_a_phone_that_asterisk_does_not_know_is_reported_and_does_no_harm(bench: Bench) -> None:
    async def refuse_oleg(seen: Seen) -> Reply:
        known = seen.query["eventSource"] != "endpoint:PJSIP/oleg"
        return Reply(200, {}) if known else Reply(422, {"message": "Event source does not exist"})

    bench.fake.on("POST applications/switchboard-watch/subscription", refuse_oleg)
    with capture_logs() as logs:
        await bench.ready()
    assert [entry["phones"] for entry in logs if entry["event"] == "phones_unknown_to_asterisk"] == [["oleg"]]


async def test_surveys_go_over_http_and_hold_our_phones_only(bench: Bench) -> None:
    bench.fake.channels = [channel("1.1")]
    bench.fake.bridges = [{"id": "b" * 32, "channels": ["1.1"], "technology": "simple_bridge"}]
    bench.fake.endpoints = [endpoint("olga"), endpoint("trunk"), endpoint("oleg", "offline")]
    await bench.ready()
    assert all(seen.over_http for seen in bench.fake.asked("GET (channels|bridges|endpoints/PJSIP)"))
    (survey,) = bench.owner.surveys
    assert [live.id for live in survey.channels] == ["1.1"]
    assert survey.bridges[0].channels == ("1.1",)
    assert [(phone.resource, phone.state) for phone in survey.endpoints] == [("olga", "online"), ("oleg", "offline")]
    assert replace(await bench.ari.survey(), at_ms=survey.at_ms) == survey


async def test_the_survey_comes_before_the_events_that_came_during_it(bench: Bench) -> None:
    async def events_first(_seen: Seen) -> Reply:
        await bench.fake.send(hangup(1), hangup(2))
        return Reply(200, [channel("1.1")])

    bench.fake.on("GET channels", events_first)

    async def at_once() -> None:
        await bench.fake.send(hangup(0))

    bench.fake.when_opened = at_once
    await bench.ready()
    await bench.fake.send(hangup(3))
    await eventually(lambda: len(bench.owner.events) == 4)
    assert isinstance(bench.owner.heard[0], Survey)
    assert [int(told.channel.id, 16) for told in bench.owner.events] == [0, 1, 2, 3]


async def test_doubled_events_and_unknown_ones(bench: Bench) -> None:
    await bench.ready()
    start = event("StasisStart", channel=channel("1.1"), args=["line", "555"], brand_new={"x": 1})
    await bench.fake.send(start, start, event("ChannelTeleported", to="moon"), hangup(1))
    await eventually(lambda: len(bench.owner.events) == 3)
    assert [type(told) for told in bench.owner.events] == [StasisStart, StasisStart, StasisEnd]
    assert bench.ari.counts.unknown == {"ChannelTeleported": 1}
    assert bench.ari.counts.events == 3
    assert bench.ari.counts.messages["unknown"] == 1
    assert bench.ari.counts.requests["PUT applications/{applicationName}/eventFilter"] == 2


async def test_no_end_of_unknown_types_is_counted_without_end(bench: Bench) -> None:
    await bench.ready()
    for number in range(150):
        await bench.fake.send(event(f"Kind{number}"))
    await bench.fake.send(hangup(1))
    await eventually(lambda: bench.owner.events)
    assert sum(bench.ari.counts.unknown.values()) == 150
    assert len(bench.ari.counts.unknown) <= 101


async def test_garbage_is_counted_and_the_connection_goes_on(bench: Bench) -> None:
    await bench.ready()
    for frame in ("garbage", b"\xff\xfe", "[1,2]", '{"type":"StasisEnd"}'):
        await bench.fake.send_raw(frame)
    await bench.fake.send(hangup(1))
    await eventually(lambda: bench.owner.events)
    assert bench.ari.counts.malformed == 4
    assert bench.owner.losses == []


async def test_a_burst_arrives_whole_and_in_order(bench: Bench) -> None:
    await bench.ready()
    await bench.fake.send(*map(hangup, range(10_000)))
    await eventually(lambda: len(bench.owner.events) == 10_000)
    assert [int(told.channel.id, 16) for told in bench.owner.events] == list(range(10_000))
    assert bench.owner.losses == []


async def test_a_request_is_answered_in_the_middle_of_a_burst(bench: Bench) -> None:
    await bench.ready()
    burst = asyncio.create_task(bench.fake.send(*map(hangup, range(5_000))))
    await bench.ari.request(requests.answer("1.1"))
    await burst
    await eventually(lambda: len(bench.owner.events) == 5_000)


async def test_another_process_took_our_name(bench: Bench) -> None:
    await bench.ready()
    await bench.fake.send(event("ApplicationReplaced", application="switchboard"))
    with pytest.raises(AriReplaced, match="another process"):
        await bench.over()
    assert bench.ari.state is State.REPLACED
    assert bench.owner.states[-2:] == [State.LOST, State.REPLACED]
    assert len(bench.fake.sockets) == 1
    assert not any(isinstance(told, ApplicationReplaced) for told in bench.owner.events)
    with pytest.raises(AriUnavailable):
        await bench.ari.request(requests.ping())


@pytest.mark.parametrize("version", ["22.10.0+dfsg-1", "20.18.2", "GIT-master-1234", ""])
async def test_too_old_an_asterisk(bench: Bench, version: str) -> None:
    bench.fake.version = version
    bench.start()
    with pytest.raises(AriUnusable, match=r"22\.10\.1 or newer"):
        await bench.over()
    assert bench.fake.sockets == []
    assert bench.ari.state is State.STOPPED


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("22.10.1+dfsg+~cs6.17.60671434-1", (22, 10, 1)),
        ("23.5.0", (23, 5, 0)),
        ("22.11", (22, 11, 0)),
        ("certified-22.8-cert1", None),
    ],
)
def test_reading_versions(text: str, version: tuple[int, int, int] | None) -> None:
    assert read_version(text) == version


async def test_a_wrong_password_is_said_at_once_and_never_written_down(bench: Bench) -> None:
    bench.fake.password = "another"
    with capture_logs() as logs:
        bench.start()
        with pytest.raises(AriUnusable, match='refused user "switchboard"') as refused:
            await bench.over()
    assert "secret" not in str(logs) + str(refused.value) + repr(bench.settings)


async def test_a_wedged_registry_is_named(bench: Bench) -> None:
    bench.fake.wedged = True
    with capture_logs() as logs:
        bench.start(request_s=0.1)
        await eventually(lambda: bench.owner.states.count(State.LOST) >= 2)
    assert "only a restart of Asterisk helps" in str(logs)
    assert bench.owner.heard == []  # neither a survey nor a loss: we never were ready


async def test_ready_is_asked_of_what_a_wedged_asterisk_cannot_answer(bench: Bench) -> None:
    await bench.ready(request_s=0.1)
    await bench.ari.check()
    bench.fake.wedged = True
    with pytest.raises(AriTimeout, match="wedged"):
        await bench.ari.check()


async def test_a_hung_handshake(bench: Bench) -> None:
    bench.fake.hangs_handshake = True
    with capture_logs() as logs:
        bench.start(handshake_s=0.1)
        await eventually(lambda: bench.owner.states.count(State.LOST) >= 2)
    assert "no websocket within 0.1 s" in str(logs)


async def test_stop_interrupts_whatever_is_going_on(bench: Bench) -> None:
    bench.fake.hangs_handshake = True
    bench.start(handshake_s=60.0)
    await eventually(lambda: bench.fake.asked("GET asterisk/info"))
    bench.ari.stop()
    await bench.over()
    assert bench.ari.state is State.STOPPED


async def test_asterisk_that_still_starts_is_waited_for(bench: Bench) -> None:
    bench.fake.on("GET asterisk/info", reply(503, {"message": "Asterisk not ready"}))
    bench.start()
    await eventually(lambda: State.LOST in bench.owner.states)
    bench.fake.on(
        "GET asterisk/info", reply(200, {"system": {"version": "22.10.1"}, "status": {"startup_time": "today"}})
    )
    await eventually(lambda: bench.ari.state is State.READY)


def test_pauses_grow_and_are_spread() -> None:
    chance = Random(7)
    pauses = [pause_before(attempt, (0.1, 5.0), chance) for attempt in range(12)]
    assert 0.05 <= pauses[0] <= 0.1
    assert all(2.5 <= pause <= 5.0 for pause in pauses[6:])
    assert len(set(pauses)) == 12
    assert pause_before(10_000, (0.1, 5.0), chance) <= 5.0


def test_the_longest_pause_leaves_time_to_serve_two_seconds_after_asterisk_is_back() -> None:
    settings = AriSettings(url="http://127.0.0.1:8088", user="switchboard", password="secret")
    assert pause_before(10_000, settings.back_off_s, Random(7)) <= 1.5
