"""Short ways to talks that are recorded, paused, announced or broken off."""

from __future__ import annotations

from collections.abc import Callable

from switchboard.core import facts
from switchboard.core.actions import Connect, Play, PlayInBridge, Ring, RingOutside, StartRecording
from switchboard.core.facts import Entrance
from switchboard.core.ids import LegId, PersonId, PhoneId
from tests.core.policy import POLICIES
from tests.core.story import Story, arrive, ready


def being_told(phones: tuple[str, ...] = ("olga", "pavel")) -> Story:
    story = Story()
    story.tell(facts.PolicyLoaded(POLICIES["recording"]))
    story.tell(ready((), tuple(PhoneId(phone) for phone in phones)))
    arrive(story, number="anonymous")
    return story


def put_through(story: Story) -> Story:
    """Whoever is rung picks up, and both are in the bridge."""
    ring = next(action for action in reversed(story.actions) if isinstance(action, Ring | RingOutside))
    story.tell(facts.LegAnswered(ring.leg), 2_000)
    connect = story.newest(Connect)
    assert isinstance(connect, Connect)
    for leg in connect.legs:
        story.tell(facts.LegBridged(leg, connect.bridge), 10)
    return story


def recorded() -> Story:
    story = being_told()
    play = story.newest(Play)
    assert isinstance(play, Play)
    story.tell(facts.PlaybackEnded(play.playback), 3_000)
    return put_through(story)


def operators_leg(story: Story) -> LegId:
    ring = story.newest(Ring)
    assert isinstance(ring, Ring)
    return ring.leg


def press(story: Story, keys: str) -> Story:
    for key in keys:
        story.tell(facts.KeyPressed(operators_leg(story), key), 100)
    return story


def paused() -> Story:
    return press(recorded(), "*6")


def went_on() -> Story:
    return press(paused(), "*6")


def broken_off() -> Story:
    story = recorded()
    start = story.newest(StartRecording)
    assert isinstance(start, StartRecording)
    story.tell(facts.RecordingEnded(start.recording), 5_000)
    return story


def told_in_the_bridge() -> Story:
    """A call to the outside: the far end hears it when they have picked up."""
    story = Story()
    story.tell(facts.PolicyLoaded(POLICIES["recording"]))
    story.tell(ready((), (PhoneId("olga"),)))
    story.tell(facts.CallArrived(LegId("1.1"), Entrance.PHONE, "olga", "989161234567", PhoneId("olga")), 10)
    return put_through(story)


def recorded_outbound() -> Story:
    story = told_in_the_bridge()
    play = story.newest(PlayInBridge)
    assert isinstance(play, PlayInBridge)
    story.tell(facts.PlaybackEnded(play.playback), 3_000)
    return story


def recorded_for_the_desk() -> Story:
    story = recorded()
    story.tell(facts.StaffCommanded(PersonId("olga"), facts.StaffCommand.PAUSE_RECORDING), 100)
    return story


RECORDING_WAYS: dict[str, Callable[[], Story]] = {
    "told of recording": being_told,
    "told, and nobody is there": lambda: being_told(()),
    "talking, recorded": recorded,
    "talking, half a code": lambda: press(recorded(), "*"),
    "talking, recording, paused": paused,
    "talking, recording, paused at the desk": recorded_for_the_desk,
    "talking, recording, gone on": went_on,
    "talking, recording, broken off": broken_off,
    "talking, told in the bridge": told_in_the_bridge,
    "talking, recorded outside": recorded_outbound,
}
