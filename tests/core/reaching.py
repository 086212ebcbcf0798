"""Short ways to every state of a call, and every fact that could then come: its own, stale, doubled, foreign."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from switchboard.core import facts
from switchboard.core.actions import Connect, Play, PlayInBridge, Ring, StartRecording
from switchboard.core.facts import Entrance, Fact, StaffCommand
from switchboard.core.ids import BridgeId, CallId, LegId, PersonId, PhoneId, PlaybackId, RecordingId, nth_id
from switchboard.sim.company import DAY_MS, ORDERS
from tests.core.hearing_ways import HEARING_WAYS, hearing_rung
from tests.core.policy import POLICIES
from tests.core.recording_ways import RECORDING_WAYS
from tests.core.story import (
    ACTIONS,
    EVERYBODY,
    KOLOS,
    NUMBER,
    PETROV,
    Story,
    arrive,
    begin,
    bridges_of,
    ready,
)
from tests.core.voicemail_ways import VOICEMAIL_WAYS, about_recordings

CODES = (
    "*10", "*11", "*20", "*21", "*22", "*23", "*232", "*24", "*24201", "*24101", "*25", "*138", "*1308202", "*8101",
    "*8201", "*12101*?", "*12201*?", "*12999*?",
)  # fmt: skip


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


def at_another_phone() -> Story:
    story = dialling("rita", "*12101*?", waiting)
    story.tell(facts.PinChecked(story.exchange.floor.leg_owner[LegId("3.1")], right=True), 10)
    return story


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
}


def every_fact(story: Story) -> list[Fact]:
    """One of each kind, for every leg, call and person that the story knows, and for some that it does not."""
    floor = story.exchange.floor
    calls = [*floor.calls, CallId("0" * 24)]
    ids = dict.fromkeys(leg for call in floor.calls.values() for leg in (call.leg, *call.legs))
    rung = dict.fromkeys(action.leg for action in story.actions if isinstance(action, Ring))
    legs = [*(ids | rung), LegId("9.9")]
    bridges = [*(action.bridge for action in story.actions if isinstance(action, Connect)), BridgeId("f" * 32)]
    playbacks = [
        *(action.playback for action in story.actions if isinstance(action, Play | PlayInBridge)),
        PlaybackId("e" * 32),
    ]
    made: list[Fact] = [
        *(facts.CallerFound(call, found) for call in calls for found in ((), (KOLOS,), (KOLOS, PETROV))),
        *(facts.LookUpFailed(call, "no database") for call in calls),
        *(kind(leg) for kind in (facts.LegRinging, facts.LegAnswered, facts.LegLeft, facts.LegSilent) for leg in legs),
        *(facts.LegBridged(leg, bridge) for leg in legs for bridge in bridges),
        *(facts.LegEnded(leg, cause) for leg in legs for cause in (0, 16, 17, 19, 20, 21, 34)),
        *(facts.KeyPressed(leg, key) for leg in legs for key in "0123456*#"),
        *(facts.PlaybackEnded(playback, heard) for playback in playbacks for heard in (True, False)),
        *_recordings(story, calls),
        *_refusals(calls, legs, playbacks),
        *(facts.PhoneEngaged(PhoneId(phone), there) for phone in (*EVERYBODY, "ghost") for there in (True, False)),
        *(facts.PhoneSeen(PhoneId(phone), there) for phone in (*EVERYBODY, "ghost") for there in (True, False)),
        *_commands(story),
        *(facts.PinChecked(call, right) for call in calls for right in (True, False)),
        *(facts.PolicyLoaded(policy) for policy in POLICIES.values()),
        *about_recordings(story),
        facts.SwitchLost("reset"),
        *_reports(story),
        *_surveys(story, legs),
        *_arrivals(legs),
    ]
    return [*made, *_every_deadline(story, calls)]


def _arrivals(legs: list[LegId]) -> list[Fact]:
    return [
        *(facts.CallArrived(LegId(leg), Entrance.LINE, NUMBER, ORDERS) for leg in (*legs, "2.1")),
        *(
            facts.CallArrived(LegId("2.2"), Entrance.LINE, number, dialled)
            for number in ("", "x" * 300)
            for dialled in ("", "?")
        ),
        *(
            facts.CallArrived(LegId("2.3"), Entrance.PHONE, "x", dialled, phone)
            for dialled in (*CODES, "201", "101", "*2", "", "112", "989161234567", "9", "5")
            for phone in (PhoneId("olga"), PhoneId("ghost"), None)
        ),
    ]


def _refusals(calls: list[CallId], legs: list[LegId], playbacks: list[PlaybackId]) -> list[Fact]:
    said = [(action, playback) for action in ("Play", "PlayInBridge") for playback in playbacks]
    return [
        *(
            facts.ActionFailed(call, action, "404", leg)
            for call in calls
            for action in ACTIONS
            for leg in [*legs, None]
        ),
        *(facts.ActionFailed(call, action, "404", playback=playback) for call in calls for action, playback in said),
    ]


def _recordings(story: Story, calls: list[CallId]) -> list[Fact]:
    begun = [action.recording for action in story.actions if isinstance(action, StartRecording)]
    ids = [*dict.fromkeys(begun), *(RecordingId(nth_id(call, 1)) for call in calls)]
    return [
        *(facts.RecordingEnded(recording, kept) for recording in ids for kept in (True, False)),
        *(facts.RecordingFiled(recording, "x.wav", "a" * 64, 1) for recording in ids),
        *(facts.RecordingMissed(recording, "404") for recording in ids),
        *(facts.RecordingExpired(recording, 180) for recording in ids),
    ]


def _commands(story: Story) -> list[Fact]:
    return [
        *(
            facts.StaffCommanded(PersonId(who), command, "x", whom, 5_000, story.at_ms + 7_000, PhoneId(phone))
            for who in ("olga", "anna", "ghost")
            for command in StaffCommand
            for whom, phone in ((PersonId("anna"), "pavel"), (PersonId("olga"), "anna"))
        ),
        *(facts.StaffCommanded(PersonId("olga"), command) for command in StaffCommand),
    ]


def _every_deadline(story: Story, calls: list[CallId]) -> list[Fact]:
    """The true ones, those of the past, and those of nobody."""
    living = story.exchange.floor.calls.values()
    moments = [call.until_ms for call in living] + [story.at_ms, story.at_ms - 1, DAY_MS]
    people = [PersonId("olga"), PersonId("ghost")]
    return [
        *(facts.DeadlinePassed(until_ms, call=call) for until_ms in moments for call in calls),
        *(facts.DeadlinePassed(until_ms, person=person) for until_ms in moments for person in people),
        *(
            facts.DeadlinePassed(booking.until_ms, booking=booking.booking)
            for booking in story.exchange.floor.bookings.values()
        ),
        facts.DeadlinePassed(story.at_ms, booking=CallId("0" * 24)),
        facts.DeadlinePassed(story.at_ms),
    ]


def served_away(story: Story, **more: object) -> facts.FallbackCall:
    """A call of Asterisk's own queue, another one each time the queue log was read on."""
    floor = story.exchange.floor
    read_bytes = floor.bookmark.offset if floor.bookmark is not None else 0
    told = facts.FallbackCall(LegId(f"away.{read_bytes}"), NUMBER, ORDERS, story.at_ms - 60_000)
    return msgspec.structs.replace(told, **{"ended_at_ms": story.at_ms - 1_000, **more})


