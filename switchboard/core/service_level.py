"""The service level of a queue: what became of its latest callers.

    answered within T / (answered + left unanswered after T or later)

Callers who left sooner count neither way; who waits for longer than T right now counts as left unanswered.
"""

from __future__ import annotations

from msgspec import Struct, field

MOST_REMEMBERED = 500


class ServiceLevel(Struct):
    """What is remembered of one queue."""

    recent: list[tuple[int, bool]] = field(default_factory=list)
    """When a caller was answered or gave up, and whether they were answered in time; oldest first."""
    backup_since_ms: int | None = None
    """Since when the backup group stands in; ``None`` while it does not."""

    def note(self, at_ms: int, over_ms: int, *, in_time: bool) -> None:
        self.recent.append((at_ms, in_time))
        self.forget_before(at_ms - over_ms)

    def forget_before(self, since_ms: int) -> None:
        first = max(0, len(self.recent) - MOST_REMEMBERED)
        while first < len(self.recent) and self.recent[first][0] < since_ms:
            first += 1
        del self.recent[:first]

    def percent(self, waiting_too_long: int) -> tuple[int, int, int]:
        """How many percent, of how many calls, and how many of those in time. Of no calls: 100."""
        in_time = sum(kept for _, kept in self.recent)
        calls = len(self.recent) + waiting_too_long
        return (in_time * 100 // calls if calls else 100), calls, in_time
