"""Short ways to every state of a call."""

from __future__ import annotations

from collections.abc import Callable

from switchboard.core import facts
from switchboard.core.actions import Connect, Join, Ring, Snoop
from switchboard.core.facts import Entrance
from switchboard.core.ids import LegId, PersonId, PhoneId
from switchboard.core.staff_commands import StaffCommand
from tests.core.hearing_ways import HEARING_WAYS, hearing_rung
from tests.core.policy import POLICIES
from tests.core.recording_ways import RECORDING_WAYS
from tests.core.story import (
    KOLOS,
    PETROV,
    Story,
    arrive,
    begin,
)
from tests.core.voicemail_ways import VOICEMAIL_WAYS


def looking_up() -> Story:
    story = begin()
    arrive(story)
    return story


def ringing() -> Story:
    story = looking_up()
    story.tell(facts.CallerFound(story.call, (KOLOS,)), 10)
    return story


def ringing_all() -> Story:
    story = begin(("fedor", "faina", "olga"))
    arrive(story)
    story.tell(facts.CallerFound(story.call, (PETROV,)), 10)
    return story


def waiting() -> Story:
    story = begin(("olga",))
    story.tell(facts.StaffCommanded(PersonId("olga"), StaffCommand.PAUSE, "lunch"))
    arrive(story, number="anonymous")
    return story


def waiting_rung() -> Story:
    story = begin(("olga", "pavel"))
    arrive(story, number="anonymous")
    return story


def connecting(before: Callable[[], Story] = waiting_rung) -> Story:
    story = before()
    ring = story.newest(Ring)
    assert isinstance(ring, Ring)
    story.tell(facts.LegAnswered(ring.leg), 2_000)
    return story


def half_bridged() -> Story:
    story = connecting()
    connect = story.newest(Connect)
    assert isinstance(connect, Connect)
    story.tell(facts.LegBridged(connect.legs[0], connect.bridge), 10)
    return story


def talking(before: Callable[[], Story] = waiting_rung) -> Story:
    story = connecting(before)
    connect = story.newest(Connect)
    assert isinstance(connect, Connect)
    for leg in connect.legs:
        story.tell(facts.LegBridged(leg, connect.bridge), 10)
    return story


def talking_without_a_phone(phone: str, before: Callable[[], Story] = waiting_rung) -> Story:
    """Asterisk misses this phone in mid-talk."""
    story = talking(before)
    story.tell(facts.PhoneSeen(PhoneId(phone), False), 2_000)
    return story


def saying() -> Story:
    story = begin(())
    arrive(story, number="anonymous")
    return story


def ending() -> Story:
    story = waiting_rung()
    story.tell(facts.LegLeft(LegId("1.1")), 1_000)
    return story


def internal() -> Story:
    story = begin()
    story.tell(facts.CallArrived(LegId("1.1"), Entrance.PHONE, "olga", "201", PhoneId("olga")), 10)
    return story


def outbound() -> Story:
    story = begin()
    story.tell(facts.CallArrived(LegId("1.1"), Entrance.PHONE, "olga", "989161234567", PhoneId("olga")), 10)
    return story


def code() -> Story:
    story = begin()
    story.tell(facts.CallArrived(LegId("1.1"), Entrance.PHONE, "olga", "*20", PhoneId("olga")), 10)
    return story


def dialling(who: str, dialled: str, before: Callable[[], Story]) -> Story:
    story = before()
    story.tell(facts.CallArrived(LegId("3.1"), Entrance.PHONE, who, dialled, PhoneId(who)), 10)
    return story


def listening(code: str = "*90101", who: str = "hanna", before: Callable[[], Story] = talking) -> Story:
    """Somebody has dialled it while olga talks; nothing was heard of it yet."""
    return dialling(who, code, before)


def hears(code: str = "*90101", who: str = "hanna", before: Callable[[], Story] = talking) -> Story:
    story = listening(code, who, before)
    made = story.newest(Join if code.startswith("*92") else Snoop)
    if isinstance(made, Snoop):
        story.tell(facts.LegAnswered(made.leg), 10)
        connect = story.newest(Connect)
        assert isinstance(connect, Connect)
        for leg in connect.legs:
            story.tell(facts.LegBridged(leg, connect.bridge), 10)
    elif isinstance(made, Join):
        story.tell(facts.LegBridged(made.leg, made.bridge), 10)
    return story


def changes(key: str, code: str = "*90101") -> Story:
    """Another mode was asked for, and nothing heard of it yet; where there is a leg that spies, it is there."""
    story = hears(code)
    story.tell(facts.KeyPressed(LegId("3.1"), key), 500)
    return story


def asked_at_the_desk(command: StaffCommand, *, picked_up: bool = False) -> Story:
    story = talking()
    story.tell(facts.StaffCommanded(PersonId("hanna"), command, whom=PersonId("olga")), 100)
    ring = story.newest(Ring)
    if picked_up and isinstance(ring, Ring):
        story.tell(facts.LegAnswered(ring.leg), 2_000)
    return story


def at_another_phone() -> Story:
    story = dialling("rita", "*12101*?", waiting)
    story.tell(facts.PinChecked(story.exchange.floor.leg_owner[LegId("3.1")], right=True), 10)
    return story


