"""Call-backs: places in the queue whose callers hung up, and their turn.

A booking stands in the queue like a caller, since they called, and an operator who becomes free gets it like one. Then
the operator's phone rings first, as the call's own leg, and shows whom it is about. Only when they have picked up the
number outside is dialled, once in that turn: so nobody is called to hear "please wait", and the operator is really
free. Who does not answer has another turn later, a few times, and then becomes a task for a person.

The call-back is a call of its own (direction ``callback``), with its own id and record, which names the first.
"""

from __future__ import annotations

import msgspec

from switchboard.core import misses, seating, stand_ins
from switchboard.core.actions import Ring
from switchboard.core.booking import Booking
from switchboard.core.call_state import Call, Summoning
from switchboard.core.entries import Direction, Outcome, TaskOpened
from switchboard.core.floor import Floor
from switchboard.core.ids import CallId, LegId, call_id_for, nth_id, task_id_for
from switchboard.core.offering import BACKSTOP_MS
from switchboard.core.phone_number import PhoneNumber
from switchboard.core.policy import EndStep, OutsideStep, Plan
from switchboard.core.staff import Doing, PersonRecord
from switchboard.core.state_parts import Hears
from switchboard.core.steps import NO_ANSWER_CAUSE, begin_plan

_OPERATOR_RING_MS = 20_000


# booking -------------------------------------------------------------------------------------------------------


def why_not_booked(floor: Floor) -> str | None:
    most = floor.policy.callback.most_bookings
    return f"{most} are to be called back already" if len(floor.bookings) >= most else None


def book(floor: Floor, call: Call, queue: str, number: PhoneNumber) -> None:
    """Keep the caller's place in ``queue``. A number has one place: the older one stays."""
    for other in list(floor.bookings.values()):
        if other.number.e164 == number.e164 and other.queue == queue:
            floor.because(call, "booked", f"is to be called back already (call {other.booking})")
            return
    rules = floor.policy.callback
    expires_at_ms = floor.at_ms + rules.keep_ms
    floor.bookings[call.call_id] = Booking(
        booking=call.call_id,
        queue=queue,
        number=number,
        arrived_at_ms=call.place_since_ms,
        booked_at_ms=floor.at_ms,
        until_ms=expires_at_ms,
        expires_at_ms=expires_at_ms,
        line=call.line,
        client=call.client,
        client_class=call.client_class,
        not_again=tuple(call.not_again),
    )
    floor.arm(expires_at_ms, "booking", call.call_id)
    floor.because(call, "booked", f"keeps the place in queue {queue}, to be called back")


def _put(floor: Floor, booking: Booking) -> None:
    """What is known of it from now on; if it has a turn, whoever is ready looks whose it is."""
    floor.bookings[booking.booking] = booking
    seating.seat_booking(floor, booking)
    today = floor.policy.queues.get(booking.queue)
    for person in today.everybody if today is not None else ():
        floor.touch(person)


def _remove(floor: Floor, booking: Booking) -> None:
    floor.bookings.pop(booking.booking, None)
    floor.called_back.pop(booking.booking, None)
    floor.board.leave(booking.booking)


def got_through(floor: Floor, call: Call) -> None:
    """A caller was answered: if their number is to be called back, it need not be any more."""
    if call.direction is not Direction.INBOUND or call.number.e164 is None:
        return
    for booking in list(floor.bookings.values()):
        if booking.number.e164 == call.number.e164:
            floor.because(call, "booked", f"got through: is not called back (call {booking.booking})")
            if booking.call is None:
                _remove(floor, booking)
            else:
                _put(floor, msgspec.structs.replace(booking, got_through=True))


# a turn --------------------------------------------------------------------------------------------------------


def summon(floor: Floor, booking: Booking, person: PersonRecord) -> None:
    """Ring the operator whose turn it is, to call back."""
    call_id = call_id_for(LegId(f"{booking.booking} {booking.turns}"), floor.at_ms)
    leg, policy = LegId(nth_id(call_id, 0)), floor.policy
    today = policy.queues.get(booking.queue)
    ring_ms = today.ring_ms if today is not None else _OPERATOR_RING_MS
    call = Call(
        call_id=call_id,
        direction=Direction.CALLBACK,
        leg=leg,
        number=booking.number,
        dialled=booking.number.e164 or "",
        line=booking.line,
        caller_person=person.person_id,
        policy_version=policy.version,
        arrived_at_ms=floor.at_ms,
        state=Summoning(person.person_id, floor.at_ms, floor.at_ms + ring_ms),
        hears=Hears.RINGING,
        client=booking.client,
        client_class=booking.client_class,
        call_back_of=booking.booking,
    )
    floor.add_call(call)
    floor.bookings[booking.booking] = msgspec.structs.replace(booking, call=call_id, turns=booking.turns + 1)
    floor.board.leave(booking.booking)
    floor.called_back[booking.booking] = None
    floor.engage(person.person_id, leg, call_id, Doing.RINGING)
    name = booking.client.name if booking.client is not None else ""
    sign = policy.callback.sign
    floor.act(
        Ring(
            call_id,
            leg,
            policy.people[person.person_id].phone,
            caller_number=booking.number.e164 or "",
            caller_name=f"{sign}: {name}" if name else sign,
            like=None,
            ring_ms=ring_ms + BACKSTOP_MS,
        )
    )
    waited_s = (floor.at_ms - booking.arrived_at_ms) / 1000
    floor.because(call, "booked", f"calls back call {booking.booking}: its turn after {waited_s:.0f} s")
    floor.because(call, "offered", f"queue {booking.queue}: rings the operator first", person.person_id)


