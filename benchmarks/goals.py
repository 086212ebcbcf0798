"""What we want to reach, beside what was reached: one line for each goal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan

from benchmarks.crowd_windows import Drain
from benchmarks.field import Load, Side
from benchmarks.spread import Ratio, middle, percentile, ratio
from benchmarks.windows import Pair, Part


@dataclass(frozen=True)
class Reached:
    """``value`` with its spread should be no more than ``goal`` (or no less, with ``at_least``)."""

    what: str
    goal: float
    value: Ratio
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """``met`` and ``NOT met`` where the whole spread says so, ``about`` where the goal lies in it."""
        worst, best = (self.value.low, self.value.high) if self.at_least else (self.value.high, self.value.low)
        if isnan(worst):
            return "not measured"
        if worst == self.goal or (worst > self.goal) == self.at_least:
            return "met"
        return "about" if best == self.goal or (best > self.goal) == self.at_least else "NOT met"

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"  {self.what:<52} {sign} {self.goal:<7.3g} {self.value!s:<34} {self.verdict}"


def reached(
    pairs: Sequence[Pair], drains: Sequence[tuple[Drain, Drain]], found_per_s: Sequence[tuple[float, float]]
) -> Iterator[Reached]:
    """Of all goals. ``drains`` and ``found_per_s`` are (peer's, ours)."""
    yield Reached("reaction, median, ours / peer's", 1 / 60, of(pairs, Load.WAITING, _reaction, middle))
    yield Reached("reaction, p99", 1 / 40, of(pairs, Load.WAITING, _reaction, _p99))
    yield Reached("set-up with an operator free, median", 2.0, of(pairs, Load.FREE, _set_up, middle))
    if found_per_s:
        yield Reached("highest clean rate", 0.9, ratio(found_per_s, _least), at_least=True)
    yield Reached("processor time per call, all processes, operator free", 1.4, per_call(pairs, Load.FREE))
    for what, goal in (("messages", 12.0), ("requests", 6.0)):
        yield Reached(f"{what} between Asterisk and us, a plain call", goal, _each_call(pairs, what))
    later = ratio(pairs, lambda drawn: _both(drawn, Load.VOICE, _voice, middle), figure_of=_later)
    yield Reached("operator's answer → voice at the caller, ours - peer's, ms", 20.0, later)
    if drains:
        yield Reached("500 who wait, 50 operators: until the last is served", 0.75, ratio(drains, _drained))


def of(
    pairs: Sequence[Pair],
    load: Load,
    samples: Callable[[Part], Sequence[float]],
    figure: Callable[[Sequence[float]], float],
) -> Ratio:
    """Ours / the peer's, of one figure of all samples under this load."""
    return ratio(pairs, lambda drawn: _both(drawn, load, samples, figure))


def per_call(pairs: Sequence[Pair], load: Load) -> Ratio:
    """Processor time of a call, SIPp left out."""

    def each(drawn: Sequence[Pair], side: Side) -> float:
        parts = [pair.of(side, load) for pair in drawn]
        used_ms = sum(ms for part in parts for name, ms in part.used.used_ms.items() if name != "SIPp")
        return used_ms / max(1, sum(part.figures.calls for part in parts))

    return ratio(pairs, lambda drawn: (each(drawn, Side.PEER), each(drawn, Side.OURS)))


def _both(
    pairs: Sequence[Pair],
    load: Load,
    samples: Callable[[Part], Sequence[float]],
    figure: Callable[[Sequence[float]], float],
) -> tuple[float, float]:
    pooled = {side: [ms for pair in pairs for ms in samples(pair.of(side, load))] for side in Side}
    return figure(pooled[Side.PEER]), figure(pooled[Side.OURS])


def _each_call(pairs: Sequence[Pair], what: str) -> Ratio:
    """Not compared with anybody: so many for each call of ours."""
    parts = [pair.of(Side.OURS, Load.FREE) for pair in pairs]
    return ratio(parts, lambda drawn: (sum(part.placed for part in drawn), sum(getattr(part, what) for part in drawn)))


def _least(found_per_s: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The lowest rate that was found: it is one that can be relied on."""
    return min(peer for peer, _ in found_per_s), min(ours for _, ours in found_per_s)


def _drained(drains: Sequence[tuple[Drain, Drain]]) -> tuple[float, float]:
    return middle([peer.took_ms for peer, _ in drains]), middle([ours.took_ms for _, ours in drains])


def _later(peer: float, ours: float) -> float:
    return ours - peer


def _p99(samples: Sequence[float]) -> float:
    return percentile(samples, 99)


def _reaction(part: Part) -> Sequence[float]:
    return part.figures.reaction_ms


def _set_up(part: Part) -> Sequence[float]:
    return part.figures.set_up_ms


def _voice(part: Part) -> Sequence[float]:
    return part.voice_ms
