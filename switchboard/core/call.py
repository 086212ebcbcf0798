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
    hot_desk,
    keys,
    misses,
    notice,
    recording,
    sticky,
    strategies,
    talk_keys,
    voicemail,
    wrap_up,
)
from switchboard.core.call_state import (
    Asking,
    Call,
    CallState,
    Checking,
    Connecting,
    Ending,
    Keeping,
    LeavingMessage,
    LookingUp,
    Offer,
    Ringing,
    Saying,
    Summoning,
    Talking,
    Telling,
    Waiting,
)
from switchboard.core.connecting import connect_with
from switchboard.core.ending import end, forget_if_gone, hang_up_again
from switchboard.core.entries import Direction, Outcome
from switchboard.core.facts import (
    ActionFailed,
    CallerFound,
    DeadlinePassed,
    Fact,
    KeyPressed,
    LegAnswered,
    LegBridged,
    LegEnded,
    LegLeft,
    LegSilent,
    LegVanished,
    LookUpFailed,
    PinChecked,
    PlaybackEnded,
    RecordingEnded,
)
from switchboard.core.floor import Floor
from switchboard.core.identified import when_found, when_not_found
from switchboard.core.ids import LegId
from switchboard.core.lost_offers import (
    LOST_CAUSE,
    give_up_connecting,
    go_on,
    lose_offer,
    refused_before,
    take_back,
    without_offer,
)
from switchboard.core.offering import (
    ANSWERED_ELSEWHERE,
    explain_cause,
    hang_up_leg,
    withdraw,
)
from switchboard.core.silence import hear_silence
from switchboard.core.steps import next_step
from switchboard.core.survey import wait_for_the_bridge_again
from switchboard.core.ways_out import outcome_of_leaving

_MISSED_CAUSE = 19
_REFUSALS = (17, 21)


def handle(floor: Floor, call: Call, fact: Fact) -> bool:
    """Let ``fact`` happen to ``call``; false when it means nothing to it (any more)."""
    if isinstance(call.state, LeavingMessage | Keeping):
        meant = voicemail.happens(floor, call, fact)
        if meant is not None:
            return meant
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
        case LegSilent():
            return when_silent(floor, call, fact.leg)
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
        call_backs.dial(floor, call, state)
        return True
    offer = _offer_of(call, leg)
    if offer is None or not isinstance(state, Ringing | Waiting):
        if _needs(state, leg):
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
    call.answered_at_ms = floor.at_ms
    call.answered_by = call.caller_person if call.call_back_of is not None else offer.person
    call.from_queue = state.back_to.queue if isinstance(state.back_to, Waiting) else call.from_queue
    call_backs.got_through(floor, call)
    announcing.note_answer(floor, state.back_to)
    floor.leave_queue(call.call_id)
    backup.note_answered(floor, call)
    longest_ms = floor.policy_of(call).limits.longest_call_ms
    call.enter(Talking(offer.leg, offer.person, state.bridge, floor.at_ms + longest_ms))
    floor.because(call, "answered", "talks with the caller", offer.person)
    recording.begin(floor, call, state.bridge, offer.person, (call.leg, offer.leg))
    return True


def _offer_of(call: Call, leg: LegId | None) -> Offer | None:
    return next((offer for offer in call.offers if offer.leg == leg), None)


def _needs(state: CallState, leg: LegId) -> bool:
    """Whether this is the leg of whoever picked up."""
    needed = state.offer.leg if isinstance(state, Connecting) else state.leg if isinstance(state, Talking) else None
    return leg == needed


# somebody does not ---------------------------------------------------------------------------------------------


def when_leg_gone(floor: Floor, call: Call, fact: LegLeft | LegEnded | LegVanished) -> bool:
    leg, state = fact.leg, call.state
    if leg not in call.legs:
        return False
    offer = _offer_of(call, leg)
    if offer is not None and isinstance(fact, LegLeft):
        return False  # its cause follows
    person = call.legs[leg]
    floor.drop_leg(call, leg)
    if offer is not None and isinstance(fact, LegEnded):
        cause = fact.cause
        what = "refused" if cause in _REFUSALS else "missed" if cause == _MISSED_CAUSE else "unreachable"
        lose_offer(floor, call, offer, what, explain_cause(cause, fact.sip_code), cause)
    elif offer is not None:
        take_back(floor, call, offer)
    elif isinstance(state, Connecting) and leg == state.offer.leg:
        give_up_connecting(floor, call, state, "hung up before they were connected")
    elif isinstance(state, Talking) and leg == state.leg:
        finish_talk(floor, call, state, "the answering party hung up")
    else:
        if isinstance(fact, LegEnded) and fact.cause in _REFUSALS:
            refused_before(floor, call, person, explain_cause(fact.cause, fact.sip_code))
        forget_if_gone(floor, call)
    return True


def when_silent(floor: Floor, call: Call, leg: LegId) -> bool:
    """Silence alone ends no talk."""
    state = call.state
    if not isinstance(state, Talking) or leg not in (call.leg, state.leg):
        return False
    why_over = hear_silence(floor, call, state, leg)
    if why_over is not None:
        finish_talk(floor, call, state, why_over)
    return True


