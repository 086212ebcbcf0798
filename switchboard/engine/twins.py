"""In-memory twins of the ports that lead to Postgres and to PINs: for tests, and for trying a company without either.

They pass the same contract tests as the real ones, and can be told to be away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import msgspec

from switchboard.core.caller import Client
from switchboard.core.entries import (
    Audited,
    CallRecord,
    CallStep,
    PersonChanged,
    RecordingFile,
    RecordingGone,
    RecordingPart,
    TaskOpened,
    VoicemailLeft,
)
from switchboard.core.ids import CallId, LegId, PersonId, RecordingId
from switchboard.core.phone_number import PhoneNumber
from switchboard.engine.ports import Placed, Refused, few_enough


class MemoryDirectory:
    """The port ``Directory`` over a dictionary."""

    def __init__(self, today: Callable[[], date] = lambda: date.min) -> None:
        """``today``: what is due earlier is overdue; needed only where receivables are added."""
        self._clients: dict[str, dict[str, Client]] = {}
        self._owed: dict[str, list[tuple[int, date]]] = {}
        self._today = today
        self.away: str | None = None
        """Why every look-up is refused from now on; ``None``: none is."""
        self.old_ms = 0
        """What it says of its own age."""

    def add(self, client: Client, *numbers: str, main: str | None = None) -> None:
        """File ``client`` under these numbers (E.164); the one that is ``main`` is marked so."""
        for number in numbers:
            found = msgspec.structs.replace(client, main_number=number == main)
            self._clients.setdefault(number, {})[client.client_id] = found

    def owe(self, client_id: str, amount_minor: int, due_on: date) -> None:
        """File one more document; the client's sums then follow from the documents."""
        self._owed.setdefault(client_id, []).append((amount_minor, due_on))

    async def find(self, number: PhoneNumber) -> tuple[Client, ...]:
        """See the port."""
        if number.e164 is None:
            return ()
        if self.away is not None:
            raise Refused(f"look-up: {self.away}")
        found = self._clients.get(number.e164, {})
        return few_enough(number, [self._with_sums(found[client_id]) for client_id in sorted(found)])

    def _with_sums(self, client: Client) -> Client:
        owed = self._owed.get(client.client_id)
        if owed is None:
            return client
        late = [(amount_minor, due_on) for amount_minor, due_on in owed if due_on < self._today()]
        overdue_minor = max(0, sum(amount_minor for amount_minor, _ in late))
        since = min((due_on for amount_minor, due_on in late if amount_minor > 0), default=None)
        return msgspec.structs.replace(
            client,
            receivable_minor=sum(amount_minor for amount_minor, _ in owed),
            overdue_minor=overdue_minor,
            overdue_since=since.isoformat() if since is not None and overdue_minor else None,
        )

    def find_at_once(self, number: PhoneNumber) -> None:
        """See the port: everything takes a moment here."""

    def age_ms(self) -> int:
        """See the port."""
        return self.old_ms


class MemoryRecords:
    """The port ``Records`` over lists. What is stored can be read as entries, steps and changes in log order."""

    def __init__(self) -> None:
        self.calls: dict[CallId, CallRecord] = {}
        self.steps: list[CallStep] = []
        self.tasks: list[TaskOpened] = []
        """Open ones; nobody closes tasks here."""
        self.people: list[PersonChanged] = []
        self.audit: list[Audited] = []
        self.voicemails: dict[RecordingId, VoicemailLeft] = {}
        self.recordings: dict[RecordingId, RecordingPart] = {}
        self.files: dict[RecordingId, RecordingFile] = {}
        self.gone: dict[RecordingId, RecordingGone] = {}
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
            case Audited() as audited:
                self.audit.append(audited)
            case VoicemailLeft() as left:
                self.voicemails.setdefault(left.message, left)
            case RecordingPart() as part:
                self.recordings[part.recording] = part
            case RecordingFile() as file:
                self.files[file.recording] = file
            case RecordingGone() as gone:
                self.gone[gone.recording] = gone

    def _refuse_if_away(self) -> None:
        if self.away is not None:
            raise Refused(f"recorder: {self.away}")


class MemoryPins:
    """The port ``Pins``. ``dialled`` holds what was dialled on which leg."""

    def __init__(self, pins: Mapping[PersonId, str], dialled: dict[LegId, str]) -> None:
        self.pins = pins
        self.dialled = dialled

    async def is_right(self, person: PersonId, leg: LegId) -> bool:
        try:
            dialled = self.dialled[leg]
        except KeyError:
            raise Refused("PIN: nothing was dialled") from None
        self.dialled.pop(leg, None)
        return self.pins.get(person) == dialled
