"""How sure a ratio is: percentiles, and the bootstrap over pairs of windows.

Samples inside one window share whatever the machine was doing just then, so windows are drawn again, not samples: a
pair (one window of each side, side by side in time) is the unit. The interval is the middle 95 % of the ratios that
the redrawn runs give.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

T = TypeVar("T")

DRAWS = 2_000
_SEED = 20_261_124
"""Fixed: the same measurements always give the same interval."""


@dataclass(frozen=True)
class Ratio:
    """Ours divided by the peer's, with the bootstrap's 95 % interval. nan: one side has no samples."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3g} (95 %: {self.low:.3g} – {self.high:.3g})"


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that ``percent`` (0–100) of all samples do not exceed. nan: there are none."""
    if not samples:
        return float("nan")
    ordered = sorted(samples)
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(0, min(len(ordered), int(rank)) - 1)]


def ratio(
    pairs: Sequence[T],
    figure: Callable[[Sequence[T]], tuple[float, float]],
    draws: int = DRAWS,
    figure_of: Callable[[float, float], float] | None = None,
) -> Ratio:
    """``figure`` of these pairs is (peer's, ours); the ratio of the two (or what ``figure_of`` makes of them), and its
    spread over redrawn pairs."""
    compare = figure_of or _divided
    chance = random.Random(_SEED)
    drawn = sorted(compare(*figure(chance.choices(pairs, k=len(pairs)))) for _ in range(draws))
    return Ratio(compare(*figure(pairs)), percentile(drawn, 2.5), percentile(drawn, 97.5))


def middle(samples: Sequence[float]) -> float:
    """The median. nan: there are no samples."""
    return median(samples) if samples else float("nan")


def _divided(peer: float, ours: float) -> float:
    return ours / peer if peer > 0 else float("nan")
