"""Promises about supervisors who listen, kept apart from the ``Witness`` that makes use of them:

- whoever listens or whispers is never in the bridge of the talk, and nobody else is ever in theirs;
- only who barges in joins a talk, and it is the one that they asked for;
- nothing of it is done that the audit does not allow, and a leg that can whisper is made for a whisper only.
"""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.core.actions import Connect, Join, Snoop
from switchboard.core.call_state import Call, Talking
from switchboard.core.entries import Audited
from switchboard.core.exchange import Exchange, Handled
from switchboard.core.ids import BridgeId, CallId, LegId
from switchboard.core.state_parts import Mode


class Listeners:
    """Of all calls of one exchange."""

    def __init__(self) -> None:
        self.does: dict[CallId, str | None] = {}
        """What the audit says that each supervisor does, by their call."""
        self.ears: dict[LegId, CallId] = {}
        """The legs that spy, and for whom."""
        self.talks: dict[BridgeId, CallId] = {}

    def watch(self, exchange: Exchange, handled: Handled) -> Iterator[str]:
        """Every promise that ``handled`` breaks."""
        for entry in handled.entries:
            if isinstance(entry, Audited) and entry.by_call is not None:
                self.does[entry.by_call] = entry.becomes
        for action in handled.actions:
            call = exchange.floor.calls.get(action.call)
            if isinstance(action, Connect):
                yield from self._see_connect(action, call)
            elif isinstance(action, Snoop):
                self.ears[action.leg] = action.call
                yield from self._see_snoop(exchange, action, call)
            elif isinstance(action, Join):
                yield from self._see_join(exchange, action, call)
        for call_id in exchange.floor.gone if self.does or self.talks else ():
            self._forget(call_id)

    def _see_connect(self, action: Connect, call: Call | None) -> Iterator[str]:
        spying = [leg for leg in action.legs if leg in self.ears]
        if call is None or call.listens is None:
            self.talks[action.bridge] = action.call
            if spying:
                yield f"{spying[0]} spies, and is put into the talk of {action.call}"
            return
        if action.bridge in self.talks:
            yield f"{call.caller_person} listens to {call.listens.person}, and is put into their bridge"
        if action.legs != (call.leg, *spying) or self.ears[spying[0]] != action.call:
            yield f"{action.legs} are brought together for {call.caller_person}, who only listens"

    def _see_snoop(self, exchange: Exchange, action: Snoop, call: Call | None) -> Iterator[str]:
        mode = self.does.get(action.call)
        if action.whisper is not (mode == Mode.WHISPER) or mode not in (Mode.LISTEN, Mode.WHISPER):
            yield f"{action} for call {action.call}, which may {mode or 'nothing'}"
        if call is None or call.listens is None:
            yield f"{action} for call {action.call}, which listens to nobody"
            return
        record = exchange.floor.people.get(call.listens.person)
        if record is None or action.of not in record.legs:
            yield f"{action} spies on somebody else than {call.listens.person}"

    def _see_join(self, exchange: Exchange, action: Join, call: Call | None) -> Iterator[str]:
        if self.does.get(action.call) != Mode.BARGE_IN:
            yield f"{action.leg} joins a talk, and may {self.does.get(action.call) or 'nothing'}"
        talk = exchange.floor.calls.get(self.talks.get(action.bridge, CallId("")))
        person = call.listens.person if call is not None and call.listens is not None else None
        third = talk.state.third if talk is not None and isinstance(talk.state, Talking) else None
        there = (talk.caller_person, talk.partner.person) if talk is not None and talk.partner is not None else ()
        if person not in (*there, third.person if third is not None else None):
            yield f"{action.leg} joins {action.bridge}, where {person} does not talk"

    def _forget(self, call_id: CallId) -> None:
        self.does.pop(call_id, None)
        self.talks = {bridge: call for bridge, call in self.talks.items() if call != call_id}
        if call_id in self.ears.values():
            self.ears = {leg: call for leg, call in self.ears.items() if call != call_id}
