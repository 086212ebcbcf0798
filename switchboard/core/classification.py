"""Who the caller is to us: client and class, each with its reason (duties D2, D15)."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from switchboard.core.caller import Client, Debt, choose_client
from switchboard.core.phone_number import NumberKind, PhoneNumber
from switchboard.core.policy import NEW, UNIDENTIFIED

STALE_MS = 60_000
"""From this age on the stored reason admits that the client file was known only as it had been."""


class Classified(Struct, frozen=True):
    client: Client | None
    client_class: str
    debt: Debt
    reasons: tuple[str, ...]
    """How the client was found and how the class follows."""


def classify(found: Sequence[Client], age_ms: int = 0) -> Classified:
    """Class of a caller whose number was looked up; ``found`` are all clients who had it ``age_ms`` ago."""
    choice = choose_client(found)
    client = choice.client
    reasons = [choice.reason]
    if age_ms >= STALE_MS:
        reasons.append(f"that is as known {say_age(age_ms)} ago, nothing newer could be had")
    if client is None:
        return Classified(None, NEW, Debt.NONE, (*reasons, "unknown number: class new"))
    if client.manager is None:
        client_class = NEW
        reasons.append(f"class {client.client_class} in the file, but no manager yet: class new")
    else:
        client_class = client.client_class
        reasons.append(f"class {client_class} in the client file, manager {client.manager}")
    if client.debt is not Debt.NONE:
        reasons.append(explain_debt(client))
    return Classified(client, client_class, client.debt, tuple(reasons))


def say_age(age_ms: int) -> str:
    """For people, rounded down: ``40 s``, ``12 min``, ``30 h``, ``2 days``."""
    minutes = age_ms // 60_000
    if minutes < 1:
        return f"{age_ms // 1000} s"
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def unidentified(reason: str) -> Classified:
    """A caller whom nobody could be asked about: no client is guessed, an operator will ask."""
    return Classified(None, UNIDENTIFIED, Debt.NONE, (f"{reason}: class unidentified",))


def why_not_looked_up(number: PhoneNumber) -> str | None:
    """Why this number is not looked up; ``None`` when it can be."""
    return {
        NumberKind.WITHHELD: "the number is withheld",
        NumberKind.UNREADABLE: "the number cannot be read",
        NumberKind.SHORT: "a short number is nobody's own",
        NumberKind.INTERNAL: "an internal number came from outside",
    }.get(number.kind)


def debt_minor(client: Client) -> int:
    """What is owed beyond the terms: the overdue sum, or the excess over the limit where that is more."""
    limit = client.credit_limit_minor
    excess = client.receivable_minor - limit if limit is not None else 0
    return max(client.overdue_minor, excess, 0)


def explain_debt(client: Client) -> str:
    parts = []
    if client.overdue_minor > 0:
        parts.append(f"{_money(client.overdue_minor)} overdue since {client.overdue_since or 'unknown'}")
    limit = client.credit_limit_minor
    if limit is not None and client.receivable_minor > limit:
        parts.append(f"owes {_money(client.receivable_minor)}, limit {_money(limit)}")
    return f"debt {client.debt}: {'; '.join(parts)}"


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"
