"""Connecting: somebody picked up, and the caller is brought together with them."""

from __future__ import annotations

import msgspec

from switchboard.core import misses
from switchboard.core.actions import Connect
from switchboard.core.announcing import hush
from switchboard.core.call_state import Call, Connecting, Offer, Ringing, Waiting
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_voice
from switchboard.core.ids import BridgeId
from switchboard.core.offering import ANSWERED_ELSEWHERE, stop_ring_clock, withdraw
from switchboard.core.staff import Doing


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
    let_hear_voice(floor, call)
    bridge = BridgeId(call.make_id())
    floor.act(Connect(call.call_id, bridge, (call.leg, offer.leg)))
    settle_ms = floor.policy_of(call).limits.settle_ms
    call.enter(Connecting(offer, bridge, floor.at_ms + settle_ms, msgspec.structs.replace(state, offers=())))
