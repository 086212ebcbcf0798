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
from typing import Final

from msgspec import Struct

from switchboard.adapters.asterisk.events import (
    Channel,
    ChannelDestroyed,
    ChannelEnteredBridge,
    ChannelStateChange,
    EndpointStateChange,
    KnownEvent,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
)
from switchboard.adapters.asterisk.link import Survey
from switchboard.core.facts import (
    CallArrived,
    Entrance,
    Fact,
    LegAnswered,
    LegBridged,
    LegEnded,
    LegLeft,
    LegRinging,
    PhoneSeen,
    PlaybackEnded,
    SwitchReady,
)
from switchboard.core.ids import BridgeId, LegId, PhoneId, PlaybackId

FROM_LINE: Final = "line"
FROM_PHONE: Final = "phone"
OURS: Final = "ring"
"""First ``Stasis()`` argument of a channel: where it came in, or that we made it."""

_OUR_ID = re.compile(r"[0-9a-f]{32}")


class Stray(Struct, frozen=True):
    """A channel came to us that no part of our dialplan sends: ``why`` says what is odd about it."""

    leg: LegId
    why: str


def decode(event: KnownEvent, app: str) -> Fact | Stray | None:
    """The fact that ``event`` tells; ``None`` when it tells nothing that the exchange needs.

    Channels speak to application ``app`` only: the other one hears of the same ones, through their phones.
    """
    match event:
        case EndpointStateChange(endpoint=endpoint) if endpoint.technology == "PJSIP":
            return PhoneSeen(PhoneId(endpoint.resource), endpoint.state == "online")
        case _ if event.application != app:
            return None
        case StasisStart():
            return _arrival(event)
        case ChannelStateChange(channel=Channel(id=leg, state="Ringing")):
            return LegRinging(LegId(leg))
        case ChannelEnteredBridge(channel=Channel(id=leg), bridge=bridge):
            return LegBridged(LegId(leg), BridgeId(bridge.id))
        case StasisEnd(channel=Channel(id=leg)):
            return LegLeft(LegId(leg))
        case ChannelDestroyed(channel=Channel(id=leg), cause=cause, tech_cause=code):
            return LegEnded(LegId(leg), cause, code or None)
        case PlaybackFinished(playback=playback):
            return PlaybackEnded(PlaybackId(playback.id), heard=playback.state == "done")
        case _:
            return None


def ready(survey: Survey, app: str) -> SwitchReady:
    """What a survey says, as the fact that begins every connection."""
    legs = sorted(LegId(channel.id) for channel in survey.channels if _is_ours(channel, app))
    phones = sorted(PhoneId(endpoint.resource) for endpoint in survey.endpoints if endpoint.state == "online")
    return SwitchReady(tuple(legs), tuple(phones))


def _arrival(event: StasisStart) -> Fact | Stray:
    channel = event.channel
    leg = LegId(channel.id)
    if event.replace_channel is not None:
        return Stray(leg, "it takes another channel's place (a transfer made by a phone)")
    match event.args:
        case (kind, *_) if kind == OURS:
            return LegAnswered(leg)
        case (kind, *dialled) if kind == FROM_LINE:
            return CallArrived(leg, Entrance.LINE, channel.caller.number, ",".join(dialled))
        case (kind, *dialled) if kind == FROM_PHONE:
            phone = _phone_of(channel)
            if phone is None:
                return Stray(leg, "it claims to be a staff phone but is no SIP channel")
            number = channel.caller.number
            return CallArrived(leg, Entrance.PHONE, number, ",".join(dialled), phone)
        case _:
            return Stray(leg, "its Stasis() arguments are none of ours")


def _phone_of(channel: Channel) -> PhoneId | None:
    """``PJSIP/101-0000001a`` → ``101``; ``None`` for other technologies."""
    technology, _, rest = channel.name.partition("/")
    phone = rest.rpartition("-")[0]
    return PhoneId(phone) if technology == "PJSIP" and phone else None


def _is_ours(channel: Channel, app: str) -> bool:
    """In Stasis for us; or made by us and still ringing: then only its id tells."""
    if _OUR_ID.fullmatch(channel.id):
        return True
    return channel.dialplan.app_name == "Stasis" and channel.dialplan.app_data.split(",")[0] == app
