"""Who is calling: the client file as the core sees it, and the choice among several clients.

A number may belong to several clients (a family of shops, a shared book-keeper). The directory returns them
all; the choice is made here, so that its reason is stored with the call and the same log gives the same choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from switchboard.core.ids import PersonId


class Debt(StrEnum):
    """What a client owes beyond what was agreed (duties D5, D6)."""

    NONE = "none"
    OVERDUE = "overdue"
    OVER_LIMIT = "over_limit"
    OVERDUE_AND_OVER_LIMIT = "overdue_and_over_limit"


class Client(Struct, frozen=True):
    """One row of the client file with its receivables summed up. Money in minor units (kopecks)."""

    client_id: str
    name: str
    client_class: str
    """The class as the client file has it; ``new`` is derived, see classification."""
    manager: PersonId | None = None
    department: str | None = None
    credit_limit_minor: int | None = None
    """``None``: no limit was agreed, so none can be exceeded."""
    receivable_minor: int = 0
    """Everything the client owes, due or not."""
    overdue_minor: int = 0
    overdue_since: str | None = None
    """ISO date of the oldest overdue document."""
    main_number: bool = False
    """The number looked up is marked as this client's main one."""
    last_order_on: str | None = None
    """ISO date of the client's last order."""

    @property
    def debt(self) -> Debt:
        over = self.credit_limit_minor is not None and self.receivable_minor > self.credit_limit_minor
        if self.overdue_minor > 0:
            return Debt.OVERDUE_AND_OVER_LIMIT if over else Debt.OVERDUE
        return Debt.OVER_LIMIT if over else Debt.NONE


class Choice(Struct, frozen=True):
    """The client we take the caller for, and why."""

    client: Client | None
    reason: str


def choose_client(found: Sequence[Client]) -> Choice:
    """Choose among the clients that have the caller's number.

    A client who calls this number their main one goes first, then the one with the latest order, then the
    smallest id: somebody who ordered last week is the likelier caller than somebody who left years ago.
    """
    if not found:
        return Choice(None, "the number is in nobody's file")
    if len(found) == 1:
        return Choice(found[0], f"the number is in the file of client {found[0].client_id}")
    by_id = sorted(found, key=lambda client: client.client_id)
    first = max(by_id, key=lambda client: (client.main_number, client.last_order_on or ""))  # ties: first by id
    others = ", ".join(client.client_id for client in by_id if client.client_id != first.client_id)
    if first.main_number:
        why = "it is their main number"
    elif all(client.last_order_on == first.last_order_on for client in by_id):
        why = "nothing tells them apart, first by id"
    else:
        why = "theirs is the latest order"
    return Choice(first, f"client {first.client_id} of {len(found)} who share the number ({why}; also {others})")
