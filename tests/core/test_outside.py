"""Numbers outside: what those who are called there see."""

from __future__ import annotations

from switchboard.core import facts
from switchboard.core.actions import RingOutside
from switchboard.core.facts import StaffCommanded
from switchboard.core.ids import LegId, PersonId, PhoneId
from switchboard.core.staff_commands import StaffCommand
from switchboard.sim.company import DISPATCH, ORDERS
from tests.core.reaching import talking
from tests.core.story import begin


def test_a_caller_given_outside_shows_the_line_that_they_called() -> None:
    story = talking()
    story.tell(StaffCommanded(PersonId("olga"), StaffCommand.HAND_OVER, to="989161234567"), 10)
    [ring] = [action for action in story.actions if isinstance(action, RingOutside)]
    assert ring.caller_number == ORDERS


def test_who_calls_from_a_desk_shows_the_first_line_by_name() -> None:
    story = begin()
    called = facts.CallArrived(LegId("1.1"), facts.Entrance.PHONE, "olga", "989161234567", PhoneId("olga"))
    story.tell(called, 10)
    [ring] = [action for action in story.actions if isinstance(action, RingOutside)]
    assert ring.caller_number == DISPATCH
