"""From the connection into the engine's inbox: each event's fact, in order; keys once they are over.

Facts are stored for good, so what says nothing new is left out here: Asterisk repeats a phone's state
whenever one of its channels comes or goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from switchboard.adapters.asterisk.decode import Half, Stray, decode, found, typed_on_a_phone
from switchboard.adapters.asterisk.dialled import DialledPins
from switchboard.adapters.asterisk.events import ChannelDtmfReceived, KnownEvent, StasisStart
from switchboard.adapters.asterisk.keys import KeysUntilOver
from switchboard.adapters.asterisk.link import Survey
from switchboard.core.facts import Fact, KeyPressed, LegLeft, LegsTransferred, PhoneSeen, SwitchLost, SwitchReady
from switchboard.core.ids import LegId, PhoneId

log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)
_HALF_AT_MOST_S = 1.0
"""The two halves come within milliseconds of each other."""


class AsteriskFeed:
    """The connection's listener. ``submit`` takes a fact or raises ``InboxFull``: then we connect afresh."""

    def __init__(self, submit: Callable[[Fact], None], app: str) -> None:
        self._submit = submit
        self._app = app
        self._registered: dict[PhoneId, bool] = {}
        self.pins = DialledPins()
        self._keys = KeysUntilOver(submit)
        self._halves: dict[str, Half] = {}
        """Of the pair by which Asterisk joins two calls, the half that came first."""
        self._replaced: dict[LegId, bool] = {}
        """Legs in whose place such a half is, while the other is awaited; and whether they have left."""
        self.strays = 0
        """Channels that came to us but belong to no call."""

    def surveyed(self, survey: Survey) -> None:
        seen = found(survey, self._app)
        self._registered = {PhoneId(endpoint.resource): False for endpoint in survey.endpoints}
        self._registered.update(dict.fromkeys(seen.phones, True))
        for channel in survey.channels:
            app, *args = channel.dialplan.app_data.split(",")
            if channel.dialplan.app_name == "Stasis" and app == self._app:
                self.pins.keep(LegId(channel.id), typed_on_a_phone(tuple(args)))
        self._submit(SwitchReady(seen, survey.switch))

    def happened(self, event: KnownEvent) -> None:
        if isinstance(event, StasisStart) and event.application == self._app:
            self.pins.keep(LegId(event.channel.id), typed_on_a_phone(event.args))
        match decode(event, self._app):
            case None:
                pass
            case Stray(leg=leg, why=why):
                self.strays += 1
                log.error("stray_channel", leg=leg, why=why)
            case Half() as half:
                self._meet_half(half)
            case KeyPressed() as key:
                assert isinstance(event, ChannelDtmfReceived)
                self._keys.begun(key, event.duration_ms)
            case LegLeft(leg=leg) if leg in self._replaced:
                self._replaced[leg] = True
            case PhoneSeen(phone=phone, registered=registered) as fact:
                if self._registered.get(phone) is not registered:
                    self._submit(fact)
                    self._registered[phone] = registered
            case fact:
                self._submit(fact)

    def _meet_half(self, half: Half) -> None:
        """Both halves make one fact. The phone's legs leave while only one is known, and must not be taken for somebody
        who hangs up: their leaving is told afterwards."""
        self._replaced.setdefault(half.leg, False)
        other = self._halves.pop(half.pair, None)
        if other is None:
            self._halves[half.pair] = half
            asyncio.get_running_loop().call_later(_HALF_AT_MOST_S, self._give_up_half, half)
            return
        first, second = (half, other) if half.first else (other, half)
        self._submit(LegsTransferred(first.leg, second.leg, (first.stand_in, second.stand_in)))
        for one in (first, second):
            self._tell_left(one.leg)

    def _give_up_half(self, half: Half) -> None:
        """The other half did not come: the survey will say what there is."""
        if self._halves.get(half.pair) is half:
            del self._halves[half.pair]
            self._tell_left(half.leg)

    def _tell_left(self, leg: LegId) -> None:
        if self._replaced.pop(leg, False):
            self._submit(LegLeft(leg))

    def lost(self, why: str) -> None:
        self._keys.forget()
        self._halves.clear()
        self._replaced.clear()
        self._submit(SwitchLost(why))
