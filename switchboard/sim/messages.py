"""Promises about messages that callers leave, kept apart from the ``Witness`` that makes use of them:

- a message that Asterisk is known to have is on record, once, with a task; one that is none is thrown away;
- a call ends as ``voicemail`` exactly if its caller left a message;
- who could not leave theirs is called back.
"""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.core.actions import DropRecording, RecordMessage
from switchboard.core.entries import CallRecord, CallStep, Outcome, TaskOpened, VoicemailLeft
from switchboard.core.exchange import Handled
from switchboard.core.facts import Fact, RecordingEnded
from switchboard.core.ids import CallId, RecordingId, call_id_of
from switchboard.core.voicemail import NOT_RECORDED


class MessageWitness:
    """Of all callers of one exchange."""

    def __init__(self) -> None:
        self.asked: dict[RecordingId, None] = {}
        self.left: dict[RecordingId, CallId] = {}
        self.dropped: dict[RecordingId, None] = {}

    def watch(self, fact: Fact, handled: Handled) -> Iterator[str]:
        """Every promise that ``handled``, the answer to ``fact``, breaks."""
        tasks = {(entry.call, entry.kind) for entry in handled.entries if isinstance(entry, TaskOpened)}
        for action in handled.actions:
            if isinstance(action, RecordMessage):
                self.asked[action.recording] = None
            elif isinstance(action, DropRecording):
                self.dropped[action.recording] = None
        for entry in handled.entries:
            match entry:
                case VoicemailLeft(message=message, call=call):
                    if message in self.left or message not in self.asked or call_id_of(message) != call:
                        yield f"message {message} is on record twice, or is none of call {call}"
                    self.left[message] = call
                    if (call, "voicemail") not in tasks:
                        yield f"message {message} is nobody's task"
                case CallRecord(call=call, outcome=outcome) if outcome is not None and outcome is not Outcome.OUR_FAULT:
                    is_there = call in self.left.values()
                    if (outcome is Outcome.VOICEMAIL) != is_there:
                        yield f"call {call} ended as {outcome}, its message is{'' if is_there else ' not'} there"
                case CallStep(call=call, reason=reason) if reason.startswith(f"{NOT_RECORDED}:"):
                    if (call, "call_back") not in tasks:
                        yield f"the caller of {call} could not leave a message, and nobody calls them back"
        if isinstance(fact, RecordingEnded) and handled.meant_something and fact.kept:
            recording, is_there = fact.recording, fact.duration_ms > 0 or fact.talking_ms is not None
            if is_there and (recording in self.left) == (recording in self.dropped):
                yield f"recording {recording} is neither kept nor thrown away"
