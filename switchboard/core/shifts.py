"""Shifts: staff sign in, pause, resume and sign out, by code on the phone or at the desk; wrap-up ends."""

from __future__ import annotations

from collections.abc import Sequence

from switchboard.core.actions import HangUp
from switchboard.core.ending import forget_if_gone
from switchboard.core.facts import DeadlinePassed, StaffCommand
from switchboard.core.floor import Floor
from switchboard.core.ids import PersonId, PhoneId
from switchboard.core.policy import Policy
from switchboard.core.staff import PersonRecord
from switchboard.core.strategies import begin_shift

_UNSPECIFIED = "no reason given"


def read_code(policy: Policy, dialled: str) -> tuple[StaffCommand, str] | None:
    """The command that a dialled code means, with the reason for a pause; ``None`` when it means nothing."""
    codes = policy.codes
    plain = {
        codes.sign_in: StaffCommand.SIGN_IN,
        codes.sign_out: StaffCommand.SIGN_OUT,
        codes.pause: StaffCommand.PAUSE,
        codes.resume: StaffCommand.RESUME,
    }
    if dialled in plain:
        return plain[dialled], _UNSPECIFIED
    if dialled.startswith(codes.pause):
        reason = codes.pause_reasons.get(dialled.removeprefix(codes.pause))
        if reason is not None:
            return StaffCommand.PAUSE, reason
    return None


def confirmation(policy: Policy, command: StaffCommand) -> tuple[str, ...]:
    prompts = policy.prompts
    return {
        StaffCommand.SIGN_IN: prompts.signed_in,
        StaffCommand.SIGN_OUT: prompts.signed_out,
        StaffCommand.PAUSE: prompts.paused,
        StaffCommand.RESUME: prompts.resumed,
    }[command]


def carry_out(floor: Floor, person_id: PersonId, command: StaffCommand, reason: str) -> None:
    """Change what the person said they are; a call they are on goes on."""
    person = floor.people.get(person_id)
    if person is None:
        return
    match command:
        case StaffCommand.SIGN_IN:
            person.signed_in, person.pause, person.wrap_up_until_ms, person.misses = True, None, None, 0
            begin_shift(floor, person)
        case StaffCommand.SIGN_OUT:
            person.signed_in, person.pause, person.wrap_up_until_ms = False, None, None
        case StaffCommand.PAUSE:
            person.pause = reason or _UNSPECIFIED
        case StaffCommand.RESUME:
            person.pause, person.wrap_up_until_ms, person.misses = None, None, 0
    floor.touch(person_id)


def count_miss(floor: Floor, person_id: PersonId) -> None:
    """A queue's call was not taken. Whose phone takes none is paused: callers must not wait for it again and again."""
    person = floor.people.get(person_id)
    if person is None:
        return
    person.misses += 1
    limit = floor.policy.limits.pause_after_misses
    if limit and person.misses >= limit and person.pause is None:
        person.pause = f"took none of the last {person.misses} calls"
        floor.touch(person_id)


def count_taken(floor: Floor, person_id: PersonId) -> None:
    person = floor.people.get(person_id)
    if person is not None:
        person.misses = 0


def phone_seen(floor: Floor, phone: PhoneId, registered: bool) -> None:
    for person in floor.policy.people.values():
        record = floor.people.get(person.person_id)
        if person.phone == phone and record is not None:
            record.registered, record.unasked = registered, False
            floor.touch(person.person_id)


def phones_unasked(floor: Floor, seen: Sequence[PhoneId]) -> None:
    """Asterisk was restarted: phones that it does not see yet were there before, and most of them soon are again."""
    for person in floor.policy.people.values():
        record = floor.people.get(person.person_id)
        if record is not None:
            record.unasked = record.registered and person.phone not in seen
            floor.touch(person.person_id)


def phone_engaged(floor: Floor, phone: PhoneId, engaged: bool) -> None:
    """Whoever is on a call that is none of ours is not rung: their phone would refuse, and it would count as missed."""
    for person in floor.policy.people.values():
        record = floor.people.get(person.person_id)
        if person.phone == phone and record is not None and record.elsewhere is not engaged:
            record.elsewhere = engaged
            record.idle_since_ms = floor.at_ms
            floor.touch(person.person_id)


def when_late(floor: Floor, person: PersonRecord, fact: DeadlinePassed) -> None:
    """Wrap-up is over, or a leg that was told to end has not said that it did."""
    if person.wrap_up_until_ms is not None and person.wrap_up_until_ms <= fact.until_ms:
        person.wrap_up_until_ms = None
    if person.release_until_ms is not None and person.release_until_ms <= fact.until_ms:
        person.release_until_ms = None
        for leg, engaged in list(person.legs.items()):
            if engaged.ending:
                floor.act(HangUp(engaged.call, leg))
                floor.drop_leg(floor.calls[engaged.call], leg)
                forget_if_gone(floor, floor.calls[engaged.call])
    floor.touch(person.person_id)


def meet_policy(floor: Floor, policy: Policy, before: Policy | None) -> None:
    """New people join signed in or not, as their file says; people who left go when their last call ends."""
    for person in policy.people.values():
        record = floor.people.get(person.person_id)
        old = before.people.get(person.person_id) if before is not None else None
        if record is None:
            floor.people[person.person_id] = PersonRecord(
                person_id=person.person_id, signed_in=person.signed_in_at_start, idle_since_ms=floor.at_ms
            )
        elif old is None or old.phone != person.phone:
            record.registered = False  # nothing was seen of the new phone yet
        floor.touch(person.person_id)
    for person_id in [one for one in floor.people if one not in policy.people]:
        floor.people[person_id].signed_in = False
        if not floor.people[person_id].legs:
            floor.dismiss(person_id)
