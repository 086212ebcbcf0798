"""What Asterisk says: the ARI events that we use, typed, with only the fields that we use.

A frame is decoded once, straight into a frozen struct, by msgspec: no dict is ever made of it. Asterisk is
free to add fields (ignored) and event types (``UnknownEvent``); a frame that is not what the API promises is
``Malformed``. ``parse`` never raises: a strange frame must not cost us the connection on which every live
call depends.

Fields without which an event would mean nothing are required; all others have defaults, so that a channel
that lacks, say, its caller still arrives. The contract test holds every name in this file against Asterisk's
own description of ARI.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct


class CallerId(Struct, frozen=True):
    name: str = ""
    number: str = ""


class Dialplan(Struct, frozen=True):
    """Where in the dialplan a channel is."""

    exten: str = ""
    app_name: str = ""
    app_data: str = ""


class Channel(Struct, frozen=True):
    id: str
    name: str = ""
    """Technology, endpoint and a running number: ``PJSIP/101-0000001a``."""
    state: str = ""
    """``Down``, ``Ring`` (it calls us), ``Ringing`` (we call it), ``Up``, …"""
    caller: CallerId = CallerId()
    dialplan: Dialplan = Dialplan()
    creationtime: str = ""
    """By Asterisk's clock: ``2026-11-23T22:34:28.954+0000``."""


class Bridge(Struct, frozen=True):
    id: str
    channels: tuple[str, ...] = ()


class Playback(Struct, frozen=True):
    id: str
    state: str = ""
    """``queued``, ``playing``, ``done``, ``failed``, ``canceled``."""


class LiveRecording(Struct, frozen=True):
    name: str
    duration: int = 0
    """Whole seconds; absent where nothing could be recorded, or nobody was there any more."""
    talking_duration: int | None = None
    """How much of that was sound; counted only where silence would end the recording."""
    cause: str = ""
    """Why it failed."""


class Endpoint(Struct, frozen=True):
    technology: str
    resource: str
    state: str = ""
    """``online``, ``offline`` or ``unknown``."""


class Peer(Struct, frozen=True):
    peer_status: str


class ContactInfo(Struct, frozen=True):
    contact_status: str


class Event(Struct, frozen=True, tag_field="type", kw_only=True):
    """Common to all events: the application that this copy was sent to."""

    application: str = ""


class StasisStart(Event, frozen=True, tag=True):
    """A channel came under our control."""

    channel: Channel
    args: tuple[str, ...] = ()
    replace_channel: Channel | None = None
    """Set when a transfer puts this channel in the place of another."""


class StasisEnd(Event, frozen=True, tag=True):
    channel: Channel


class ChannelStateChange(Event, frozen=True, tag=True):
    channel: Channel


class ChannelHangupRequest(Event, frozen=True, tag=True):
    """Somebody wants the channel to end. Comes up to three times, often without a cause."""

    channel: Channel
    cause: int | None = None


class ChannelDestroyed(Event, frozen=True, tag=True):
    """The channel is gone. The only trustworthy word on how a leg that we made came out."""

    channel: Channel
    cause: int
    """Q.850; 0 when unknown."""
    tech_cause: int | None = None
    """SIP status, where SIP ended it with one."""


class ChannelDtmfReceived(Event, frozen=True, tag=True):
    channel: Channel
    digit: str
    duration_ms: int = 0
    """How long it was pressed, or will last from now on: see ``keys``."""


class ChannelHold(Event, frozen=True, tag=True):
    channel: Channel


class ChannelUnhold(Event, frozen=True, tag=True):
    channel: Channel


class ChannelEnteredBridge(Event, frozen=True, tag=True):
    bridge: Bridge
    channel: Channel | None = None


class ChannelLeftBridge(Event, frozen=True, tag=True):
    bridge: Bridge
    channel: Channel


class BridgeDestroyed(Event, frozen=True, tag=True):
    bridge: Bridge


class Dial(Event, frozen=True, tag=True):
    """Progress of a dial. Never its outcome: a 603 shows as NOANSWER, a time-out has no last ``Dial`` at all."""

    peer: Channel
    dialstatus: str


