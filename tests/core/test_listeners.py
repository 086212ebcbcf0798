"""Who may listen to whom, and that rules which were loaded since count when the mode is changed."""

from __future__ import annotations

import msgspec
import pytest

from switchboard.core import facts
from switchboard.core.actions import Snoop
from switchboard.core.entries import Audited
from switchboard.core.ids import LegId, PersonId
from switchboard.core.listeners import why_not_heard
from switchboard.core.policy import MayListen, Policy
from tests.core.policy import POLICY
from tests.core.reaching import hears

HANNA, OLGA, GLEB = map(PersonId, ("hanna", "olga", "gleb"))


def with_rights(**rights: MayListen) -> Policy:
    people = {one: msgspec.structs.replace(person, may_listen=MayListen()) for one, person in POLICY.people.items()}
    for one, may_listen in rights.items():
        people[PersonId(one)] = msgspec.structs.replace(people[PersonId(one)], may_listen=may_listen)
    return msgspec.structs.replace(POLICY, version="other rights", people=people)


@pytest.mark.parametrize(
    ("who", "may", "whom", "allowed"),
    [
        ("vera", MayListen(), "olga", False),
        ("vera", MayListen(everybody=True), "igor", True),
        ("vera", MayListen(everybody=True), "vera", False),
        ("vera", MayListen(everybody=True), "ghost", False),
        ("vera", MayListen(department=True), "olga", True),  # both in wholesale
        ("vera", MayListen(department=True), "gleb", False),  # regional
        ("vera", MayListen(queues=("dispatch",)), "rita", True),
        ("vera", MayListen(queues=("dispatch",)), "olga", False),
        ("vera", MayListen(queues=("closed since",)), "rita", False),
    ],
)
def test_who_may_listen(who: str, may: MayListen, whom: str, allowed: bool) -> None:
    assert (why_not_heard(with_rights(**{who: may}), PersonId(who), PersonId(whom)) is None) is allowed


def test_a_head_of_two_departments_listens_in_both() -> None:
    policy = with_rights(hanna=MayListen(department=True))
    regional = msgspec.structs.replace(policy.departments["regional"], head=HANNA)
    both = msgspec.structs.replace(policy, departments=policy.departments | {"regional": regional})
    assert why_not_heard(policy, HANNA, GLEB) is not None
    assert why_not_heard(both, HANNA, GLEB) is None


def test_nobody_of_no_department_is_listened_to_for_that() -> None:
    policy = with_rights(vera=MayListen(department=True))
    people = {one: msgspec.structs.replace(person, department="") for one, person in policy.people.items()}
    assert why_not_heard(msgspec.structs.replace(policy, people=people), PersonId("vera"), OLGA) is not None


def test_who_may_no_more_listens_on_but_does_nothing_else() -> None:
    story = hears()
    story.tell(facts.PolicyLoaded(with_rights()))
    handled = story.tell(facts.KeyPressed(LegId("3.1"), "5"))
    assert handled.actions == ()
    [audited] = [entry for entry in handled.entries if isinstance(entry, Audited)]
    assert (audited.allowed, audited.was, audited.becomes) == (False, "listen", "listen")


def test_a_leg_that_only_listens_cannot_whisper() -> None:
    made = hears().newest(Snoop)
    assert isinstance(made, Snoop)
    assert not made.whisper
    made = hears("*91101").newest(Snoop)
    assert isinstance(made, Snoop)
    assert made.whisper
