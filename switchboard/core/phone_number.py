"""Phone numbers: from what the network or a CSV file says to one spelling.

(Theory of the rewriting rules goes here.)
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class NumberKind(StrEnum):
    PUBLIC = "public"
    """A valid number of some country's plan; ``e164`` is set."""
    INTERNAL = "internal"
    """One of our own extensions."""
    SHORT = "short"
    """Emergency and service numbers (``112``)."""
    WITHHELD = "withheld"
    """The caller did not want to be known (``anonymous``, empty, …)."""
    UNREADABLE = "unreadable"
    """Anything else; kept as it came, never looked up."""


class NumberPlan(Struct, frozen=True):
    """How numbers are read here."""

    region: str = "RU"
    area_code: str | None = None
    """Put before local numbers without one (``"495"``)."""
    double_zero_is_international: bool = True
    """``00…`` begins an international number (European trunks); otherwise it is left to the region's rules."""
    extension_digits: tuple[int, int] = (3, 4)
    """Shortest and longest internal extension."""


class PhoneNumber(Struct, frozen=True):
    """A number as it came and as we understand it. ``str()`` and ``repr()`` are masked."""

    raw: str
    kind: NumberKind
    e164: str | None = None
    """``+`` and 7–15 digits; set exactly when ``kind`` is public."""
    extension: str | None = None
    """An extension behind the number ("доб. 123")."""


def read_number(raw: str, plan: NumberPlan) -> PhoneNumber:
    """Read ``raw`` by ``plan``. Never raises, whatever the text."""
    raise AssertionError("written next")
