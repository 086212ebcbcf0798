"""Every fact that could come, in any state: its own, stale, doubled, foreign."""

from __future__ import annotations

import msgspec

from switchboard.core import facts
from switchboard.core.actions import Connect, Play, PlayInBridge, Ring, StartRecording
from switchboard.core.facts import Entrance, Fact
from switchboard.core.fallback_call import Bookmark, FallbackCall
from switchboard.core.ids import BridgeId, CallId, LegId, PersonId, PhoneId, PlaybackId, RecordingId, nth_id
from switchboard.core.staff_commands import StaffCommand
from switchboard.sim.company import DAY_MS, ORDERS
from tests.core.policy import POLICIES
from tests.core.story import ACTIONS, EVERYBODY, KOLOS, NUMBER, PETROV, Story, bridges_of, ready
from tests.core.voicemail_ways import about_recordings

CODES = (
    "*10", "*11", "*20", "*21", "*22", "*23", "*232", "*24", "*24201", "*24101", "*25", "*138", "*1308202", "*8101",
    "*8201", "*90101", "*91101", "*92101", "*90999", "*12101*?", "*12201*?", "*12999*?",
)  # fmt: skip


_ARRIVALS: list[Fact] = [
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
_OF_A_LEG = (
    facts.LegRinging, facts.LegAnswered, facts.LegLeft, facts.LegSilent, facts.LegHeld, facts.LegUnheld,
)  # fmt: skip


_ABOUT_A_LEG = ("Ring", "RingOutside", "Snoop", "Join", "Answer", "HangUp", "Play")
"""Actions whose refusal names a leg."""


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
        *(kind(leg) for kind in _OF_A_LEG for leg in legs),
        *_transfers(legs),
        *(kind(leg, bridge) for kind in (facts.LegBridged, facts.LegApart) for leg in legs for bridge in bridges),
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
        *(facts.CallArrived(LegId(leg), Entrance.LINE, NUMBER, ORDERS) for leg in (*legs, "2.1")),
        *_ARRIVALS,
    ]
    return [*made, *_every_deadline(story, calls)]


def _transfers(legs: list[LegId]) -> list[Fact]:
    stand_ins = (LegId("stand-in"),)  # never a leg of a call
    given_to = ("103", "70", "71", "*28", "989161234567", "")
    return [
        *(facts.LegTransferred(leg, to, stand_ins) for leg in legs for to in given_to),
        *(facts.LegsTransferred(leg, other, stand_ins) for leg in legs for other in legs),
    ]


def _refusals(calls: list[CallId], legs: list[LegId], playbacks: list[PlaybackId]) -> list[Fact]:
    said = [(action, playback) for action in ("Play", "PlayInBridge") for playback in playbacks]
    return [
        *(
            facts.ActionFailed(call, action, "404", leg)
            for call in calls
            for action in ACTIONS
            for leg in ([*legs, None] if action in _ABOUT_A_LEG else [None])
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
            for who in ("olga", "anna", "hanna", "ghost")
            for command in StaffCommand
            for whom, phone in ((PersonId("anna"), "pavel"), (PersonId("olga"), "anna"))
        ),
        *(facts.StaffCommanded(PersonId("olga"), command) for command in StaffCommand),
        *(
            facts.StaffCommanded(PersonId(who), command, to=to)
            for who in ("olga", "pavel")
            for command in (StaffCommand.HAND_OVER, StaffCommand.CONSULT)
            for to in ("101", "103", "70", "71", "989161234567", "nonsense")
        ),
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


def served_away(story: Story, **more: object) -> FallbackCall:
    """A call of Asterisk's own queue, another one each time the queue log was read on."""
    floor = story.exchange.floor
    read_bytes = floor.bookmark.offset if floor.bookmark is not None else 0
    told = FallbackCall(LegId(f"away.{read_bytes}"), NUMBER, ORDERS, story.at_ms - 60_000)
    return msgspec.structs.replace(told, **{"ended_at_ms": story.at_ms - 1_000, **more})


def report(story: Story, *calls: FallbackCall) -> facts.FallbackReported:
    """The queue log was read on from where the exchange stands."""
    since = story.exchange.floor.bookmark
    read_bytes = (since.offset if since is not None else 0) + 100
    return facts.FallbackReported(since, Bookmark("1-first", read_bytes, story.at_ms // 1_000), calls)


def _reports(story: Story) -> list[Fact]:
    """A call each way to its end; nothing but a bookmark; and a report that does not begin where we stand."""
    answered = {"phone": PhoneId("olga"), "answered_at_ms": story.at_ms - 50_000}
    ends: list[dict[str, object]] = [
        {}, {"ringing": True, "ring_ms": 3_000}, {"unserved": True}, {"lost": True}, answered,
        answered | {"lost": True}, answered | {"phone": PhoneId("ghost")}, {"number": "", "dialled": "?"},
        {"ended_at_ms": 0}, {"answered_at_ms": story.at_ms + 50_000},
    ]  # fmt: skip
    elsewhere = Bookmark("2-other", 7, 0)
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