# the end -------------------------------------------------------------------------------------------------------


def finish_talk(floor: Floor, call: Call, state: Talking, why: str) -> None:
    served_by = call.answered_by if call.call_back_of is not None else state.person
    person = floor.people.get(served_by) if served_by is not None else None
    if person is not None:
        strategies.count_talk(floor, person, call)
    sticky.remember(floor, call)
    if person is not None and call.from_queue is not None:
        wrap_up.owe(person, floor.queue_of(call, call.from_queue), floor.at_ms)
        floor.touch(person.person_id)
    end(floor, call, talk_outcome(call), why)


def talk_outcome(call: Call) -> Outcome:
    if call.direction not in (Direction.INBOUND, Direction.CALLBACK):
        return Outcome.CONNECTED
    return Outcome.SERVED if call.from_queue is not None else Outcome.TRANSFERRED


def lose_caller(floor: Floor, call: Call) -> None:
    call.caller_there = False
    if call.caller_person is not None:
        floor.release(call.caller_person, call.leg)


def when_caller_left(floor: Floor, call: Call) -> bool:
    """The caller is gone, whatever we were doing: nobody may go on ringing or stay alone in a bridge."""
    if not call.caller_there:
        return False
    lose_caller(floor, call)
    match call.state:
        case LookingUp():
            end(floor, call, Outcome.ABANDONED_EARLY, "the caller left during the look-up")
        case Checking():
            end(floor, call, Outcome.REFUSED, "hung up before the PIN was checked")
        case Ringing():
            end(floor, call, Outcome.ABANDONED_RINGING, "the caller left while a phone rang")
        case Waiting(offers=offers) as state:
            backup.note_given_up(floor, call)
            outcome = outcome_of_leaving(floor, call, state)
            end(floor, call, outcome, f"the caller left the queue{' while a phone rang' if offers else ''}")
        case Asking(back_to=back_to):
            end(floor, call, outcome_of_leaving(floor, call, back_to), "the caller left while asked for a number")
        case Summoning(person=person):
            misses.count_miss(floor, person, rang_out=False)
            end(floor, call, Outcome.NO_ANSWER, "the operator did not pick up")
        case Connecting():
            end(floor, call, Outcome.ABANDONED_RINGING, "the caller left in the moment of the answer")
        case Talking() as state:
            finish_talk(floor, call, state, "the caller hung up")
        case Telling():
            end(floor, call, Outcome.ABANDONED_EARLY, "the caller left while told that the talk may be recorded")
        case Saying(outcome=outcome):
            end(floor, call, outcome, "the caller left during the message")
        case LeavingMessage() as state:
            voicemail.when_caller_left(floor, call, state)
        case Keeping():
            pass
        case Ending():
            forget_if_gone(floor, call)
        case _:
            assert_never(call.state)
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
    if fact.action in ("Ring", "RingOutside") and (offer := _offer_of(call, fact.leg)) is not None:
        floor.drop_leg(call, offer.leg)
        lose_offer(floor, call, offer, "unreachable", f"could not be rung: {fact.why}", LOST_CAUSE)
        return True
    if fact.action in ("Ring", "RingOutside") and fact.leg in call.legs and not _needs(state, fact.leg):
        floor.drop_leg(call, fact.leg)  # a leg that was never made cannot say that it ended
        forget_if_gone(floor, call)
        return True
    if isinstance(state, Connecting) and fact.action in ("Connect", "Answer"):
        give_up_connecting(floor, call, state, f"could not be connected: {fact.why}")
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


def when_found_gone(floor: Floor, call: Call, fact: ActionFailed) -> bool:
    """The caller left a moment ago, which is why Asterisk would not: nobody missed or refused anything."""
    if (offer := _offer_of(call, fact.leg)) is not None:
        floor.drop_leg(call, offer.leg)  # it was never made
        without_offer(floor, call, offer)
    return when_caller_left(floor, call)


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
            for offer in offers:
                if offer.until_ms <= floor.at_ms:
                    withdraw(floor, call, [offer])
                    rang_s = (floor.at_ms - offer.since_ms) / 1000
                    lose_offer(floor, call, offer, "missed", f"did not answer in {rang_s:.0f} s", _MISSED_CAUSE)
        case Asking() as state:
            keys.when_late(floor, call, state)
        case Summoning(person=person):
            misses.count_miss(floor, person, rang_out=True)
            end(floor, call, Outcome.NO_ANSWER, "the operator did not pick up in time")
        case Connecting(asked_again=False) as state:
            wait_for_the_bridge_again(floor, call, state)
        case Connecting() as state:
            give_up_connecting(floor, call, state, "was not connected in time")
        case Checking() as state:
            hot_desk.when_not_checked(floor, call, state, "no answer in time")
        case Talking() as state:
            finish_talk(floor, call, state, "longest call reached")
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
