"""One websocket to Asterisk, from its handshake to its end.

Two things go on at once: the *reader* types frames and puts events into a bounded buffer (answers go straight to
those who wait for them); the *set-up* asks for what we need to hear, surveys what lives, and hands the buffered events
over, in their order; from then on the reader does, as they come. So the owner hears the survey first and then
everything that happened since the socket opened: some of it twice (it is in the survey as well), nothing of it never.

When the buffer is full the link ends: events are never dropped one by one, the next link surveys afresh.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

import aiohttp
import structlog
from aiohttp import WSMsgType
from msgspec import Struct

from switchboard.adapters.asterisk import requests
from switchboard.adapters.asterisk.errors import (
    AriError,
    AriNotFound,
    AriNotInStasis,
    AriRefused,
    AriReplaced,
    AriTimeout,
)
from switchboard.adapters.asterisk.events import (
    NOT_WANTED,
    NOT_WANTED_WHEN_WATCHING,
    ApplicationReplaced,
    Bridge,
    Channel,
    Endpoint,
    KnownEvent,
    Malformed,
    RESTResponse,
    UnknownEvent,
    parse,
)
from switchboard.adapters.asterisk.rest import Http, Socket, Wire
from switchboard.adapters.asterisk.settings import AriSettings
from switchboard.engine.ports import InboxFull

log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)

FRAMES_PER_TURN: Final = 64
"""After so many frames in a row the reader lets others run: a burst must not starve the loop."""
UNKNOWN_TYPES_COUNTED: Final = 100
"""Names of unknown event types that we count one by one."""
WEDGED: Final = "its ARI is wedged, only a restart of Asterisk helps"


class Survey(Struct, frozen=True):
    """What lives in Asterisk right now, ours or not."""

    channels: tuple[Channel, ...]
    bridges: tuple[Bridge, ...]
    endpoints: tuple[Endpoint, ...]
    """Of the phones that we watch; one that Asterisk does not know is absent."""
    switch: str = ""
    """When this Asterisk was started, in its own words: another time means that it was restarted."""
    at_ms: int = 0
    """When it was asked, Unix milliseconds."""


class Listener(Protocol):
    """Who is told what happens: in order, from one task. ``InboxFull`` from any of these ends the link."""

    def surveyed(self, survey: Survey) -> None:
        """Connected: this is what lives. Comes first on every connection."""

    def happened(self, event: KnownEvent) -> None:
        """An event; it may be older than the survey, and may come twice."""

    def lost(self, why: str) -> None:
        """The connection ended after a survey. Nothing is heard until the next one."""


@dataclass
class Counts:
    """What happened on all links so far."""

    messages: Counter[str] = field(default_factory=Counter)
    """Frames that Asterisk sent, by what they were: an event's type, ``RESTResponse``, ``unknown`` or ``malformed``."""
    requests: Counter[str] = field(default_factory=Counter)
    """What Asterisk was asked over the websocket, by method and path, the ids left open."""
    events: int = 0
    malformed: int = 0
    late_answers: int = 0
    overflows: int = 0
    losses: int = 0
    listener_faults: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    """By event type; ``…`` stands for all types beyond the first hundred."""


class LinkEnded(Exception):
    """This link is over; the text says why."""


