"""Silence: somebody who talks sends no voice. Are they still there?

Whoever vanishes in mid-talk (cable, battery, a BYE that got lost) tells nobody, but their voice stops. That alone
proves nothing: who is muted may send nothing for minutes, and silence by itself never ends a call. So there are two
ways on from it. A phone of the staff that is silent *and* not there when Asterisk looks for it is gone: two signs that
know nothing of each other. Everybody else is asked, by a request within their call which changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.core.actions import AskWhetherThere
from switchboard.core.call_state import Call, Talking
from switchboard.core.floor import Floor
from switchboard.core.ids import LegId, PersonId


def talking_legs(floor: Floor) -> Iterator[tuple[LegId, bool]]:
    """Every leg that talks, and whether it is a phone that is not there any more."""
    for call in floor.calls.values():
        if isinstance(call.state, Talking):
            for leg in (call.leg, call.state.leg):
                yield leg, is_phone_gone(floor, call, _person_on(call, call.state, leg))


def is_phone_gone(floor: Floor, call: Call, person: PersonId | None) -> bool:
    """Whether Asterisk looked for this person's phone and it is not there. Not so for a phone that was given to them
    since the call began: the one they talk on is another."""
    record = floor.people.get(person) if person is not None else None
    if person is None or record is None or record.registered:
        return False
    then = floor.policy_of(call).people.get(person)
    return then is not None and then.phone == floor.phone_of(call, person)


def hear_silence(floor: Floor, call: Call, state: Talking, leg: LegId) -> str | None:
    """Why the talk is over, if there are two signs. One makes us ask; that is on record once for each of the two who
    talk, however often it comes."""
    person = _person_on(call, state, leg)
    who = "the caller" if leg == call.leg else "the answering party"
    if is_phone_gone(floor, call, person):
        return f"{who} fell silent and their phone is not there any more"
    why = f"{who} fell silent: asked whether they are there"
    if not any(reason.what == "silent" and reason.why == why for reason in call.reasons):
        floor.because(call, "silent", why, person)
    floor.act(AskWhetherThere(call.call_id, leg))
    return None


def _person_on(call: Call, state: Talking, leg: LegId) -> PersonId | None:
    return call.caller_person if leg == call.leg else state.person
