"""Places in a queue without a caller: of those who are to be called back (bookings), and of those cut off."""

from __future__ import annotations

from msgspec import Struct

from switchboard.core.caller import Client
from switchboard.core.ids import CallId, PersonId
from switchboard.core.phone_number import PhoneNumber
from switchboard.core.policy import Line


class Booking(Struct, frozen=True, kw_only=True):
    """One place. It stands in the queue like a caller: since they called, with what they are."""

    booking: CallId
    """The call that it was asked for in: its id is the booking's."""
    queue: str
    number: PhoneNumber
    """Where to call: checked, public."""
    arrived_at_ms: int
    booked_at_ms: int
    until_ms: int
    """When it gets another turn, or else becomes a task for a person."""
    expires_at_ms: int
    line: Line | None = None
    client: Client | None = None
    client_class: str | None = None
    not_again: tuple[PersonId, ...] = ()
    """Operators who were rung for it and did not pick up."""
    turns: int = 0
    """How many times an operator was rung for it."""
    dials: int = 0
    """How many times their number was dialled."""
    rests: bool = False
    """Gets no turn before ``until_ms``."""
    call: CallId | None = None
    """The call-back that is being made right now."""
    got_through: bool = False
    """They reached us otherwise meanwhile."""


class KeptPlace(Struct, frozen=True):
    """The place of a caller who was cut off."""

    call: CallId
    queue: str
    since_ms: int
    left_at_ms: int
    until_ms: int
    not_again: tuple[PersonId, ...] = ()
