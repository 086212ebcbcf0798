"""From actions to ARI requests.

Every channel, bridge and playback gets the id that the action names, so that its events are understood even
when they come before the answer to the request. When an answer does not come, or says "conflict" (which
Asterisk also says to what is no conflict), we look whether the thing is there: the ids are ours alone, so if
it is, we made it.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from switchboard.adapters.asterisk import requests
from switchboard.adapters.asterisk.decode import OURS, found
from switchboard.adapters.asterisk.errors import (
    AriConflict,
    AriError,
    AriNotFound,
    AriRefused,
    AriTimeout,
)
from switchboard.adapters.asterisk.link import Survey
from switchboard.adapters.asterisk.recordings import refusals, what_became_of
from switchboard.adapters.asterisk.requests import Request
from switchboard.adapters.asterisk.rest import Answer as Said
from switchboard.core.actions import (
    Action,
    Answer,
    AskAboutRecording,
    AskWhetherThere,
    CheckPin,
    Connect,
    DropRecording,
    GoOnRecording,
    HangUp,
    Join,
    LookUpCaller,
    PauseRecording,
    Play,
    PlayInBridge,
    RecordMessage,
    Ring,
    RingOutside,
    SendToDialplan,
    SetLanguage,
    Snoop,
    SoundRinging,
    StartMusic,
    StartRecording,
    StopMusic,
    StopPlaying,
    StopRecording,
    StopRinging,
    TakeDownBridge,
)
from switchboard.core.facts import Fact, Found
from switchboard.core.ids import LegId
from switchboard.engine.ports import LegGone, Refused

_NUMBER = re.compile(r"\+?\d{1,32}")
_PHONE = re.compile(r"[A-Za-z0-9_.+-]{1,64}")


class RTPstat(Struct, frozen=True):
    """What Asterisk counted of one channel's voice. The name is ARI's."""

    rxcount: int
    """Packets that came from the far end."""


class Variable(Struct, frozen=True):
    """The name is ARI's."""

    value: str


_KEYS = "PJSIP_DTMF_MODE()"
T = TypeVar("T")


class Asks(Protocol):
    """What we need of the connection."""

    async def request(self, request: Request) -> Said:
        """Raises ``AriError``."""

    async def survey(self) -> Survey:
        """What lives in Asterisk. Raises ``AriError``."""

    async def length(self, request: Request) -> int:
        """How many bytes a file of Asterisk's has. Raises ``AriError``."""


class Trunk(Struct, frozen=True):
    """The way out to the public network: a SIP endpoint of Asterisk."""

    endpoint: str = "trunk"


