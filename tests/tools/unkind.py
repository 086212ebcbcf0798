"""An Asterisk whose events are unreliable: a proxy in front of its ARI that loses, doubles and holds up event frames.

A frame that is held up arrives later than what was said after it, so this also reorders, within ``late_ms``. Answers to
our requests always get through at once, and so does what comes over plain HTTP: what is tested is how we hear of
things, not a broken connection. What befalls a frame follows from the seed and their order.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from random import Random
from typing import Self

import aiohttp
from aiohttp import WSMsgType, web

_ALWAYS_HEARD = ("RESTResponse", "ApplicationReplaced")


class UnkindAri:
    """``lost``, ``doubled``, ``late``: shares of all event frames, 0–1, each by a chance of its own; a late one is held
    up 1 … ``late_ms``. The counters of the same names tell by event type what was done."""

    def __init__(
        self,
        ari_url: str,
        *,
        seed: int,
        lost: float = 0.0,
        doubled: float = 0.0,
        late: float = 0.0,
        late_ms: int = 200,
    ) -> None:
        self._ari_url = ari_url
        self._shares = {"lost": lost, "doubled": doubled, "late": late}
        self._late_ms = late_ms
        self._chance = Random(seed)
        self._held: set[asyncio.Task[None]] = set()
        self.lost: Counter[str] = Counter()
        self.doubled: Counter[str] = Counter()
        self.late: Counter[str] = Counter()
        self.port = 0

    @property
    def url(self) -> str:
        """What to give the service for the URL of its ARI."""
        return f"http://127.0.0.1:{self.port}/ari"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        app = web.Application(client_max_size=1 << 24)
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{path:.*}", self._request)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in list(self._held):
            task.cancel()
        await self._session.close()
        await self._runner.cleanup()

    async def _request(self, request: web.Request) -> web.Response:
        url = f"{self._ari_url}/{request.match_info['path']}"
        headers = {"Authorization": request.headers["Authorization"]}
        async with self._session.request(
            request.method, url, params=request.query, headers=headers, data=await request.read()
        ) as answer:
            return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        headers = {"Authorization": request.headers["Authorization"]}
        near = web.WebSocketResponse()
        await near.prepare(request)
        async with self._session.ws_connect(f"{self._ari_url}/events", params=request.query, headers=headers) as far:
            ways = [asyncio.create_task(self._there(near, far)), asyncio.create_task(self._back(far, near))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        await near.close()
        return near

    async def _there(self, near: web.WebSocketResponse, far: aiohttp.ClientWebSocketResponse) -> None:
        async for message in near:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                await far.send_str(message.data if isinstance(message.data, str) else message.data.decode())

    async def _back(self, far: aiohttp.ClientWebSocketResponse, near: web.WebSocketResponse) -> None:
        async for message in far:
            if message.type is not WSMsgType.TEXT:
                continue
            kind = json.loads(message.data)["type"]
            if kind in _ALWAYS_HEARD:
                await near.send_str(message.data)
                continue
            befalls = {what for what, share in self._shares.items() if self._chance.random() < share}
            after_ms = self._chance.randint(1, self._late_ms)
            for what in befalls:
                getattr(self, what)[kind] += 1
            if "lost" in befalls:
                continue
            for _ in range(2 if "doubled" in befalls else 1):
                if "late" in befalls:
                    self._hold(message.data, near, after_ms)
                else:
                    await near.send_str(message.data)

    def _hold(self, frame: str, near: web.WebSocketResponse, after_ms: int) -> None:
        async def arrive() -> None:
            await asyncio.sleep(after_ms / 1000)
            with suppress(ConnectionError):  # the connection it belonged to is gone, and it with it
                await near.send_str(frame)

        task = asyncio.create_task(arrive())
        self._held.add(task)
        task.add_done_callback(self._held.discard)
