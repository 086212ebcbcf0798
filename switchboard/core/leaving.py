"""Somebody leaves: a phone that rang, one of those who talk, the caller; and what becomes of the others."""

from __future__ import annotations

from typing import assert_never

from switchboard.core import backup, consulting, holding, listening, misses, three, transfer, voicemail
from switchboard.core.actions import HangUp
from switchboard.core.call_state import (
    Asking,
    Call,
    CallState,
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
from switchboard.core.ending import end, forget_if_gone, talk_outcome
from switchboard.core.entries import Direction, Outcome
from switchboard.core.facts import ActionFailed, LegEnded, LegLeft, LegVanished
from switchboard.core.floor import Floor
from switchboard.core.ids import LegId
from switchboard.core.lost_offers import give_up_connecting, lose_offer, refused_before, take_back, without_offer
from switchboard.core.offering import explain_cause, hang_up_leg
from switchboard.core.staff import Doing
from switchboard.core.state_parts import Offer
from switchboard.core.ways_out import outcome_of_leaving

_MISSED_CAUSE = 19
_REFUSALS = (17, 21)


def when_leg_gone(floor: Floor, call: Call, fact: LegLeft | LegEnded | LegVanished) -> bool:
    leg, state = fact.leg, call.state
    if leg not in call.legs:
        return False
    offer = offer_of(call, leg)
    if offer is not None and isinstance(fact, LegLeft):
        return False  # its cause follows
    person = call.legs[leg]
    record = floor.people.get(person) if person is not None else None
    rang = record is not None and leg in record.legs and record.legs[leg].doing is Doing.RINGING
    floor.drop_leg(call, leg)
    if offer is not None and isinstance(fact, LegEnded):
        cause = fact.cause
        what = "refused" if cause in _REFUSALS else "missed" if cause == _MISSED_CAUSE else "unreachable"
        lose_offer(floor, call, offer, what, explain_cause(cause, fact.sip_code), cause)
    elif offer is not None:
        take_back(floor, call, offer)
    elif isinstance(state, Connecting) and state.third is not None and leg == state.third.leg:
        three.two_without_the_third(floor, call, state)
    elif isinstance(state, Connecting) and leg == state.offer.leg:
        _partner_left_early(floor, call, state)
    elif isinstance(state, Talking | OnHold) and is_needed(state, leg):
        _partner_left(floor, call, state, leg)
    else:
        if rang and isinstance(fact, LegEnded) and fact.cause in _REFUSALS:
            refused_before(floor, call, person, explain_cause(fact.cause, fact.sip_code))
        forget_if_gone(floor, call)
    return True


def _partner_left_early(floor: Floor, call: Call, state: Connecting) -> None:
    if state.third is not None:
        three.third_in_their_place(floor, call, state)
    elif state.offer.leg != call.lent or not consulting.asker_left(floor, call):
        give_up_connecting(floor, call, state, "hung up before they were connected")


def cannot_connect(floor: Floor, call: Call, state: Connecting, why: str) -> None:
    """Asterisk would not, or was not heard of. Of three who should talk the two who did before go on; who asks a
    colleague leaves the two to each other; else the caller goes back."""
    leg = state.offer.leg
    if state.third is not None:
        three.two_without_the_third(floor, call, state)
    elif leg == call.lent and consulting.asker_left(floor, call):
        floor.because(call, "lost", why, state.offer.person)
    else:
        give_up_connecting(floor, call, state, why)


def _partner_left(floor: Floor, call: Call, state: Talking | OnHold, leg: LegId) -> None:
    """One of those who talk with the caller is gone: among three the others talk on; who asked a colleague leaves the
    two to each other; a caller on hold comes back."""
    if leg == call.lent and consulting.asker_left(floor, call):
        return
    if isinstance(state, OnHold):
        if not holding.when_holder_gone(floor, call, state):
            finish_talk(floor, call, state, "the answering party hung up")
    elif state.third is not None:
        three.two_of_three(floor, call, state, leg)
    else:
        finish_talk(floor, call, state, "the answering party hung up")


def vanish(floor: Floor, call: Call, state: Talking, leg: LegId, why: str) -> None:
    """Somebody who talks is there no more, and no end of their leg will be heard soon."""
    if state.third is None and call.lent is None:
        finish_talk(floor, call, state, why)
        return
    floor.because(call, "silent", why, call.legs.get(leg, call.caller_person))
    if leg == call.leg:
        floor.act(HangUp(call.call_id, leg))
        when_caller_left(floor, call)
    else:
        hang_up_leg(floor, call, leg)
        _partner_left(floor, call, state, leg)


def finish_talk(floor: Floor, call: Call, state: Talking | OnHold, why: str) -> None:
    operator = call.answered_by if call.call_back_of is not None and call.placed_by is None else state.person
    transfer.settle_talk(floor, call, operator)
    end(floor, call, talk_outcome(call), why)


def lose_caller(floor: Floor, call: Call) -> None:
    call.caller_there = False
    if call.caller_person is not None:
        floor.release(call.caller_person, call.leg)


def _leave_while_on_hold(floor: Floor, call: Call, state: OnHold) -> None:
    transfer.settle_talk(floor, call, state.person)
    outcome = Outcome.ABANDONED_HAND_OVER if call.direction is Direction.INBOUND else talk_outcome(call)
    end(floor, call, outcome, "the caller left while on hold")


def _leaves_between_talks(floor: Floor, call: Call) -> bool:
    """Whether they talked before, and were on their way to somebody else, or back: not as if nobody had answered."""
    state = call.state
    if call.is_handed_over and not isinstance(state, Saying | LeavingMessage | Keeping | Ending):
        end(floor, call, Outcome.ABANDONED_HAND_OVER, "the caller left on the way to somebody else")
        return True
    if call.answered_at_ms is None or not isinstance(state, Ringing | Waiting | Connecting):
        return False
    if isinstance(state, Waiting):
        backup.note_given_up(floor, call)
    if isinstance(state, Connecting):
        transfer.settle_talk(floor, call, state.offer.person)
    back = call.direction is Direction.INBOUND and not isinstance(state, Connecting)
    outcome = Outcome.ABANDONED_HAND_OVER if back else talk_outcome(call)
    end(floor, call, outcome, "the caller left between two talks")
    return True


def when_caller_left(floor: Floor, call: Call) -> bool:
    """The caller is gone, whatever we were doing: nobody may go on ringing or stay alone in a bridge."""
    if not call.caller_there:
        return False
    lose_caller(floor, call)
    if call.leg == call.lent and consulting.asker_left(floor, call):
        return True
    if _leaves_between_talks(floor, call):
        return True
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
            if call.listens is None:
                misses.count_miss(floor, person, rang_out=False)
            end(floor, call, Outcome.NO_ANSWER, "the operator did not pick up")
        case Listening():
            listening.when_supervisor_left(floor, call)
        case Connecting():
            end(floor, call, Outcome.ABANDONED_RINGING, "the caller left in the moment of the answer")
        case Talking() as state:
            finish_talk(floor, call, state, "the caller hung up")
        case OnHold() as state:
            _leave_while_on_hold(floor, call, state)
        case Parked():
            end(floor, call, Outcome.ABANDONED_HAND_OVER, "the caller left while parked")
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


def when_found_gone(floor: Floor, call: Call, fact: ActionFailed) -> bool:
    """The caller left a moment ago, which is why Asterisk would not: nobody missed or refused anything."""
    if (offer := offer_of(call, fact.leg)) is not None:
        floor.drop_leg(call, offer.leg)  # it was never made
        without_offer(floor, call, offer)
    return when_caller_left(floor, call)


def offer_of(call: Call, leg: LegId | None) -> Offer | None:
    return next((offer for offer in call.offers if offer.leg == leg), None)


def is_needed(state: CallState, leg: LegId) -> bool:
    """Whether this is the leg of whoever picked up."""
    match state:
        case Connecting(offer=offer, third=third):
            return leg == offer.leg or (third is not None and leg == third.leg)
        case Talking(leg=needed, third=third):
            return leg == needed or (third is not None and leg == third.leg)
        case OnHold(leg=needed):
            return leg == needed
        case _:
            return False
