"""Into a box: its greeting, the tone, the recording, all asked for at once.

Asterisk says the greeting and records behind it, one after the other, by itself. So there is no gap between the two in
which a caller would speak to nobody, and whoever calls leaves their message even if we die meanwhile. Where nothing can
be recorded, Asterisk says so before the greeting is over (its folder is missing), and the caller is told.
"""

from __future__ import annotations

from switchboard.core.actions import AskAboutRecording, Play, RecordMessage
from switchboard.core.call_state import Call, LeavingMessage
from switchboard.core.floor import Floor
from switchboard.core.hearing import DEFAULT_LANGUAGE, let_hear_voice
from switchboard.core.ids import PlaybackId, RecordingId
from switchboard.core.opening_hours import next_opening_ms
from switchboard.core.policy import Box
from switchboard.core.queue_rules import Voice
from switchboard.core.speech_time import say_moment

ASK_EVERY_MS = 10_000
"""An end that nobody heard of leaves a caller in silence for no longer than this."""
GRACE_MS = 15_000
"""What a message may take beyond its longest time: the tone, and Asterisk's own slowness."""


def begin(floor: Floor, call: Call, box: Box, before: tuple[str, ...] = (), tries: int = 1) -> None:
    """``before`` is said first."""
    let_hear_voice(floor, call)
    playback, recording = PlaybackId(call.make_id()), RecordingId(call.make_id())
    floor.because(call, "voicemail", f"may leave a message in box {box.name}")
    floor.act(Play(call.call_id, call.leg, playback, (*before, *box.greeting)))
    floor.act(RecordMessage(call.call_id, call.leg, recording, box.longest_ms, box.silence_ms))
    said_ms = floor.policy_of(call).limits.message_at_most_ms
    ends_ms = floor.at_ms + said_ms + box.longest_ms + GRACE_MS
    call.enter(LeavingMessage(box, playback, recording, floor.at_ms + ASK_EVERY_MS, ends_ms, tries=tries))


def ask(floor: Floor, call: Call, recording: RecordingId) -> None:
    floor.ask_again(AskAboutRecording(call.call_id, recording))


def language_of(call: Call) -> str:
    return call.line.language if call.line is not None else DEFAULT_LANGUAGE


def say_opening(floor: Floor, call: Call, hours: str | None) -> tuple[str, ...]:
    """When these hours open next, as prompts; empty where they are open, never open, or no words are there for it."""
    policy = floor.policy_of(call)
    rules = policy.hours.get(hours or "")
    opens_ms = next_opening_ms(rules, floor.at_ms) if rules is not None else None
    if rules is None or opens_ms is None or opens_ms <= floor.at_ms:
        return ()
    language = language_of(call)
    voice = policy.voices.get(language, Voice())
    return say_moment(opens_ms, floor.at_ms, rules.timezone, language, voice) or ()
