"""Messages that callers leave in a box: what becomes of one, from its tone to its task.

    LeavingMessage ── it is there ──► Saying thanks            outcome voicemail
        │   │   └──── nothing in it ► Saying goodbye           outcome message: they heard the greeting
        │   └──────── it failed ────► Saying sorry             outcome callback: a task, and an alarm
        └─ the caller left ─► Keeping: what does Asterisk have of it?

Asterisk tells of the end before it tells that the caller left, so ``Keeping`` lasts only where the news was lost: while
we were away, or on the way. It also says "ended, nothing there" of a caller who hangs up during the greeting, and the
same where it cannot write; so after that we wait for a moment whether the caller leaves, before we say sorry.
A message counts by the sound in it, where Asterisk counted that; else by its length.
"""

from __future__ import annotations

from msgspec.structs import replace

from switchboard.core.actions import DropRecording, HangUp, StopPlaying
from switchboard.core.call_state import Call, Keeping, LeavingMessage, Saying
from switchboard.core.ending import end
from switchboard.core.entries import Outcome, VoicemailLeft
from switchboard.core.facts import ActionFailed, Fact, KeyPressed, PlaybackEnded, RecordingEnded
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_again
from switchboard.core.leaving_message import ASK_EVERY_MS, GRACE_MS, ask, begin, language_of
from switchboard.core.policy import Box
from switchboard.core.steps import open_task, say

NOT_RECORDED = "not_recorded"
"""The reason of an alarm: somebody wished to leave a message and could not."""
_LEAVES_MS = 1_000
"""Whoever hung up is heard of within this time."""
_MOST_TRIES = 2
_MOST_QUESTIONS = 3
_SKIPS = "#"


def happens(floor: Floor, call: Call, fact: Fact) -> bool | None:
    """Let ``fact`` happen to a call whose caller leaves a message, or has; ``None``: it is not about the message."""
    state = call.state
    match fact:
        case RecordingEnded():
            return _when_recorded(floor, call, fact)
        case PlaybackEnded(playback=playback, heard=True) if isinstance(state, LeavingMessage):
            return playback == state.playback and _when_greeted(floor, call, state)
        case ActionFailed(action="Play", playback=playback, gone=None, away=False) if isinstance(state, LeavingMessage):
            return playback == state.playback and _when_greeted(floor, call, state)
        case ActionFailed(action="RecordMessage", recording=recording, gone=None, away=False):
            if not isinstance(state, LeavingMessage) or recording != state.recording:
                return False
            floor.act(StopPlaying(call.call_id, call.leg, state.playback))
            _apologize(floor, call, state.box, fact.why)
            return True
        case KeyPressed(leg=leg, key=key) if leg == call.leg:
            if key != _SKIPS or not isinstance(state, LeavingMessage) or state.since_ms is not None:
                return False  # behind the tone it is Asterisk that hears it
            floor.act(StopPlaying(call.call_id, call.leg, state.playback))
            return True
        case _:
            return None


def _when_greeted(floor: Floor, call: Call, state: LeavingMessage) -> bool:
    if state.since_ms is not None or state.failed:
        return False
    ends_ms = floor.at_ms + state.box.longest_ms + GRACE_MS
    call.enter(replace(state, since_ms=floor.at_ms, until_ms=floor.at_ms + ASK_EVERY_MS, ends_ms=ends_ms))
    return True


def _when_recorded(floor: Floor, call: Call, fact: RecordingEnded) -> bool:
    state = call.state
    if not isinstance(state, LeavingMessage | Keeping) or fact.recording != state.recording:
        return False
    is_there = fact.kept and (fact.duration_ms > 0 or fact.talking_ms is not None)
    why_not = fact.why or "Asterisk recorded nothing"
    if isinstance(state, Keeping):
        _close(floor, call, state, fact if is_there else None, why_not)
    elif not is_there:
        if state.failed:
            return False
        call.enter(replace(state, failed=why_not, until_ms=floor.at_ms + _LEAVES_MS))
    elif _keep(floor, call, state.box, fact):
        say(floor, call, state.box.thanks, Outcome.VOICEMAIL)
    else:
        say(floor, call, state.box.nothing, Outcome.MESSAGE)
    return True


def _keep(floor: Floor, call: Call, box: Box, fact: RecordingEnded) -> bool:
    """Put the message on record, or throw away what is none; which it was."""
    sound_ms = fact.duration_ms if fact.talking_ms is None else fact.talking_ms
    if sound_ms < box.shortest_ms:
        floor.because(call, "voicemail", f"left no message: {sound_ms / 1000:g} s of sound")
        floor.act(DropRecording(call.call_id, fact.recording))
        return False
    floor.unfiled[fact.recording] = floor.at_ms
    shown = f"a message of {fact.duration_ms / 1000:.0f} s in box {box.name}"
    floor.because(call, "voicemail", f"left {shown}")
    floor.entries.append(
        VoicemailLeft(
            message=fact.recording,
            call=call.call_id,
            box=box.name,
            title=box.title,
            department=box.department,
            left_at_ms=floor.at_ms,
            duration_ms=fact.duration_ms,
            line=call.line.name if call.line is not None else None,
            caller_number=call.number.e164,
            client_id=call.client.client_id if call.client is not None else None,
            client_name=call.client.name if call.client is not None else None,
            language=language_of(call),
            mail_to=box.mail_to,
            keep_days=box.keep_days,
        )
    )
    open_task(floor, call, "voicemail", box.task, shown)
    return True


