"""Short ways to a message that a caller leaves, and to what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from switchboard.core import facts
from switchboard.core.actions import Play, RecordMessage
from switchboard.core.facts import Fact
from switchboard.core.ids import LegId, RecordingId
from tests.core.hearing_ways import between_messages, press
from tests.core.policy import POLICIES
from tests.core.story import Story, arrive, ready


def recording_of(story: Story) -> RecordingId:
    asked = story.newest(RecordMessage)
    assert isinstance(asked, RecordMessage)
    return asked.recording


def invited() -> Story:
    """Pressed the key for it, and hears the box's greeting."""
    story = between_messages()
    press(story, "5")
    return story


def speaking() -> Story:
    """Behind the tone."""
    story = invited()
    play = story.newest(Play)
    assert isinstance(play, Play)
    story.tell(facts.PlaybackEnded(play.playback), 3_000)
    return story


def nothing_recorded() -> Story:
    """Asterisk says that it is over, and nothing there."""
    story = speaking()
    story.tell(facts.RecordingEnded(recording_of(story)), 100)
    return story


def thanked() -> Story:
    story = speaking()
    story.tell(facts.RecordingEnded(recording_of(story), duration_ms=7_000, talking_ms=6_000), 8_000)
    return story


def left_unheard() -> Story:
    """Hung up, and the end of the recording was not heard of."""
    story = speaking()
    story.tell(facts.LegLeft(LegId("1.1")), 8_000)
    return story


def left_in_the_greeting() -> Story:
    story = invited()
    story.tell(facts.LegLeft(LegId("1.1")), 500)
    return story


def crashed() -> Story:
    """Asterisk was restarted in the midst of it."""
    story = speaking()
    story.tell(facts.SwitchLost("reset"), 2_000)
    story.tell(ready((), ("olga",), switch="another"), 2_000)
    return story


def told_and_invited() -> Story:
    """Was told that the talk may be recorded, and found nobody to talk with."""
    story = Story()
    story.tell(facts.PolicyLoaded(POLICIES["recording or a box"]))
    story.tell(ready((), ()))
    arrive(story, number="anonymous")
    play = story.newest(Play)
    assert isinstance(play, Play)
    story.tell(facts.PlaybackEnded(play.playback), 3_000)
    return story


VOICEMAIL_WAYS: dict[str, Callable[[], Story]] = {
    "invited to speak": invited,
    "told, then invited": told_and_invited,
    "leaving a message": speaking,
    "nothing recorded": nothing_recorded,
    "thanked for a message": thanked,
    "left, message unheard": left_unheard,
    "left in the greeting": left_in_the_greeting,
    "Asterisk crashed in a message": crashed,
}


def about_recordings(story: Story) -> Iterator[Fact]:
    """All that may be said of what this story recorded."""
    for action in story.actions:
        if isinstance(action, RecordMessage):
            recording = action.recording
            yield facts.RecordingEnded(recording)
            yield facts.RecordingEnded(recording, kept=False, why="no room")
            for duration_ms, talking_ms in ((0, 0), (9_000, 1_000), (9_000, 8_000), (9_000, None), (1_500, None)):
                yield facts.RecordingEnded(recording, duration_ms=duration_ms, talking_ms=talking_ms)
            yield facts.ActionFailed(action.call, "RecordMessage", "500", recording=recording)
            yield facts.ActionFailed(action.call, "RecordMessage", "404", action.leg, gone=action.leg)
            yield facts.ActionFailed(action.call, "RecordMessage", "away", away=True, recording=recording)
