"""Requests and what they come to, over the websocket and over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from switchboard.adapters.asterisk import requests
from switchboard.adapters.asterisk.errors import (
    AriConflict,
    AriError,
    AriNotFound,
    AriNotInStasis,
    AriRefused,
    AriTimeout,
    AriUnavailable,
)
from switchboard.adapters.asterisk.events import ChannelStateChange
from switchboard.adapters.asterisk.requests import Request
from switchboard.adapters.asterisk.rest import MAX_FRAME_BYTES
from tests.adapters.asterisk.conftest import Bench, eventually
from tests.adapters.asterisk.fake_ari import Reply, Seen, channel, event, hangup, never, reply, silence

ANSWER = requests.answer("1.1")


async def test_a_request_in_full(bench: Bench) -> None:
    await bench.ready()
    odd = Request("POST", "channels/{channelId}/variable", {"channelId": "a/b c%"}, {"value": "Ж&=?"}, {"k": [1]})
    bench.fake.on("POST channels/.*", reply(200, {"done": True}))
    answer = await bench.ari.request(odd)
    assert (answer.status, answer.text) == (200, '{"done": true}')
    seen = bench.fake.requests[-1]
    assert (seen.method, seen.uri, seen.query) == ("POST", "channels/a/b c%/variable", {"value": "Ж&=?"})
    assert seen.body == {"k": [1]}
    assert odd.uri == "channels/a%2Fb%20c%25/variable"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, AriRefused),
        (404, AriNotFound),
        (409, AriConflict),
        (412, AriRefused),
        (422, AriNotInStasis),
        (500, AriRefused),
        (503, AriUnavailable),
    ],
)
async def test_refusals(bench: Bench, status: int, kind: type[AriError]) -> None:
    await bench.ready()
    bench.fake.on("POST .*/answer", reply(status, {"message": "Channel 1.1 of +79161234567 is not here"}))
    with pytest.raises(AriError) as refused:
        await bench.ari.request(ANSWER)
    assert type(refused.value) is kind
    assert refused.value.status == status
    assert str(refused.value) == f"POST channels/1.1/answer: {status} Channel 1.1 of … is not here"


@pytest.mark.parametrize("body", [None, "text", [], {"error": "Allocation failed"}])
async def test_a_refusal_may_say_anything(bench: Bench, body: object) -> None:
    await bench.ready()
    bench.fake.on("POST .*/answer", reply(500, body))
    with pytest.raises(AriRefused, match="500"):
        await bench.ari.request(ANSWER)


async def test_events_come_before_the_answer(bench: Bench) -> None:
    await bench.ready()

    async def events_first(_seen: Seen) -> Reply:
        await bench.fake.send(event("ChannelStateChange", channel=channel("1.1", state="Up")))
        return Reply(204)

    bench.fake.on("POST .*/answer", events_first)
    await bench.ari.request(ANSWER)
    await eventually(lambda: bench.owner.events)
    assert isinstance(bench.owner.events[0], ChannelStateChange)


async def test_many_at_once_each_find_their_answer(bench: Bench) -> None:
    await bench.ready()

    async def echo(seen: Seen) -> Reply:
        return Reply(200, {"uri": seen.uri})

    bench.fake.on("GET channels/.*", echo)
    answers = await asyncio.gather(*(bench.ari.request(requests.channel(str(number))) for number in range(500)))
    assert [answer.text for answer in answers] == [f'{{"uri": "channels/{number}"}}' for number in range(500)]
    asked = [seen.uri for seen in bench.fake.asked("GET channels/.*")]
    assert asked == [f"channels/{number}" for number in range(500)]  # and went out in order


async def test_answers_may_come_in_any_order(bench: Bench) -> None:
    await bench.ready()
    bench.fake.on("GET channels/.", silence)
    both = [asyncio.create_task(bench.ari.request(requests.channel(name))) for name in "ab"]
    await eventually(lambda: len(bench.fake.asked("GET channels/.")) == 2)
    wire = bench.ari._link.wire  # type: ignore[union-attr]
    first, second = wire._waiting
    for number, text in ((second, "b"), (first, "a")):
        await bench.fake.send(
            event("RESTResponse", request_id=number, status_code=200, reason_phrase="OK", message_body=text)
        )
    assert [answer.text for answer in await asyncio.gather(*both)] == ["a", "b"]


async def test_no_answer_is_ambiguous_and_never_repeated(bench: Bench) -> None:
    await bench.ready(request_s=0.1)
    bench.fake.on("POST .*/answer", silence)
    with pytest.raises(AriTimeout, match=r"no answer within 0\.1 s"):
        await bench.ari.request(ANSWER)
    await bench.ari.request(requests.ring("1.1"))  # the connection itself is well
    assert len(bench.fake.asked("POST .*/answer")) == 1
    assert bench.ari._link.wire.under_way == 0  # type: ignore[union-attr]


async def test_an_answer_that_comes_too_late_is_counted(bench: Bench) -> None:
    await bench.ready(request_s=0.1)
    release = asyncio.Event()

    async def late(_seen: Seen) -> Reply:
        await release.wait()
        return Reply(204)

    bench.fake.on("POST .*/answer", late)
    with pytest.raises(AriTimeout):
        await bench.ari.request(ANSWER)
    release.set()
    await eventually(lambda: bench.ari.counts.late_answers == 1)


async def test_a_delete_of_what_is_gone_is_done(bench: Bench) -> None:
    await bench.ready()
    bench.fake.on("DELETE .*", reply(404, {"message": "Channel not found"}))
    assert (await bench.ari.request(requests.hang_up("1.1", 16))).status == 404


async def test_too_large_a_request_is_refused_before_it_kills_the_socket(bench: Bench) -> None:
    await bench.ready()
    with pytest.raises(AriRefused, match="more than Asterisk takes"):
        await bench.ari.request(requests.set_variable("1.1", "X", "Ж" * 40_000))  # 80 000 bytes, fewer characters
    await bench.ari.request(requests.set_variable("1.1", "X", "x" * (MAX_FRAME_BYTES - 300)))
    assert len(bench.fake.asked("POST .*/variable")) == 1
    assert bench.fake.largest_frame <= MAX_FRAME_BYTES < 65_535
    await bench.fake.send(hangup(1))
    await eventually(lambda: bench.owner.events)


async def test_a_survey_is_asked_again_when_the_connection_is_cut(bench: Bench) -> None:
    await bench.ready()
    tries = 0

    async def cut_twice(_seen: Seen) -> Reply | None:  # aiohttp itself repeats the first: the connection was pooled
        nonlocal tries
        tries += 1
        return None if tries <= 2 else Reply(200, [channel("1.1")])

    bench.fake.on("GET bridges", cut_twice)
    assert len((await bench.ari.survey()).bridges) == 1
    assert tries == 3


async def test_a_survey_that_makes_no_sense(bench: Bench) -> None:
    await bench.ready()
    bench.fake.on("GET bridges", reply(200, {"not": "a list"}))
    with pytest.raises(AriRefused, match="not what ARI describes"):
        await bench.ari.survey()


async def test_a_survey_that_does_not_come(bench: Bench) -> None:
    await bench.ready(request_s=0.1)

    bench.fake.on("GET bridges", never)
    with pytest.raises(AriTimeout):
        await bench.ari.survey()
    assert len(bench.fake.asked("GET bridges")) == 2  # one while connecting, one now
