"""Who uses which phone: their own, or as a guest somebody else's (hot-desking), whose owner is without one meanwhile.

Everything here follows from one field of each person, ``seat``. A phone has at most one person: its guest, else its
owner unless they sit elsewhere. The functions take ``people`` and ``policy``, not a floor, which itself uses them.
"""

from __future__ import annotations

from collections.abc import Mapping

from switchboard.core.ids import PersonId, PhoneId
from switchboard.core.policy import Policy
from switchboard.core.staff import PersonRecord

People = Mapping[PersonId, PersonRecord]


def owner_of(policy: Policy, phone: PhoneId | None) -> PersonId | None:
    """Whose phone it is by the staff file."""
    return next((one.person_id for one in policy.people.values() if phone and one.phone == phone), None)


def users(people: People, policy: Policy) -> dict[PhoneId, PersonId]:
    """Who uses which phone now."""
    owners = {
        one.phone: one.person_id
        for one in policy.people.values()
        if one.phone and one.person_id in people and people[one.person_id].seat is None
    }
    return owners | {record.seat: record.person_id for record in people.values() if record.seat is not None}


def person_at(people: People, policy: Policy, phone: PhoneId | None) -> PersonId | None:
    """Who uses it now; ``None``: its owner sits elsewhere, or nobody has such a phone."""
    guest = next((record.person_id for record in people.values() if phone and record.seat == phone), None)
    owner = owner_of(policy, phone)
    if guest is not None or owner not in people or owner is None:
        return guest
    return owner if people[owner].seat is None else None


def sit_down(people: People, policy: Policy, record: PersonRecord, phone: PhoneId) -> None:
    """``record`` uses ``phone`` from now on, which is there; who used it does not any more."""
    _remember_presence(people, policy)
    for other in people.values():
        if other.seat == phone:
            other.seat = None
    record.seat = None if policy.people[record.person_id].phone == phone else phone
    owner = owner_of(policy, phone)
    if owner is not None:
        people[owner].own_phone_there = True
    _tell_presence(people, policy)


def leave_seat(people: People, policy: Policy, record: PersonRecord) -> None:
    """Back to their own phone; that of the other is its owner's again."""
    _remember_presence(people, policy)
    record.seat = None
    _tell_presence(people, policy)


def _remember_presence(people: People, policy: Policy) -> None:
    """While somebody uses a phone, they have the newest word on whether it is there; its owner keeps it."""
    now = users(people, policy)
    for person in policy.people.values():
        if person.person_id in people and person.phone in now:
            people[person.person_id].own_phone_there = people[now[person.phone]].registered


def _tell_presence(people: People, policy: Policy) -> None:
    there = {
        one.phone: people[one.person_id].own_phone_there for one in policy.people.values() if one.person_id in people
    }
    phone_of = {person: phone for phone, person in users(people, policy).items()}
    for record in people.values():
        was, record.registered = record.registered, there.get(phone_of.get(record.person_id, PhoneId("")), False)
        if record.registered is not was:
            record.unasked = record.elsewhere = False
