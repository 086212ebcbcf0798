"""From the connection into the engine's inbox: each event's fact, in order.

Facts are stored for good, so what says nothing new is left out here: Asterisk repeats a phone's state
whenever one of its channels comes or goes.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from switchboard.adapters.asterisk.decode import Stray, decode, found, typed_on_a_phone
from switchboard.adapters.asterisk.dialled import DialledPins
from switchboard.adapters.asterisk.events import KnownEvent, StasisStart
from switchboard.adapters.asterisk.link import Survey
from switchboard.core.facts import Fact, PhoneSeen, SwitchLost, SwitchReady
from switchboard.core.ids import LegId, PhoneId

log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class AsteriskFeed:
    """The connection's listener. ``submit`` takes a fact or raises ``InboxFull``: then we connect afresh."""

    def __init__(self, submit: Callable[[Fact], None], app: str) -> None:
        self._submit = submit
        self._app = app
        self._registered: dict[PhoneId, bool] = {}
        self.pins = DialledPins()
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
            case PhoneSeen(phone=phone, registered=registered) as fact:
                if self._registered.get(phone) is not registered:
                    self._submit(fact)
                    self._registered[phone] = registered
            case fact:
                self._submit(fact)

    def lost(self, why: str) -> None:
        self._submit(SwitchLost(why))
