"""The connection breaks, in every way there is, and comes back with a survey."""

from __future__ import annotations

import asyncio
import json
from random import Random

import pytest
from structlog.testing import capture_logs

from switchboard.adapters.asterisk import connection, requests
from switchboard.adapters.asterisk.connection import State
from switchboard.adapters.asterisk.errors import AriUnavailable
from switchboard.adapters.asterisk.link import Survey
from switchboard.engine.ports import InboxFull
from tests.adapters.asterisk.conftest import Bench, eventually
from tests.adapters.asterisk.fake_ari import Reply, Seen, hangup, never, silence


async def _break(bench: Bench, how: str) -> None:
    match how:
        case "abort":
            bench.fake.abort()
        case "half a frame":
            transport = bench.fake.sockets[-1]._req.transport  # type: ignore[union-attr]
            assert transport is not None
            transport.write(b"\x81\x7e\x10")
            transport.close()
        case "a frame that is none":
            transport = bench.fake.sockets[-1]._req.transport  # type: ignore[union-attr]
            assert transport is not None
            transport.write(b"\xff\xff\xff\xff")
        case "silence":
            bench.fake.answers_pings = False
        case code:
            await bench.fake.close(int(code))


def _at_once(bench: Bench, events: int) -> None:
    """Send events so that all are there when the first is looked at."""
    transport = bench.fake.sockets[-1]._req.transport  # type: ignore[union-attr]
    assert transport is not None
    payloads = [json.dumps(hangup(number)).encode() for number in range(events)]
    frames = [b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload for payload in payloads]
    transport.write(b"".join(frames))


@pytest.mark.parametrize(
    "how", ["1000", "1001", "1009", "1011", "abort", "half a frame", "a frame that is none", "silence"]
)
async def test_every_end_is_a_loss_and_mended(bench: Bench, how: str) -> None:
    await bench.ready(heartbeat_s=0.2 if how == "silence" else 8.0)
    bench.fake.on("POST channels/1.1/answer", silence)
    waiting = [asyncio.create_task(bench.ari.request(requests.answer("1.1"))) for _ in range(3)]
    await eventually(lambda: bench.fake.asked("POST channels/1.1/answer"))
    await _break(bench, how)
    for outcome in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(outcome, AriUnavailable)
    bench.fake.answers_pings = True
    await eventually(lambda: len(bench.owner.surveys) == 2)
    await bench.fake.send(hangup(1))
    await eventually(lambda: bench.owner.events)
    survey_kinds = [type(item).__name__ for item in bench.owner.heard]
    assert survey_kinds == ["Survey", "str", "Survey", "StasisEnd"]
    assert bench.ari.counts.losses == 1


async def test_all_is_said_again_on_every_connection(bench: Bench) -> None:
    await bench.ready()
    first = {str(seen) for seen in bench.fake.requests}
    bench.fake.requests.clear()
    await bench.fake.close(1000)
    await eventually(lambda: len(bench.owner.surveys) == 2)
    assert {str(seen) for seen in bench.fake.requests} == first


async def test_while_there_is_none_requests_fail_at_once(bench: Bench) -> None:
    with pytest.raises(AriUnavailable):
        await bench.ari.request(requests.ping())
    with pytest.raises(AriUnavailable):
        await bench.ari.survey()
    await bench.ready(back_off_s=(30.0, 30.0))
    await bench.fake.vanish()
    await eventually(lambda: bench.ari.state is State.LOST)
    with pytest.raises(AriUnavailable, match="not connected"):
        await bench.ari.request(requests.ping())
    with pytest.raises(AriUnavailable):
        await bench.ari.check()


async def test_asterisk_is_away_for_a_while(bench: Bench) -> None:
    await bench.ready()
    await bench.fake.vanish()
    await eventually(lambda: bench.owner.states.count(State.LOST) >= 4)
    await bench.fake.come_back()
    await eventually(lambda: bench.ari.state is State.READY)
    assert len(bench.owner.losses) == 1  # told once, however many attempts it took
    assert len(bench.owner.surveys) == 2


