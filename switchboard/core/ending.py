"""The end of a call: one outcome, the record closed, every leg told to end, nobody left alone."""

from __future__ import annotations

from switchboard.core import hand_overs, recording
from switchboard.core.actions import Action, HangUp, SendToDialplan, TakeDownBridge
from switchboard.core.announcing import hush
from switchboard.core.call_state import Call, Connecting, Ending, Listening, OnHold, Summoning, Talking
from switchboard.core.entries import Direction, Outcome
from switchboard.core.floor import Floor
from switchboard.core.listeners import note_end
from switchboard.core.offering import NORMAL, hang_up_leg, stop_ring_clock

_MOST_TRIES = 3


def end(floor: Floor, call: Call, outcome: Outcome, why: str, cause: int = NORMAL) -> None:
    """Close the call with ``outcome``. The call stays until all its legs are gone, at most a few seconds."""
    call.outcome = outcome
    recording.stop(floor, call)
    release_consult(floor, call)
    hang_up_everything(floor, call, cause)
    if isinstance(call.state, Talking | Connecting | OnHold) and call.state.bridge is not None:
        if call.lent is None:
            floor.act(TakeDownBridge(call.call_id, call.state.bridge))
        else:
            floor.to_give_back[call.call_id] = call.state.bridge
    elif isinstance(call.state, Listening | Summoning):
        _end_listening(floor, call, call.state, why)
    floor.leave_queue(call.call_id)
    stop_ring_clock(floor, call)
    call.ended_at_ms = floor.at_ms
    hand_overs.settle(floor, call, outcome)
    floor.because(call, "ended", why)
    call.enter(Ending(floor.at_ms + floor.policy_of(call).limits.settle_ms))
    forget_if_gone(floor, call)


def release_consult(floor: Floor, call: Call) -> None:
    """Whose consulting goes on without the call it was for talks on as in any other call. A leg that was lent to this
    one is not hung up: it goes back to who lent it (see ``consulting.settle``)."""
    state = call.state
    other = floor.calls.get(state.other) if isinstance(state, OnHold) and state.other is not None else None
    if other is not None:
        other.consults_for = other.lent = None
    if call.lent is not None:
        hush(floor, call)  # or their leg would hear it to its end before it is connected again
        floor.to_give_back[call.call_id] = None


def _end_listening(floor: Floor, call: Call, state: Listening | Summoning, why: str) -> None:
    posts = state.posts if isinstance(state, Listening) else ()
    for post in posts:
        if post.snoop is not None and post.asked:
            floor.act(TakeDownBridge(call.call_id, post.bridge))
    note_end(floor, call, posts[-1].mode if posts else None, why)


def hang_up_everything(floor: Floor, call: Call, cause: int = NORMAL) -> None:
    """Tell every leg of the call to end that has not said so, but for one that was lent."""
    for leg in call.legs:
        if leg != call.lent:
            hang_up_leg(floor, call, leg)
    if call.caller_there and call.leg != call.lent:
        floor.act(_farewell(call, cause))


def talk_outcome(call: Call) -> Outcome:
    if call.direction not in (Direction.INBOUND, Direction.CALLBACK):
        return Outcome.CONNECTED
    return Outcome.SERVED if call.from_queue is not None else Outcome.TRANSFERRED


def _farewell(call: Call, cause: int) -> Action:
    """A caller whom we cannot serve goes to Asterisk's own queue; everybody else is hung up."""
    unserved = call.direction is Direction.INBOUND and call.answered_at_ms is None
    if call.outcome in (Outcome.OUR_FAULT, Outcome.OVERFLOW) and unserved:
        return SendToDialplan(call.call_id, call.leg)
    return HangUp(call.call_id, call.leg, cause)


def forget_if_gone(floor: Floor, call: Call) -> None:
    """Forget an ended call once no leg of it is left."""
    if isinstance(call.state, Ending) and not call.caller_there and not call.legs:
        floor.forget_call(call)


def hang_up_again(floor: Floor, call: Call, state: Ending) -> None:
    """Some leg has not said that it ended: tell it once more; after a few times believe that it is gone."""
    if state.tries >= _MOST_TRIES:
        give_up(floor, call, f"a leg did not say that it ended after {state.tries} requests")
        return
    hang_up_everything(floor, call)
    settle_ms = floor.policy_of(call).limits.settle_ms
    call.enter(Ending(floor.at_ms + settle_ms, state.tries + 1))


def give_up(floor: Floor, call: Call, why: str) -> None:
    """Believe that every leg of a call is gone, and forget it."""
    recording.stop(floor, call)
    if call.outcome is None:
        call.outcome = Outcome.OUR_FAULT
    if call.ended_at_ms is None:
        call.ended_at_ms = floor.at_ms
    floor.because(call, "forgotten", why)
    floor.forget_call(call)
