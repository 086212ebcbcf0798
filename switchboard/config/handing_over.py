"""The parts of the files that are about giving callers away: destinations, and how long each thing may take."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from switchboard.config.fields import Digits, Table, Title
from switchboard.config.units import Duration
from switchboard.core import policy


class Transfers(Table):
    ring_for: Annotated[int, Duration("3s", "3m")] = Field(
        default=20_000, description="How long a colleague is rung for a caller who is given to them."
    )
    return_ring_for: Annotated[int, Duration("3s", "3m")] = Field(
        default=20_000, description="Nobody took the caller: how long whoever gave them away is rung."
    )
    return_wait: Annotated[int, Duration("5s", "2h")] = Field(
        default=600_000, description="They do not answer either: how long the caller waits at the head of the queue."
    )
    hold_at_most: Annotated[int, Duration("5s", "2h")] = Field(
        default=180_000, description="A caller who is on hold for longer comes back to the phone that holds them."
    )
    parked_at_most: Annotated[int, Duration("5s", "2h")] = Field(
        default=180_000, description="A parked caller whom nobody retrieves comes back to who parked them."
    )

    def limits(self) -> dict[str, int]:
        """As the core's ``Limits`` names them."""
        return {
            "hand_over_ring_ms": self.ring_for,
            "return_ring_ms": self.return_ring_for,
            "return_wait_ms": self.return_wait,
            "hold_at_most_ms": self.hold_at_most,
            "parked_at_most_ms": self.parked_at_most,
        }


class Destination(Table):
    number: Digits = Field(description="What staff dial for it; no extension, and not like an outside number.")
    title: Title = Field(description="Shown in the record, and on the phone when a caller comes back from there.")
    plan: str | None = Field(default=None, description="Callers go by this plan …")
    queue: str | None = Field(default=None, description="… or wait in this queue: one of the two.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Destination:
        if (self.plan is None) == (self.queue is None):
            raise ValueError('a destination has either a "plan" or a "queue"')
        return self

    def build(self) -> policy.Destination:
        return policy.Destination(self.number, self.title, self.queue, self.plan)
