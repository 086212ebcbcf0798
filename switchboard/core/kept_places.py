"""Places of callers who were cut off while they waited: who calls again soon enough gets theirs back.

Whether the line broke or they hung up cannot be told, so both count, but for those who only looked in (a short
hang-up). The clock goes on from when they first called, and who refused or missed them is not rung for them again. A
place is kept by number, so there is none for a withheld one; and there are only so many, the newest.
"""

from __future__ import annotations

from switchboard.core.booking import KeptPlace
from switchboard.core.call_state import Call, Waiting
from switchboard.core.entries import Direction
from switchboard.core.floor import Floor
from switchboard.core.phone_number import NumberKind

MOST_PLACES = 1_000


def keep(floor: Floor, call: Call, state: Waiting) -> None:
    """The caller is gone from where they waited."""
    keep_ms = floor.policy_of(call).limits.place_kept_ms
    number = call.number.e164
    if not keep_ms or number is None or call.number.kind is not NumberKind.PUBLIC:
        return
    if call.direction is not Direction.INBOUND:
        return
    places = {other: kept for other, kept in floor.places.items() if kept.until_ms > floor.at_ms and other != number}
    for oldest in list(places)[: len(places) + 1 - MOST_PLACES]:
        del places[oldest]
    places[number] = KeptPlace(
        call.call_id, state.queue, call.place_since_ms, floor.at_ms, floor.at_ms + keep_ms, tuple(call.not_again)
    )
    floor.places = places


def take_back(floor: Floor, call: Call, queue: str) -> None:
    """Somebody is to wait in ``queue``: if they had a place there, it is theirs again."""
    kept = floor.places.get(call.number.e164 or "")
    if kept is None or call.direction is not Direction.INBOUND or kept.queue != queue:
        return
    del floor.places[call.number.e164 or ""]
    if kept.until_ms <= floor.at_ms or kept.since_ms >= call.place_since_ms:
        return
    call.waits_since_ms = kept.since_ms
    call.not_again += [person for person in kept.not_again if person not in call.not_again]
    gone_s, waited_s = (floor.at_ms - kept.left_at_ms) / 1000, (kept.left_at_ms - kept.since_ms) / 1000
    floor.because(call, "place", f"cut off {gone_s:.0f} s ago after {waited_s:.0f} s: the place of call {kept.call}")
