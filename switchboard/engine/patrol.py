"""The patrol: every few seconds Asterisk is asked what lives there, and what we did not hear of becomes facts.

A lost event must not leave a person "busy" for ever, nor a caller with nobody. But a survey and the events race: what
a survey says may be on its way to us already. So a difference counts only when a second survey, a moment later, still
shows it, and only while no fact waits to be handled. When all is well, which is nearly always, nothing is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from switchboard.core.facts import Fact
from switchboard.core.survey import differences
from switchboard.engine.lanes import ACTION_AT_MOST_S
from switchboard.engine.loop import Loop
from switchboard.engine.ports import Clock, Surveyor
from switchboard.engine.rounds import go_rounds

EVERY_S = 3.0
CONFIRM_AFTER_S = 1.0
YOUNG_MS = int(ACTION_AT_MOST_S * 1000) + 500
"""A leg younger than this may still be on its way: the action that makes it takes so long at most."""
_TRIES, _TRY_AGAIN_S = 5, 0.05
"""Of a survey that facts overtook."""

_log = structlog.get_logger()


class Patrol:
    def __init__(self, loop: Loop, switch: Surveyor, clock: Clock) -> None:
        self._loop = loop
        self._switch = switch
        self._clock = clock
        self.repaired = 0
        """Differences that were made good."""

    async def run(self) -> None:
        """Go the rounds until cancelled. Nothing that goes wrong ends it."""
        await go_rounds("patrol", self.round, EVERY_S)

    async def round(self) -> None:
        """One survey; a second one if the first found anything; what both say happens. Raises ``Refused``."""
        doubts = await self._differences()
        if not doubts:
            return
        await asyncio.sleep(CONFIRM_AFTER_S)
        known = [_about(doubt) for doubt in doubts]
        for fact in await self._differences():
            if _about(fact) in known:
                self.repaired += 1
                _log.warning("patrol.repairs", **_about(fact))
                self._loop.post(fact)

    async def _differences(self) -> Sequence[Fact]:
        floor = self._loop.exchange.floor
        for _ in range(_TRIES):
            if not floor.switch_ready:
                break
            asked_at_ms = self._clock.now_ms()
            found = await self._switch.survey()
            if not self._loop.waiting and floor.switch_ready:
                return differences(floor, found, asked_at_ms, asked_at_ms - YOUNG_MS)
            await asyncio.sleep(_TRY_AGAIN_S)
        return ()


def _about(fact: Fact) -> dict[str, str]:
    """The fact and what it is about; never a number. Two of one kind about the same are the same news."""
    names = ("leg", "bridge", "phone", "registered", "engaged")
    about = {name: str(getattr(fact, name)) for name in names if getattr(fact, name, None) is not None}
    return {"fact": type(fact).__name__, **about}
