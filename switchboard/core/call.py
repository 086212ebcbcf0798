"""One call's transitions: what each fact does to a call in each state.

The states and the table of what may follow what are in ``call_state``. Read this file from top to bottom and
you follow a call from the look-up to the last leg. A fact that does not fit the state does nothing: it is late,
doubled, or about a leg that was given up; ``handle`` says so by returning false.
"""

from __future__ import annotations

from typing import assert_never

import msgspec

from switchboard.core import (
    announcing,
    backup,
    call_backs,
    consulting,
    hand_overs,
    holding,
    hot_desk,
    keys,
    listening,
    misses,
    notice,
    recording,
    talk_keys,
    voicemail,
    wishes,
)
from switchboard.core.call_state import (
    Asking,
    Call,
    Checking,
    Connecting,
    Ending,
    Keeping,
    LeavingMessage,
    Listening,
    LookingUp,
    OnHold,
    Parked,
    Ringing,
    Saying,
    Summoning,
    Talking,
    Telling,
    Waiting,
)
from switchboard.core.connecting import connect_with
from switchboard.core.ending import end, forget_if_gone, hang_up_again
from switchboard.core.entries import Outcome
from switchboard.core.facts import (
    ActionFailed,
    CallerFound,
    DeadlinePassed,
    Fact,
    KeyPressed,
    LegAnswered,
    LegApart,
    LegBridged,
    LegEnded,
    LegHeld,
    LegLeft,
    LegSilent,
    LegUnheld,
    LegVanished,
    LookUpFailed,
    PinChecked,
    PlaybackEnded,
    RecordingEnded,
)
from switchboard.core.floor import Floor
from switchboard.core.identified import when_found, when_not_found
from switchboard.core.ids import LegId
from switchboard.core.leaving import (
    cannot_connect,
    finish_talk,
    is_needed,
    lose_caller,
    offer_of,
    vanish,
    when_caller_left,
    when_found_gone,
    when_leg_gone,
)
from switchboard.core.lost_offers import (
    LOST_CAUSE,
    go_on,
    lose_offer,
)
from switchboard.core.offering import (
    ANSWERED_ELSEWHERE,
    hang_up_leg,
    withdraw,
)
from switchboard.core.silence import hear_silence
from switchboard.core.state_parts import Offer
from switchboard.core.steps import next_step
from switchboard.core.survey import wait_for_the_bridge_again, when_apart

_MISSED_CAUSE = 19
_REFUSALS = (17, 21)


def handle(floor: Floor, call: Call, fact: Fact) -> bool:
    """Let ``fact`` happen to ``call``; false when it means nothing to it (any more)."""
    state = call.state
    if isinstance(state, Listening) and (meant := listening.handle(floor, call, state, fact)) is not None:
        return meant
    if isinstance(state, LeavingMessage | Keeping) and (told := voicemail.happens(floor, call, fact)) is not None:
        return told
    match fact:
        case CallerFound():
            return when_found(floor, call, fact)
        case LookUpFailed():
            return when_not_found(floor, call, fact.why)
        case LegAnswered():
            return when_answered(floor, call, fact.leg)
        case LegBridged():
            return when_bridged(floor, call, fact)
        case LegLeft() | LegEnded() | LegVanished():
            return when_caller_left(floor, call) if fact.leg == call.leg else when_leg_gone(floor, call, fact)
        case LegApart():
            return when_apart(floor, call, fact)
        case LegSilent():
            return when_silent(floor, call, fact.leg)
        case LegHeld():
            return holding.when_held(floor, call, fact.leg)
        case LegUnheld():
            return holding.when_unheld(floor, call, fact.leg)
        case PlaybackEnded():
            return when_said(floor, call, fact)
        case RecordingEnded():
            return recording.when_ended(floor, call, fact)
        case KeyPressed():
            return talk_keys.when_pressed(floor, call, fact) or keys.when_pressed(floor, call, fact)
        case ActionFailed():
            return when_refused(floor, call, fact)
        case DeadlinePassed():
            return when_late(floor, call)
        case PinChecked():
            return hot_desk.when_checked(floor, call, fact.right)
        case _:
            return False


# somebody picks up -------------------------------------------------------------------------------------------