async def test_what_was_heard_before_the_end_is_told_before_the_loss(bench: Bench) -> None:
    async def many_events(_seen: Seen) -> Reply:
        await bench.fake.send(*map(hangup, range(5_000)))
        return Reply(200, [])

    def told(survey: Survey) -> None:
        if not bench.owner.heard:  # while the 5 000 are handed over, the connection ends
            bench.fake.abort()
        bench.owner.heard.append(survey)

    bench.fake.on("GET channels", many_events)
    bench.owner.surveyed = told  # type: ignore[method-assign]
    await bench.ready()
    await eventually(lambda: bench.owner.losses)
    until_loss = bench.owner.heard[1 : bench.owner.heard.index(bench.owner.losses[0])]
    assert [int(event.channel.id, 16) for event in until_loss] == list(range(5_000))  # type: ignore[union-attr]


@pytest.mark.parametrize(("steady_s", "attempts"), [(60.0, [0, 1, 2, 3]), (0.0, [0, 0, 0, 0])])
async def test_pauses_grow_until_a_connection_holds(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, steady_s: float, attempts: list[int]
) -> None:
    counted: list[int] = []

    def note(attempt: int, _back_off_s: tuple[float, float], _chance: Random) -> float:
        counted.append(attempt)
        return 0.0

    monkeypatch.setattr(connection, "pause_before", note)
    await bench.ready(steady_s=steady_s)
    for losses in range(1, 5):
        await bench.fake.close(1000)
        await eventually(lambda losses=losses: len(bench.owner.surveys) == losses + 1)  # type: ignore[misc]
    assert counted == attempts


async def test_a_burst_larger_than_the_buffer_is_no_overflow_while_it_is_taken(bench: Bench) -> None:
    await bench.ready(buffer_events=200)
    _at_once(bench, 5_000)
    await eventually(lambda: len(bench.owner.events) == 5_000)
    assert bench.owner.losses == []


async def test_before_the_survey_nothing_is_asked_for_the_owner(bench: Bench) -> None:
    """A leg made during a survey would be missing from it, and be taken for gone."""
    bench.fake.on("GET channels", never)
    bench.start()
    await eventually(lambda: bench.fake.asked("GET channels"))
    with pytest.raises(AriUnavailable, match="surveying"):
        await bench.ari.request(requests.ping())


async def test_a_full_buffer_starts_afresh_and_is_counted(bench: Bench) -> None:
    bench.fake.on("GET channels", never)  # while the survey waits, events only pile up
    bench.start(buffer_events=100)
    await eventually(lambda: bench.fake.asked("GET channels"))
    with capture_logs() as logs:
        await bench.fake.send(*map(hangup, range(101)))
        await eventually(lambda: bench.ari.counts.overflows == 1)
        await eventually(lambda: len(bench.fake.sockets) >= 2)
    assert "events come faster than they are taken" in str(logs)
    assert bench.owner.events == []


async def test_a_full_inbox_starts_afresh_and_is_counted(bench: Bench) -> None:
    await bench.ready()
    bench.owner.raises = InboxFull("100000 facts wait")
    _at_once(bench, 500)
    await eventually(lambda: len(bench.owner.surveys) == 2)
    assert bench.ari.counts.overflows == 1
    assert "100000 facts wait" in bench.owner.losses[0]
    # nothing after the event that was refused, until a survey says what is true
    assert [type(item).__name__ for item in bench.owner.heard[:3]] == ["Survey", "str", "Survey"]


async def test_a_bug_of_the_owner_costs_one_event(bench: Bench) -> None:
    await bench.ready()
    bench.owner.raises = ZeroDivisionError()
    with capture_logs() as logs:
        await bench.fake.send(hangup(1), hangup(2))
        await eventually(lambda: bench.owner.events)
    assert bench.ari.counts.listener_faults == 1
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["listener_failed"]
    assert bench.owner.losses == []


async def test_resync_takes_the_new_phones(bench: Bench) -> None:
    await bench.ready()
    bench.fake.requests.clear()
    bench.ari.resync("the staff changed", phones=("anna",))
    await eventually(lambda: len(bench.owner.surveys) == 2)
    assert bench.owner.losses == ["the staff changed"]
    watched = [seen.query["eventSource"] for seen in bench.fake.asked("POST applications/.*")]
    assert watched == ["endpoint:PJSIP/anna"]
