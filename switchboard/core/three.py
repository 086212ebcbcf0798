"""Three who talk, and one of them leaves, or cannot be connected. How they come together is in ``consulting.join``."""

from __future__ import annotations

import msgspec

from switchboard.core import hand_overs, recording, transfer
from switchboard.core.call_state import Call, Connecting, Talking
from switchboard.core.connecting import bring_together
from switchboard.core.entries import HandOverKind
from switchboard.core.floor import Floor
from switchboard.core.ids import BridgeId, LegId
from switchboard.core.offering import hang_up_leg
from switchboard.core.state_parts import Party


def two_of_three(floor: Floor, call: Call, state: Talking, leg: LegId) -> None:
    """Of three who talk one has left; when it was who had the caller first, the other has them now."""
    third = state.third
    assert third is not None
    if leg == third.leg:
        floor.because(call, "conference", "two go on talking", state.person)
        call.enter(msgspec.structs.replace(state, third=None))
        _record_anew(floor, call, state.bridge, Party(state.leg, state.person))
        return
    transfer.settle_talk(floor, call, state.person)
    hand_overs.begin(floor, call, HandOverKind.ATTENDED, state.person, "who was asked")
    hand_overs.note_answer(floor, call, third.person)
    call.talk_since_ms = floor.at_ms
    call.enter(msgspec.structs.replace(state, leg=third.leg, person=third.person, third=None))
    floor.because(call, "answered", "talks with the caller, whom the other has left", third.person)
    _record_anew(floor, call, state.bridge, third)


def _record_anew(floor: Floor, call: Call, bridge: BridgeId, party: Party) -> None:
    """Whether it is recorded goes by those who talk on."""
    recording.stop(floor, call)
    recording.begin(floor, call, bridge, party.person, (call.leg, party.leg))


def third_in_their_place(floor: Floor, call: Call, state: Connecting) -> None:
    """Who had the caller first is gone before the three were connected: the other has them now."""
    third = state.third
    assert third is not None
    transfer.settle_talk(floor, call, state.offer.person)
    hand_overs.begin(floor, call, HandOverKind.ATTENDED, state.offer.person, "who was asked")
    bring_together(floor, call, third, state.back_to)
    transfer.take_down(floor, call, state.bridge)


def two_without_the_third(floor: Floor, call: Call, state: Connecting) -> None:
    """Three were to talk, and cannot: the two who did before talk on."""
    assert state.third is not None
    hang_up_leg(floor, call, state.third.leg)
    floor.because(call, "conference", "cannot be: who was asked is gone", state.third.person)
    bring_together(floor, call, Party(state.offer.leg, state.offer.person), state.back_to)
    transfer.take_down(floor, call, state.bridge)
