"""The machine of call states as diagrams, drawn from its table."""

from __future__ import annotations

from collections.abc import Collection

from switchboard.core.call_state import (
    FOLLOWS,
    CallState,
    Connecting,
    Ending,
    LookingUp,
    OnHold,
    Parked,
    Ringing,
    Saying,
    Summoning,
    Talking,
    Waiting,
)


def mermaid(states: Collection[type[CallState]] = tuple(FOLLOWS)) -> str:
    """The machine, or the part of it that these states are, as a diagram drawn from ``FOLLOWS``."""
    begins = [state.__name__ for state in (LookingUp, Summoning) if state in states]
    lines = ["stateDiagram-v2", *(f"    [*] --> {name}" for name in begins)]
    for state, followers in FOLLOWS.items():
        there = [after for after in followers if after is not state and after in states and state in states]
        lines += [f"    {state.__name__} --> {after.__name__}" for after in there]
    return "\n".join([*lines, "    Ending --> [*]", ""])


HAND_OVER: tuple[type[CallState], ...] = (Talking, OnHold, Parked, Ringing, Waiting, Connecting, Saying, Ending)
"""The states of a call that somebody gives away."""
