"""Offers: one ring of one person for one call, made, withdrawn and lost.

The caller's side of an offer is in the call's state; the person's side is the leg in their record. Both change
here and nowhere else, in the same step, so that nobody can be rung for two callers.
"""

from __future__ import annotations

from collections.abc import Sequence

from switchboard.core.actions import HangUp, Ring, RingOutside
from switchboard.core.call_state import Call
from switchboard.core.floor import Floor
from switchboard.core.ids import LegId, PersonId
from switchboard.core.state_parts import Offer

ANSWERED_ELSEWHERE = 26
NORMAL = 16
BACKSTOP_MS = 3_000
"""Asterisk's own ring timeout lies this far behind ours: it only counts when we are away."""


def offer_to_person(floor: Floor, call: Call, person: PersonId, ring_ms: int, why: str, sign: str = "") -> Offer:
    """Ring ``person`` for ``call``. The caller's number, or else who the client is, shows on the phone; ``sign`` (or
    the call's flag) before the name says what is special."""
    leg = LegId(call.make_id())
    shown = call.shown or call.number.e164 or call.number.raw
    if call.caller_person is not None:
        shown = floor.extension_of(call, call.caller_person)
    name = call.client.name if call.client is not None else ""
    sign = sign or call.flag or ""
    floor.act(
        Ring(
            call.call_id,
            leg,
            floor.phone_of(call, person),
            caller_number=shown,
            caller_name=f"{sign}: {name}" if sign else name,
            like=call.leg,
            ring_ms=ring_ms + BACKSTOP_MS,
        )
    )
    floor.because(call, "offered", why, person)
    return _start(floor, call, leg, person, ring_ms)


def offer_outside(floor: Floor, call: Call, number: str, shown: str, ring_ms: int) -> Offer:
    leg = LegId(call.make_id())
    floor.act(RingOutside(call.call_id, leg, number, shown, like=call.leg, ring_ms=ring_ms + BACKSTOP_MS))
    floor.because(call, "offered", "rings outside through the trunk")
    return _start(floor, call, leg, None, ring_ms)


def _start(floor: Floor, call: Call, leg: LegId, person: PersonId | None, ring_ms: int) -> Offer:
    floor.add_leg(call, leg, person)
    if call.ringing_since_ms is None:
        call.ringing_since_ms = floor.at_ms
    return Offer(leg, person, floor.at_ms, floor.at_ms + ring_ms)


def withdraw(floor: Floor, call: Call, offers: Sequence[Offer], cause: int = NORMAL) -> None:
    """Stop ringing; the people are free again when Asterisk says that their legs are gone."""
    for offer in offers:
        hang_up_leg(floor, call, offer.leg, cause)


def hang_up_leg(floor: Floor, call: Call, leg: LegId, cause: int = NORMAL) -> None:
    """Tell a leg that we made to end, unless it is gone already."""
    if leg not in call.legs:
        return
    floor.act(HangUp(call.call_id, leg, cause))
    person = call.legs[leg]
    if person is not None:
        floor.let_go(person, leg)


def stop_ring_clock(floor: Floor, call: Call) -> None:
    """Nobody rings for this call any more: add up how long somebody did."""
    if call.ringing_since_ms is not None:
        call.ring_ms += floor.at_ms - call.ringing_since_ms if call.answered_at_ms is None else 0
        call.ringing_since_ms = None


_CAUSES = {
    17: "busy",
    18: "does not respond",
    19: "did not answer",
    20: "phone not registered",
    21: "declined",
    27: "phone cannot be reached",
}


def explain_cause(cause: int, sip_code: int | None) -> str:
    """What a Q.850 cause and SIP code mean for people, e.g. ``declined (SIP 603)``."""
    said = _CAUSES.get(cause, f"ended with cause {cause}")
    return f"{said} (SIP {sip_code})" if sip_code is not None else said
