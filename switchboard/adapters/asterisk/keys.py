"""Keys count once they are over, also for who is at the other end.

A phone that sends its keys by SIP INFO tells of each at once, with the length it is meant to have. Asterisk tells us
then, and makes the key for the others in the bridge: its beginning now, its end that much later, from the leg's own
voice. Who is taken out of their bridge in between, or is played something, never sends that end. The other party has
a key that goes on for good, and hears nothing else any more. (A key in the voice, by RFC 4733, is over when Asterisk
tells us; the two cannot be told apart. So that one waits as well: a fifth of a second, as a rule.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from switchboard.core.facts import Fact, KeyPressed
from switchboard.core.ids import LegId
from switchboard.engine.ports import InboxFull

SHORTEST_MS, LONGEST_MS = 80, 1_000
"""Asterisk makes none shorter; a phone that claims more is not waited for."""
_UNTIL_SENT_MS = 120
"""The end goes with one of the next packets of voice, and Asterisk may be late."""
_APART_S = 0.001
"""Timers of the same moment go off in any order."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class KeysUntilOver:
    """``submit`` takes a fact or raises ``InboxFull``."""

    def __init__(self, submit: Callable[[Fact], None]) -> None:
        self._submit = submit
        self._over_at_s: dict[LegId, float] = {}
        """Of legs with keys that are not over: when the last of them is, by the event loop's time."""
        self._waiting: set[asyncio.TimerHandle] = set()

    def begun(self, key: KeyPressed, duration_ms: int) -> None:
        """Hand it in when it is over, behind those that the same phone sent before."""
        loop = asyncio.get_running_loop()
        lasts_ms = min(max(duration_ms, SHORTEST_MS), LONGEST_MS) + _UNTIL_SENT_MS
        over_at_s = max(loop.time() + lasts_ms / 1000, self._over_at_s.get(key.leg, 0.0) + _APART_S)
        self._over_at_s[key.leg] = over_at_s

        def over() -> None:
            self._waiting.discard(timer)
            if self._over_at_s.get(key.leg) == over_at_s:
                del self._over_at_s[key.leg]
            try:
                self._submit(key)
            except InboxFull as full:
                _log.warning("key.dropped", leg=key.leg, reason=str(full))

        timer = loop.call_at(over_at_s, over)
        self._waiting.add(timer)

    def forget(self) -> None:
        """The connection is gone: what follows these keys would not be heard of either."""
        for timer in self._waiting:
            timer.cancel()
        self._waiting.clear()
        self._over_at_s.clear()
