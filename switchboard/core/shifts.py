"""Shifts: what staff say of themselves, by code on the phone or at the desk, and what becomes of it in time.

Signing in begins a shift: nothing of before holds. Otherwise what was said holds until it is taken back, or its time
has come: a pause asked for in a talk or in wrap-up shows when that is over.
"""

from __future__ import annotations

from collections.abc import Sequence

from switchboard.core import phones, pick_up, recording, talk_commands, wishes, wrap_up
from switchboard.core.actions import HangUp
from switchboard.core.ending import forget_if_gone
from switchboard.core.facts import DeadlinePassed, StaffCommanded
from switchboard.core.floor import Floor
from switchboard.core.ids import PersonId, PhoneId
from switchboard.core.policy import Policy
from switchboard.core.staff import PersonRecord
from switchboard.core.staff_commands import StaffCommand
from switchboard.core.strategies import begin_shift

UNSPECIFIED = "no reason given"
_LONGEST_AWAY_MS = 366 * 24 * 3_600_000


def carry_out(floor: Floor, asked: StaffCommanded) -> str | None:
    """Change what the person said they are, or say why not; a call they are on goes on."""
    person = floor.people.get(asked.person)
    if person is None:
        return "is not among the staff"
    floor.touch(person.person_id)
    match asked.command:
        case StaffCommand.SIGN_IN:
            start_afresh(floor, person)
        case StaffCommand.SIGN_OUT:
            person.signed_in, person.pause, person.missed_until_ms = False, None, None
            wrap_up.cancel(person)
            if person.seat is not None and not person.legs:
                phones.leave_seat(floor.people, floor.policy, person)
                floor.touched |= dict.fromkeys(floor.people)
        case StaffCommand.PAUSE:
            person.pause = asked.reason or UNSPECIFIED
        case StaffCommand.RESUME:
            person.pause, person.misses, person.missed_until_ms = None, 0, None
            person.away_until_ms = person.deputy = None
            wrap_up.cancel(person)
        case StaffCommand.END_WRAP_UP:
            wrap_up.cancel(person)
        case StaffCommand.EXTEND_WRAP_UP:
            limits = floor.policy.limits
            by_ms = limits.wrap_up_extend_ms if asked.for_ms is None else asked.for_ms
            return wrap_up.extend(person, by_ms, limits, floor.at_ms)
        case StaffCommand.DO_NOT_DISTURB | StaffCommand.DISTURB:
            person.do_not_disturb = asked.command is StaffCommand.DO_NOT_DISTURB
        case StaffCommand.FORWARD:
            return _forward(floor, person, asked.whom)
        case StaffCommand.END_FORWARD:
            person.forward_to = None
        case StaffCommand.AWAY:
            return _go_away(floor, person, asked)
        case StaffCommand.PICK_UP:
            return pick_up.at_the_desk(floor, person, asked.whom)
        case StaffCommand.LISTEN | StaffCommand.WHISPER | StaffCommand.BARGE_IN:
            return wishes.by_command(floor, person, asked)
        case StaffCommand.TAKE_PHONE:
            return take_phone(floor, person, asked.phone)
        case StaffCommand.PAUSE_RECORDING | StaffCommand.GO_ON_RECORDING:
            pauses = asked.command is StaffCommand.PAUSE_RECORDING
            return recording.at_the_desk(floor, person.person_id, pauses=pauses)
        case _:
            return talk_commands.carry_out(floor, person, asked)
    return None


def start_afresh(floor: Floor, person: PersonRecord) -> None:
    """Signed in, and nothing of before holds."""
    person.signed_in, person.pause, person.misses, person.missed_until_ms = True, None, 0, None
    person.do_not_disturb, person.forward_to = False, None
    person.away_until_ms = person.deputy = None
    wrap_up.cancel(person)
    begin_shift(floor, person)


def _forward(floor: Floor, person: PersonRecord, whom: PersonId | None) -> str | None:
    target = floor.policy.people.get(whom) if whom is not None else None
    if target is None or not target.phone:
        return "forwards to nobody who has a phone"
    if target.person_id == person.person_id:
        return "forwards to themselves"
    person.forward_to = target.person_id
    return None


