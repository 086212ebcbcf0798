"""Offers that come to nothing: refused, missed, vanished, or picked up and not connected; and what happens then."""

from __future__ import annotations

import msgspec

from switchboard.core import backup, misses, queueing
from switchboard.core.actions import TakeDownBridge
from switchboard.core.call_state import Call, Connecting, Ringing, Waiting
from switchboard.core.floor import Floor
from switchboard.core.ids import PersonId, PhoneId
from switchboard.core.offering import hang_up_leg, stop_ring_clock, withdraw
from switchboard.core.state_parts import Hears, Offer
from switchboard.core.steps import next_step, ring_again, ring_next

LOST_CAUSE = 41  # temporary failure: it says nothing about the person
_NO_PHONE_CAUSE = 20  # subscriber absent


def lose_offer(floor: Floor, call: Call, offer: Offer, what: str, why: str, cause: int) -> None:
    """This person does not take the call: on to whoever is next, at once."""
    floor.because(call, what, why, offer.person)
    call.last_cause = cause
    if offer.person is not None:
        call.not_again.append(offer.person)
        if isinstance(call.state, Waiting) and cause != LOST_CAUSE:  # what could not be rung, nobody missed
            misses.count_miss(floor, offer.person, rang_out=what == "missed")
    if without_offer(floor, call, offer):
        go_on(floor, call)


def refused_before(floor: Floor, call: Call, person: PersonId | None, why: str) -> None:
    """A leg that was told to end had been refused before it was told so: that person does not take this call either."""
    if person is None or person in call.not_again or call.outcome is not None:
        return
    floor.because(call, "refused", f"{why}, before it was told to stop ringing", person)
    call.not_again.append(person)
    if isinstance(call.state, Waiting) and not call.state.offers:
        go_on(floor, call)


def take_back(floor: Floor, call: Call, offer: Offer) -> None:
    """The ring is over and nobody knows how: it is as if it had never been, and the person is next again."""
    floor.because(call, "withdrawn", "stopped ringing while nobody could hear why", offer.person)
    state = call.state
    if isinstance(state, Ringing) and offer.person is not None:
        candidates = (offer.meant or offer.person, *state.candidates)
        call.enter(msgspec.structs.replace(state, candidates=candidates))
    if not without_offer(floor, call, offer):
        return
    if isinstance(state, Waiting) and queueing.why_nobody_serves(floor, call, state.queue) is None:
        queueing.wait_again(floor, call, state.queue)
    else:
        go_on(floor, call)


def without_offer(floor: Floor, call: Call, offer: Offer) -> bool:
    """Take the offer out of the state; whether nobody rings for the call any more."""
    state = call.state
    assert isinstance(state, Ringing | Waiting)
    left = tuple(other for other in state.offers if other is not offer)
    call.enter(msgspec.structs.replace(state, offers=left))
    if not left:
        stop_ring_clock(floor, call)
    return not left


def stop_ringing(floor: Floor, call: Call, phone: PhoneId) -> None:
    """A phone vanished (cable, battery): nobody will pick it up, and its ring may have minutes to go."""
    for offer in call.offers:
        if offer.person is not None and floor.phone_of(call, offer.person) == phone:
            withdraw(floor, call, [offer])
            lose_offer(floor, call, offer, "unreachable", "its phone vanished while it rang", _NO_PHONE_CAUSE)


def _rings_on(floor: Floor, call: Call, state: Ringing) -> bool:
    if state.waits_for is not None:
        return ring_again(floor, call)
    return floor.at_ms < state.step_until_ms and ring_next(floor, call)


def go_on(floor: Floor, call: Call) -> None:
    """Nobody rings for the call now: the next person of this step, else the next step."""
    state = call.state
    if isinstance(state, Waiting):
        why_not: str | None = f"longest wait in queue {state.queue} reached"
        if floor.at_ms < state.step_until_ms:
            why_not = queueing.why_nobody_serves(floor, call, state.queue)
        if why_not is None:
            queueing.find_person(floor, call)
            return
        floor.because(call, "step", why_not)
        backup.note_given_up(floor, call)
    elif isinstance(state, Ringing) and _rings_on(floor, call, state):
        return
    next_step(floor, call)


def give_up_connecting(floor: Floor, call: Call, state: Connecting, why: str) -> None:
    """They could not be connected; the caller goes back to where they were and on from there."""
    offer = state.offer
    hang_up_leg(floor, call, offer.leg)
    floor.act(TakeDownBridge(call.call_id, state.bridge))
    floor.because(call, "lost", why, offer.person)
    if offer.person is not None:
        call.not_again.append(offer.person)
    call.last_cause = LOST_CAUSE
    call.hears = Hears.NOTHING
    call.enter(state.back_to)
    go_on(floor, call)
