"""What stands at the end of a journey, in words: parts of a record, who a client is."""

from __future__ import annotations

from switchboard.core.caller import Client
from switchboard.core.entries import Audited, CallRecord, HandOver
from switchboard.core.ids import PersonId


def say_audited(audited: Audited) -> str:
    """``hanna whisper olga (listen → whisper)``, ``vera listen hanna refused: may not``."""
    change = f" ({audited.was or 'nothing'} → {audited.becomes or 'nothing'})" if audited.allowed else " refused"
    why = f": {audited.why}" if audited.why else ""
    return f"{audited.person} {audited.what} {audited.about or 'nobody'}{change}{why}"


def split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


_CLAIMS = {
    "answered by": "answered_by",
    "client": "client_id",
    "class": "client_class",
    "number": "caller_number",
    "owes": "debt_minor",
    "policy": "policy_version",
}
_DURATIONS = ("wait", "ring", "talk", "hold")


def claim_of(part: str) -> tuple[str, str]:
    what = next((name for name in ("answered by",) if part.startswith(name)), part.split(maxsplit=1)[0])
    return what, part.removeprefix(what).strip()


def shown(record: CallRecord, what: str) -> str:
    if what in _DURATIONS:
        ms: int | None = getattr(record, f"{what}_ms")
        return "none" if ms is None else f"{ms / 1000:g}s"
    value = getattr(record, _CLAIMS.get(what, what))
    return "none" if value is None else str(value)


def client(name: str, text: str) -> Client:
    said = dict(part.split(maxsplit=1) for part in split(text))
    return Client(
        client_id=name,
        name=name,
        client_class=said.pop("class"),
        manager=PersonId(said.pop("manager")) if "manager" in said else None,
        department=said.pop("department", None),
        overdue_minor=int(said.pop("overdue", "0")),
        receivable_minor=int(said.pop("owes", "0")),
        credit_limit_minor=int(said.pop("limit")) if "limit" in said else None,
        main_number="main" in said and said.pop("main") == "number",
        last_order_on=said.pop("ordered", None),
    )


def say_hand_over(handed: HandOver) -> str:
    """``blind by olga to extension 103: answered by rita``."""
    by = f" by {handed.giver}" if handed.giver is not None else ""
    taken = f" by {handed.person}" if handed.person is not None else ""
    return f"{handed.kind}{by} to {handed.to}: {handed.result}{taken}"
