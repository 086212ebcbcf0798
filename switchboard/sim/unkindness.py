"""How often things go wrong in the simulated world; what each of them is, ``world`` says."""

from __future__ import annotations

from msgspec import Struct


class Unkindness(Struct, frozen=True):
    """How often, 0–1, things go wrong; ``outage_every_ms`` is a mean, 0 for never."""

    late: float = 0.01
    double: float = 0.02
    lose: float = 0.005
    refuse: float = 0.005
    fall_out: float = 0.002
    outage_every_ms: int = 1_800_000


KIND = Unkindness(late=0.0, double=0.0, lose=0.0, refuse=0.0, fall_out=0.0, outage_every_ms=0)
"""Nothing goes wrong; things still take their time."""
