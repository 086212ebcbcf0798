"""Which of the company's lines a number is."""

from __future__ import annotations

from functools import lru_cache

from switchboard.core.phone_number import read_number
from switchboard.core.policy import Line, Policy

read_often = lru_cache(maxsize=4_096)(read_number)
"""The same few lines are dialled, and many of the same clients call, all day long; reading one takes 50–150 µs."""


def find_line(policy: Policy, dialled: str) -> Line | None:
    """The line that has the number ``dialled``, however the carrier spells it; ``None`` when none has."""
    wanted = _same_number(policy, dialled)
    for line in policy.lines.values():
        if any(_same_number(policy, number) == wanted for number in line.numbers):
            return line
    return None


def _same_number(policy: Policy, dialled: str) -> str:
    return read_often(dialled, policy.number_plan).e164 or dialled.lstrip("+")
