"""The end of a call: one outcome, the record closed, every leg told to end, nobody left alone."""

from __future__ import annotations

from switchboard.core.actions import HangUp, TakeDownBridge
from switchboard.core.call_state import Call, Connecting, Ending, Talking
from switchboard.core.entries import Outcome
from switchboard.core.floor import Floor
from switchboard.core.offering import NORMAL, hang_up_leg, stop_ring_clock

_MOST_TRIES = 3


def end(floor: Floor, call: Call, outcome: Outcome, why: str, cause: int = NORMAL) -> None:
    """Close the call with ``outcome``. The call stays until all its legs are gone, at most a few seconds."""
    _hang_up_everything(floor, call, cause)
    if isinstance(call.state, Talking | Connecting):
        floor.act(TakeDownBridge(call.call_id, call.state.bridge))
    floor.leave_queue(call.call_id)
    stop_ring_clock(floor, call)
    call.outcome = outcome
    call.ended_at_ms = floor.at_ms
    floor.because(call, "ended", why)
    call.enter(Ending(floor.at_ms + floor.policy_of(call).limits.settle_ms))
    forget_if_gone(floor, call)


def _hang_up_everything(floor: Floor, call: Call, cause: int) -> None:
    for leg in call.legs:
        hang_up_leg(floor, call, leg)
    if call.caller_there:
        floor.act(HangUp(call.call_id, call.leg, cause))


def forget_if_gone(floor: Floor, call: Call) -> None:
    """Forget an ended call once no leg of it is left."""
    if isinstance(call.state, Ending) and not call.caller_there and not call.legs:
        floor.forget_call(call)


def hang_up_again(floor: Floor, call: Call, state: Ending) -> None:
    """Some leg has not said that it ended: tell it once more; after a few times believe that it is gone."""
    if state.tries >= _MOST_TRIES:
        call.caller_there = False
        for leg in list(call.legs):
            floor.drop_leg(call, leg)
        floor.because(call, "forgotten", f"a leg did not say that it ended after {state.tries} requests")
        floor.forget_call(call)
        return
    _hang_up_everything(floor, call, NORMAL)
    settle_ms = floor.policy_of(call).limits.settle_ms
    call.enter(Ending(floor.at_ms + settle_ms, state.tries + 1))