def _go_away(floor: Floor, person: PersonRecord, asked: StaffCommanded) -> str | None:
    until_ms, deputy = asked.until_ms, asked.whom
    if until_ms is None or not floor.at_ms < until_ms <= floor.at_ms + _LONGEST_AWAY_MS:
        return "is away until no moment that makes sense"
    if deputy is not None and (deputy not in floor.policy.people or deputy == person.person_id):
        return "has no such deputy"
    person.away_until_ms, person.deputy, person.missed_until_ms = until_ms, deputy, None
    wrap_up.cancel(person)
    return None


def take_phone(floor: Floor, person: PersonRecord, phone: PhoneId | None) -> str | None:
    """Sign in at ``phone``. Whoever has a call under way, on either phone, must end it first."""
    if person.person_id not in floor.policy.people or phones.owner_of(floor.policy, phone) is None or phone is None:
        return "there is no such phone"
    if person.legs:
        return "is on a call"
    user = phones.person_at(floor.people, floor.policy, phone)
    if user is not None and floor.people[user].legs:
        return "somebody is on a call there"
    phones.sit_down(floor.people, floor.policy, person, phone)
    start_afresh(floor, person)
    floor.touched |= dict.fromkeys(floor.people)
    return None


def phone_seen(floor: Floor, phone: PhoneId, registered: bool) -> None:
    owner = phones.owner_of(floor.policy, phone)
    if owner in floor.people and owner is not None:
        floor.people[owner].own_phone_there = registered
    user = phones.person_at(floor.people, floor.policy, phone)
    if user is not None:
        record = floor.people[user]
        record.registered, record.unasked = registered, False
        _end_what_is_over(record, floor.at_ms)  # no deadline passes while Asterisk is away
        floor.touch(user)


def phones_unasked(floor: Floor, seen: Sequence[PhoneId]) -> None:
    """Asterisk was restarted: phones that it does not see yet were there before, and most of them soon are again."""
    there = dict.fromkeys(seen)
    for phone, user in phones.users(floor.people, floor.policy).items():
        record = floor.people[user]
        record.unasked = record.registered and phone not in there
        floor.touch(user)


def phone_engaged(floor: Floor, phone: PhoneId, engaged: bool) -> None:
    """Whoever is on a call that is none of ours is not rung: their phone would refuse, and it would count as missed."""
    user = phones.person_at(floor.people, floor.policy, phone)
    record = floor.people.get(user) if user is not None else None
    if record is not None and record.elsewhere is not engaged:
        wrap_up.hold(record, floor.at_ms)
        record.elsewhere = engaged
        wrap_up.go_on(record, floor.at_ms)
        record.idle_since_ms = floor.at_ms
        floor.touch(record.person_id)


def when_late(floor: Floor, person: PersonRecord, fact: DeadlinePassed) -> None:
    """Wrap-up, or another time of theirs, is over; or a leg that was told to end has not said that it did."""
    _end_what_is_over(person, fact.until_ms)
    if person.release_until_ms is not None and person.release_until_ms <= fact.until_ms:
        person.release_until_ms = None
        for leg, engaged in list(person.legs.items()):
            if engaged.ending:
                floor.act(HangUp(engaged.call, leg))
                floor.drop_leg(floor.calls[engaged.call], leg)
                forget_if_gone(floor, floor.calls[engaged.call])
    floor.touch(person.person_id)


def _end_what_is_over(person: PersonRecord, at_ms: int) -> None:
    """Wrap-up, the time after a missed call, being away: what was to last until then."""
    if person.wrap_up_until_ms is not None and person.wrap_up_until_ms <= at_ms:
        person.wrap_up_until_ms = None
    if person.missed_until_ms is not None and person.missed_until_ms <= at_ms:
        person.missed_until_ms = None
    if person.away_until_ms is not None and person.away_until_ms <= at_ms:
        person.away_until_ms = person.deputy = None


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
            record.own_phone_there = False
            if record.seat is None:
                record.registered = False  # nothing was seen of the new phone yet
        floor.touch(person.person_id)
    for record in floor.people.values():
        if record.seat is not None and phones.owner_of(policy, record.seat) in (None, record.person_id):
            phones.leave_seat(floor.people, policy, record)  # there is no such phone any more, or it became theirs
    for person_id in [one for one in floor.people if one not in policy.people]:
        floor.people[person_id].signed_in = False
        if not floor.people[person_id].legs:
            floor.dismiss(person_id)
