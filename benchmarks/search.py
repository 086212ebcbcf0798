"""The highest rate at which every call is clean: up by steps until one is not, then between the two.

A rate counts as not clean only when it was so twice in a row: one stolen moment of a shared machine is no limit.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Search:
    """Ask ``next_rate``, try it, ``tell`` what came of it, until there is none."""

    first_per_s: float
    step: float = 1.3
    """Each rate is so many times the one before, until one is not clean."""
    near: float = 1.06
    """Ends when the highest clean rate and the lowest other one differ by less."""
    most_per_s: float = 400.0
    clean_per_s: float = 0.0
    """The highest rate so far that was clean."""
    unclean_per_s: float | None = None
    _doubted_per_s: float | None = None

    def next_rate(self) -> float | None:
        """Calls a second to try next; ``None``: found."""
        if self._doubted_per_s is not None:
            return self._doubted_per_s
        if self.unclean_per_s is None:
            rate = self.first_per_s if self.clean_per_s == 0 else self.clean_per_s * self.step
            return rate if rate <= self.most_per_s else None
        if self.clean_per_s == 0:
            return self.unclean_per_s / 2 if self.unclean_per_s > 1 else None
        if self.unclean_per_s / self.clean_per_s < self.near:
            return None
        return float((self.clean_per_s * self.unclean_per_s) ** 0.5)

    def tell(self, rate: float, *, clean: bool) -> None:
        """What came of ``rate``."""
        if clean:
            self.clean_per_s, self._doubted_per_s = max(self.clean_per_s, rate), None
        elif self._doubted_per_s == rate:
            self.unclean_per_s, self._doubted_per_s = rate, None
        else:
            self._doubted_per_s = rate
