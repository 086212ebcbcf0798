"""Pitch: who is heard, where several speak at once. Everybody hums a tone of their own, which is looked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from devkit.ear import FRAME, Frame, a_law

RATE_HZ = 8_000
LOW, MIDDLE, HIGH = 450, 1_000, 1_750
"""Hz, multiples of 50: a frame holds whole periods of each, so that frames follow each other without a click."""
_LOUD = 6_000
_HEARD = 1_500
"""Amplitude of a tone that is there, after whatever Asterisk does when it mixes; of what is not there, some 100."""


def hum(hz: int) -> bytes:
    """One frame of this tone as A-law on the wire."""
    return bytes(a_law(round(_LOUD * math.sin(2 * math.pi * hz * at / RATE_HZ))) for at in range(FRAME))


@lru_cache(maxsize=1)
def _samples() -> list[int]:
    """What each byte of A-law means."""
    meant: dict[int, int] = {}
    for sample in range(-32_768, 32_768, 8):
        meant.setdefault(a_law(sample), sample)
    return [meant.get(code, 0) for code in range(256)]


def loudness(frame: bytes, hz: int) -> float:
    """Amplitude of this tone in a frame, in units of 16-bit samples."""
    table = _samples()
    angle = 2 * math.pi * hz / RATE_HZ
    real = sum(table[code] * math.cos(angle * at) for at, code in enumerate(frame))
    imaginary = sum(table[code] * math.sin(angle * at) for at, code in enumerate(frame))
    return 2 * math.hypot(real, imaginary) / max(len(frame), 1)


def heard(frames: Sequence[Frame], tones: Sequence[int] = (LOW, MIDDLE, HIGH)) -> dict[int, float]:
    """For each tone, in what part of the frames it is heard, 0–1."""
    loud = [{hz: loudness(frame.payload, hz) >= _HEARD for hz in tones} for frame in frames]
    return {hz: sum(one[hz] for one in loud) / max(len(loud), 1) for hz in tones}
