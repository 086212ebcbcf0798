"""Two calls of one person, and what may come between: whoever is from outside is never left with nobody."""

from __future__ import annotations

from unittest import mock

import msgspec
import pytest

from switchboard.core import facts, transfer
from switchboard.core.actions import Connect, HangUp, Ring, StartMusic, StopPlaying, TakeDownBridge
from switchboard.core.call_state import Call, Connecting, OnHold, Talking
from switchboard.core.entries import Direction, Outcome, PersonState
from switchboard.core.exchange import Handled
from switchboard.core.facts import Entrance, StaffCommanded
from switchboard.core.ids import LegId, PersonId, PhoneId
from switchboard.core.policy import Policy
from switchboard.core.staff_commands import StaffCommand
from switchboard.sim.company import ORDERS
from tests.core.policy import POLICIES, POLICY
from tests.core.story import Story, begin

CALLER = LegId("1.1")
PHONES = ("olga", "pavel", "rita", "anna", "boris")


class Talk:
    """An anonymous caller talks with olga; rita and pavel are there for colleagues only."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.story = begin(PHONES)
        self.story.tell(facts.PolicyLoaded(policy))
        for name in ("pavel", "rita"):
            self.story.tell(StaffCommanded(PersonId(name), StaffCommand.PAUSE, "lunch"))
        self.story.tell(facts.CallArrived(CALLER, Entrance.LINE, "anonymous", ORDERS), 10)
        self.olgas = self.answer()
        self.together()

    def command(self, who: str, command: StaffCommand, to: str = "") -> Handled:
        return self.story.tell(StaffCommanded(PersonId(who), command, to=to), 1_000)

    def answer(self) -> LegId:
        ring = self.story.newest(Ring)
        assert isinstance(ring, Ring)
        self.story.tell(facts.LegAnswered(ring.leg), 1_000)
        return ring.leg

    def together(self) -> None:
        _together(self.story)

    def ask_rita(self) -> LegId:
        self.command("olga", StaffCommand.CONSULT, "103")
        leg = self.answer()
        self.together()
        return leg

    def dials(self, leg: str, who: str, extension: str) -> LegId:
        """Their phone places a call, which is answered; the answering leg."""
        self.story.tell(facts.CallArrived(LegId(leg), Entrance.PHONE, who, extension, PhoneId(who)), 100)
        answering = self.answer()
        self.together()
        return answering

    def call_of(self, leg: LegId) -> Call:
        floor = self.story.exchange.floor
        return floor.calls[floor.leg_owner[leg]]

    @property
    def main(self) -> Call:
        return self.call_of(CALLER)

    def connected(self) -> tuple[LegId, ...]:
        """Those for whom it was last asked."""
        connect = self.story.newest(Connect)
        assert isinstance(connect, Connect)
        return connect.legs

    def state(self, person: str) -> PersonState:
        return self.story.exchange.floor.people[PersonId(person)].state

    def hung_up(self) -> list[LegId]:
        return [action.leg for action in self.story.actions if isinstance(action, HangUp)]


def test_a_phone_that_talks_with_the_caller_and_holds_a_colleague_gives_the_caller_not_the_colleague() -> None:
    talk = Talk()
    talk.story.tell(facts.LegHeld(talk.olgas), 1_000)
    ritas = talk.dials("4.1", "olga", "103")
    talk.story.tell(facts.LegHeld(LegId("4.1")), 1_000)
    talk.story.tell(facts.LegUnheld(talk.olgas), 10)
    main = talk.main
    talk.command("olga", StaffCommand.COMPLETE)
    assert talk.main is main
    assert main.direction is Direction.INBOUND
    assert set(talk.connected()) == {CALLER, ritas}
    for leg in (talk.olgas, LegId("4.1")):
        talk.story.tell(facts.LegLeft(leg), 10)
        talk.story.tell(facts.LegEnded(leg, 16), 10)
    assert talk.state("olga") is PersonState.WRAP_UP


def test_a_colleague_who_is_asked_about_a_caller_cannot_give_the_asker_away() -> None:
    talk = Talk()
    ritas = talk.ask_rita()
    talk.story.tell(facts.LegHeld(ritas), 1_000)
    talk.dials("5.1", "rita", "102")
    handled = talk.command("rita", StaffCommand.COMPLETE)
    assert handled.actions == ()
    assert isinstance(talk.main.state, OnHold)
    assert talk.main.state.other == talk.call_of(talk.olgas).call_id


def test_the_music_of_who_is_on_hold_is_the_business_of_their_own_call() -> None:
    """Actions of another call are performed beside it: their music might begin when they talk again."""
    talk = Talk()
    ritas = talk.ask_rita()
    talk.command("olga", StaffCommand.SWAP)
    talk.together()
    for leg, held in ((ritas, False), (CALLER, True)):
        swapped = talk.command("olga", StaffCommand.SWAP).actions if held else talk.story.actions
        [music] = [one for one in swapped if isinstance(one, StartMusic) and one.leg == leg]
        assert music.call == talk.call_of(leg).call_id
        talk.together()


def test_the_refusal_of_an_older_connection_is_not_that_of_the_new_one() -> None:
    """All three were to talk; one hung up, so two are connected: then it is heard that the three could not be."""
    talk = Talk()
    ritas = talk.ask_rita()
    talk.command("olga", StaffCommand.JOIN)
    three = talk.story.newest(Connect)
    assert isinstance(three, Connect)
    talk.story.tell(facts.LegLeft(ritas), 2)
    refused = facts.ActionFailed(talk.main.call_id, "Connect", "400", gone=ritas, bridge=three.bridge)
    assert not talk.story.tell(refused, 3).meant_something
    assert isinstance(talk.main.state, Connecting)
    assert talk.olgas not in talk.hung_up()
    talk.together()
    assert isinstance(talk.main.state, Talking)


def test_of_three_who_are_being_connected_the_one_who_asked_leaves() -> None:
    talk = Talk()
    ritas = talk.ask_rita()
    talk.command("olga", StaffCommand.JOIN)
    talk.story.tell(facts.LegLeft(talk.olgas), 2)
    assert talk.connected() == (CALLER, ritas)
    talk.together()
    state = talk.main.state
    assert isinstance(state, Talking)
    assert (state.leg, state.third) == (ritas, None)
    assert talk.state("olga") is PersonState.WRAP_UP


def test_three_who_cannot_be_connected_in_time_are_two_again_and_the_third_is_free() -> None:
    talk = Talk()
    ritas = talk.ask_rita()
    talk.command("olga", StaffCommand.JOIN)
    main = talk.main
    for _ in range(2):
        talk.story.tell(facts.DeadlinePassed(main.until_ms, call=main.call_id), main.until_ms - talk.story.at_ms)
    assert ritas in talk.hung_up()
    assert talk.connected() == (CALLER, talk.olgas)


@pytest.mark.parametrize("swaps", [1, 2])
def test_who_asks_hangs_up_before_they_are_connected_again(swaps: int) -> None:
    """To the caller, or to the colleague: the two have each other."""
    talk = Talk()
    ritas = talk.ask_rita()
    for nth in range(swaps):
        if nth:
            talk.together()
        talk.command("olga", StaffCommand.SWAP)
    talk.story.tell(facts.LegLeft(talk.olgas), 2)
    assert set(talk.connected()) == {CALLER, ritas}
    talk.together()
    assert isinstance(talk.main.state, Talking)
    assert talk.main.lent is None
    assert talk.state("olga") is PersonState.WRAP_UP


def test_who_asks_cannot_be_connected_again() -> None:
    talk = Talk()
    ritas = talk.ask_rita()
    talk.command("olga", StaffCommand.SWAP)
    swapped = talk.story.newest(Connect)
    assert isinstance(swapped, Connect)
    talk.story.tell(facts.ActionFailed(talk.main.call_id, "Connect", "409", bridge=swapped.bridge), 5)
    assert set(talk.connected()) == {CALLER, ritas}
    assert talk.olgas in talk.hung_up()


def test_who_asks_keeps_the_colleague_on_hold_for_too_long() -> None:
    talk = Talk()
    ritas = talk.ask_rita()
    question = talk.call_of(ritas)
    talk.story.tell(facts.LegHeld(talk.olgas), 1_000)
    talk.story.tell(
        facts.DeadlinePassed(question.until_ms, call=question.call_id), question.until_ms - talk.story.at_ms
    )
    assert set(talk.connected()) == {CALLER, ritas}


def test_asking_somebody_who_is_busy_takes_nobody_out_of_a_bridge_that_is_being_taken_down() -> None:
    talk = Talk()
    talk.story.tell(facts.CallArrived(LegId("6.1"), Entrance.PHONE, "rita", "102", PhoneId("rita")), 100)
    actions = talk.command("olga", StaffCommand.CONSULT, "103").actions
    kinds = [type(action) for action in actions if isinstance(action, Connect | TakeDownBridge)]
    assert kinds == [Connect, TakeDownBridge]
    assert talk.connected() == (CALLER, talk.olgas)


def test_what_is_said_to_who_asks_a_queue_ends_with_the_question() -> None:
    talk = Talk(POLICIES["voice"])
    talk.command("olga", StaffCommand.CONSULT, "71")
    actions = talk.command("olga", StaffCommand.CALL_OFF).actions
    kinds = [type(action) for action in actions if isinstance(action, Connect | StopPlaying)]
    assert kinds == [StopPlaying, Connect]


def test_a_caller_who_leaves_while_they_are_connected_again_was_served() -> None:
    talk = Talk()
    ritas = talk.ask_rita()
    main = talk.main
    talk.story.tell(facts.LegEnded(ritas, 16), 1_000)
    talk.story.tell(facts.LegLeft(CALLER), 2)
    assert main.outcome is Outcome.SERVED
    talk.story.tell(facts.LegEnded(talk.olgas, 16), 20)
    assert talk.state("olga") is PersonState.WRAP_UP


def test_a_question_that_outlives_its_caller_is_a_talk_like_any_other() -> None:
    """Who was asked may become the one about whom somebody else is asked."""
    talk = Talk()
    ritas = talk.ask_rita()
    talk.story.tell(facts.LegLeft(CALLER), 1_000)
    talk.command("olga", StaffCommand.CONSULT, "102")
    pavels = talk.answer()
    talk.together()
    talk.command("olga", StaffCommand.SWAP)
    talk.together()
    talk.command("olga", StaffCommand.CALL_OFF)
    assert pavels in talk.hung_up()
    assert ritas not in talk.hung_up()


def test_somebody_who_joined_after_the_call_came_is_turned_round_and_given_away() -> None:
    story = begin(("olga", "anna", "rita"))
    story.tell(facts.CallArrived(LegId("1.1"), Entrance.PHONE, "olga", "201", PhoneId("olga")), 10)
    annas = story.newest(Ring)
    assert isinstance(annas, Ring)
    story.tell(facts.LegAnswered(annas.leg), 500)
    _together(story)
    sofia = msgspec.structs.replace(
        POLICY.people[PersonId("rita")], person_id=PersonId("sofia"), phone=PhoneId("sofia"), extension="104"
    )
    newer = msgspec.structs.replace(POLICY, version="with sofia", people=POLICY.people | {sofia.person_id: sofia})
    story.tell(facts.PolicyLoaded(newer), 10)
    story.tell(facts.PhoneSeen(PhoneId("sofia"), registered=True), 10)
    story.tell(StaffCommanded(PersonId("olga"), StaffCommand.HAND_OVER, to="104"), 1_000)
    sofias = story.newest(Ring)
    assert isinstance(sofias, Ring)
    story.tell(facts.LegAnswered(sofias.leg), 500)
    _together(story)
    story.tell(StaffCommanded(PersonId("anna"), StaffCommand.HAND_OVER, to="103"), 1_000)
    ring = story.newest(Ring)
    assert isinstance(ring, Ring)
    assert (ring.phone, ring.caller_number) == ("rita", "104")


def _together(story: Story) -> None:
    connect = story.newest(Connect)
    assert isinstance(connect, Connect)
    for leg in connect.legs:
        story.tell(facts.LegBridged(leg, connect.bridge), 1)


def test_a_bug_in_what_somebody_wants_at_the_desk_ends_that_call() -> None:
    talk = Talk()
    main = talk.main
    with mock.patch.object(transfer, "hand_over", side_effect=RuntimeError("planted")):
        handled = talk.story.exchange.handle(
            StaffCommanded(PersonId("olga"), StaffCommand.HAND_OVER, to="103"), talk.story.at_ms + 1_000
        )
    assert isinstance(handled.bug, RuntimeError)
    assert main.outcome is Outcome.OUR_FAULT
