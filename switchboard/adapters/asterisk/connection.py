"""The connection to Asterisk: kept, lost, made again.

    connecting ──► surveying ──► ready ──► lost ──► connecting …
        │              │           │         │
        └──────────────┴───────────┴─────────┴──► replaced (another process took our name) | stopped

A connection that ends cleanly is lost like any other. While there is none, requests fail at once
(``AriUnavailable``) rather than wait: whoever asked decides what a late command would still be good for.
Between two attempts we wait, longer each time, with some chance in it, so that several services do not knock
together. Calls live on in Asterisk meanwhile; the survey on the next connection says which.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from enum import StrEnum
from random import Random
from typing import Final

import aiohttp
import msgspec
import structlog
from msgspec import Struct

from switchboard.adapters.asterisk import requests
from switchboard.adapters.asterisk.errors import (
    AriError,
    AriRefused,
    AriReplaced,
    AriUnavailable,
    AriUnusable,
)
from switchboard.adapters.asterisk.link import (
    Counts,
    Link,
    LinkEnded,
    Listener,
    Survey,
    check_readiness,
    open_socket,
    take_survey,
)
from switchboard.adapters.asterisk.requests import Request
from switchboard.adapters.asterisk.rest import Answer, Http
from switchboard.adapters.asterisk.settings import AriSettings

log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)

OLDEST_VERSION: Final = (22, 10, 1)
"""Before it read-only users could write over the websocket, and ``live_dangerously=no`` was ignored."""
HTTP_CONNECTIONS: Final = 8
"""Few: each counts towards Asterisk's ``sessionlimit``."""
HTTP_KEPT_S: Final = 8.0
"""Asterisk closes idle connections after 15 s; ours must be gone before, or a request meets a closed door."""


class State(StrEnum):
    CONNECTING = "connecting"
    SURVEYING = "surveying"
    READY = "ready"
    LOST = "lost"
    REPLACED = "replaced"
    STOPPED = "stopped"


class _System(Struct, frozen=True):
    version: str


class _Info(Struct, frozen=True):
    system: _System