def _apologize(floor: Floor, call: Call, box: Box, why: str) -> None:
    _miss(floor, call, box, why)
    say(floor, call, box.sorry, Outcome.CALLBACK)


def _miss(floor: Floor, call: Call, box: Box, why: str) -> None:
    """They could not leave their message: somebody has to call them."""
    floor.because(call, NOT_RECORDED, why)
    open_task(floor, call, "call_back", box.task, "their message could not be recorded")


# the caller leaves ---------------------------------------------------------------------------------------------


def when_caller_left(floor: Floor, call: Call, state: LeavingMessage) -> None:
    if not state.failed:
        keep_what_there_is(floor, call, state, floor.at_ms)
    elif state.since_ms is None:
        end(floor, call, Outcome.MESSAGE, "the caller left during the greeting")
    else:
        _miss(floor, call, state.box, state.failed)
        end(floor, call, Outcome.CALLBACK, "the caller left, nothing was recorded")


def keep_what_there_is(floor: Floor, call: Call, state: LeavingMessage, left_ms: int, *, spoke: bool = False) -> None:
    ask(floor, call, state.recording)
    until_ms = floor.at_ms + floor.policy_of(call).limits.settle_ms
    call.enter(Keeping(state.box, state.recording, spoke or state.since_ms is not None, left_ms, until_ms))


def _close(floor: Floor, call: Call, state: Keeping, found: RecordingEnded | None, why_not: str) -> None:
    """Now it is known what there is of the message of somebody who left."""
    if found is not None and _keep(floor, call, state.box, found):
        end(floor, call, Outcome.VOICEMAIL, "the caller left after their message")
    elif found is not None or not state.spoke:
        end(floor, call, Outcome.MESSAGE, "the caller left without a message")
    else:
        _miss(floor, call, state.box, why_not)
        end(floor, call, Outcome.CALLBACK, "the caller left, nothing was recorded")
    call.ended_at_ms = max(state.left_ms, call.arrived_at_ms)


# time, and coming back -----------------------------------------------------------------------------------------


def when_late(floor: Floor, call: Call, state: LeavingMessage | Keeping) -> None:
    if isinstance(state, Keeping):
        if state.tries >= _MOST_QUESTIONS:
            _close(floor, call, state, None, "nobody could say what was recorded")
        else:
            _ask_once_more(floor, call, replace(state, tries=state.tries + 1))
    elif state.failed and state.tries < _MOST_TRIES:
        floor.because(call, "asked_again", state.failed)
        begin(floor, call, state.box, tries=state.tries + 1)
    elif state.failed:
        _apologize(floor, call, state.box, state.failed)
    elif floor.at_ms >= state.ends_ms:
        floor.act(HangUp(call.call_id, call.leg))
        keep_what_there_is(floor, call, state, floor.at_ms)
    else:
        _ask_once_more(floor, call, state)


def when_back(floor: Floor, call: Call, state: LeavingMessage | Keeping, *, up: bool) -> None:
    """After a time without a connection: whatever ended meanwhile was not heard of. ``up``: the caller's leg is."""
    if call.caller_there:
        let_hear_again(floor, call, up=up)
    if isinstance(state, Keeping) or not state.failed:
        floor.because(call, "asked_again", "nobody knows whether the message is over")
        _ask_once_more(floor, call, state)


def _ask_once_more(floor: Floor, call: Call, state: LeavingMessage | Keeping) -> None:
    ask(floor, call, state.recording)
    if isinstance(state, Keeping):
        call.enter(replace(state, until_ms=floor.at_ms + floor.policy_of(call).limits.settle_ms))
    else:
        call.enter(replace(state, until_ms=min(floor.at_ms + ASK_EVERY_MS, max(state.ends_ms, floor.at_ms + 1))))


def outlives_the_switch(floor: Floor, call: Call, lost_at_ms: int) -> bool:
    """Asterisk was restarted: what it had recorded until then may still be there. False: this was no message."""
    if isinstance(call.state, Saying) and call.state.outcome is Outcome.VOICEMAIL:
        end(floor, call, Outcome.VOICEMAIL, "Asterisk was restarted behind the message")
        call.ended_at_ms = max(lost_at_ms, call.arrived_at_ms)
        return True
    if isinstance(call.state, LeavingMessage) and not call.state.failed:
        floor.because(call, "voicemail", "Asterisk was restarted in the midst of the message")
        keep_what_there_is(floor, call, call.state, lost_at_ms, spoke=True)
    return isinstance(call.state, Keeping)