def dial(floor: Floor, call: Call, state: Summoning) -> None:
    """The operator has picked up: now the number outside is dialled, once."""
    floor.engage(state.person, call.leg, call.call_id, Doing.TALKING)
    misses.count_taken(floor, state.person)
    call.answered, call.hears = True, Hears.NOTHING
    booking = floor.bookings.get(call.call_back_of or CallId(""))
    if booking is not None:
        call.from_queue = booking.queue if booking.queue in floor.policy_of(call).queues else None
        floor.bookings[booking.booking] = msgspec.structs.replace(booking, dials=booking.dials + 1)
    floor.because(call, "picked_up", "the operator picked up", state.person)
    ring_ms = floor.policy_of(call).callback.ring_ms
    last = EndStep(NO_ANSWER_CAUSE, "who is to be called back did not answer")
    begin_plan(floor, call, Plan("callback", (OutsideStep(call.number.e164 or "", ring_ms), last)))


# what became of it ---------------------------------------------------------------------------------------------


def settle(floor: Floor) -> None:
    """After each fact: for every call-back that is over, what becomes of its booking. Whose caller has hung up now has
    turns from now on."""
    for gone in floor.gone:
        if gone in floor.bookings:
            _put(floor, floor.bookings[gone])
    for booking_id in list(floor.called_back):
        booking = floor.bookings.get(booking_id)
        call_id = booking.call if booking is not None else None
        if booking is None or call_id is None:
            del floor.called_back[booking_id]
            continue
        call = floor.calls.get(call_id) or floor.gone.get(call_id)
        if call is None or call.outcome is not None:
            del floor.called_back[booking_id]
            _settle(floor, booking, call)


def _settle(floor: Floor, booking: Booking, call: Call | None) -> None:
    rules, dialled = floor.policy.callback, call is not None and call.plan is not None
    if booking.got_through or (call is not None and call.answered_at_ms is not None):
        _remove(floor, booking)
        return
    if booking.dials >= rules.most_dials:
        _give_to_a_person(floor, booking, f"was called back {booking.dials} times and did not answer")
        return
    not_again = booking.not_again
    if not dialled and call is not None and call.caller_person is not None and call.outcome is Outcome.NO_ANSWER:
        not_again = (*not_again, call.caller_person)
    today = floor.policy.queues.get(booking.queue)
    serving = [floor.people[one] for one in (today.everybody if today is not None else ()) if one in floor.people]
    rests = dialled or all(person.person_id in not_again for person in serving if person.on_shift)
    until_ms = min(floor.at_ms + rules.retry_after_ms, booking.expires_at_ms) if rests else booking.expires_at_ms
    not_again = () if rests else not_again
    settled = msgspec.structs.replace(booking, call=None, rests=rests, until_ms=until_ms, not_again=not_again)
    _put(floor, settled)
    floor.arm(until_ms, "booking", booking.booking)


def when_late(floor: Floor, booking: Booking) -> bool:
    """It has rested; or it has waited too long for its turn."""
    if booking.call is not None:
        return False  # it is being called: what comes of that decides
    if floor.at_ms >= booking.expires_at_ms:
        _give_to_a_person(floor, booking, "had no turn to be called back in time")
        return True
    _put(floor, msgspec.structs.replace(booking, rests=False, until_ms=booking.expires_at_ms))
    floor.arm(booking.expires_at_ms, "booking", booking.booking)
    return True


def give_up(floor: Floor, booking: Booking) -> None:
    """A rule of ours broke at it: it must not break at it again and again."""
    _give_to_a_person(floor, booking, "a bug of ours")


def _give_to_a_person(floor: Floor, booking: Booking, why: str) -> None:
    """A task for the client's manager, else for the head of their department or of the line's."""
    _remove(floor, booking)
    policy, client = floor.policy, booking.client
    department = client.department if client is not None else None
    if department not in policy.departments:
        department = booking.line.department if booking.line is not None else None
    if department not in policy.departments:
        department = min(policy.departments)
    manager = client.manager if client is not None else None
    person = manager if manager in policy.people and manager is not None else policy.departments[department or ""].head
    client_id = client.client_id if client is not None else None
    floor.entries.append(
        TaskOpened(
            task=task_id_for(booking.booking, "call_back"),
            kind="call_back",
            call=booking.booking,
            person=stand_ins.whose_task(floor, person),
            about=client_id or booking.number.e164 or booking.booking,
            opened_at_ms=floor.at_ms,
            client_id=client_id,
            caller_number=booking.number.e164,
            reason=why,
        )
    )