class PlaybackStarted(Event, frozen=True, tag=True):
    playback: Playback


class PlaybackFinished(Event, frozen=True, tag=True):
    playback: Playback


class RecordingFinished(Event, frozen=True, tag=True):
    recording: LiveRecording


class RecordingFailed(Event, frozen=True, tag=True):
    recording: LiveRecording


class EndpointStateChange(Event, frozen=True, tag=True):
    endpoint: Endpoint


class PeerStatusChange(Event, frozen=True, tag=True):
    endpoint: Endpoint
    peer: Peer


class ContactStatusChange(Event, frozen=True, tag=True):
    endpoint: Endpoint
    contact_info: ContactInfo


class ApplicationReplaced(Event, frozen=True, tag=True):
    """Another websocket took this application's name: its events no longer come to us."""


class RESTResponse(Event, frozen=True, tag=True):
    """The answer to a request that we sent over the websocket; never leaves the connection."""

    request_id: str
    status_code: int
    reason_phrase: str = ""
    message_body: str = ""


KnownEvent = (
    StasisStart
    | StasisEnd
    | ChannelStateChange
    | ChannelHangupRequest
    | ChannelDestroyed
    | ChannelDtmfReceived
    | ChannelHold
    | ChannelUnhold
    | ChannelEnteredBridge
    | ChannelLeftBridge
    | BridgeDestroyed
    | Dial
    | PlaybackStarted
    | PlaybackFinished
    | RecordingFinished
    | RecordingFailed
    | EndpointStateChange
    | PeerStatusChange
    | ContactStatusChange
    | ApplicationReplaced
    | RESTResponse
)

NOT_WANTED: Final = (
    "BridgeAttendedTransfer",
    "BridgeBlindTransfer",
    "BridgeCreated",
    "BridgeDestroyed",
    "ChannelCallerId",
    "ChannelConnectedLine",
    "ChannelCreated",
    "ChannelDialplan",
    "ChannelEnteredBridge",
    "ChannelHangupRequest",
    "ChannelLeftBridge",
    "ChannelStateChange",
    "ChannelUserevent",
    "ChannelVarset",
    "Dial",
    "PlaybackContinuing",
    "PlaybackStarted",
    "RecordingStarted",
)
"""Types that Asterisk is told not to send us: most of what an ordinary call would make, and nothing follows from it.
That a phone rings (``ChannelStateChange``) is among them: a fact is stored before the next one is looked at, and the
answer that comes behind it must not wait for that. That a channel is in its bridge (``ChannelEnteredBridge``), the
answer to ``addChannel`` has said."""

NOT_WANTED_WHEN_WATCHING: Final = (
    *NOT_WANTED,
    "ChannelDestroyed",
    "ChannelDtmfReceived",
    "ChannelHold",
    "ChannelUnhold",
    "ContactStatusChange",
    "EndpointStateChange",
)
"""On the application that watches phones: an endpoint subscription carries all that happens on the endpoint's
channels, which the other application hears anyhow. A phone's coming and going is told three times; ``PeerStatusChange``
is the one that does not come again with each of the phone's calls."""


class UnknownEvent(Struct, frozen=True):
    """An event of a type that we do not use."""

    type: str


class Malformed(Struct, frozen=True):
    """A frame that is no event as ARI describes them. ``why`` names the place, never the content."""

    why: str


class _Typed(Struct, frozen=True):
    type: str


_EVENT = msgspec.json.Decoder(KnownEvent)
_TYPED = msgspec.json.Decoder(_Typed)
_KNOWN = frozenset(struct.__name__ for struct in KnownEvent.__args__)


def parse(frame: bytes | str) -> KnownEvent | UnknownEvent | Malformed:
    """One frame of the websocket, typed. Never raises, whatever the frame holds."""
    try:
        event: KnownEvent = _EVENT.decode(frame)
        return event
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return _what_else(frame, str(error))


def _what_else(frame: bytes | str, why: str) -> UnknownEvent | Malformed:
    try:
        kind = _TYPED.decode(frame).type
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Malformed(why)
    return Malformed(f"{kind}: {why}") if kind in _KNOWN else UnknownEvent(kind)
