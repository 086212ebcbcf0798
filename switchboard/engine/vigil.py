"""The vigil: who talks is listened for.

Every two seconds Asterisk is asked, for every leg that talks, how many packets of voice came from it. One whose count
has stood still for some seconds is silent, which becomes a fact (``LegSilent``); what follows from it, the core decides
(``core/silence.py``). Counts are known here only: after a start everybody is listened to afresh. While everybody is
heard, nothing is stored.
"""

from __future__ import annotations

import asyncio

import structlog
from msgspec import Struct

from switchboard.core.facts import LegSilent
from switchboard.core.ids import LegId
from switchboard.core.silence import talking_legs
from switchboard.engine.loop import Loop
from switchboard.engine.ports import Clock, Refused, SwitchAway, VoiceMeter
from switchboard.engine.rounds import go_rounds

EVERY_S = 2.0
SILENT_AFTER_MS = 3_000
"""Shorter pauses are breath. With a look every two seconds silence is noticed after four to six."""
AGAIN_MS = 30_000
"""Nobody whose phone is there is told of more often, however often they fall silent: many phones send nothing while
one listens."""
_AT_ONCE = 4
"""Asterisk answers one request after the other: what callers wait for must not stand behind hundreds of ours."""

_log = structlog.get_logger()


class _Heard(Struct):
    packets: int
    grew_at_ms: int
    """When the count was found to have grown, or was first asked for."""
    told_at_ms: int | None = None


class Vigil:
    def __init__(self, loop: Loop, meter: VoiceMeter, clock: Clock) -> None:
        self._loop = loop
        self._meter = meter
        self._clock = clock
        self._heard: dict[LegId, _Heard] = {}
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Listen until cancelled. Nothing that goes wrong ends it."""
        await go_rounds("vigil", self.round, EVERY_S)

    async def round(self) -> None:
        """One look at every leg that talks. Raises ``InboxFull``."""
        floor = self._loop.exchange.floor
        if not floor.switch_ready:
            return
        legs = dict(talking_legs(floor))
        self._heard = {leg: heard for leg, heard in self._heard.items() if leg in legs}
        for leg, packets in zip(legs, await asyncio.gather(*map(self._count, legs)), strict=True):
            if packets is not None and self._is_news(leg, packets, phone_gone=legs[leg]):
                _log.info("vigil.silent", leg=leg, phone_gone=legs[leg])
                self._loop.post(LegSilent(leg))

    async def _count(self, leg: LegId) -> int | None:
        """``None`` is no news: who vanished from Asterisk itself is found by the patrol."""
        async with self._free:
            try:
                return await self._meter.voice_packets(leg)
            except SwitchAway:
                return None
            except Refused as refused:
                _log.info("vigil.not_counted", leg=leg, reason=refused.why)
                return None

    def _is_news(self, leg: LegId, packets: int, *, phone_gone: bool) -> bool:
        """Take the count down; whether the leg is silent and the exchange should hear of it (again)."""
        now_ms = self._clock.now_ms()
        heard = self._heard.setdefault(leg, _Heard(packets, now_ms))
        if packets != heard.packets:
            heard.packets, heard.grew_at_ms = packets, now_ms
        if now_ms - heard.grew_at_ms < SILENT_AFTER_MS:
            return False
        if heard.told_at_ms is not None and now_ms - heard.told_at_ms < AGAIN_MS and not phone_gone:
            return False
        heard.told_at_ms = now_ms
        return True
