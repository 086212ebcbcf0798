"""Short ways to what a waiting caller hears and presses, up to being called back."""

from __future__ import annotations

from collections.abc import Callable

from switchboard.core import facts
from switchboard.core.actions import Connect, Play, RingOutside
from switchboard.core.ids import LegId, PersonId, PhoneId
from switchboard.core.staff_commands import StaffCommand
from tests.core.policy import POLICIES
from tests.core.story import Story, arrive, ready


def hearing() -> Story:
    """Waits, and is being greeted."""
    story = Story()
    story.tell(facts.PolicyLoaded(POLICIES["voice"]))
    story.tell(ready((), (PhoneId("olga"),)))
    story.tell(facts.StaffCommanded(PersonId("olga"), StaffCommand.PAUSE, "lunch"))
    arrive(story, number="anonymous")
    return story


def hearing_rung() -> Story:
    """An operator's phone rings while a message is said."""
    story = hearing()
    story.tell(facts.StaffCommanded(PersonId("olga"), StaffCommand.RESUME), 500)
    return story


def between_messages() -> Story:
    story = hearing()
    play = story.newest(Play)
    assert isinstance(play, Play)
    story.tell(facts.PlaybackEnded(play.playback), 2_000)
    return story


def hearing_a_message() -> Story:
    story = between_messages()
    story.wait_for_deadline()
    return story


def press(story: Story, keys: str) -> None:
    for key in keys:
        story.tell(facts.KeyPressed(LegId("1.1"), key), 300)


def asked() -> Story:
    """Is asked for a number: theirs is withheld."""
    story = between_messages()
    press(story, "1")
    return story


def asked_to_confirm() -> Story:
    story = asked()
    press(story, "9161234567#")
    return story


def booked() -> Story:
    """Hears that they will be called back."""
    story = asked_to_confirm()
    press(story, "1")
    return story


def to_be_called_back() -> Story:
    """Has hung up; nobody is free."""
    story = booked()
    story.tell(facts.LegLeft(LegId("1.1")), 1_000)
    return story


def summoned() -> Story:
    """The operator's phone rings first."""
    story = to_be_called_back()
    story.tell(facts.StaffCommanded(PersonId("olga"), StaffCommand.RESUME), 60_000)
    return story


def dialled() -> Story:
    """The operator has picked up, the number outside rings."""
    story = summoned()
    story.tell(facts.LegAnswered(next(iter(story.exchange.floor.calls.values())).leg), 2_000)
    return story


def called_back() -> Story:
    story = dialled()
    outside = story.newest(RingOutside)
    assert isinstance(outside, RingOutside)
    story.tell(facts.LegAnswered(outside.leg), 2_000)
    connect = story.newest(Connect)
    assert isinstance(connect, Connect)
    for leg in connect.legs:
        story.tell(facts.LegBridged(leg, connect.bridge), 10)
    return story


def not_reached() -> Story:
    """Did not answer: the place rests."""
    story = dialled()
    outside = story.newest(RingOutside)
    assert isinstance(outside, RingOutside)
    story.tell(facts.LegEnded(outside.leg, 19), 5_000)
    return story


HEARING_WAYS: dict[str, Callable[[], Story]] = {
    "hearing": hearing,
    "hearing, rung": hearing_rung,
    "between messages": between_messages,
    "hearing a message": hearing_a_message,
    "asked": asked,
    "asked to confirm": asked_to_confirm,
    "booked": booked,
    "to be called back": to_be_called_back,
    "summoned": summoned,
    "dialled": dialled,
    "talking after a call-back": called_back,
    "not reached": not_reached,
}
