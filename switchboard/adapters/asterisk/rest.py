"""Asking Asterisk, two ways: commands over the websocket, surveys over HTTP.

Commands travel on the websocket that brings the events (``RESTRequest``/``RESTResponse``), many under way at
once, each found again by its ``request_id``. Asterisk performs them strictly one after another, so their
order is ours. A frame of 64 KiB or more makes Asterisk close the socket, and with it the events of every live
call: such a request is refused here, before it is sent. Surveys have big answers that would hold up the
commands behind them: HTTP.

What may be repeated: a GET, and nothing else. A POST whose answer did not come may have been done, and a
second one can do harm; a DELETE of what is not there is done.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from itertools import count
from typing import Final, Literal, TypeVar

import aiohttp
import msgspec
from aiohttp import WSMsgType
from msgspec import Struct

from switchboard.adapters.asterisk.errors import AriError, AriRefused, AriTimeout, AriUnavailable, refusal
from switchboard.adapters.asterisk.events import RESTResponse
from switchboard.adapters.asterisk.requests import Request

T = TypeVar("T")
Socket = aiohttp.ClientWebSocketResponse[Literal[False]]

MAX_FRAME_BYTES: Final = 65_000
"""Asterisk closes the websocket at a frame of more than 65 535 bytes."""

HTTP_ATTEMPTS: Final = 2
"""A GET over a pooled connection that Asterisk closed in the same moment deserves a second try."""


class Answer(Struct, frozen=True):
    """What Asterisk said to a request that it did not refuse."""

    status: int
    text: str = ""
    """JSON, or empty."""


class _Said(Struct, frozen=True):
    """Body of a refusal."""

    message: str = ""
    error: str = ""


_SAID = msgspec.json.Decoder(_Said)
_DIGITS = re.compile(r"\+?\d{6,}")


class Wire:
    """Requests under way over one websocket, and the answers that they wait for."""

    def __init__(self, socket: Socket, asked: Counter[str] | None = None) -> None:
        """``asked`` counts what is sent, by method and path."""
        self._socket = socket
        self._asked = Counter[str]() if asked is None else asked
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[RESTResponse | None]] = {}
        self._cut: str | None = None

    @property
    def under_way(self) -> int:
        return len(self._waiting)

    async def ask(self, request: Request, within_s: float) -> Answer:
        """Send ``request``, wait for its answer. Raises an ``AriError``; 404 to a DELETE is an answer."""
        number = str(next(self._numbers))
        frame = _frame(request, number)
        if len(frame) > MAX_FRAME_BYTES:
            raise AriRefused(str(request), f"{len(frame)} bytes are more than Asterisk takes", 413)
        if self._cut is not None:
            raise AriUnavailable(str(request), self._cut)
        self._asked[f"{request.method} {request.template}"] += 1
        response = await self._exchange(request, number, frame, within_s)
        if response is None:
            raise AriUnavailable(str(request), self._cut or "the connection broke")
        return _answer(request, response.status_code, response.message_body or response.reason_phrase)

    async def _exchange(self, request: Request, number: str, frame: bytes, within_s: float) -> RESTResponse | None:
        """The response; ``None`` when the socket broke before it came."""
        waiting: asyncio.Future[RESTResponse | None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        try:
            async with asyncio.timeout(within_s):
                await self._socket.send_frame(frame, WSMsgType.TEXT)
                return await waiting
        except TimeoutError:
            raise AriTimeout(str(request), f"no answer within {within_s:g} s") from None
        except (aiohttp.ClientError, ConnectionError) as error:
            raise AriUnavailable(str(request), f"the connection broke: {error}") from error
        finally:
            del self._waiting[number]

    def answered(self, response: RESTResponse) -> bool:
        """Hand an answer to the request that waits for it; false when none does (any more)."""
        waiting = self._waiting.get(response.request_id)
        if waiting is None or waiting.done():
            return False
        waiting.set_result(response)
        return True

    def cut(self, why: str) -> None:
        """The socket is gone: whatever is under way fails now, and nothing is sent any more."""
        self._cut = why
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(None)


class Http:
    """GETs over pooled HTTP."""

    def __init__(self, session: aiohttp.ClientSession, ari_url: str, within_s: float) -> None:
        self._session = session
        self._ari_url = ari_url
        self._within_s = within_s

    async def get(self, request: Request, shape: type[T]) -> T:
        """The answer to a GET, decoded. Each try may take ``within_s``. Raises an ``AriError``."""
        assert request.method == "GET"
        answer = await self._get(request)
        try:
            return msgspec.json.decode(answer.text, type=shape)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise AriRefused(str(request), f"the answer is not what ARI describes: {error}") from error

    async def length(self, request: Request) -> int:
        """How many bytes a GET would bring, without fetching them. Raises an ``AriError``."""
        async with self._opened(request) as response:
            return int(response.headers.get("Content-Length", "0"))

    @asynccontextmanager
    async def _opened(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, as soon as it begins; its body is not read."""
        try:
            async with (
                asyncio.timeout(self._within_s),
                self._session.get(f"{self._ari_url}/{request.uri}", params=request.query) as response,
            ):
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise _refused(request, response.status, response.reason or "")
                yield response
        except TimeoutError:
            raise AriTimeout(str(request), f"no answer within {self._within_s:g} s") from None
        except aiohttp.ClientError as error:
            raise AriUnavailable(str(request), f"no connection: {error}") from error

    async def _get(self, request: Request) -> Answer:
        for attempt in range(1, HTTP_ATTEMPTS + 1):
            try:
                return await self._try(request)
            except AriUnavailable:
                if attempt == HTTP_ATTEMPTS:
                    raise
        raise AssertionError("the loop above returns or raises")

    async def _try(self, request: Request) -> Answer:
        try:
            async with (
                asyncio.timeout(self._within_s),
                self._session.get(f"{self._ari_url}/{request.uri}", params=request.query) as response,
            ):
                text = await response.text(errors="replace")
        except TimeoutError:
            # not tried again: an Asterisk that is this slow needs no second request
            raise AriTimeout(str(request), f"no answer within {self._within_s:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise AriUnavailable(str(request), f"no connection: {error}") from error
        spoke_ari = response.content_type == "application/json"  # else the web server itself: no ARI there (yet)
        return _answer(request, response.status, text if spoke_ari else response.reason or "")


def _frame(request: Request, number: str) -> bytes:
    message: dict[str, object] = {
        "type": "RESTRequest",
        "transaction_id": number,
        "request_id": number,
        "method": request.method,
        "uri": request.uri,
    }
    if request.query:
        message["query_strings"] = [{"name": name, "value": value} for name, value in request.query.items()]
    if request.body is not None:
        message["content_type"] = "application/json"
        message["message_body"] = msgspec.json.encode(request.body).decode()
    return msgspec.json.encode(message)


def _answer(request: Request, status: int, text: str) -> Answer:
    if status < 400 or (status == 404 and request.method == "DELETE"):
        return Answer(status, text)
    raise _refused(request, status, text)


def _refused(request: Request, status: int, text: str) -> AriError:
    """Asterisk's own words, without the numbers that they may quote."""
    try:
        said = _SAID.decode(text)
        why = said.message or said.error or text
    except (msgspec.DecodeError, UnicodeError):
        why = text
    return refusal(str(request), status, _DIGITS.sub("…", why[:200]))
