"""An Asterisk that does as it is told, above all the unkind things that a real one does.

It serves the part of ARI that the client uses: HTTP and a websocket with REST over it, one request after another as
in the real one. Whatever it is asked it notes in ``requests``. A test scripts it: ``on()`` sets what a request comes
to, ``send()`` sends events, ``close()`` and ``abort()`` end the websocket, the flags below make it ill.
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from aiohttp import WSMsgType, web

Json = dict[str, Any]


@dataclass
class Seen:
    """A request that came."""

    method: str
    uri: str
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    over_http: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.uri}"


@dataclass
class Reply:
    status: int = 204
    body: Any = None
    reason: str = "Whatever"


Reaction = Callable[[Seen], Awaitable[Reply | None]]
"""What a request comes to; ``None``: it is never answered (over HTTP: the connection is cut)."""


def reply(status: int = 204, body: Any = None) -> Reaction:
    async def react(_seen: Seen) -> Reply:
        return Reply(status, body)

    return react


async def silence(_seen: Seen) -> None:
    """Never answer, go on with the next request. Over HTTP: cut the connection."""


async def never(_seen: Seen) -> None:
    """Go on thinking; over HTTP the connection stays open meanwhile."""
    await asyncio.Event().wait()


class FakeAri:
    def __init__(self) -> None:
        self.version = "22.10.1+dfsg-1"
        self.started = "2026-11-24T08:00:00.000+0300"
        self.password = "secret"
        self.hangs_handshake = False
        self.wedged = False
        """The application registry hangs, while ``ping`` goes on answering."""
        self.answers_pings = True
        self.requests: list[Seen] = []
        self.sockets: list[web.WebSocketResponse] = []
        """Every websocket that was ever opened, the newest last."""
        self.socket_queries: list[dict[str, str]] = []
        self.channels: list[Json] = []
        self.bridges: list[Json] = []
        self.endpoints: list[Json] = []
        self.when_opened: Callable[[], Awaitable[None]] | None = None
        self.largest_frame = 0
        self._reactions: list[tuple[re.Pattern[str], Reaction]] = []
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.port = 0

    # For tests

    def on(self, request: str, reaction: Reaction) -> None:
        """From now on requests that match ``request`` (a pattern of ``METHOD uri``) come to ``reaction``."""
        self._reactions.insert(0, (re.compile(request), reaction))

    def asked(self, request: str) -> list[Seen]:
        """The requests so far that match the pattern ``request``."""
        return [seen for seen in self.requests if re.fullmatch(request, str(seen))]

    async def send(self, *events: Json) -> None:
        for event in events:
            await self.send_raw(json.dumps(event))

    async def send_raw(self, frame: str | bytes) -> None:
        """``bytes`` go out as a text frame too, whatever they are."""
        frame = frame if isinstance(frame, bytes) else frame.encode()
        await self.sockets[-1].send_frame(frame, WSMsgType.TEXT)

    async def close(self, code: int) -> None:
        await self.sockets[-1].close(code=code)

    def abort(self) -> None:
        """Cut the newest websocket's TCP connection, without a word."""
        transport = self.sockets[-1]._req.transport  # type: ignore[union-attr]
        assert transport is not None
        transport.abort()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # Serving

    async def __aenter__(self) -> FakeAri:
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{uri:.*}", self._http)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for socket in self.sockets:
            if not socket.closed and socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()
        assert self._runner is not None
        await self._runner.cleanup()

    async def vanish(self) -> None:
        """Stop listening and cut the websocket, as when the process is killed."""
        assert self._runner is not None
        for site in list(self._runner.sites):
            await site.stop()
        self.abort()

    async def come_back(self) -> None:
        await self._listen()

    async def _listen(self) -> None:
        assert self._runner is not None
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    def _allowed(self, request: web.Request) -> bool:
        expected = "Basic " + b64encode(f"switchboard:{self.password}".encode()).decode()
        return request.headers.get("Authorization") == expected

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self.hangs_handshake:
            await self._stopping.wait()
        if not self._allowed(request):
            return web.Response(status=401)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self.socket_queries.append(dict(request.query))
        self.sockets.append(socket)
        if self.when_opened is not None:
            await self.when_opened()
        async for message in socket:
            if message.type is WSMsgType.PING and self.answers_pings:
                await socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self.largest_frame = max(self.largest_frame, len(message.data.encode()))
                await self._rest(socket, json.loads(message.data))
        return socket

    async def _rest(self, socket: web.WebSocketResponse, frame: Json) -> None:
        """One request over the websocket, answered before the next is read."""
        query = {pair["name"]: pair["value"] for pair in frame.get("query_strings", [])}
        body = json.loads(frame["message_body"]) if "message_body" in frame else None
        seen = Seen(frame["method"], unquote(frame["uri"]), query, body)
        answer = await self._react(seen)
        if answer is None or socket.closed:
            return
        response = {
            "type": "RESTResponse",
            "transaction_id": frame["transaction_id"],
            "request_id": frame["request_id"],
            "status_code": answer.status,
            "reason_phrase": answer.reason,
            "uri": frame["uri"],
            "application": "switchboard",
        }
        if answer.body is not None:
            response |= {"content_type": "application/json", "message_body": json.dumps(answer.body)}
        await socket.send_str(json.dumps(response))

    async def _http(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(request.method, request.match_info["uri"], dict(request.query), over_http=True)
        if not self._allowed(request):
            return web.json_response({"message": "Authentication required"}, status=401)
        answer = await self._react(seen)
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.json_response(answer.body, status=answer.status)

    async def _react(self, seen: Seen) -> Reply | None:
        self.requests.append(seen)
        if self.wedged and seen.uri.startswith("applications"):
            await self._stopping.wait()
        for pattern, reaction in self._reactions:
            if pattern.fullmatch(str(seen)):
                return await reaction(seen)
        return self._ordinarily(seen)

    def _ordinarily(self, seen: Seen) -> Reply:
        match seen.method, seen.uri.split("/"):
            case "GET", ["asterisk", "info"]:
                system = {"version": self.version, "entity_id": "02:00"}
                return Reply(200, {"system": system, "status": {"startup_time": self.started}})
            case "GET", ["asterisk", "ping"]:
                return Reply(200, {"ping": "pong", "timestamp": "…", "asterisk_id": "02:00"})
            case "GET", ["channels"]:
                return Reply(200, self.channels)
            case "GET", ["bridges"]:
                return Reply(200, self.bridges)
            case "GET", ["endpoints", _]:
                return Reply(200, self.endpoints)
            case _, ["applications", name, *_]:
                return Reply(200, {"name": name, "channel_ids": []})
            case "GET", _:
                return Reply(404, {"message": "Not found"})
            case _:
                return Reply(204)


def channel(channel_id: str, name: str = "PJSIP/trunk-00000001", state: str = "Ring", **more: Any) -> Json:
    """A channel as ARI shows it."""
    return {
        "id": channel_id,
        "name": name,
        "state": state,
        "protocol_id": "some-call-id",
        "caller": {"name": "", "number": "+74951234567"},
        "connected": {"name": "", "number": ""},
        "accountcode": "",
        "dialplan": {"context": "from-trunk", "exten": "555", "priority": 1, "app_name": "Stasis", "app_data": ""},
        "creationtime": "2026-11-23T22:34:28.954+0000",
        "language": "en",
        **more,
    }


def event(kind: str, *, application: str = "switchboard", **fields: Any) -> Json:
    """An event as ARI sends it."""
    return {
        "type": kind,
        "application": application,
        "timestamp": "2026-11-23T22:34:28.954+0000",
        "asterisk_id": "02:00",
        **fields,
    }


def hangup(number: int) -> Json:
    """The ``number``-th of many events that can be told apart."""
    return event("StasisEnd", channel=channel(f"{number:032x}"))


def endpoint(phone: str, state: str = "online") -> Json:
    return {"technology": "PJSIP", "resource": phone, "state": state, "channel_ids": []}
