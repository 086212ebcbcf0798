"""Promises about recordings, kept apart from the ``Witness`` that makes use of them:

- nothing is recorded where no rule says so, or before the caller was told, where the rule asks for that;
- a talk has one recording, which begins once; its row is closed when the talk is over, and stays so;
- nothing is left out where no pause is allowed.

That a pause has an end is a promise about the state: see ``core.invariants``.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from switchboard.core.actions import Action, PauseRecording, Play, PlayInBridge, StartRecording
from switchboard.core.call_state import Call, Talking
from switchboard.core.entries import Direction, RecordingPart
from switchboard.core.exchange import Exchange, Handled
from switchboard.core.facts import Fact, PlaybackEnded
from switchboard.core.ids import BridgeId, CallId, PlaybackId, RecordingId
from switchboard.core.policy import Policy
from switchboard.core.recording_rules import RecordingRule


class RecordingWitness:
    """Of all recordings of one exchange."""

    def __init__(self) -> None:
        self._announced: dict[PlaybackId, CallId] = {}
        self._told: dict[CallId, None] = {}
        self._of_bridge: dict[BridgeId, RecordingId] = {}
        self._open: dict[RecordingId, CallId] = {}
        self._closed: dict[CallId, dict[RecordingId, None]] = {}
        """Of living calls."""
        self.begun = self.paused = 0

    def watch(self, exchange: Exchange, fact: Fact, handled: Handled) -> Iterator[str]:
        """Every promise that ``handled``, the answer to ``fact``, breaks."""
        floor = exchange.floor
        if isinstance(fact, PlaybackEnded) and (call_id := self._announced.pop(fact.playback, None)) is not None:
            self._told |= {call_id: None} if fact.heard and handled.meant_something else {}
        for entry in handled.entries:
            if isinstance(entry, RecordingPart) and entry.ended_at_ms is not None:
                self._open.pop(entry.recording, None)
        for action in handled.actions:
            call = floor.calls.get(action.call) or floor.gone.get(action.call)
            if call is not None:
                yield from self._see(floor.policy_of(call), call, action)
        for entry in handled.entries:
            if isinstance(entry, RecordingPart):
                yield from self._read(entry)
        for gone in floor.gone:
            for recording in [one for one, of in self._open.items() if of == gone]:
                yield f"recording {recording} of call {gone} is left open"
            self._told.pop(gone, None)
            self._closed.pop(gone, None)

    def _see(self, policy: Policy, call: Call, action: Action) -> Iterator[str]:
        match action:
            case Play(playback=playback, prompts=prompts) | PlayInBridge(playback=playback, prompts=prompts):
                if prompts == policy.recording.announcement:
                    self._announced[playback] = action.call
            case StartRecording(recording=recording, bridge=bridge):
                rule, name = _rule_for(policy, call), f"recording {recording} of call {call.call_id}"
                if (before := self._of_bridge.get(bridge, recording)) != recording and before in self._open:
                    yield f"{name}: that talk is being recorded already"
                self._of_bridge[bridge] = recording
                if recording in self._closed.get(call.call_id, {}):
                    yield f"{name} is over, and begins again"
                if rule is None or not rule.record:
                    yield f"{name}: by rule {rule.name if rule is not None else None} it is not recorded"
                elif rule.announce and call.direction is not Direction.INTERNAL and call.call_id not in self._told:
                    yield f"{name}: nobody was told"
                if not isinstance(call.state, Talking):
                    yield f"{name}: nobody talks"
                self.begun += 1
            case PauseRecording(recording=recording):
                rule = _rule_for(policy, call)
                if rule is not None and not rule.may_pause:
                    yield f"recording {recording} of call {call.call_id} is paused, and must not be"
                self.paused += 1
            case _:
                pass

    def _read(self, part: RecordingPart) -> Iterator[str]:
        closed = self._closed.setdefault(part.call, {})
        if part.recording in closed:
            yield f"recording {part.recording} of call {part.call} is over, and changes on record"
        if part.ended_at_ms is None:
            self._open[part.recording] = part.call
            return
        self._open.pop(part.recording, None)
        closed[part.recording] = None
        left_out_ms = sum(until_ms - since_ms for since_ms, until_ms in part.pauses)
        if left_out_ms != part.paused_ms or left_out_ms > part.ended_at_ms - part.started_at_ms:
            yield f"recording {part.recording} of call {part.call}: {part.paused_ms} ms of its pauses cannot be"


def _rule_for(policy: Policy, call: Call) -> RecordingRule | None:
    """Told without ``core.recording``, whose rule this is."""
    state = call.state
    who = {call.caller_person, state.person if isinstance(state, Talking) else None} - {None}
    departments = {policy.people[one].department for one in who if one in policy.people and one is not None}
    line = {call.line.name} if call.line is not None else set[str]()
    asked: list[tuple[str, AbstractSet[object]]] = [
        ("directions", {call.direction}),
        ("lines", line),
        ("queues", {call.from_queue} if call.from_queue is not None else set[str]()),
        ("people", who),
        ("departments", departments),
    ]
    for rule in policy.recording.rules:
        if all(not getattr(rule, name) or set(getattr(rule, name)) & has for name, has in asked):
            return rule
    return None
