"""While the websocket stands still, because Asterisk waits for something in mid-request, others go over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from switchboard.adapters.asterisk import connection, requests
from switchboard.adapters.asterisk.connection import DETOURS_AT_ONCE
from switchboard.adapters.asterisk.errors import AriError, AriNotFound, AriTimeout, AriUnavailable
from switchboard.adapters.asterisk.rest import Answer
from tests.adapters.asterisk.conftest import Bench, eventually
from tests.adapters.asterisk.fake_ari import Reply, Seen, never, reply, silence

SLOW, RING, ANSWER = requests.answer("slow"), requests.ring("1.1"), requests.answer("1.1")


@asynccontextmanager
async def standing_still(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Task[Answer]]:
    """One request that is not answered before the end of this."""
    monkeypatch.setattr(connection, "STANDS_STILL_S", 1e-9)
    await bench.ready()
    release = asyncio.Event()

    async def waits(_seen: Seen) -> Reply:
        await release.wait()
        return Reply(204)

    bench.fake.on("POST channels/slow/answer", waits)
    slow = asyncio.create_task(bench.ari.request(SLOW))
    await eventually(lambda: bench.fake.asked("POST channels/slow/answer"))
    yield slow
    release.set()
    assert (await slow).status == 204


async def test_others_go_over_http_until_it_moves_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async with standing_still(bench, monkeypatch):
        assert (await bench.ari.request(RING)).status == 204
        assert bench.fake.requests[-1].over_http
        assert bench.ari.counts.detours == 1
    await bench.ari.request(ANSWER)
    assert not bench.fake.requests[-1].over_http
    assert bench.ari.counts.detours == 1


async def test_a_moment_is_no_standing_still(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async with standing_still(bench, monkeypatch):
        monkeypatch.setattr(connection, "STANDS_STILL_S", 60.0)
        waits = asyncio.create_task(bench.ari.request(RING))
        await asyncio.sleep(0)
        assert not bench.fake.asked("POST channels/1.1/ring")
    await waits
    assert bench.ari.counts.detours == 0


async def test_it_says_over_http_what_it_would_have_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async with standing_still(bench, monkeypatch):
        music = requests.start_music("1.1", "Ж&=?")
        await bench.ari.request(music)
        seen = bench.fake.requests[-1]
        assert (seen.method, seen.uri, seen.query) == ("POST", "channels/1.1/moh", {"mohClass": "Ж&=?"})
        bench.fake.on("DELETE .*", reply(404, {"message": "Channel not found"}))
        assert (await bench.ari.request(requests.hang_up("1.1", 16))).status == 404
        bench.fake.on("POST .*/ring", reply(404, {"message": "Channel not found"}))
        with pytest.raises(AriNotFound, match="404 Channel not found"):
            await bench.ari.request(RING)
        bench.fake.on("POST .*/ring", reply(503, {"message": "later"}))
        with pytest.raises(AriUnavailable, match="503"):
            await bench.ari.request(RING)
        assert len(bench.fake.asked("POST .*/ring")) == 2


async def test_what_was_asked_in_order_is_done_in_order(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    make, add = requests.make_bridge("b"), requests.add_to_bridge("b", ("1", "2"))
    order: list[str] = []

    async def takes_its_time(seen: Seen) -> Reply:
        order.append(f"begun {seen.uri}")
        await asyncio.sleep(0.01)
        order.append(f"done {seen.uri}")
        return Reply(204)

    bench.fake.on("POST bridges/.*", takes_its_time)
    in_order = ["begun bridges/b", "done bridges/b", "begun bridges/b/addChannel", "done bridges/b/addChannel"]
    async with standing_still(bench, monkeypatch):
        assert await bench.ari.request_in_order(make, add) == [Answer(204), Answer(204)]
        assert order == in_order
        assert bench.ari.counts.detours == 2
    await bench.ari.request_in_order(make, add)
    assert order == in_order * 2
    assert bench.ari.counts.detours == 2


async def test_each_has_its_own_fate(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fake.on("POST bridges/b", reply(409, {"message": "exists"}))
    make, add = requests.make_bridge("b"), requests.add_to_bridge("b", ("1", "2"))
    async with standing_still(bench, monkeypatch):
        made, added = await bench.ari.request_in_order(make, add)
    assert isinstance(made, AriError)
    assert added == Answer(204)


async def test_only_a_few_go_around_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fake.on("POST .*/ring", never)
    async with standing_still(bench, monkeypatch):
        around = [asyncio.create_task(bench.ari.request(RING)) for _ in range(DETOURS_AT_ONCE)]
        await eventually(lambda: len(bench.fake.asked("POST .*/ring")) == DETOURS_AT_ONCE)
        waits = asyncio.create_task(bench.ari.request(ANSWER))
        await bench.ari.survey()  # and the surveys have their connections still
        assert not bench.fake.asked("POST channels/1.1/answer")
    assert (await waits).status == 204
    for task in around:
        task.cancel()
    await asyncio.gather(*around, return_exceptions=True)


async def test_a_way_that_breaks_is_ambiguous_and_not_repeated(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fake.on("POST .*/ring", silence)
    async with standing_still(bench, monkeypatch):
        with pytest.raises(AriTimeout):  # not "unavailable": the connection that counts is there
            await bench.ari.request(RING)
        assert len(bench.fake.asked("POST .*/ring")) == 1


async def test_where_http_takes_nothing_the_websocket_is_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with standing_still(bench, monkeypatch):
        monkeypatch.setattr(bench.ari._http, "_ari_url", "http://127.0.0.1:1/ari")
        waits = asyncio.create_task(bench.ari.request(RING))
        await eventually(lambda: bench.ari._link is not None and bench.ari._link.wire.under_way == 2)
    assert (await waits).status == 204
    assert not bench.fake.requests[-1].over_http