def when_answered(floor: Floor, call: Call, leg: LegId) -> bool:
    """The first phone to be picked up wins; a phone picked up after its offer was withdrawn is told to end."""
    state = call.state
    if isinstance(state, Summoning) and leg == call.leg:
        (call_backs.dial if call.listens is None else wishes.picked_up)(floor, call, state)
        return True
    offer = offer_of(call, leg)
    if offer is None or not isinstance(state, Ringing | Waiting):
        if is_needed(state, leg):
            return False
        hang_up_leg(floor, call, leg, ANSWERED_ELSEWHERE)
        return False
    connect_with(floor, call, offer)
    floor.because(call, "picked_up", f"picked up after {(floor.at_ms - offer.since_ms) / 1000:.1f} s", offer.person)
    return True


def when_bridged(floor: Floor, call: Call, fact: LegBridged) -> bool:
    """Both in the bridge: they talk, and only now the call counts as answered."""
    state = call.state
    if not isinstance(state, Connecting) or fact.bridge != state.bridge or fact.leg in state.bridged:
        return False
    bridged = (*state.bridged, fact.leg)
    offer = state.offer
    if call.leg not in bridged or offer.leg not in bridged:
        call.enter(msgspec.structs.replace(state, bridged=bridged))
        return True
    _begin_talk(floor, call, state)
    return True


def _begin_talk(floor: Floor, call: Call, state: Connecting) -> None:
    """From now on they talk; whoever was the first to is who answered the call."""
    offer, queue = state.offer, state.back_to.queue if isinstance(state.back_to, Waiting) else None
    if call.answered_at_ms is None:
        call.answered_at_ms = floor.at_ms
        call.answered_by = call.caller_person if call.call_back_of is not None else offer.person
        queue = call.from_queue if call.call_back_of is not None else queue
    if call.talk_since_ms is None:
        call.talk_since_ms, call.talk_queue = floor.at_ms, queue
    call.from_queue = queue or call.from_queue
    hand_overs.note_answer(floor, call, offer.person)
    call_backs.got_through(floor, call)
    announcing.note_answer(floor, state.back_to)
    floor.leave_queue(call.call_id)
    if queue is not None:
        backup.note_answered(floor, call)
    until_ms = floor.at_ms + floor.policy_of(call).limits.longest_call_ms
    call.enter(Talking(offer.leg, offer.person, state.bridge, until_ms, state.third))
    floor.because(call, "answered", "talks with the caller", offer.person)
    if state.third is None:
        recording.begin(floor, call, state.bridge, offer.person, (call.leg, offer.leg))
    else:
        recording.begin_of_three(floor, call, state.bridge, offer, state.third)


# what else happens ----------------------------------------------------------------------------------------------


def when_silent(floor: Floor, call: Call, leg: LegId) -> bool:
    """Silence alone ends no talk."""
    state = call.state
    if not isinstance(state, Talking) or leg not in (call.leg, state.leg):
        return False
    why_over = hear_silence(floor, call, state, leg)
    if why_over is not None:
        vanish(floor, call, state, leg, why_over)
    return True


def when_said(floor: Floor, call: Call, fact: PlaybackEnded) -> bool:
    state = call.state
    if isinstance(state, Waiting):
        return announcing.when_said(floor, call, state, fact.playback)
    if isinstance(state, Talking):
        return recording.when_told(floor, call, fact)
    if isinstance(state, Telling) and notice.when_said(floor, call, state, fact):
        next_step(floor, call)
        return True
    if not isinstance(state, Saying) or fact.playback != state.playback:
        return False
    end(
        floor,
        call,
        state.outcome,
        "the message was heard" if fact.heard else "the message could not be played",
    )
    return True


