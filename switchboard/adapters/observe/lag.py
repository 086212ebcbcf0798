"""How late the event loop is: everything we do waits for it, so this is what our slowness comes from, if it does.

A sleep of ``EACH_S`` that wakes late was held up by whatever the loop did meanwhile, or by a machine that gave us no
processor; from inside the two look alike, and the caller feels both.
"""

from __future__ import annotations

import asyncio
from collections import deque
from statistics import median
from time import monotonic

from prometheus_client import CollectorRegistry, Gauge, Histogram

EACH_S = 0.1
_LOOKED_AT = 600
"""A minute of sleeps."""
_SUSTAINED = 50
"""So many sleeps in a row, five seconds at least, say that it is no passing moment."""
LATE_S = 0.1
"""A caller hears ringing some ten turns of the loop after they dialled: so late each time is a second."""
_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 20)


class LoopLag:
    """Run ``run()`` as a task for as long as the service lives."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._late_s: deque[float] = deque(maxlen=_LOOKED_AT)
        self._histogram = Histogram(
            "switchboard_loop_lag_seconds",
            "How late a sleep of 100 ms of the event loop woke",
            buckets=_BUCKETS_S,
            registry=registry,
        )
        worst = Gauge("switchboard_loop_lag_worst_seconds", "The latest of the last minute", registry=registry)
        worst.set_function(lambda: max(self._late_s, default=0.0))

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            began_s = monotonic()
            await asyncio.sleep(EACH_S)
            self.slept(monotonic() - began_s)

    def slept(self, took_s: float) -> None:
        """One sleep of ``EACH_S`` took so long."""
        late_s = max(0.0, took_s - EACH_S)
        self._histogram.observe(late_s)
        self._late_s.append(late_s)

    def problem(self) -> str | None:
        """What is wrong with the loop, for people; ``None``: nothing that lasts. One long stall is none: it is in the
        metrics, and over."""
        latest = list(self._late_s)[-_SUSTAINED:]
        if len(latest) < _SUSTAINED or (late_s := median(latest)) < LATE_S:
            return None
        return f"the event loop is late by {late_s * 1000:.0f} ms again and again: too little processor for these calls"
