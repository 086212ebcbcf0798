"""Deputies and forwarding over any tangle of them: one hop, no loops, at most one offer, and the record says it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.core import facts
from switchboard.core.call_state import Call
from switchboard.core.facts import Entrance, StaffCommanded
from switchboard.core.ids import LegId, PersonId, PhoneId
from switchboard.core.staff_commands import StaffCommand
from switchboard.core.stand_ins import MOST_DEPUTIES
from tests.core.story import KOLOS, Story, arrive, begin

TANGLED = tuple(PersonId(name) for name in ("anna", "boris", "vera", "gleb"))
ARROWS = st.dictionaries(st.sampled_from(TANGLED), st.sampled_from(TANGLED))
EXTENSIONS = {"anna": "201", "boris": "202", "vera": "203", "gleb": "204"}


@settings(max_examples=300, deadline=None)
@given(forwards=ARROWS, deputies=ARROWS, busy=st.sets(st.sampled_from(TANGLED)), of_a_client=st.booleans())
def test_no_tangle_rings_in_circles(
    forwards: dict[PersonId, PersonId],
    deputies: dict[PersonId, PersonId],
    busy: set[PersonId],
    of_a_client: bool,
) -> None:
    story = begin()
    for person, target in forwards.items():
        story.tell(StaffCommanded(person, StaffCommand.FORWARD, whom=target))
    for person, deputy in deputies.items():
        story.tell(StaffCommanded(person, StaffCommand.AWAY, whom=deputy, until_ms=story.at_ms + 600_000))
    for person in sorted(busy):
        story.tell(StaffCommanded(person, StaffCommand.DO_NOT_DISTURB))
    if of_a_client:
        arrive(story)
        story.tell(facts.CallerFound(story.call, (KOLOS,)), 10)
    else:
        story.tell(facts.CallArrived(LegId("1.1"), Entrance.PHONE, "olga", EXTENSIONS["anna"], PhoneId("olga")))
    call = story.exchange.floor.calls[story.call]
    rung = _refused_by_everybody(story, call)
    assert len(set(rung)) == len(rung)
    _hops_are_few(call)
    if not of_a_client:
        assert sum(reason.what == "forwarded" for reason in call.reasons) <= 1
        assert sum(reason.what == "deputy" for reason in call.reasons) <= MOST_DEPUTIES


def _refused_by_everybody(story: Story, call: Call) -> list[PersonId | None]:
    """Whoever is rung declines, until nobody is left; who they were, in order."""
    rung: list[PersonId | None] = []
    while call.offers:
        rung.append(call.offers[0].person)
        assert len(rung) < 20
        story.tell(facts.LegEnded(call.offers[0].leg, 21), 5)
    return rung


def _hops_are_few(call: Call) -> None:
    """A forwarding is followed by an offer to its target, or by why not: never by another one."""
    for reason, following in zip(call.reasons, [*call.reasons[1:], None], strict=True):
        if reason.what == "forwarded":
            assert following is not None
            assert following.what in ("offered", "skipped")
            assert reason.why == f"forwards to {following.person}"
