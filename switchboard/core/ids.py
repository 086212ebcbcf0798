"""Names of things, and how the ids that we choose are made.

Asterisk compares a new channel id with the living ones case-insensitively and *by prefix*, so every id we
give it has the same length: 32 lower-case hexadecimal digits. They are derived from the call's id and a
running number, so that replaying the log names the same legs again, and so that every id in Asterisk's own
log begins with the id of its call.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NewType

CallId = NewType("CallId", str)
"""24 hex digits: 12 of the arrival time (so that ids sort by age), 12 of the caller's channel."""
LegId = NewType("LegId", str)
"""A channel of Asterisk: 32 hex digits when we made it, Asterisk's own ``uniqueid`` when it came to us."""
BridgeId = NewType("BridgeId", str)
PlaybackId = NewType("PlaybackId", str)
RecordingId = NewType("RecordingId", str)
"""Also the name of its file in Asterisk."""
PersonId = NewType("PersonId", str)
PhoneId = NewType("PhoneId", str)
"""The SIP user name of a staff member's phone."""


def call_id_for(leg: LegId, arrived_at_ms: int) -> CallId:
    """The id of the call that came in on ``leg`` at ``arrived_at_ms`` (Unix milliseconds)."""
    return CallId(f"{arrived_at_ms:012x}{blake2b(leg.encode(), digest_size=6).hexdigest()}")


def nth_id(call: CallId, number: int) -> str:
    """The ``number``-th id (1 …) made for ``call``: 32 hex digits that begin with the call's own."""
    return f"{call}{number:08x}"


def call_id_of(made_id: str) -> CallId:
    """The call that ``made_id``, one of ``nth_id``'s, was made for."""
    return CallId(made_id[:24])


def task_id_for(call: CallId, kind: str) -> str:
    """The id of the task of this ``kind`` that ``call`` opens; the same on every replay."""
    return f"{call}-{kind}"


def made_at_ms(made_id: str) -> int:
    """When the call of ``made_id`` arrived (Unix milliseconds); 0 for an id that is none of ours."""
    try:
        return int(made_id[:12], 16)
    except ValueError:
        return 0
