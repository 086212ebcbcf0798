"""What the service says under /metrics, read as numbers: one value, and histograms over a stretch of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families


def value(text: str, name: str) -> float:
    """The one value of this name. Raises ``StopIteration``: there is none."""
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return float(next(sample.value for sample in samples if sample.name == name))


@dataclass(frozen=True)
class Histogram:
    """``up_to``: how many observations were no greater than each bound (cumulative; the last bound is infinite)."""

    up_to: Mapping[float, int]

    @classmethod
    def read(cls, text: str, name: str) -> Histogram:
        """The histogram ``name`` (without labels) in this text of /metrics. Raises ``StopIteration``: no such one."""
        family = next(family for family in text_string_to_metric_families(text) if family.name == name)
        buckets = [sample for sample in family.samples if sample.name == f"{name}_bucket"]
        return cls({float(sample.labels["le"]): int(sample.value) for sample in buckets})

    def since(self, earlier: Histogram) -> Histogram:
        """What was observed between the two."""
        return Histogram({bound: count - earlier.up_to[bound] for bound, count in self.up_to.items()})

    @property
    def count(self) -> int:
        return max(self.up_to.values())

    def beyond(self, bound: float) -> int:
        """How many were greater than this bound, which must be one of the histogram's. Raises ``KeyError``."""
        return self.count - self.up_to[bound]

    def share(self, part: float) -> float:
        """The least bound that this part (0–1) of all observations did not exceed; infinite when beyond all bounds."""
        return min(bound for bound, count in self.up_to.items() if count >= part * self.count)
