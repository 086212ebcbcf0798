"""Surveys: what they say and we do not know becomes facts; what we know already says nothing."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from switchboard.core import facts
from switchboard.core.actions import (
    Action,
    Answer,
    Connect,
    HangUp,
    LookUpCaller,
    Play,
    Ring,
    SetLanguage,
    SoundRinging,
    StartMusic,
    StopMusic,
)
from switchboard.core.call_state import (
    CallState,
    Checking,
    Connecting,
    Ending,
    Keeping,
    LeavingMessage,
    Listening,
    LookingUp,
    OnHold,
    Saying,
    Talking,
    Telling,
)
from switchboard.core.entries import Outcome
from switchboard.core.facts import Entrance, Fact, Found, FoundLeg
from switchboard.core.ids import BridgeId, LegId, PhoneId, call_id_of
from switchboard.core.phones import person_at
from switchboard.core.state_parts import Post
from switchboard.core.survey import PHONES_KNOWN_AFTER_MS, differences
from switchboard.sim.company import DISPATCH, ORDERS
from tests.core.policy import POLICY
from tests.core.reaching import WAYS, connecting, ending, looking_up, ringing, saying, talking, waiting, waiting_rung
from tests.core.story import EVERYBODY, NUMBER, Story, begin

CALLER = LegId("1.1")
STRANGER = facts.CallArrived(LegId("9.9"), Entrance.LINE, NUMBER, ORDERS)
ORPHAN, OTHER_ORPHAN, BRIDGE = LegId("f" * 32), LegId("e" * 32), BridgeId("d" * 32)


def as_believed(story: Story) -> Found:
    """What a survey would find if nothing was ever lost."""
    floor = story.exchange.floor
    there = []
    for call in floor.calls.values():
        post = call.state.post if isinstance(call.state, Listening) else call.state
        bridge = post.bridge if isinstance(post, Talking | OnHold | Post) else None
        talks = bridge is not None
        if call.caller_there:
            there.append(FoundLeg(call.leg, call.answered, bridge))
        late = _about_to(call.state)
        there += [FoundLeg(leg) if leg in late else FoundLeg(leg, talks, bridge) for leg in call.legs]
    bridges = tuple(one.bridge for one in there if one.bridge is not None)
    phones = tuple(
        PhoneId(person.phone)
        for person in floor.policy.people.values()
        if (user := person_at(floor.people, floor.policy, person.phone)) is not None and floor.people[user].registered
    )
    return Found(tuple(sorted(there, key=lambda one: one.leg)), bridges, phones)


def _about_to(state: CallState) -> tuple[LegId | None, ...]:
    """The leg that is to spy for a supervisor in a moment."""
    return (state.coming.snoop,) if isinstance(state, Listening) and state.coming is not None else ()


def also(found: Found, *legs: FoundLeg, bridges: tuple[BridgeId, ...] = ()) -> Found:
    return replace(found, legs=(*found.legs, *legs), bridges=(*found.bridges, *bridges))


def news(story: Story, found: Found, made_before_ms: int | None = None) -> list[Fact]:
    return differences(story.exchange.floor, found, story.at_ms, made_before_ms)


@pytest.mark.parametrize("way", sorted(WAYS))
def test_what_we_know_is_no_news(way: str) -> None:
    story = WAYS[way]()
    assert news(story, as_believed(story)) == []


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_gap_in_which_nothing_happened_changes_nothing(way: str) -> None:
    """But for what is asked for again (a look-up, message, connection, PIN or recording): it has its time anew."""
    story = WAYS[way]()
    before = {call_id: call.state for call_id, call in story.exchange.floor.calls.items()}
    found = as_believed(story)
    story.tell(facts.SwitchLost("a cable"))
    story.tell(facts.SwitchReady(found, "one"), 10)
    for call_id, call in story.exchange.floor.calls.items():
        state = call.state
        if isinstance(
            state, LookingUp | Saying | Telling | Connecting | Checking | Listening | LeavingMessage | Keeping
        ):
            state = replace(state, until_ms=before[call_id].until_ms)
        if isinstance(state, OnHold):
            assert state.sure is (state.bridge is None)  # nobody would have told us that a phone's hold is over
            state = replace(state, sure=True)
        assert state == before[call_id]


def test_only_a_leg_that_may_still_be_on_its_way_is_waited_for() -> None:
    """A caller came to us, whoever picked up was there: they need not be old to have vanished."""
    nothing = Found(phones=EVERYBODY)
    story = talking()
    [call] = story.exchange.floor.calls.values()
    assert isinstance(call.state, Talking)
    gone = [fact.leg for fact in news(story, nothing, 1) if isinstance(fact, facts.LegVanished)]
    assert gone == [call.leg, call.state.leg]
    story = waiting_rung()
    [call] = story.exchange.floor.calls.values()
    [offer] = call.offers
    assert facts.LegVanished(offer.leg) not in news(story, nothing, offer.since_ms)
    assert facts.LegVanished(offer.leg) in news(story, nothing, offer.since_ms + 1)


def test_a_leg_that_is_not_found_has_vanished() -> None:
    story = talking()
    [call] = story.exchange.floor.calls.values()
    [partner] = call.legs
    assert news(story, replace(as_believed(story), legs=(), bridges=())) == [
        facts.LegVanished(CALLER),
        facts.LegVanished(partner),
    ]


def test_a_leg_that_may_still_be_on_its_way_has_not_vanished() -> None:
    story = waiting_rung()
    [ring] = story.exchange.floor.calls[story.call].legs
    found = replace(as_believed(story), legs=(FoundLeg(CALLER),))
    assert news(story, found, story.at_ms) == []
    assert news(story, found, story.at_ms + 1) == [facts.LegVanished(ring)]


def test_a_leg_that_was_told_to_end_is_left_to_its_deadline() -> None:
    story = ending()
    assert news(story, Found((), (), ("olga", "pavel")), story.at_ms + 60_000) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("legs", "bridges", "expected"),
    [
        ((FoundLeg(STRANGER.leg, arrival=STRANGER),), (), [STRANGER]),
        ((FoundLeg(ORPHAN, up=True),), (), [facts.LegFound(ORPHAN)]),
        ((FoundLeg(ORPHAN, up=True, bridge=BRIDGE),), (BRIDGE,), [facts.LegFound(ORPHAN), facts.BridgeFound(BRIDGE)]),
        ((), (BRIDGE,), [facts.BridgeFound(BRIDGE)]),
    ],
)
def test_what_no_call_has(legs: tuple[FoundLeg, ...], bridges: tuple[BridgeId, ...], expected: list[Fact]) -> None:
    story = waiting()
    assert news(story, also(as_believed(story), *legs, bridges=bridges)) == expected


def test_two_who_talk_are_let_alone_even_if_we_know_neither() -> None:
    story = waiting()
    both = (
        FoundLeg(STRANGER.leg, up=True, bridge=BRIDGE, arrival=STRANGER),
        FoundLeg(OTHER_ORPHAN, up=True, bridge=BRIDGE),
    )
    assert news(story, also(as_believed(story), *both, bridges=(BRIDGE,))) == []


def test_a_phone_that_was_picked_up_unheard() -> None:
    story = waiting_rung()
    [ring] = story.exchange.floor.calls[story.call].legs
    found = replace(as_believed(story), legs=(FoundLeg(CALLER), FoundLeg(ring, up=True)))
    assert news(story, found) == [facts.LegAnswered(ring)]


def test_a_bridge_that_was_entered_unheard() -> None:
    story = connecting()
    [call] = story.exchange.floor.calls.values()
    state = call.state
    assert isinstance(state, Connecting)
    legs = tuple(FoundLeg(leg, True, state.bridge) for leg in (CALLER, state.offer.leg))
    found = replace(as_believed(story), legs=legs, bridges=(state.bridge,))
    assert news(story, found) == [facts.LegBridged(leg, state.bridge) for leg in (CALLER, state.offer.leg)]


@pytest.mark.parametrize("elsewhere", [None, BRIDGE])
@pytest.mark.parametrize("way", ["talking", "held", "three talk"])
def test_whoever_is_not_in_the_bridge_of_their_talk_is_put_there_again(way: str, elsewhere: BridgeId | None) -> None:
    story = WAYS[way]()
    believed = as_believed(story)
    call = next(one for one in story.exchange.floor.calls.values() if isinstance(one.state, Talking | OnHold))
    state = call.state
    assert isinstance(state, Talking | OnHold)
    assert state.bridge is not None
    legs = (call.leg, *call.legs)
    for leg in legs:
        apart = tuple(replace(one, bridge=elsewhere) if one.leg == leg else one for one in believed.legs)
        assert news(story, replace(believed, legs=apart)) == [facts.LegApart(leg, state.bridge)]
    nobody = tuple(replace(one, bridge=None) for one in believed.legs)
    [said] = news(story, replace(believed, legs=nobody, bridges=()))
    done = story.tell(said, 10).actions
    assert done[-1] == Connect(call.call_id, state.bridge, legs)
    quiet = [] if isinstance(state, OnHold) else [StopMusic(call.call_id, call.leg)]  # whom a phone holds hears music
    assert [*done[:-1]] == quiet
    assert call.state == state


def test_nobody_is_rung_for_a_caller_who_was_given_away_and_left_while_nobody_heard() -> None:
    story = talking()
    call = story.exchange.floor.calls[story.call]
    state = call.state
    assert isinstance(state, Talking)
    given = facts.FoundStandIn((LegId("stand-in"),), state.bridge, "103")
    found = replace(as_believed(story), legs=(), bridges=(state.bridge,), stand_ins=(given,))
    story.tell(facts.SwitchLost("a cable"))
    actions = story.tell(facts.SwitchReady(found, "one"), 1_000).actions
    assert not [action for action in actions if isinstance(action, Ring)]
    assert HangUp(call_id_of(LegId("stand-in")), LegId("stand-in")) in actions
    assert call.outcome is Outcome.SERVED


def test_who_was_apart_before_the_talk_ended_is_left_in_peace() -> None:
    story = talking()
    state = story.exchange.floor.calls[story.call].state
    assert isinstance(state, Talking)
    assert not story.tell(facts.LegApart(CALLER, BRIDGE), 10).meant_something
    story.tell(facts.LegLeft(state.leg), 10)
    handled = story.tell(facts.LegApart(CALLER, state.bridge), 10)
    assert (handled.meant_something, handled.actions) == (False, ())


def test_a_phone_that_vanished_unheard() -> None:
    story = waiting_rung()
    gone = replace(as_believed(story), phones=(PhoneId("olga"),))
    assert news(story, gone) == [facts.PhoneSeen(PhoneId("pavel"), registered=False)]


def test_a_phone_on_a_call_that_is_none_of_ours() -> None:
    story = waiting()
    engaged = replace(as_believed(story), engaged=(PhoneId("pavel"),))
    assert news(story, engaged) == [facts.PhoneEngaged(PhoneId("pavel"), engaged=True)]
    story.tell(facts.PhoneEngaged(PhoneId("pavel"), engaged=True))
    assert news(story, engaged) == []
    assert news(story, as_believed(story)) == [facts.PhoneEngaged(PhoneId("pavel"), engaged=False)]


# what is asked for again ---------------------------------------------------------------------------------------


def after_a_gap(story: Story, *, up: bool = False) -> list[type[Action]]:
    """What is done when the connection is back, all legs live, and nothing of what was asked for was ever done."""
    legs = tuple(FoundLeg(leg, up) for leg in sorted(story.exchange.floor.leg_owner))
    story.tell(facts.SwitchLost("a crash"))
    handled = story.tell(facts.SwitchReady(Found(legs, (), as_believed(story).phones), "one"))
    return [type(action) for action in handled.actions]


def test_everything_that_may_be_missing_is_asked_for_again() -> None:
    assert after_a_gap(looking_up()) == [LookUpCaller, SoundRinging]
    assert after_a_gap(waiting()) == [Answer, StartMusic]
    assert after_a_gap(waiting(), up=True) == [StartMusic]
    assert after_a_gap(waiting_rung()) == [SoundRinging]
    assert after_a_gap(connecting()) == [Answer, StopMusic, Connect]
    assert after_a_gap(talking(), up=True) == [StopMusic, Connect]
    assert after_a_gap(saying()) == [Answer, StopMusic, Play]
    assert after_a_gap(saying(), up=True) == [StopMusic, Play]
    assert after_a_gap(ending()) == [HangUp]


def test_a_message_is_said_again_under_its_own_name() -> None:
    """So the end of either ends the call: nobody hears it twice to the end."""
    story = saying()
    first = story.newest(Play)
    story.tell(facts.SwitchLost("a crash"))
    story.tell(facts.SwitchReady(Found((FoundLeg(CALLER, True),)), "one"), 300)
    assert isinstance(first, Play)
    assert [action for action in story.actions if isinstance(action, Play)] == [first, first]
    story.tell(facts.PlaybackEnded(first.playback), 1_000)
    assert isinstance(story.exchange.floor.calls[story.call].state, Ending)


def test_who_is_connected_again_gets_the_time_for_it() -> None:
    """However long we were away: else the deadline that passed meanwhile would part them in the same moment."""
    story = connecting()
    [partner] = story.exchange.floor.calls[story.call].legs
    story.tell(facts.SwitchLost("a crash"))
    legs = (FoundLeg(CALLER, True), FoundLeg(partner, True))
    story.tell(facts.SwitchReady(replace(as_believed(story), legs=legs), "one"), 60_000)
    deadline_ms = story.exchange.next_deadline_ms()
    assert deadline_ms is not None
    assert deadline_ms - story.at_ms == POLICY.limits.settle_ms


def test_the_language_of_the_line_is_set_again() -> None:
    story = begin(("rita",))
    story.tell(facts.CallArrived(CALLER, Entrance.LINE, NUMBER, DISPATCH), 10)
    assert after_a_gap(story) == [SetLanguage, LookUpCaller, SoundRinging]


def test_a_call_that_the_survey_moves_on_is_asked_for_the_rest_as_well() -> None:
    """Nobody rings, and nobody made the caller hear that somebody does."""
    story = ringing()
    story.tell(facts.SwitchLost("a crash"))
    found = replace(as_believed(story), legs=(FoundLeg(CALLER),))
    actions = story.tell(facts.SwitchReady(found, "one"), 300).actions
    assert [type(action) for action in actions] == [Ring, SoundRinging]


def test_a_ring_that_should_be_over_is_ended_even_if_the_survey_moves_its_call_on() -> None:
    """The first phone rang out, but was not told to stop; the second was never rung."""
    story = waiting_rung()
    [first] = story.exchange.floor.calls[story.call].legs
    story.wait_for_deadline()
    assert len(story.exchange.floor.calls[story.call].legs) == 2
    story.tell(facts.SwitchLost("a crash"))
    found = replace(as_believed(story), legs=(FoundLeg(CALLER), FoundLeg(first)))
    actions = story.tell(facts.SwitchReady(found, "one"), 300).actions
    call = story.exchange.floor.calls[story.call]
    assert HangUp(call.call_id, first) in actions
    assert sum(isinstance(action, Ring) for action in actions) == 1


def test_nothing_happens_to_a_call_while_asterisk_is_away() -> None:
    story = waiting_rung()
    until_ms = story.exchange.floor.calls[story.call].state.until_ms
    story.tell(facts.SwitchLost("a cable"))
    assert story.exchange.next_deadline_ms() is None
    late = story.tell(facts.DeadlinePassed(until_ms, call=story.call), until_ms - story.at_ms)
    assert (late.meant_something, late.actions, late.entries) == (False, (), ())
    assert not story.tell(STRANGER).meant_something
    story.tell(facts.SwitchReady(as_believed(story), "one"))
    assert story.exchange.next_deadline_ms() == until_ms  # it has come, and counts now


def test_who_came_while_we_were_away_is_served() -> None:
    story = waiting()
    story.tell(facts.SwitchLost("a crash"))
    found = also(as_believed(story), FoundLeg(STRANGER.leg, arrival=STRANGER))
    story.tell(facts.SwitchReady(found, "one"), 1_000)
    assert [call.leg for call in story.exchange.floor.calls.values()] == [CALLER, STRANGER.leg]


def test_an_ended_call_survives_no_restart() -> None:
    story = ending()
    story.tell(facts.SwitchLost("a crash"))
    story.tell(facts.SwitchReady(Found((), (), EVERYBODY), "another"), 1_000)
    assert not any(isinstance(call.state, Ending) for call in story.exchange.floor.calls.values())


def test_phones_that_an_asterisk_just_started_does_not_see_are_asked_about_again_later() -> None:
    story = waiting()
    nobody = replace(as_believed(story), legs=(), phones=())
    story.tell(facts.SwitchLost("a crash"))
    story.tell(facts.SwitchReady(nobody, "another run"))
    floor = story.exchange.floor
    seen = [person.phone for person in floor.policy.people.values() if floor.people[person.person_id].registered]
    assert seen
    early_ms, late_ms = story.at_ms + PHONES_KNOWN_AFTER_MS - 1, story.at_ms + PHONES_KNOWN_AFTER_MS
    assert [fact for fact in differences(floor, nobody, early_ms) if isinstance(fact, facts.PhoneSeen)] == []
    assert {fact.phone for fact in differences(floor, nobody, late_ms) if isinstance(fact, facts.PhoneSeen)} == {*seen}


@pytest.mark.parametrize(("waited_ms", "before_ms"), [(0, 0), (4_000, 4_000), (3_600_000, 0)])
def test_the_wait_of_a_caller_nobody_heard_of_begins_when_they_came(waited_ms: int, before_ms: int) -> None:
    """Longer than anybody listens to ringing it is not believed: a clock was set."""
    story = waiting()
    story.tell(replace(STRANGER, waited_ms=waited_ms))
    *_, call = story.exchange.floor.calls.values()
    assert call.arrived_at_ms == story.at_ms - before_ms
