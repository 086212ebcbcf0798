"""The same operator again: who talked with whom the last time, for callers who call back."""

from __future__ import annotations

from switchboard.core.call_state import Call
from switchboard.core.floor import Floor
from switchboard.core.ids import PersonId
from switchboard.core.queue_rules import Queue
from switchboard.core.state_parts import LastTalk

_MOST_REMEMBERED = 5_000


def remember(floor: Floor, call: Call) -> None:
    """A talk from a queue is over; the newest of all callers are remembered."""
    queue = floor.policy.queues.get(call.from_queue or "")
    number = call.number.e164
    if queue is None or not queue.same_operator_within_ms or number is None or call.answered_by is None:
        return
    floor.last_talks.pop(number, None)
    floor.last_talks[number] = LastTalk(call.answered_by, floor.at_ms)
    if len(floor.last_talks) > _MOST_REMEMBERED:
        del floor.last_talks[next(iter(floor.last_talks))]


def same_operator(floor: Floor, call: Call, queue: Queue) -> PersonId | None:
    """Who of this queue talked with the caller lately and may take the call; ``None`` when nobody did or can."""
    talk = floor.last_talks.get(call.number.e164 or "")
    if talk is None or floor.at_ms - talk.at_ms > queue.same_operator_within_ms:
        return None
    record = floor.people.get(talk.person)
    serves = record is not None and record.on_shift and talk.person in queue.everybody
    return talk.person if serves and talk.person not in call.not_again else None
