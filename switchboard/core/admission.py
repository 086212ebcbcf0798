"""Admission: how many callers are taken on at once, so that those who are get served well.

Beyond the limits a caller goes to Asterisk's own queue straight away, which is a worse service than ours, but a better
one than a call that waits in silence for a machine with too much to do. A flood would drown that queue too: beyond a
limit of its own a caller is told at once to try again later (503), and their carrier may try another way.
"""

from __future__ import annotations

from msgspec import Struct

from switchboard.core.entries import Outcome
from switchboard.core.floor import Floor

_BURST_US = 2_000_000
"""So much of a rate may come at once."""


class NotTaken(Struct, frozen=True):
    """A caller is not taken on: ``overflow`` or ``turned_away``, and why."""

    outcome: Outcome
    why: str


def why_not_taken(floor: Floor) -> NotTaken | None:
    """What becomes of a caller who comes now; ``None``: is taken on. Either way counts towards its rate."""
    limits = floor.policy.limits
    too_many = f"{limits.calls_at_once} calls are under way"
    if len(floor.calls) < limits.calls_at_once:
        next_us = _let_through(floor, floor.next_arrival_us, limits.new_calls_per_s)
        if next_us is not None:
            floor.next_arrival_us = next_us
            return None
        too_many = f"more than {limits.new_calls_per_s} calls a second come in"
    next_us = _let_through(floor, floor.next_overflow_us, limits.overflow_calls_per_s)
    if next_us is None:
        return NotTaken(Outcome.TURNED_AWAY, f"{too_many}, and {limits.overflow_calls_per_s} a second are elsewhere")
    floor.next_overflow_us = next_us
    return NotTaken(Outcome.OVERFLOW, too_many)


def _let_through(floor: Floor, due_us: int, per_s: int) -> int | None:
    """When the next one would be due if one more is let through now (as in GCRA); ``None``: the rate is used up."""
    now_us = floor.at_ms * 1_000
    due_us = max(due_us, now_us)
    return None if due_us - now_us > _BURST_US else due_us + 1_000_000 // per_s
