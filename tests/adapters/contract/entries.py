"""Entries to store: full ones, so that a column forgotten anywhere shows."""

from __future__ import annotations

from typing import Any

from switchboard.core.caller import Debt
from switchboard.core.entries import (
    Audited,
    CallRecord,
    CallStep,
    Direction,
    Entry,
    HandOver,
    HandOverKind,
    Outcome,
    PersonChanged,
    PersonState,
    Reason,
    RecordingFile,
    RecordingGone,
    RecordingPart,
    Segment,
    SegmentKind,
    TaskOpened,
    VoicemailLeft,
)
from switchboard.core.ids import CallId, LegId, PersonId, RecordingId
from switchboard.core.phone_number import NumberKind
from switchboard.engine.ports import Placed

AT_MS = 1_790_000_000_123


def ended_call(call: str = "c1", **changes: Any) -> CallRecord:
    """A call with every column filled."""
    columns: dict[str, Any] = {
        "call": CallId(call), "direction": Direction.INBOUND, "line": "orders", "dialled": "+74950000001",
        "caller_raw": "8 (495) 000-10-08", "caller_number": "+74950001008", "number_kind": NumberKind.PUBLIC,
        "caller_person": PersonId("olga"), "client_id": "D-08", "client_name": "Рынок «Север»",
        "client_class": "market", "debt": Debt.OVERDUE, "debt_minor": 850_000, "rule": "client in debt", "plan": "debt",
        "flag": "in debt", "reasons": (Reason(AT_MS, "rule", "debt is overdue"),
                                       Reason(AT_MS + 1, "offered", "free", PersonId("maxim"))),
        "arrived_at_ms": AT_MS, "answered_at_ms": AT_MS + 3_001, "ended_at_ms": AT_MS + 63_002,
        "answered_by": PersonId("maxim"), "outcome": Outcome.TRANSFERRED, "wait_ms": 3_001, "ring_ms": 2_500,
        "talk_ms": 50_001, "policy_version": "sample-1", "hold_ms": 10_000,
        "segments": (
            Segment(SegmentKind.WAIT, AT_MS, AT_MS + 3_001),
            Segment(SegmentKind.TALK, AT_MS + 3_001, AT_MS + 53_002, PersonId("maxim")),
            Segment(SegmentKind.HAND_OVER, AT_MS + 53_002, AT_MS + 63_002),
        ),
        "hand_overs": (
            HandOver(HandOverKind.BLIND, PersonId("maxim"), "extension 204", AT_MS + 53_002, "abandoned_hand_over",
                     None, AT_MS + 63_002),
        ),
    }  # fmt: skip
    return CallRecord(**(columns | changes))


def living_call(call: str = "c1", **changes: Any) -> CallRecord:
    """The same call when it has only just come, every column empty that may be."""
    empty = dict.fromkeys(
        ("line", "caller_number", "caller_person", "client_id", "client_name", "client_class", "debt", "rule", "plan",
         "flag", "answered_at_ms", "ended_at_ms", "answered_by", "outcome", "wait_ms", "ring_ms", "talk_ms", "hold_ms")
    )  # fmt: skip
    return ended_call(call, **(empty | {"reasons": (), "segments": (), "hand_overs": (), "debt_minor": 0} | changes))


def step(call: str = "c1", number: int = 1) -> CallStep:
    return CallStep(
        call=CallId(call), number=number, at_ms=AT_MS + number, from_state="waiting", fact="LegAnswered",
        to_state="talking", reason="answered first", person=PersonId("olga"), leg=LegId("1790000000.7"),
    )  # fmt: skip


def task(about: str, call: str = "c1", kind: str = "assign_manager") -> TaskOpened:
    return TaskOpened(
        task=f"{call}-{kind}", kind=kind, call=CallId(call), person=PersonId("viktor"), about=about,
        opened_at_ms=AT_MS, client_id=None, caller_number="+74950001006", reason="new client",
    )  # fmt: skip


def change(number: int, person: str = "olga") -> PersonChanged:
    return PersonChanged(
        person=PersonId(person),
        at_ms=AT_MS + number,
        state=PersonState.PAUSED,
        reason=f"lunch {number}",
        call=CallId("c1"),
        until_ms=AT_MS + number + 60_000,
        misses=number,
    )


def audited(number: int = 1, *, allowed: bool = True) -> Audited:
    """With every column filled, or, refused, with every one empty that may be."""
    return Audited(
        at_ms=AT_MS + number,
        person=PersonId("viktor"),
        what="whisper",
        about=PersonId("olga") if allowed else None,
        call=CallId("c1") if allowed else None,
        by_call=CallId("c2") if allowed else None,
        allowed=allowed,
        was="listen" if allowed else None,
        becomes="whisper" if allowed else None,
        why="" if allowed else "nobody has extension 999",
    )


def part(recording: str = "c1r", **changes: Any) -> RecordingPart:
    """A recorded talk that is over."""
    columns: dict[str, Any] = {
        "recording": RecordingId(recording), "call": CallId("c1"), "number": 2, "person": PersonId("olga"),
        "started_at_ms": AT_MS, "ended_at_ms": AT_MS + 60_000, "paused_ms": 5_000,
        "pauses": ((AT_MS + 10_000, AT_MS + 15_000),), "rule": "orders", "trouble": "",
    }  # fmt: skip
    return RecordingPart(**(columns | changes))


def file(recording: str = "c1r") -> RecordingFile:
    return RecordingFile(
        recording=RecordingId(recording), call=CallId("c1"), at_ms=AT_MS + 61_000, file=f"2026/09/21/{recording}.wav",
        sha256="a" * 64, size_bytes=880_044,
    )  # fmt: skip


def gone(recording: str = "c1r", missing: str = "") -> RecordingGone:
    return RecordingGone(recording=RecordingId(recording), call=CallId("c1"), at_ms=AT_MS + 90_000_000, missing=missing)


def voicemail(message: str = "c1v", **changes: Any) -> VoicemailLeft:
    """With every column filled."""
    columns: dict[str, Any] = {
        "message": RecordingId(message), "call": CallId("c1"), "box": "orders", "title": "Заказы",
        "department": "wholesale", "left_at_ms": AT_MS, "duration_ms": 12_000, "line": "orders",
        "caller_number": "+74950001006", "client_id": "D-08", "client_name": "Рынок «Север»", "language": "ru",
        "mail_to": ("orders@example.com", "head@example.com"), "keep_days": 90,
    }  # fmt: skip
    return VoicemailLeft(**(columns | changes))


def placed(*entries: Entry, first: int = 1, index: int = 0) -> list[Placed]:
    """One entry per position, from ``first`` on."""
    return [Placed(first + nth, index, entry) for nth, entry in enumerate(entries)]
