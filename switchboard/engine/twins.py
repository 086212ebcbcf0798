"""In-memory twins of the ports that lead to Postgres: for tests, and for trying a company without a database.

They pass the same contract tests as the real ones, and can be told to be away.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from switchboard.core.caller import Client
from switchboard.core.entries import CallRecord, CallStep, PersonChanged, TaskOpened
from switchboard.core.ids import CallId
from switchboard.core.phone_number import PhoneNumber
from switchboard.engine.ports import Placed, Refused


class MemoryDirectory:
    """The port ``Directory`` over a dictionary."""

    def __init__(self) -> None:
        self._clients: dict[str, dict[str, Client]] = {}
        self.away: str | None = None
        """Why every look-up is refused from now on; ``None``: none is."""

    def add(self, client: Client, *numbers: str, main: str | None = None) -> None:
        """File ``client`` under these numbers (E.164); the one that is ``main`` is marked so."""
        for number in numbers:
            found = msgspec.structs.replace(client, main_number=number == main)
            self._clients.setdefault(number, {})[client.client_id] = found

    async def find(self, number: PhoneNumber) -> tuple[Client, ...]:
        """See the port."""
        if number.e164 is None:
            return ()
        if self.away is not None:
            raise Refused(f"look-up: {self.away}")
        found = self._clients.get(number.e164, {})
        return tuple(found[client_id] for client_id in sorted(found))


class MemoryRecords:
    """The port ``Records`` over lists. What is stored can be read as entries, steps and changes in log order."""

    def __init__(self) -> None:
        self.calls: dict[CallId, CallRecord] = {}
        self.steps: list[CallStep] = []
        self.tasks: list[TaskOpened] = []
        """Open ones; nobody closes tasks here."""
        self.people: list[PersonChanged] = []
        self.away: str | None = None
        """Why everything is refused from now on; ``None``: nothing is."""
        self._cursor = (0, -1)

    async def cursor(self) -> tuple[int, int]:
        """See the port."""
        self._refuse_if_away()
        return self._cursor

    async def store(self, entries: Sequence[Placed]) -> None:
        """See the port."""
        self._refuse_if_away()
        for placed in sorted(entries, key=lambda placed: (placed.position, placed.index)):
            place = (placed.position, placed.index)
            if place > self._cursor:
                self._remember(placed)
                self._cursor = place

    def _remember(self, placed: Placed) -> None:
        match placed.entry:
            case CallRecord() as record:
                self.calls[record.call] = record
            case CallStep() as step:
                self.steps.append(step)
            case TaskOpened() as task:
                if all((task.kind, task.about) != (other.kind, other.about) for other in self.tasks):
                    self.tasks.append(task)
            case PersonChanged() as change:
                self.people.append(change)

    def _refuse_if_away(self) -> None:
        if self.away is not None:
            raise Refused(f"recorder: {self.away}")
