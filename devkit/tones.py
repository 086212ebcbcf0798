"""A tone for each phone, so that whoever listens can tell whom they hear, also when several speak at once.

A tone's frequency is a multiple of 50 Hz, so that 20 ms of it, the voice of one packet, are whole waves: each packet is
the same, tones do not leak into each other, and none is in the tones or the music of Asterisk.
"""

import math
import struct
from functools import lru_cache

FRAME = 160
"""Samples, and bytes of A-law, in 20 ms."""
HOW_MANY = 40
_LOUDNESS = 6000.0
_LOWEST_HZ, _STEP_HZ, _RATE_HZ = 1550, 50, 8000
_SILENT = frozenset((0x55, 0xD5))


@lru_cache(maxsize=65_536)
def a_law(sample: int) -> int:
    """One sample of 16 bits as G.711 has it."""
    size, mask = sample >> 3, 0xD5
    if size < 0:
        size, mask = -size - 1, 0x55
    segment = max(size.bit_length() - 5, 0)
    return ((segment << 4) | ((size >> max(segment, 1)) & 0xF)) ^ mask


def _linear(code: int) -> int:
    """The middle of what this byte of A-law stands for."""
    code ^= 0x55
    segment, step = (code >> 4) & 7, code & 0xF
    size = (step << 4) + 8 if segment == 0 else ((step << 4) + 0x108) << (segment - 1)
    return size if code & 0x80 else -size


def hertz(tone: int) -> int:
    """Its frequency."""
    return _LOWEST_HZ + _STEP_HZ * tone


_LINEAR = [_linear(code) for code in range(256)]
_WAVES = [
    [(math.cos(turn * at), math.sin(turn * at)) for at in range(FRAME)]
    for turn in (2 * math.pi * hertz(tone) / _RATE_HZ for tone in range(HOW_MANY))
]


_FRAMES = [bytes(a_law(round(_LOUDNESS * sine)) for _, sine in wave) for wave in _WAVES]
_PURE = {frame: frozenset((tone,)) for tone, frame in enumerate(_FRAMES)}


def tone_frame(tone: int) -> bytes:
    """One packet of this tone, 0 … HOW_MANY - 1. Raises IndexError for others."""
    return _FRAMES[tone]


def is_pure(payload: bytes) -> bool:
    """Whether this packet is one tone and nothing else."""
    return payload in _PURE


@lru_cache(maxsize=4096)
def tones_in(payload: bytes) -> frozenset[int] | None:
    """Whose tones this packet has: none of them in silence; None: it sounds, but is no tone of ours (music, speech)."""
    if _SILENT.issuperset(payload) or len(payload) != FRAME:
        return frozenset()
    if (alone := _PURE.get(payload)) is not None:
        return alone
    samples = [_LINEAR[code] for code in payload]
    loudness = [math.hypot(*_parts(samples, tone)) * 2 / FRAME for tone in range(HOW_MANY)]
    heard = frozenset(tone for tone, each in enumerate(loudness) if each > _LOUDNESS / 4)
    whole = sum(sample * sample for sample in samples) / FRAME
    if sum(loudness[tone] ** 2 / 2 for tone in heard) > whole * 0.6:
        return heard
    return frozenset() if whole < 100 * 100 else None


def _parts(samples: list[int], tone: int) -> tuple[float, float]:
    even = odd = 0.0
    for sample, (cosine, sine) in zip(samples, _WAVES[tone], strict=True):
        even += sample * cosine
        odd += sample * sine
    return even, odd


def key_packet(key: str, step: int) -> bytes:
    """RFC 4733: one of the eight packets that make a key of 100 ms; the last three say that it ends."""
    ends = step > 4
    return struct.pack("!BBH", "0123456789*#".index(key), (0x80 if ends else 0) | 10, min(step + 1, 5) * FRAME)
