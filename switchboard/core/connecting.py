"""Connecting: somebody picked up, and the caller is brought together with them."""

from __future__ import annotations

import msgspec

from switchboard.core import misses
from switchboard.core.actions import Connect
from switchboard.core.announcing import hush
from switchboard.core.call_state import Call, Connecting, Ringing, Waiting
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_voice
from switchboard.core.ids import BridgeId
from switchboard.core.offering import ANSWERED_ELSEWHERE, stop_ring_clock, withdraw
from switchboard.core.staff import Doing
from switchboard.core.state_parts import Offer, Party


def connect_with(floor: Floor, call: Call, offer: Offer) -> None:
    """Bring the caller together with who answered ``offer``; every other phone stops ringing, and so does a message."""
    hush(floor, call)
    state = call.state
    assert isinstance(state, Ringing | Waiting)
    withdraw(floor, call, [other for other in state.offers if other is not offer], ANSWERED_ELSEWHERE)
    stop_ring_clock(floor, call)
    if offer.person is not None:
        floor.engage(offer.person, offer.leg, call.call_id, Doing.TALKING)
        misses.count_taken(floor, offer.person)
    party = Party(offer.leg, offer.person)
    bring_together(floor, call, party, msgspec.structs.replace(state, offers=()), offer=offer)


def bring_together(
    floor: Floor,
    call: Call,
    party: Party,
    back_to: Ringing | Waiting,
    *,
    offer: Offer | None = None,
    third: Party | None = None,
) -> None:
    """Connect the call's own party with ``party``, and maybe with a ``third``; all legs are answered."""
    let_hear_voice(floor, call)
    bridge = BridgeId(call.make_id())
    legs = (call.leg, party.leg) if third is None else (call.leg, party.leg, third.leg)
    floor.act(Connect(call.call_id, bridge, legs))
    until_ms = floor.at_ms + floor.policy_of(call).limits.settle_ms
    offer = offer or Offer(party.leg, party.person, floor.at_ms, until_ms)
    call.enter(Connecting(offer, bridge, until_ms, back_to, third=third))