def told(command: StaffCommand, to: str = "", before: Callable[[], Story] = talking, who: str = "olga") -> Story:
    """Somebody who talks says at the desk what is to happen."""
    story = before()
    story.tell(facts.StaffCommanded(PersonId(who), command, to=to), 1_000)
    return story


def picked_up_again(before: Callable[[], Story]) -> Story:
    """Whoever rings now picks up, and they talk."""
    return talking(before)


def held() -> Story:
    story = talking()
    ring = story.newest(Ring)
    assert isinstance(ring, Ring)
    story.tell(facts.LegHeld(ring.leg), 1_000)
    return story


def two_calls() -> Story:
    """Olga's phone holds a caller and calls a colleague, by itself."""
    story = held()
    story.tell(facts.CallArrived(LegId("4.1"), Entrance.PHONE, "olga", "103", PhoneId("olga")), 10)
    return story


def picked_up_again_swap() -> Story:
    return told(StaffCommand.SWAP, before=lambda: picked_up_again(lambda: told(StaffCommand.CONSULT, "103")))


def missed() -> Story:
    story = begin(("olga", "pavel"))
    story.tell(facts.PolicyLoaded(POLICIES["missed"]))
    arrive(story, number="anonymous")
    story.wait_for_deadline()
    return story


def wrapping_up() -> Story:
    story = talking()
    for leg in list(story.exchange.floor.leg_owner):
        story.tell(facts.LegEnded(leg, 16), 10)
    return story


def reloaded() -> Story:
    story = waiting_rung()
    story.tell(facts.PolicyLoaded(POLICIES["sofia"]), 10)
    return story


WAYS: dict[str, Callable[[], Story]] = {
    "nothing": begin,
    "looking up": looking_up,
    "ringing": ringing,
    "ringing all": ringing_all,
    "waiting": waiting,
    "waiting, rung": waiting_rung,
    **HEARING_WAYS,
    **VOICEMAIL_WAYS,
    "hearing, answered": lambda: connecting(hearing_rung),
    "connecting": connecting,
    "connecting a manager": lambda: connecting(ringing),
    "connecting one of all": lambda: connecting(ringing_all),
    "half bridged": half_bridged,
    "talking": talking,
    "talking with a manager": lambda: talking(ringing),
    "talking without a phone": lambda: talking_without_a_phone("olga"),
    "internal talk without the caller's phone": lambda: talking_without_a_phone("olga", internal),
    "saying": saying,
    "ending": ending,
    "internal": internal,
    "internal talk": lambda: talking(internal),
    "outbound": outbound,
    "code": code,
    "reloaded": reloaded,
    "checking a PIN": lambda: dialling("pavel", "*12101*?", begin),
    "picked up": lambda: dialling("pavel", "*8101", waiting_rung),
    "picked up from a manager": lambda: dialling("boris", "*8201", ringing),
    "in wrap-up": wrapping_up,
    "a code in wrap-up": lambda: dialling("olga", "*231", wrapping_up),
    "forwarded": lambda: dialling("olga", "201", lambda: dialling("anna", "*24202", begin)),
    "at another phone": at_another_phone,
    "missed": missed,
    **RECORDING_WAYS,
    "held": held,
    "on hold at the desk": lambda: told(StaffCommand.HOLD),
    "on hold in a call that they placed": lambda: told(StaffCommand.HOLD, before=lambda: talking(internal)),
    "two calls": two_calls,
    "asking": lambda: told(StaffCommand.CONSULT, "103"),
    "asking a queue": lambda: told(StaffCommand.CONSULT, "71"),
    "asked": lambda: picked_up_again(lambda: told(StaffCommand.CONSULT, "103")),
    "swapped": picked_up_again_swap,
    "three talk": lambda: told(
        StaffCommand.JOIN, before=lambda: picked_up_again(lambda: told(StaffCommand.CONSULT, "103"))
    ),
    "handed over": lambda: told(StaffCommand.HAND_OVER, "103"),
    "handed over to a duty": lambda: told(StaffCommand.HAND_OVER, "70"),
    "handed over by who called": lambda: told(StaffCommand.HAND_OVER, "103", lambda: talking(internal)),
    "given outside": lambda: told(StaffCommand.HAND_OVER, "989161234567"),
    "parked": lambda: told(StaffCommand.PARK),
    "parked from hold": lambda: told(StaffCommand.PARK, before=held),
    "retrieved": lambda: dialling("pavel", "*29101", lambda: told(StaffCommand.PARK)),
    "wants to listen": listening,
    "wants to barge in": lambda: listening("*92101"),
    "listens": hears,
    "listens to who placed the call": lambda: hears("*90101", "hanna", lambda: talking(internal)),
    "whispers": lambda: hears("*91101"),
    "has barged in": lambda: hears("*92101"),
    "is about to whisper": lambda: changes("5"),
    "is about to barge in": lambda: changes("6"),
    "is about to listen only": lambda: changes("4", "*92101"),
    "is rung to listen": lambda: asked_at_the_desk(StaffCommand.LISTEN),
    "listens to who holds": lambda: told(StaffCommand.HOLD, before=hears),
    "picked up to barge in": lambda: asked_at_the_desk(StaffCommand.BARGE_IN, picked_up=True),
}