class AsteriskTelephony:
    def __init__(self, ari: Asks, app: str, trunk: Trunk) -> None:
        self._ari = ari
        self._app = app
        self._trunk = trunk

    async def perform(self, action: Action) -> Fact | None:
        """Ask Asterisk for it; return when it agreed, with its answer to a question. Raises ``Refused``."""
        with refusals():
            try:
                if isinstance(action, AskAboutRecording):
                    return await what_became_of(self._ari, action.recording)
                await self._perform(action)
            except AriRefused as refused:
                gone = await self._who_left(action, refused)
                if gone is None:
                    raise
                raise LegGone(str(refused), gone) from refused
        return None

    async def survey(self) -> Found:
        """See the port ``Surveyor``."""
        with refusals():
            return found(await self._ari.survey(), self._app)

    async def voice_packets(self, leg: LegId) -> int | None:
        """See the port ``VoiceMeter``."""
        with refusals():
            try:
                answer = await self._ari.request(requests.rtp_statistics(leg))
            except AriNotFound:
                return None
        return _decoded(answer, RTPstat).rxcount

    async def _perform(self, action: Action) -> None:
        match action:
            case Ring() | RingOutside():
                await self._make(self._leg(action), requests.channel(action.leg))
            case RecordMessage(recording=recording):
                await self._make(_worded(action), requests.live_recording(recording))
            case Connect():
                await self._connect(action)
            case Snoop(leg=leg, of=of):
                whisper = "out" if action.whisper else "none"
                snoop = requests.snoop(of, leg, whisper=whisper, app=self._app, app_args=OURS)
                await self._make(snoop, requests.channel(leg))
            case AskWhetherThere(leg=leg):
                await self._ask(leg)
            case StartRecording(bridge=bridge, recording=recording):
                look = requests.live_recording(recording)
                await self._make(requests.record_bridge(bridge, recording), look)
            case PauseRecording() | GoOnRecording():
                await self._pause(action)
            case StopRecording(recording=recording):
                with suppress(AriNotFound):
                    await self._ari.request(requests.stop_recording(recording))
            case LookUpCaller() | CheckPin() | AskAboutRecording():
                raise TypeError("asked of somebody else, or elsewhere")
            case _:
                await self._ari.request(_worded(action))

    def _leg(self, action: Ring | RingOutside) -> Request:
        match action:
            case Ring(phone=phone, caller_number=number, caller_name=name):
                endpoint, caller_id = f"PJSIP/{_checked(phone, _PHONE, 'phone')}", spoken_caller(number, name)
            case RingOutside(number=number, caller_number=shown):
                dialled = _checked(number, _NUMBER, "number")
                endpoint, caller_id = f"PJSIP/{dialled}@{self._trunk.endpoint}", spoken_caller(shown, "")
        timeout_s = -(-action.ring_ms // 1000)  # whole seconds, never fewer than asked for: 0 would be for ever
        return requests.originate(
            action.leg,
            endpoint,
            app=self._app,
            app_args=OURS,
            caller_id=caller_id,
            timeout_s=timeout_s,
            originator=action.like,
        )

    async def _connect(self, action: Connect) -> None:
        """Both requests leave together: Asterisk performs them one after the other, and two people wait to talk."""
        made, added = await asyncio.gather(
            self._make(requests.make_bridge(action.bridge), requests.bridge(action.bridge)),
            self._ari.request(requests.add_to_bridge(action.bridge, action.legs)),
            return_exceptions=True,
        )
        if isinstance(made, BaseException):
            raise made
        if isinstance(added, BaseException):
            # one of the legs just left: an empty bridge, or one with a single leg, must not stay behind
            with suppress(AriError):
                await self._ari.request(requests.delete_bridge(action.bridge))
            raise added

    async def _pause(self, action: PauseRecording | GoOnRecording) -> None:
        """Pause or go on; whoever asked hears that it is so. Asterisk takes them out of the bridge meanwhile: nobody
        else hears it, and it is not recorded."""
        pauses = isinstance(action, PauseRecording)
        ask = requests.pause_recording if pauses else requests.go_on_recording
        await self._ari.request(ask(action.recording))
        if action.leg is not None and action.playback is not None:
            media = [f"sound:{prompt}" for prompt in action.prompts]
            with suppress(AriError):  # it is done all the same
                await self._ari.request(requests.play(action.leg, action.playback, media))

    async def _ask(self, leg: LegId) -> None:
        """ARI has no request for this, and Asterisk does not send a session refresh that would change nothing. But it
        sends a re-INVITE whenever another way of sending keys is set, and once more when it is set back; what it
        offers is what the leg has, on hold or not, each time."""
        answer = await self._ari.request(requests.variable(leg, _KEYS))
        mode = _decoded(answer, Variable).value
        for each in ("auto_info" if mode != "auto_info" else "rfc4733", mode):
            await self._ari.request(requests.set_variable(leg, _KEYS, each))

    async def _who_left(self, action: Action, refused: AriRefused) -> LegId | None:
        """The leg without which this could not be done; ``None``: they are all there, or nobody can say."""
        match action:
            case Ring(like=None):
                return None
            case Ring(like=leg) | RingOutside(like=leg) if leg is not None:
                legs: tuple[LegId, ...] = (leg,)
            case Connect(legs=both) | StartRecording(legs=both):
                legs = both
            case Join(leg=leg):
                legs = (leg,)
            case Answer(leg=leg) | SoundRinging(leg=leg) | StartMusic(leg=leg) | Play(leg=leg) | RecordMessage(leg=leg):
                return leg if isinstance(refused, AriNotFound) else None
            case _:
                return None
        for leg in legs:
            try:
                await self._ari.request(requests.channel(leg))
            except AriNotFound:
                return leg
            except AriError:
                return None
        return None

    async def _make(self, request: Request, look: Request) -> None:
        """Send a request that makes something; if its answer cannot be trusted, ``look`` whether it is there."""
        try:
            await self._ari.request(request)
        except (AriConflict, AriTimeout) as doubt:
            try:
                await self._ari.request(look)
            except AriError:
                raise doubt from None


def _decoded(answer: Said, shape: type[T]) -> T:
    """Raises ``Refused`` for an answer that is not what ARI describes."""
    try:
        return msgspec.json.decode(answer.text, type=shape)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Refused(f"Asterisk's answer cannot be read: {error}") from error


def _worded(
    action: SoundRinging
    | StopRinging
    | Answer
    | SetLanguage
    | StartMusic
    | StopMusic
    | Play
    | StopPlaying
    | TakeDownBridge
    | HangUp
    | Join
    | SendToDialplan
    | RecordMessage
    | DropRecording
    | PlayInBridge,
) -> Request:
    """The one request that an action comes down to."""
    match action:
        case SoundRinging(leg=leg):
            return requests.ring(leg)
        case StopRinging(leg=leg):
            return requests.stop_ringing(leg)
        case Answer(leg=leg):
            return requests.answer(leg)
        case SetLanguage(leg=leg, language=language):
            return requests.set_variable(leg, "CHANNEL(language)", language)
        case StartMusic(leg=leg, music=music):
            return requests.start_music(leg, music)
        case StopMusic(leg=leg):
            return requests.stop_music(leg)
        case Play(leg=leg, playback=playback, prompts=prompts):
            return requests.play(leg, playback, [f"sound:{prompt}" for prompt in prompts])
        case PlayInBridge(bridge=bridge, playback=playback, prompts=prompts):
            return requests.play_in_bridge(bridge, playback, [f"sound:{prompt}" for prompt in prompts])
        case StopPlaying(playback=playback):
            return requests.stop_playing(playback)
        case TakeDownBridge(bridge=bridge):
            return requests.delete_bridge(bridge)
        case HangUp(leg=leg, cause=cause):
            return requests.hang_up(leg, cause)
        case Join(leg=leg, bridge=bridge):
            return requests.add_to_bridge(bridge, (leg,), absorb_keys=True)
        case SendToDialplan(leg=leg, context=context):
            return requests.continue_in_dialplan(leg, context, "s")
        case RecordMessage(leg=leg, recording=recording, longest_ms=longest_ms, silence_ms=silence_ms):
            return requests.record(leg, recording, longest_s=-(-longest_ms // 1000), silence_s=-(-silence_ms // 1000))
        case DropRecording(recording=recording):
            return requests.delete_recording(recording)


def spoken_caller(number: str, name: str) -> str:
    """``"Anna Weber" <+74951234567>``, as Asterisk reads it, without what would end a part early."""
    clean_name = re.sub(r'[\x00-\x1f"\\<>]', "", name).strip()[:60]
    clean_number = re.sub(r"[^0-9A-Za-z+*#]", "", number)[:40]
    return f'"{clean_name}" <{clean_number}>'


def _checked(text: str, shape: re.Pattern[str], what: str) -> str:
    """``text`` goes into a dial string: anything but its ``shape`` could dial something else."""
    if shape.fullmatch(text) is None:
        raise Refused(f"this {what} cannot be dialled")
    return text
