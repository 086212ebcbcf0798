"""From ARI's words to facts: pure, and the only place that knows what the dialplan's ``Stasis()`` arguments
mean.

The dialplan sends a channel to us with one of
    Stasis(switchboard,line,<number dialled>)      a call on one of the company's lines
    Stasis(switchboard,phone,<what was dialled>)   a call that a member of staff places
and the legs that we make come with ``ring``. What became of such a leg is told by its ``StasisStart``
(answered) or its ``ChannelDestroyed`` (not answered, or over), never by ``Dial``: a refusal shows there as
NOANSWER, a time-out not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from switchboard.adapters.asterisk.dialled import without_pin
from switchboard.adapters.asterisk.events import (
    Channel,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelEnteredBridge,
    ChannelHold,
    ChannelStateChange,
    ChannelUnhold,
    EndpointStateChange,
    KnownEvent,
    PeerStatusChange,
    PlaybackFinished,
    RecordingFailed,
    RecordingFinished,
    StasisEnd,
    StasisStart,
)
from switchboard.adapters.asterisk.link import Survey
from switchboard.core.facts import (
    CallArrived,
    Entrance,
    Fact,
    Found,
    FoundLeg,
    FoundStandIn,
    KeyPressed,
    LegAnswered,
    LegBridged,
    LegEnded,
    LegHeld,
    LegLeft,
    LegRinging,
    LegTransferred,
    LegUnheld,
    PhoneSeen,
    PlaybackEnded,
    RecordingEnded,
)
from switchboard.core.ids import BridgeId, LegId, PhoneId, PlaybackId, RecordingId

FROM_LINE: Final = "line"
FROM_PHONE: Final = "phone"
TRANSFERRED: Final = "transfer"
OURS: Final = "ring"
"""First ``Stasis()`` argument of a channel: where it came in, or that we made it."""

_BLIND = re.compile(r"Local/(.*)@from-transfer-[0-9a-f]+;1")
_ATTENDED = re.compile(r"(Local/_attended@transfer-[0-9a-f]+);([12])")
"""The names of what Asterisk puts in a phone's place when it transfers: to a number, or its two calls to each other."""
_OUR_ID = re.compile(r"[0-9a-f]{32}")


class Half(Struct, frozen=True):
    """One half of the pair by which Asterisk joins the two calls of a phone that transferred one to the other."""

    pair: str
    """What both halves are called, but for their last digit."""
    first: bool
    """It stands for the phone's leg of the call that the REFER came in."""
    leg: LegId
    """The phone's leg in whose place it is."""
    stand_in: LegId


class Stray(Struct, frozen=True):
    """A channel came to us that no part of our dialplan sends: ``why`` says what is odd about it."""

    leg: LegId
    why: str


def decode(event: KnownEvent, app: str) -> Fact | Half | Stray | None:
    """The fact that ``event`` tells; ``None`` when it tells nothing that the exchange needs.

    Channels speak to application ``app`` only: the other one hears of the same ones, through their phones.
    """
    match event:
        case EndpointStateChange(endpoint=endpoint) if endpoint.technology == "PJSIP":
            return PhoneSeen(PhoneId(endpoint.resource), endpoint.state == "online")
        case PeerStatusChange(endpoint=endpoint, peer=peer) if endpoint.technology == "PJSIP":
            return PhoneSeen(PhoneId(endpoint.resource), peer.peer_status == "Reachable")
        case _ if event.application != app:
            return None
        case StasisStart():
            return _start(event)
        case ChannelStateChange(channel=Channel(id=leg, state="Ringing")):
            return LegRinging(LegId(leg))
        case ChannelEnteredBridge(channel=Channel(id=leg), bridge=bridge):
            return LegBridged(LegId(leg), BridgeId(bridge.id))
        case ChannelDtmfReceived(channel=Channel(id=leg), digit=key):
            return KeyPressed(LegId(leg), key)
        case StasisEnd(channel=Channel(id=leg)):
            return LegLeft(LegId(leg))
        case ChannelDestroyed(channel=Channel(id=leg), cause=cause, tech_cause=code):
            return LegEnded(LegId(leg), cause, code or None)
        case ChannelHold(channel=Channel(id=leg)):
            return LegHeld(LegId(leg))
        case ChannelUnhold(channel=Channel(id=leg)):
            return LegUnheld(LegId(leg))
        case PlaybackFinished(playback=playback):
            return PlaybackEnded(PlaybackId(playback.id), heard=playback.state == "done")
        case RecordingFinished(recording=recording):
            talking_ms = recording.talking_duration * 1000 if recording.talking_duration is not None else None
            return RecordingEnded(
                RecordingId(recording.name), duration_ms=recording.duration * 1000, talking_ms=talking_ms
            )
        case RecordingFailed(recording=recording):
            return RecordingEnded(RecordingId(recording.name), kept=False, why=recording.cause)
        case _:
            return None


