"""An Asterisk whose events get lost: a proxy in front of its ARI that drops a share of the event frames.

Answers to our requests always get through, and so does what comes over plain HTTP: what is tested is not hearing of
things, not a broken connection. Which frames are lost follows from the seed and their order.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from random import Random
from typing import Self

import aiohttp
from aiohttp import WSMsgType, web

_ALWAYS_HEARD = ("RESTResponse", "ApplicationReplaced")


class LossyAri:
    """``lost`` counts by event type what did not get through. ``share``: 0–1."""

    def __init__(self, ari_url: str, *, share: float, seed: int) -> None:
        self._ari_url = ari_url
        self._share = share
        self._chance = Random(seed)
        self.lost: Counter[str] = Counter()
        self.port = 0

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
            if kind in _ALWAYS_HEARD or self._chance.random() >= self._share:
                await near.send_str(message.data)
            else:
                self.lost[kind] += 1
