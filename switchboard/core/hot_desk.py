"""Hot-desking: somebody signs in on any phone with their extension and PIN, and signs out to go.

The PIN never gets here: the edge keeps it beside the facts, and we ask it (``CheckPin``) whether it is the right one.
What is ours is how often somebody may try. A try counts as wrong when it is made and is taken back when it was right
or could not be checked: so many at once are no more tries than one after another. Five wrong ones, for one extension
or from one phone, lock it for a minute; each wrong one more for twice as long as the last, up to an hour. An
extension's tries are forgotten when its PIN is right, a phone's after a quiet hour. All of it is on record with the
call that dialled the code.
"""

from __future__ import annotations

from switchboard.core import phones
from switchboard.core.actions import CheckPin
from switchboard.core.call_state import Call, Checking
from switchboard.core.codes import HotDesk
from switchboard.core.entries import Outcome
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_ringing
from switchboard.core.ids import PersonId, PhoneId
from switchboard.core.policy import Limits
from switchboard.core.shifts import take_phone
from switchboard.core.staff import Doing, PersonRecord, Tries
from switchboard.core.staff_commands import StaffCommand
from switchboard.core.steps import say

CHECK_AT_MOST_MS = 3_000
_LONGEST_LOCK_MS = 3_600_000
_QUIET_MS = 3_600_000


def begin(floor: Floor, call: Call, phone: PhoneId, asked: HotDesk) -> None:
    """Ask whether the PIN is right, unless too many were wrong."""
    floor.because(call, "hot_desk", f"wants to be extension {asked.extension} on the phone {phone}")
    owner = _record(floor, phones.owner_of(floor.policy, phone))
    person = _record(floor, asked.person)
    if owner is None or _is_locked(owner.tries_from, floor.at_ms):
        _refuse_locked(floor, call, f"too many wrong PINs from the phone {phone}")
        return
    owner.tries_from = _one_more(owner.tries_from, floor.policy.limits, floor.at_ms, forgets=True)
    if person is None:
        _refuse_wrong(floor, call, f"nobody has extension {asked.extension}")
        return
    if _is_locked(person.tries_as, floor.at_ms):
        _refuse_locked(floor, call, f"too many wrong PINs for extension {asked.extension}")
        return
    person.tries_as = _one_more(person.tries_as, floor.policy.limits, floor.at_ms)
    ask(floor, call, person.person_id, phone)


def ask(floor: Floor, call: Call, person: PersonId, phone: PhoneId) -> None:
    """Ask, or ask again where nobody heard the answer."""
    let_hear_ringing(floor, call)
    floor.ask_again(CheckPin(call.call_id, call.leg, person))
    call.enter(Checking(person, phone, floor.at_ms + CHECK_AT_MOST_MS))


def when_checked(floor: Floor, call: Call, right: bool) -> bool:
    state = call.state
    if not isinstance(state, Checking):
        return False
    person = _record(floor, state.person)
    if not right or person is None:
        tries = person.tries_as.count if person is not None else 0
        _refuse_wrong(floor, call, f"not the PIN of {state.person}; wrong ones in a row: {tries}")
        return True
    person.tries_as = Tries()
    _take_back(floor, None, state.phone)
    why_not = _sit_down(floor, call, person, state.phone)
    if why_not is not None:
        floor.because(call, "refused", why_not, person.person_id)
        say(floor, call, floor.policy.prompts.refused, Outcome.REFUSED)
        return True
    floor.because(call, "code", StaffCommand.TAKE_PHONE, person.person_id)
    say(floor, call, floor.policy.prompts.signed_in, Outcome.CODE)
    return True


def when_not_checked(floor: Floor, call: Call, state: Checking, why: str) -> bool:
    """Nobody could say whether it is right; that is no fault of who dialled."""
    _take_back(floor, state.person, state.phone)
    floor.because(call, "refused", f"the PIN could not be checked: {why}", state.person)
    say(floor, call, floor.policy.prompts.refused, Outcome.REFUSED)
    return True


def _sit_down(floor: Floor, call: Call, person: PersonRecord, phone: PhoneId) -> str | None:
    """The call that dialled the code is theirs from now on, as the phone is."""
    caller = call.caller_person
    if caller is not None:
        floor.release(caller, call.leg)
    why_not = take_phone(floor, person, phone)
    if why_not is None:
        caller = call.caller_person = person.person_id
    if caller is not None and call.caller_there:
        floor.engage(caller, call.leg, call.call_id, Doing.TALKING)
    return why_not


# tries ---------------------------------------------------------------------------------------------------------


def _record(floor: Floor, person: PersonId | None) -> PersonRecord | None:
    return floor.people.get(person) if person is not None else None


def _is_locked(tries: Tries, at_ms: int) -> bool:
    return at_ms < tries.locked_until_ms


def _one_more(tries: Tries, limits: Limits, at_ms: int, *, forgets: bool = False) -> Tries:
    count = 1 if forgets and at_ms - tries.last_ms >= _QUIET_MS else tries.count + 1
    beyond = count - limits.pin_tries
    lock_ms = min(limits.pin_locked_ms << min(beyond, 20), _LONGEST_LOCK_MS) if beyond >= 0 else 0
    return Tries(count, at_ms, at_ms + lock_ms if lock_ms else 0)


def _one_less(tries: Tries, limits: Limits) -> Tries:
    count = max(0, tries.count - 1)
    return Tries(count, tries.last_ms, tries.locked_until_ms if count >= limits.pin_tries else 0)


def _take_back(floor: Floor, person: PersonId | None, phone: PhoneId) -> None:
    limits = floor.policy.limits
    record, owner = _record(floor, person), _record(floor, phones.owner_of(floor.policy, phone))
    if record is not None:
        record.tries_as = _one_less(record.tries_as, limits)
    if owner is not None:
        owner.tries_from = _one_less(owner.tries_from, limits)


def _refuse_wrong(floor: Floor, call: Call, why: str) -> None:
    floor.because(call, "wrong_pin", why, call.caller_person)
    say(floor, call, floor.policy.prompts.wrong_pin, Outcome.REFUSED)


def _refuse_locked(floor: Floor, call: Call, why: str) -> None:
    floor.because(call, "pin_locked", why, call.caller_person)
    say(floor, call, floor.policy.prompts.pin_locked, Outcome.REFUSED)