class Link:
    def __init__(self, socket: Socket, settings: AriSettings, listener: Listener, counts: Counts) -> None:
        self._socket = socket
        self._settings = settings
        self._listener = listener
        self._counts = counts
        self._buffer: deque[KnownEvent] = deque()
        self._caught_up = False
        """What came before the survey was told: from now on events are told as they come."""
        self._gap = False
        """An event could not be taken: none after it may be told either, only a survey can go on from there."""
        self.wire = Wire(socket, counts.requests)

    async def live(self, http: Http, on_surveyed: Callable[[], None]) -> None:
        """Set up, survey, hand events over. Always raises: ``LinkEnded``, ``AriReplaced`` or ``AriError``."""
        reading = asyncio.create_task(self._read())
        serving = asyncio.create_task(self._serve(http, on_surveyed))
        why = "let go"
        try:
            await asyncio.wait({reading, serving}, return_when=asyncio.FIRST_COMPLETED)
            over = reading if reading.done() else serving
            why = str(over.exception())
            over.result()
        finally:
            self.wire.cut(why)
            for task in (reading, serving):
                task.cancel()
            await asyncio.gather(reading, serving, return_exceptions=True)

    def hand_over_rest(self) -> None:
        """Tell what was heard before the link ended, so that nothing true is forgotten."""
        with suppress(LinkEnded):
            while self._buffer and not self._gap:
                self._hand_over(self._buffer.popleft())

    # In

    async def _read(self) -> None:
        frames = 0
        while True:
            message = await self._socket.receive()
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    self._take(message.data)
                case WSMsgType.ERROR:
                    raise LinkEnded(f"the websocket failed: {message.data}")
                case _:
                    raise LinkEnded(f"Asterisk closed the websocket ({self._socket.close_code})")
            frames += 1
            if frames % FRAMES_PER_TURN == 0:
                await asyncio.sleep(0)

    def _take(self, frame: bytes | str) -> None:
        parsed = parse(frame)
        self._counts.messages[_kind_of(parsed)] += 1
        match parsed:
            case RESTResponse() as response:
                self._counts.late_answers += not self.wire.answered(response)
            case ApplicationReplaced(application=app):
                raise AriReplaced(f'another process connected to Asterisk as "{app}"; only one may, so this one stops')
            case UnknownEvent(type=kind):
                self._count_unknown(kind)
            case Malformed(why=why):
                self._counts.malformed += 1
                log.warning("malformed_event", why=why)
            case event:
                self._keep(event)

    def _keep(self, event: KnownEvent) -> None:
        self._counts.events += 1
        if self._caught_up:
            self._hand_over(event)
            return
        if len(self._buffer) >= self._settings.buffer_events:
            self._overflow(f"{len(self._buffer)} events wait")
        self._buffer.append(event)

    def _count_unknown(self, kind: str) -> None:
        unknown = self._counts.unknown
        if kind not in unknown and len(unknown) < UNKNOWN_TYPES_COUNTED:
            log.info("unknown_event_type", type=kind)
        unknown[kind if kind in unknown or len(unknown) < UNKNOWN_TYPES_COUNTED else "…"] += 1

    def _overflow(self, why: str) -> None:
        self._counts.overflows += 1
        self._gap = True
        raise LinkEnded(f"events come faster than they are taken: {why}; connecting afresh")

    # Through

    async def _serve(self, http: Http, on_surveyed: Callable[[], None]) -> None:
        await self._set_up(http)
        survey = await take_survey(http, self._settings)
        self._tell(lambda: self._listener.surveyed(survey))
        on_surveyed()
        handed = 0
        while self._buffer:
            self._hand_over(self._buffer.popleft())
            handed += 1
            if handed % FRAMES_PER_TURN == 0:
                await asyncio.sleep(0)
        self._caught_up = True
        await asyncio.Event().wait()  # for ever: the reader does the rest

    def _hand_over(self, event: KnownEvent) -> None:
        self._tell(lambda: self._listener.happened(event))

    def _tell(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except InboxFull as full:
            self._overflow(str(full) or "the inbox is full")
        except Exception:
            # our own bug; one event's worth of it must not cost all live calls their connection
            self._counts.listener_faults += 1
            log.exception("listener_failed")

    # Set-up

    async def _set_up(self, http: Http) -> None:
        """Say what we want to hear. Asterisk may have forgotten all of it, so it is said on every link."""
        settings = self._settings
        await check_readiness(http, settings)
        await self._ask(requests.filter_events(settings.app, NOT_WANTED))
        await self._ask(requests.filter_events(settings.watch_app, NOT_WANTED_WHEN_WATCHING))
        answers = await asyncio.gather(*(self._watch(phone) for phone in settings.phones))
        absent = [phone for phone, there in zip(settings.phones, answers, strict=True) if not there]
        if absent:
            log.error("phones_unknown_to_asterisk", phones=absent)

    async def _watch(self, phone: str) -> bool:
        """Whether Asterisk knows the phone and will tell us of it."""
        try:
            await self._ask(requests.watch_endpoint(self._settings.watch_app, phone))
        except (AriNotInStasis, AriNotFound):  # 422: no such endpoint
            return False
        return True

    async def _ask(self, request: requests.Request) -> None:
        await self.wire.ask(request, self._settings.request_s)


def _kind_of(parsed: KnownEvent | UnknownEvent | Malformed) -> str:
    match parsed:
        case UnknownEvent():
            return "unknown"  # by its own name it is in ``Counts.unknown``, which is bounded
        case Malformed():
            return "malformed"
        case _:
            return type(parsed).__name__


class _Status(Struct, frozen=True):
    startup_time: str


class _About(Struct, frozen=True):
    status: _Status


class _Named(Struct, frozen=True):
    name: str


async def check_readiness(http: Http, settings: AriSettings) -> None:
    """Ask what a wedged ARI cannot answer: ``ping`` alone goes on working there. Raises ``AriError``."""
    await http.get(requests.ping(), dict[str, object])
    for app in (settings.app, settings.watch_app):
        try:
            await http.get(requests.application(app), _Named)
        except AriTimeout as error:
            raise AriTimeout(
                error.request,
                f"{error.why}, although Asterisk answers a ping: {WEDGED}",
            ) from error


async def take_survey(http: Http, settings: AriSettings) -> Survey:
    """All channels and bridges of this Asterisk, and our phones. Raises ``AriError``."""
    at_ms = time.time_ns() // 1_000_000
    channels, bridges, endpoints, about = await asyncio.gather(
        http.get(requests.channels(), tuple[Channel, ...]),
        http.get(requests.bridges(), tuple[Bridge, ...]),
        http.get(requests.endpoints(), tuple[Endpoint, ...]),
        http.get(requests.system_status(), _About),
    )
    phones = frozenset(settings.phones)
    watched = tuple(endpoint for endpoint in endpoints if endpoint.resource in phones)
    return Survey(channels, bridges, watched, about.status.startup_time, at_ms)


async def open_socket(session: aiohttp.ClientSession, settings: AriSettings) -> Socket:
    """A websocket for both applications. Raises ``AriError``."""
    apps = (settings.app, settings.watch_app)
    request = f"GET {requests.EVENTS}"
    try:
        async with asyncio.timeout(settings.handshake_s):
            return await session.ws_connect(
                f"{settings.ari_url}/{requests.EVENTS}",
                params=requests.events_query(apps),
                heartbeat=settings.heartbeat_s,
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                decode_text=False,
            )
    except TimeoutError:
        raise AriError(
            request,
            f"no websocket within {settings.handshake_s:g} s, although Asterisk answers: {WEDGED}",
        ) from None
    except aiohttp.WSServerHandshakeError as error:
        raise AriRefused(request, f"{error.status} {error.message}", error.status) from error
    except (aiohttp.ClientError, OSError) as error:
        raise AriError(request, f"no connection: {error}") from error