def when_refused(floor: Floor, call: Call, fact: ActionFailed) -> bool:
    """Asterisk would not do something. Only what the call waits for matters; the rest has its own end."""
    if fact.away:
        return False
    if fact.gone == call.leg and call.caller_there:
        return when_found_gone(floor, call, fact)
    state = call.state
    if recording.when_refused(floor, call, fact):
        return True
    if isinstance(state, Summoning) and fact.action == "Ring" and fact.leg == call.leg:
        lose_caller(floor, call)
        end(floor, call, Outcome.NO_ANSWER, f"the operator could not be rung: {fact.why}")
        return True
    if fact.action in ("Ring", "RingOutside") and (offer := offer_of(call, fact.leg)) is not None:
        floor.drop_leg(call, offer.leg)
        lose_offer(floor, call, offer, "unreachable", f"could not be rung: {fact.why}", LOST_CAUSE)
        return True
    made = ("Ring", "RingOutside") if call.listens is None else ("Snoop",)
    if fact.action in made and fact.leg in call.legs and not is_needed(state, fact.leg):
        floor.drop_leg(call, fact.leg)  # a leg that was never made cannot say that it ended
        forget_if_gone(floor, call)
        return True
    if isinstance(state, Connecting) and fact.action in ("Connect", "Answer"):
        if fact.bridge is not None and fact.bridge != state.bridge:
            return False  # they are being connected in another one by now
        cannot_connect(floor, call, state, f"could not be connected: {fact.why}")
        return True
    if isinstance(state, Checking) and fact.action == "CheckPin":
        return hot_desk.when_not_checked(floor, call, state, fact.why)
    if isinstance(state, Waiting) and fact.action == "Play" and fact.playback is not None:
        return announcing.when_said(floor, call, state, fact.playback)
    if isinstance(state, Telling) and fact.action == "Play" and fact.playback is not None:
        return when_said(floor, call, PlaybackEnded(fact.playback, heard=False))
    if isinstance(state, Saying) and fact.action == "Play":
        end(floor, call, state.outcome, f"the message could not be played: {fact.why}")
        return True
    return False


# time ----------------------------------------------------------------------------------------------------------


def when_late(floor: Floor, call: Call) -> bool:
    """The deadline of the call's present state passed."""
    if isinstance(call.state, Waiting) and announcing.is_due(floor, call.state):
        announcing.say_next(floor, call, call.state)
        return True
    if recording.is_due(floor, call):
        recording.when_late(floor, call)
        return True
    match call.state:
        case LookingUp():
            return when_not_found(floor, call, f"no answer within {floor.policy_of(call).limits.look_up_ms} ms")
        case Ringing(offers=()) | Waiting(offers=()):
            go_on(floor, call)
        case Ringing(offers=offers) | Waiting(offers=offers):
            _let_ring_out(floor, call, offers)
        case Asking() as state:
            keys.when_late(floor, call, state)
        case Summoning(person=person):
            if call.listens is None:
                misses.count_miss(floor, person, rang_out=True)
            end(floor, call, Outcome.NO_ANSWER, "the operator did not pick up in time")
        case Connecting(asked_again=False) as state:
            wait_for_the_bridge_again(floor, call, state)
        case Connecting() as state:
            cannot_connect(floor, call, state, "was not connected in time")
        case Checking() as state:
            hot_desk.when_not_checked(floor, call, state, "no answer in time")
        case Talking() as state:
            finish_talk(floor, call, state, "longest call reached")
        case OnHold(other=None, sure=True) if call.lent is not None and consulting.asker_left(floor, call):
            pass  # who asks a colleague kept them on hold for too long: the colleague has the caller
        case OnHold() as state:
            holding.when_late(floor, call, state)
        case Parked() as state:
            holding.when_parked_too_long(floor, call, state)
        case Listening():
            return False  # has its own
        case Telling() as state:
            notice.when_late(floor, call, state)
            next_step(floor, call)
        case Saying() as state:
            end(floor, call, state.outcome, "the message took too long")
        case LeavingMessage() | Keeping() as state:
            voicemail.when_late(floor, call, state)
        case Ending() as state:
            hang_up_again(floor, call, state)
        case _:
            assert_never(call.state)
    return True


def _let_ring_out(floor: Floor, call: Call, offers: tuple[Offer, ...]) -> None:
    for offer in offers:
        if offer.until_ms <= floor.at_ms:
            withdraw(floor, call, [offer])
            rang_s = (floor.at_ms - offer.since_ms) / 1000
            lose_offer(floor, call, offer, "missed", f"did not answer in {rang_s:.0f} s", _MISSED_CAUSE)
