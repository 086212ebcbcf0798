"""Promises about call-backs, kept apart from the ``Witness`` that makes use of them:

- a place that somebody left to be called back keeps its rank: no operator is rung for anybody behind it, nor for it
  before anybody in front of it;
- the number outside is dialled only when the operator has picked up, once in each turn, and not too often;
- a turn does not begin while the one before is going on.
"""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.core.actions import Ring, RingOutside
from switchboard.core.booking import Booking
from switchboard.core.call_state import Call, Waiting
from switchboard.core.exchange import Exchange, Handled
from switchboard.core.facts import Fact, LegAnswered, SwitchReady
from switchboard.core.ids import CallId, LegId, PersonId

_Rank = tuple[int, CallId]


class Turns:
    """Of all bookings of one exchange."""

    def __init__(self) -> None:
        self.summoned: dict[LegId, CallId] = {}
        """The operators' legs of the call-backs under way, and what they call back."""
        self.dialled: dict[CallId, int] = {}
        """Per booking."""

    def watch(self, exchange: Exchange, fact: Fact, handled: Handled) -> Iterator[str]:
        """Every promise that ``handled``, the answer to ``fact``, breaks."""
        floor = exchange.floor
        for action in handled.actions:
            call = floor.calls.get(action.call) or floor.gone.get(action.call)
            if isinstance(action, Ring) and call is not None:
                yield from self._see_ring(exchange, call, action)
            elif isinstance(action, RingOutside) and call is not None and call.call_back_of and not call.hand_overs:
                picked_up = isinstance(fact, LegAnswered) and fact.leg == call.leg
                again = isinstance(fact, SwitchReady) and any(leg.leg == call.leg and leg.up for leg in fact.found.legs)
                if not picked_up and not again:
                    yield f"call {action.call} dials before the operator has picked up"
                dialled = self.dialled[call.call_back_of] = self.dialled.get(call.call_back_of, 0) + 1
                if dialled > floor.policy_of(call).callback.most_dials:
                    yield f"call {call.call_back_of} is called back {dialled} times"
                if self.summoned.pop(call.leg, None) is None:
                    yield f"call {action.call} dials twice in one turn"
        for gone in floor.gone.values():
            self.summoned.pop(gone.leg, None)

    def _see_ring(self, exchange: Exchange, call: Call, action: Ring) -> Iterator[str]:
        floor, booking = exchange.floor, None
        if call.call_back_of is not None:
            going_on = [other for other in floor.calls.values() if other.call_back_of == call.call_back_of]
            if any(other.outcome is None and other is not call for other in going_on):
                yield f"call {call.call_back_of} has a second turn while the first goes on"
            self.summoned[action.leg] = call.call_back_of
            booking, person = floor.bookings.get(call.call_back_of), call.caller_person
            if booking is None or person is None:
                return
            mine = _rank_of(exchange, booking)
        elif isinstance(call.state, Waiting) and call.legs.get(action.leg) is not None:
            person, mine = call.legs[action.leg], _rank(exchange, call)
        else:
            return
        for other in floor.bookings.values():
            stands = (
                other.call is None
                and not other.rests
                and other.booking not in floor.calls
                and person not in other.not_again
            )
            if stands and _serves(exchange, person, other.queue) and _rank_of(exchange, other) < mine:
                yield f"{person} is rung for {call.call_id} before {other.booking}, who is to be called back"
        if booking is not None:
            for waiting in floor.calls.values():
                waits = isinstance(waiting.state, Waiting) and not waiting.offers and person not in waiting.not_again
                if not waits or not isinstance(waiting.state, Waiting):
                    continue
                if _serves(exchange, person, waiting.state.queue) and _rank(exchange, waiting) < mine:
                    yield f"{person} is rung to call {booking.booking} back before {waiting.call_id}"


def _serves(exchange: Exchange, person: PersonId | None, queue: str) -> bool:
    """Whoever is rung at first: tiers and the backup group are rung for some callers only."""
    today = exchange.floor.policy.queues.get(queue)
    return today is not None and person in today.people


def _rank_of(exchange: Exchange, booking: Booking) -> _Rank:
    rules = exchange.floor.policy.queues.get(booking.queue)
    ahead_ms = rules.priority.get(booking.client_class or "", 0) * rules.point_ms if rules is not None else 0
    return (booking.arrived_at_ms - ahead_ms, booking.booking)


def _rank(exchange: Exchange, call: Call) -> _Rank:
    assert isinstance(call.state, Waiting)
    rules = exchange.floor.queue_of(call, call.state.queue)
    ahead_ms = rules.priority.get(call.client_class or "", 0) * rules.point_ms
    return (call.place_since_ms - ahead_ms, call.call_id)
