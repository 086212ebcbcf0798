"""Snapshots: everything of a floor that is not derived, as bytes and back.

A field that is added here has a default, so that a new version takes over the calls of the one before it.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct, field

from switchboard.core import seating, segments
from switchboard.core.booking import Booking, KeptPlace
from switchboard.core.call_state import Call
from switchboard.core.fallback_call import Bookmark
from switchboard.core.floor import Floor
from switchboard.core.ids import CallId, PersonId, RecordingId
from switchboard.core.pace import Pace
from switchboard.core.policy import Policy
from switchboard.core.service_level import ServiceLevel
from switchboard.core.staff import PersonRecord
from switchboard.core.state_parts import LastTalk

STATE_FORMAT = 5
"""Raised with every change of what a snapshot holds."""
OLDEST_STATE_FORMAT = 2
"""Since then fields were only added, each with a default."""
_TALKS_KNOWN_SINCE = 5
"""Before, a call had one talk, from its answer to its end."""


class State(Struct, kw_only=True):
    """The names are those of the floor's attributes."""

    format: int = STATE_FORMAT
    calls: dict[CallId, Call] = field(default_factory=dict)
    people: dict[PersonId, PersonRecord] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    current_version: str | None = None
    switch_ready: bool = False
    switch: str = ""
    switch_met_at_ms: int = 0
    switch_lost_at_ms: int | None = None
    next_arrival_us: int = 0
    next_overflow_us: int = 0
    bookmark: Bookmark | None = None
    service: dict[str, ServiceLevel] = field(default_factory=dict)
    last_talks: dict[str, LastTalk] = field(default_factory=dict)
    pace: dict[str, Pace] = field(default_factory=dict)
    bookings: dict[CallId, Booking] = field(default_factory=dict)
    places: dict[str, KeptPlace] = field(default_factory=dict)
    unfiled: dict[RecordingId, int] = field(default_factory=dict)


class UnknownFormat(Exception):
    """A snapshot was written by a version of the service that this one cannot follow."""


_KEPT = tuple(name for name in State.__struct_fields__ if name != "format")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(State)


def write(floor: Floor) -> bytes:
    """Equal floors give equal bytes."""
    return _encoder.encode(State(**{name: getattr(floor, name) for name in _KEPT}))


def read(written: bytes) -> Floor:
    """The floor as it was. Raises ``UnknownFormat``, saying what to do."""
    try:
        state = _decoder.decode(written)
    except msgspec.MsgspecError as error:
        raise UnknownFormat(f"the snapshot cannot be read: {error}") from None
    if not OLDEST_STATE_FORMAT <= state.format <= STATE_FORMAT:
        raise UnknownFormat(
            f"the snapshot has format {state.format}, this version reads {OLDEST_STATE_FORMAT} to {STATE_FORMAT}: "
            "let the version that wrote it go on, or move switchboard.db away when no call is under way"
        )
    floor = Floor()
    for name in _KEPT:
        setattr(floor, name, getattr(state, name))
    if state.format < _TALKS_KNOWN_SINCE:
        for call in floor.calls.values():
            call.talk_since_ms, call.talk_queue = call.answered_at_ms, call.from_queue
            segments.look(call, call.answered_at_ms or call.arrived_at_ms)
    floor.rebuild()
    seating.set_up(floor)
    return floor