def found(survey: Survey, app: str) -> Found:
    """What a survey says, in our words. Channels that are not ours to steer are left out."""
    bridge_of = {channel: BridgeId(bridge.id) for bridge in survey.bridges for channel in bridge.channels}
    found_legs = [(one, _found_leg(one, app, bridge_of.get(one.id), survey.at_ms)) for one in survey.channels]
    bridges = (BridgeId(bridge.id) for bridge in survey.bridges if _OUR_ID.fullmatch(bridge.id))
    phones = (PhoneId(endpoint.resource) for endpoint in survey.endpoints if endpoint.state == "online")
    legs = sorted((leg for _, leg in found_legs if leg is not None), key=lambda one: one.leg)
    staffs = {endpoint.resource for endpoint in survey.endpoints}
    engaged = {phone for channel, leg in found_legs if leg is None and (phone := _phone_of(channel)) in staffs}
    stand_ins = sorted(_stand_ins(survey.channels, bridge_of), key=lambda one: one.legs)
    return Found(
        tuple(legs),
        tuple(sorted(bridges)),
        tuple(sorted(phones)),
        tuple(sorted(filter(None, engaged))),
        tuple(stand_ins),
    )


def _found_leg(channel: Channel, app: str, bridge: BridgeId | None, at_ms: int) -> FoundLeg | None:
    """In Stasis for us; or made by us and still ringing: then only its id tells. ``None`` for all others."""
    leg, name, data = LegId(channel.id), channel.dialplan.app_name, channel.dialplan.app_data.split(",")
    is_here = name == "Stasis" and data[0] == app
    if _OUR_ID.fullmatch(channel.id):
        return FoundLeg(leg, is_here and channel.state == "Up", bridge)
    arrival = _arrival(channel, tuple(data[1:])) if is_here else None
    if not isinstance(arrival, CallArrived):
        return None
    arrival = replace(arrival, waited_ms=_age_ms(channel, at_ms))
    return FoundLeg(leg, channel.state == "Up", bridge, arrival)


def typed_on_a_phone(args: tuple[str, ...]) -> str:
    """What was dialled on a staff phone, a PIN included; empty for all other channels."""
    return ",".join(args[1:]) if args[:1] == (FROM_PHONE,) else ""


def _age_ms(channel: Channel, at_ms: int) -> int:
    """How old the channel was at this moment; 0 when that cannot be told."""
    try:
        made_ms = int(datetime.fromisoformat(channel.creationtime).timestamp() * 1000)
    except ValueError:
        return 0
    return max(0, at_ms - made_ms)


def _start(event: StasisStart) -> Fact | Half | Stray | None:
    if event.replace_channel is not None:
        return _in_place_of(LegId(event.replace_channel.id), event.channel)
    if event.args[:1] == (TRANSFERRED,):
        return None  # the other half of what takes the phone's place, which says all there is to say
    return _arrival(event.channel, event.args)


def _in_place_of(leg: LegId, stand_in: Channel) -> Fact | Half | Stray:
    """What a phone did when this channel takes its leg's place. It stays in Stasis; ``leg`` leaves."""
    if (blind := _BLIND.fullmatch(stand_in.name)) is not None:
        return LegTransferred(leg, blind[1], (LegId(stand_in.id),))
    if (half := _ATTENDED.fullmatch(stand_in.name)) is not None:
        return Half(half[1], half[2] == "1", leg, LegId(stand_in.id))
    return Stray(LegId(stand_in.id), "it takes another channel's place, and not by a transfer that a phone made")


def _stand_ins(channels: Sequence[Channel], bridge_of: Mapping[str, BridgeId]) -> Iterator[FoundStandIn]:
    """The transfers that phones made and nobody has finished."""
    halves: dict[str, dict[str, Channel]] = {}
    for channel in channels:
        if (blind := _BLIND.fullmatch(channel.name)) is not None:
            yield FoundStandIn((LegId(channel.id),), bridge_of.get(channel.id), blind[1])
        elif (half := _ATTENDED.fullmatch(channel.name)) is not None:
            halves.setdefault(half[1], {})[half[2]] = channel
    for pair in halves.values():
        ids = tuple(LegId(channel.id) for _, channel in sorted(pair.items()))
        first, second = (bridge_of.get(pair[digit].id) if digit in pair else None for digit in "12")
        yield FoundStandIn(ids, first, None, second)


def _arrival(channel: Channel, args: tuple[str, ...]) -> Fact | Stray:
    """What a channel means that came to us with these arguments of ``Stasis()``."""
    leg = LegId(channel.id)
    match args:
        case (kind, *_) if kind == OURS:
            return LegAnswered(leg)
        case (kind, *dialled) if kind == FROM_LINE:
            return CallArrived(leg, Entrance.LINE, channel.caller.number, ",".join(dialled))
        case (kind, *dialled) if kind == FROM_PHONE:
            phone = _phone_of(channel)
            if phone is None:
                return Stray(leg, "it claims to be a staff phone but is no SIP channel")
            shown, _ = without_pin(",".join(dialled))
            return CallArrived(leg, Entrance.PHONE, channel.caller.number, shown, phone)
        case _:
            return Stray(leg, "its Stasis() arguments are none of ours")


def _phone_of(channel: Channel) -> PhoneId | None:
    """``PJSIP/101-0000001a`` → ``101``; ``None`` for other technologies."""
    technology, _, rest = channel.name.partition("/")
    phone = rest.rpartition("-")[0]
    return PhoneId(phone) if technology == "PJSIP" and phone else None
