"""Promises to the people at the phones, seen from outside: part of the ``Witness``."""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.core.actions import Ring
from switchboard.core.call_state import Waiting
from switchboard.core.entries import PersonChanged, PersonState
from switchboard.core.exchange import Handled
from switchboard.core.facts import Fact, StaffCommanded
from switchboard.core.floor import Floor
from switchboard.core.ids import PersonId
from switchboard.core.staff_commands import StaffCommand


class PeopleWatched:
    def __init__(self) -> None:
        self.rests_until_ms: dict[PersonId, int] = {}
        """People in wrap-up, or who missed a call, by what is on record."""

    def watch(self, floor: Floor, fact: Fact, at_ms: int, handled: Handled) -> Iterator[str]:
        """Every promise that this broke."""
        if isinstance(fact, StaffCommanded):
            self.rests_until_ms.pop(fact.person, None)  # it may have ended it
        else:  # at the desk somebody picks up for a colleague, whatever state they are in themselves
            yield from self._disturbances(floor, at_ms, handled)
        for entry in handled.entries:
            if isinstance(entry, PersonChanged):
                yield from self._read(entry)

    def _disturbances(self, floor: Floor, at_ms: int, handled: Handled) -> Iterator[str]:
        for action in handled.actions:
            call = floor.calls.get(action.call)
            person = call.legs.get(action.leg) if isinstance(action, Ring) and call is not None else None
            if call is None or person is None:
                continue
            if floor.people[person].do_not_disturb:
                yield f"{person} is rung for {call.call_id}, and did not want to be disturbed"
            if isinstance(call.state, Waiting) and self.rests_until_ms.get(person, 0) > at_ms:
                yield f"{person} is rung for {call.call_id} before the end of their wrap-up"

    def _read(self, entry: PersonChanged) -> Iterator[str]:
        if entry.state in (PersonState.WRAP_UP, PersonState.MISSED):
            self.rests_until_ms[entry.person] = entry.until_ms or 0
            if entry.until_ms is None or entry.until_ms < entry.at_ms:
                yield f"{entry.person} is in {entry.state} until {entry.until_ms}, at {entry.at_ms}"
        elif entry.state is PersonState.TALKING:
            self.rests_until_ms.pop(entry.person, None)  # by the code they dial they may end it


def picks_up(fact: Fact) -> bool:
    """At the desk somebody takes a call over: they are rung because they want to be, whoever's turn it is."""
    return isinstance(fact, StaffCommanded) and fact.command is StaffCommand.PICK_UP
