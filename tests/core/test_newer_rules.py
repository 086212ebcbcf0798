"""Rules that were loaded while a call was there: what they have more than its own rules is no error of ours."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from switchboard.core import facts
from switchboard.core.call_state import Connecting, LeavingMessage, Ringing, Waiting
from switchboard.core.exchange import Exchange
from switchboard.core.ids import PersonId, PhoneId
from switchboard.core.policy import Box, Destination, MessageStep, Plan, Policy, QueueStep, VoicemailStep
from switchboard.core.queue_rules import Way, WayKind
from switchboard.core.staff_commands import StaffCommand
from tests.core.policy import POLICIES, POLICY
from tests.core.reaching import talking, told, waiting
from tests.core.story import Story


def loaded_while_they_talk(newer: Policy) -> Callable[[], Story]:
    def before() -> Story:
        story = talking()
        story.tell(facts.PolicyLoaded(newer))
        return story

    return before


def test_a_key_to_a_plan_that_is_newer_than_the_call_does_nothing() -> None:
    story = waiting()
    plans = POLICY.plans | {"newer": next(iter(POLICY.plans.values()))}
    keyed = replace(POLICY.queues["operators"], keys={"7": Way(WayKind.PLAN, "newer")})
    queues = POLICY.queues | {"operators": keyed}
    story.tell(facts.PolicyLoaded(replace(POLICY, version="has a newer plan", plans=plans, queues=queues)))
    [call] = story.exchange.floor.calls.values()
    story.tell(facts.KeyPressed(call.leg, "7"))
    assert isinstance(call.state, Waiting)
    assert "there is no plan newer" in str(call.reasons)


def test_a_caller_is_given_to_a_box_that_is_newer_than_the_call() -> None:
    boxes = POLICY.boxes | {"newer": Box("newer", "Newer", "wholesale", ())}
    plans = POLICY.plans | {"newer": Plan("newer", (VoicemailStep("newer"),))}
    duties = POLICY.destinations | {"777": Destination("777", "Newer", plan="newer")}
    newer = replace(POLICY, version="has a newer box", boxes=boxes, plans=plans, destinations=duties)
    story = told(StaffCommand.HAND_OVER, "777", loaded_while_they_talk(newer))
    [call] = story.exchange.floor.calls.values()
    while isinstance(call.state, Ringing | Waiting):  # the giver, then anybody at all: nobody takes them
        story.wait_for_deadline()
    assert isinstance(call.state, LeavingMessage)


def test_a_queue_that_is_newer_than_the_call_is_closed_again_while_they_wait_in_it() -> None:
    queues = POLICY.queues | {"newer": replace(POLICY.queues["operators"], name="newer")}
    plans = POLICY.plans | {"newer": Plan("newer", (QueueStep("newer", 60_000), MessageStep(("vm-goodbye",))))}
    duties = POLICY.destinations | {"777": Destination("777", "Newer", plan="newer")}
    newer = replace(POLICY, version="has a newer queue", queues=queues, plans=plans, destinations=duties)
    story = told(StaffCommand.HAND_OVER, "777", loaded_while_they_talk(newer))
    [call] = story.exchange.floor.calls.values()
    assert isinstance(call.state, Waiting)
    story.tell(facts.PolicyLoaded(replace(POLICY, version="has it no more")))
    story.go_on_with(Exchange.restored(story.exchange.snapshot()))
    [call] = story.exchange.floor.calls.values()
    while isinstance(call.state, Waiting):
        story.wait_for_deadline()
    assert isinstance(call.state, Ringing)  # back at who gave them away: nobody is in that queue


def test_somebody_who_is_newer_than_the_call_is_gone_again_while_they_are_rung() -> None:
    sofia = POLICIES["sofia"].people[PersonId("sofia")]

    def talking_while_sofia_comes() -> Story:
        story = talking()
        story.tell(facts.PolicyLoaded(POLICIES["sofia"]))
        story.tell(facts.PhoneSeen(sofia.phone, True))
        return story

    story = told(StaffCommand.HAND_OVER, sofia.extension, talking_while_sofia_comes)
    [call] = story.exchange.floor.calls.values()
    assert isinstance(call.state, Ringing)
    assert [offer.person for offer in call.state.offers] == ["sofia"]
    story.tell(facts.PolicyLoaded(replace(POLICY, version="without her")))
    story.tell(facts.PhoneSeen(PhoneId("olga"), False))
    story.tell(facts.LegAnswered(call.state.offers[0].leg))
    assert isinstance(call.state, Connecting)
