"""Things done at chosen moments, and what the wire says about when they really happened.

Moments are microseconds since the epoch, as SIPp stamps its messages. A command reaches a phone within a fraction of
a millisecond, most of the time: what counts is always the stamp of what the phone then sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

import asyncpg

from devkit.company import Company
from devkit.crowd import Callers, PhoneBank
from devkit.processes import Deadline
from devkit.sip_log import CallResult

T = TypeVar("T")
_SPIN_US = 1_500
_SAME_MOMENT_US = 50_000


def now_us() -> int:
    return time.time_ns() // 1_000


async def until(at_us: int) -> None:
    """Return at this moment, or at once when it is over."""
    while (left_us := at_us - now_us()) > 0:
        await asyncio.sleep((left_us - _SPIN_US) / 1_000_000 if left_us > _SPIN_US else 0)


async def seen(look: Callable[[], T | None], awaited: str, timeout_s: float = 5) -> T:
    """Look every millisecond until there is something. Raises TimeoutError naming what was awaited."""
    deadline = Deadline(timeout_s, awaited)
    while (found := look()) is None:
        await deadline.pause(0.001)
    return found


async def dialled(callers: Callers) -> CallResult:
    """The one call of these callers, as soon as its INVITE is on the wire."""
    await callers.start()
    return await seen(lambda: next(iter(callers.calls()), None), "the INVITE")


async def rings(bank: PhoneBank, number: str, many: int = 1) -> list[CallResult]:
    """The legs that ring for the caller with this ``number``, once there are so many."""

    def look() -> list[CallResult] | None:
        legs = [leg for leg in bank.ringing() if number in leg.from_header and leg.ringing_us is not None]
        return legs if len(legs) >= many else None

    return await seen(look, f"{many} phones to ring")


def over_us(leg: CallResult) -> int | None:
    """When this leg was told to end, or refused; None while it lives."""
    if not leg.answered:
        return leg.cancelled_us or leg.final_us
    return leg.bye_us


async def gone(crowd: Company, timeout_s: float = 5) -> int:
    """Wait until Asterisk has no channel left; the moment when that was seen. Raises TimeoutError."""
    deadline = Deadline(timeout_s, "the last channel to go")
    while await crowd.ari("channels"):
        await deadline.pause(0.01)
    return now_us()


async def ready_after(crowd: Company, person: str, after_us: int) -> float | None:
    """Milliseconds from that moment until this person was ready again, on record; None: never was.

    Asterisk tells us that a leg is gone in the moment in which it tells the phone: either may be a little earlier.
    """
    rows: list[asyncpg.Record] = await crowd.query(
        "SELECT at FROM person_event WHERE person = $1 AND state = 'ready' AND at >= to_timestamp($2::float8)"
        " ORDER BY at LIMIT 1",
        person,
        (after_us - _SAME_MOMENT_US) / 1_000_000,
    )
    return (rows[0]["at"].timestamp() * 1_000_000 - after_us) / 1_000 if rows else None
