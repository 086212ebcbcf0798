"""Keys count once they are over, also for who is at the other end.

A phone that sends its keys by SIP INFO tells of each at once, with the length it is meant to have. Asterisk tells us
then, and makes the key for the others in the bridge: its beginning now, its end that much later, from the leg's own
voice. Who is taken out of their bridge in between, or is played something, never sends that end. The other party has
a key that goes on for good, and hears nothing else any more. (A key in the voice, by RFC 4733, is over when Asterisk
tells us; the two cannot be told apart. So that one waits as well: a fifth of a second, as a rule.)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from switchboard.core.facts import Fact, KeyPressed
from switchboard.core.ids import LegId
from switchboard.engine.ports import InboxFull

SHORTEST_MS, LONGEST_MS = 80, 1_000
"""Asterisk makes none shorter; a phone that claims more is not waited for."""
_UNTIL_SENT_MS = 120
"""The end goes with one of the next packets of voice, and Asterisk may be late."""
_AGAIN_S = 0.1
"""Where there is no room for a key, it is handed in again then."""


class KeysUntilOver:
    """``submit`` takes a fact or raises ``InboxFull``."""

    def __init__(self, submit: Callable[[Fact], None]) -> None:
        self._submit = submit
        self._waiting: dict[LegId, deque[tuple[float, KeyPressed]]] = {}
        """The keys of each leg as they were pressed, each with when it is over, by the event loop's time."""
        self._timers: dict[LegId, asyncio.TimerHandle] = {}
        """For the first of each leg."""

    def begun(self, key: KeyPressed, duration_ms: int) -> None:
        """Hand it in when it is over, behind those that the same phone sent before."""
        lasts_ms = min(max(duration_ms, SHORTEST_MS), LONGEST_MS) + _UNTIL_SENT_MS
        over_at_s = asyncio.get_running_loop().time() + lasts_ms / 1000
        before = self._waiting.setdefault(key.leg, deque())
        before.append((over_at_s, key))
        if len(before) == 1:
            self._wait(key.leg, over_at_s)

    def _wait(self, leg: LegId, until_s: float) -> None:
        self._timers[leg] = asyncio.get_running_loop().call_at(until_s, self._hand_in, leg)

    def _hand_in(self, leg: LegId) -> None:
        keys = self._waiting[leg]
        try:
            self._submit(keys[0][1])
        except InboxFull:  # whoever hands in the next event connects afresh, or there is room by then
            self._wait(leg, asyncio.get_running_loop().time() + _AGAIN_S)
            return
        keys.popleft()
        if keys:
            self._wait(leg, keys[0][0])
        else:
            del self._waiting[leg], self._timers[leg]

    def forget(self) -> None:
        """The connection is gone: what follows these keys would not be heard of either."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._waiting.clear()
