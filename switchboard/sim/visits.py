"""The promise about a visit on record: its segments leave no gap, and every hand-over came to something."""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.core.entries import CallRecord, Outcome


def gaps(record: CallRecord) -> Iterator[str]:
    """The segments of a visit follow one another from its first moment to its last."""
    at_ms = record.arrived_at_ms
    for segment in record.segments:
        if segment.from_ms != at_ms or segment.until_ms <= at_ms:
            yield f"call {record.call}: a segment from {segment.from_ms} to {segment.until_ms} follows {at_ms}"
        at_ms = segment.until_ms
    if at_ms != record.ended_at_ms:
        yield f"call {record.call}: its segments end at {at_ms}, it at {record.ended_at_ms}"
    if any(handed.result is None for handed in record.hand_overs):
        yield f"call {record.call}: ended in the midst of a hand-over: {record.hand_overs}"


_UNANSWERED = (
    Outcome.ABANDONED_EARLY,
    Outcome.ABANDONED_WAITING,
    Outcome.ABANDONED_RINGING,
    Outcome.ABANDONED_SHORT,
)


def contradictions(record: CallRecord) -> Iterator[str]:
    """Abandoned or answered, never both."""
    if record.outcome in _UNANSWERED and record.answered_at_ms is not None:
        yield f"call {record.call}: {record.outcome}, though answered"
