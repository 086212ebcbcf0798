"""Admission: how many callers are taken on at once, so that those who are get served well.

Beyond the limits a caller goes to Asterisk's own queue straight away, which is a worse service than ours, but a better
one than a call that waits in silence for a machine with too much to do.
"""

from __future__ import annotations

from switchboard.core.floor import Floor

_BURST_US = 2_000_000
"""So much of the rate may come at once."""


def why_not_taken(floor: Floor) -> str | None:
    """Why a caller who comes now is not taken on; ``None``: is, and counts towards the rate (as in GCRA)."""
    limits = floor.policy.limits
    if len(floor.calls) >= limits.calls_at_once:
        return f"{limits.calls_at_once} calls are under way"
    now_us = floor.at_ms * 1_000
    due_us = max(floor.next_arrival_us, now_us)
    if due_us - now_us > _BURST_US:
        return f"more than {limits.new_calls_per_s} calls a second come in"
    floor.next_arrival_us = due_us + 1_000_000 // limits.new_calls_per_s
    return None