def report(story: Story, *calls: facts.FallbackCall) -> facts.FallbackReported:
    """The queue log was read on from where the exchange stands."""
    since = story.exchange.floor.bookmark
    read_bytes = (since.offset if since is not None else 0) + 100
    return facts.FallbackReported(since, facts.Bookmark("1-first", read_bytes, story.at_ms // 1_000), calls)


def _reports(story: Story) -> list[Fact]:
    """A call each way to its end; nothing but a bookmark; and a report that does not begin where we stand."""
    answered = {"phone": PhoneId("olga"), "answered_at_ms": story.at_ms - 50_000}
    ends: list[dict[str, object]] = [
        {}, {"ringing": True, "ring_ms": 3_000}, {"unserved": True}, {"lost": True}, answered,
        answered | {"lost": True}, answered | {"phone": PhoneId("ghost")}, {"number": "", "dialled": "?"},
        {"ended_at_ms": 0}, {"answered_at_ms": story.at_ms + 50_000},
    ]  # fmt: skip
    elsewhere = facts.Bookmark("2-other", 7, 0)
    one = served_away(story)
    return [
        report(story),
        *(report(story, served_away(story, **end)) for end in ends),
        report(story, one, msgspec.structs.replace(one, leg=LegId(f"{one.leg}.also"))),
        facts.FallbackReported(elsewhere, elsewhere, (served_away(story),)),
    ]


def _surveys(story: Story, legs: list[LegId]) -> list[Fact]:
    """What a survey may say: at the beginning of a connection, and later."""
    return [
        ready((), ()),
        ready((), (), switch="another"),
        ready(tuple(legs), EVERYBODY),
        ready(tuple(legs), EVERYBODY, up=True),
        *(ready(tuple(one for one in legs if one != leg), EVERYBODY) for leg in legs),
        *(facts.LegVanished(leg) for leg in legs),
        *(facts.LegFound(leg) for leg in legs),
        *(facts.BridgeFound(bridge) for bridge in bridges_of(story)),
    ]