class AriConnection:
    """``run()`` keeps it up; ``request()`` asks; ``listener`` is told what happens."""

    def __init__(
        self,
        settings: AriSettings,
        listener: Listener,
        *,
        on_state: Callable[[State, str], None] = lambda _state, _why: None,
        chance: Random | None = None,
    ) -> None:
        """``on_state`` gets each new state and why it came; ``chance`` spreads the pauses."""
        self._settings = settings
        self._listener = listener
        self._on_state = on_state
        self._chance = chance or Random()  # noqa: S311  spreads pauses, guards nothing
        self._link: Link | None = None
        self._http: Http | None = None
        self._let_go: asyncio.Future[str] | None = None
        self._stopping = False
        self._ready_once = False
        self.state = State.CONNECTING
        self.counts = Counts()

    # What the owner does with it

    async def run(self) -> None:
        """Stay connected until ``stop()``. Raises ``AriReplaced`` or ``AriUnusable``: trying again mends neither."""
        connector = aiohttp.TCPConnector(limit=HTTP_CONNECTIONS, keepalive_timeout=HTTP_KEPT_S)
        headers = {"Authorization": self._settings.authorization}
        loop = asyncio.get_running_loop()
        attempt = 0
        try:
            async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
                self._http = Http(session, self._settings.ari_url, self._settings.request_s)
                while not self._stopping:
                    began = loop.time()
                    why = await self._one_life(session, self._http)
                    if loop.time() - began >= self._settings.steady_s:
                        attempt = 0
                    self._lose(why)
                    await self._pause(pause_before(attempt, self._settings.back_off_s, self._chance))
                    attempt += 1
        except AriReplaced as replaced:
            self._lose(str(replaced))
            self._enter(State.REPLACED, str(replaced))
            raise
        finally:
            self._http = None
            if self.state is not State.REPLACED:
                self._enter(State.STOPPED)

    async def request(self, request: Request) -> Answer:
        """Ask over the websocket, once. 404 to a DELETE counts as done. Raises the ``AriError`` that fits."""
        link = self._link
        if self.state is not State.READY or link is None:
            raise AriUnavailable(str(request), f"not connected to Asterisk ({self.state})")
        return await link.wire.ask(request, self._settings.request_s)

    async def survey(self) -> Survey:
        """What lives in Asterisk, over HTTP. Events that come meanwhile may tell more. Raises ``AriError``."""
        return await take_survey(self._over_http(), self._settings)

    async def length(self, request: Request) -> int:
        """How many bytes a file of Asterisk's has, over HTTP. Raises ``AriError``."""
        return await self._over_http().length(request)

    async def check(self) -> None:
        """Return if Asterisk serves us right now: connected, and its ARI not wedged. Raises ``AriError``."""
        if self.state is not State.READY:
            raise AriUnavailable("", f"not connected to Asterisk ({self.state})")
        await check_readiness(self._over_http(), self._settings)

    def resync(self, why: str, phones: tuple[str, ...] | None = None) -> None:
        """Drop the connection and make it afresh, so that a survey comes; from then on watch ``phones``."""
        if phones is not None:
            self._settings = msgspec.structs.replace(self._settings, phones=phones)
        self._release(why)

    def stop(self) -> None:
        """Let ``run()`` return. Calls that live in Asterisk are left alone."""
        self._stopping = True
        self._release("stopped")

    # One attempt, and what comes of it

    async def _one_life(self, session: aiohttp.ClientSession, http: Http) -> str:
        """Connect and serve until it is over; why it ended."""
        let_go = self._let_go = asyncio.get_running_loop().create_future()
        life = asyncio.create_task(self._live(session, http))
        try:
            await asyncio.wait({life, let_go}, return_when=asyncio.FIRST_COMPLETED)
            if not life.done():
                return str(let_go.result())
            life.result()
        except (LinkEnded, AriError) as end:
            self._raise_if_hopeless(end)
            return str(end)
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)
            self._let_go = None
        raise AssertionError("a life ends by an exception")

    async def _live(self, session: aiohttp.ClientSession, http: Http) -> None:
        self._enter(State.CONNECTING)
        await self._check_version(http)
        socket = await open_socket(session, self._settings)
        link = Link(socket, self._settings, self._listener, self.counts)
        try:
            self._link = link
            self._enter(State.SURVEYING)
            await link.live(http, self._surveyed)
        finally:
            self._link = None
            if self.state is State.READY:
                link.hand_over_rest()
            await socket.close()

    def _surveyed(self) -> None:
        self._ready_once = True
        self._enter(State.READY)

    async def _check_version(self, http: Http) -> None:
        version = (await http.get(requests.system_info(), _Info)).system.version
        if (read := read_version(version)) is None or read < OLDEST_VERSION:
            oldest = ".".join(map(str, OLDEST_VERSION))
            raise AriUnusable(
                f"Asterisk {version} is too old, or no release: Switchboard needs {oldest} or newer, "
                "because older ones let read-only ARI users write (GHSA-wcvv-g26m-wx5c)"
            )

    def _raise_if_hopeless(self, end: Exception) -> None:
        """A wrong password on the very first attempt is a mistake in the settings, not an outage."""
        if not self._ready_once and isinstance(end, AriRefused) and end.status in {401, 403}:
            raise AriUnusable(
                f'Asterisk refused user "{self._settings.user}" ({end}): check the user, password and '
                "read_only in its ari.conf"
            ) from end

    def _lose(self, why: str) -> None:
        was_ready = self.state is State.READY
        self._enter(State.LOST, why)
        if was_ready:
            self.counts.losses += not self._stopping
            try:
                self._listener.lost(why)
            except Exception:
                # the next survey sets everything right; not hearing of the loss does no harm
                log.exception("listener_failed")

    async def _pause(self, pause_s: float) -> None:
        if self._stopping:
            return
        let_go = self._let_go = asyncio.get_running_loop().create_future()
        await asyncio.wait({let_go}, timeout=pause_s)
        self._let_go = None

    def _release(self, why: str) -> None:
        if self._let_go is not None and not self._let_go.done():
            self._let_go.set_result(why)

    def _enter(self, state: State, why: str = "") -> None:
        if state is self.state and not why:
            return
        was, self.state = self.state, state
        say = log.warning if state in {State.LOST, State.REPLACED} else log.info
        say("asterisk_connection", was=was.value, now=state.value, why=why)
        self._on_state(state, why)

    def _over_http(self) -> Http:
        if self._http is None:
            raise AriUnavailable("", f"not connected to Asterisk ({self.state})")
        return self._http


def pause_before(attempt: int, back_off_s: tuple[float, float], chance: Random) -> float:
    """Seconds to wait before reconnecting; ``attempt`` counts from 0. Doubled each time, up to the longest."""
    first_s, longest_s = back_off_s
    return float(min(first_s * 2 ** min(attempt, 30), longest_s) * chance.uniform(0.5, 1.0))


def read_version(text: str) -> tuple[int, int, int] | None:
    """``22.10.1+dfsg…`` → (22, 10, 1); ``None`` for what is no release (``GIT-master-…``)."""
    match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None
