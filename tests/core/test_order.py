"""One order for all who wait: nobody starves. Told by hypothesis, with the exchange as a whole."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.core import facts
from switchboard.core.actions import Ring
from switchboard.core.caller import Client
from switchboard.core.facts import Entrance
from switchboard.core.ids import CallId, LegId, PersonId
from switchboard.core.staff_commands import StaffCommand
from switchboard.sim.company import DISPATCH, ORDERS
from tests.core.policy import POLICY
from tests.core.story import NUMBER, Story, begin

CLASSES = ("key", "regional", "retail")
RITA = PersonId("rita")
"""She serves both queues."""


def wait_in_line(story: Story, number: int, client_class: str, line: str) -> CallId:
    """One more caller of this class waits in the queue of that line."""
    client = Client(f"c{number}", f"C{number}", client_class, manager=PersonId("nobody"))
    story.tell(facts.CallArrived(LegId(f"{number}.1"), Entrance.LINE, NUMBER, line))
    call = list(story.exchange.floor.calls)[-1]
    story.tell(facts.CallerFound(call, (client,)))
    return call


def serve_all(story: Story) -> list[CallId]:
    """Rita takes one after the other, each for no time; the order in which they were rung for."""
    order = []
    story.tell(facts.StaffCommanded(RITA, StaffCommand.RESUME))
    while isinstance(ring := story.actions[-1], Ring) and ring.call not in order:
        order.append(ring.call)
        caller = story.exchange.floor.calls[ring.call].leg
        story.tell(facts.LegLeft(caller))
        story.tell(facts.LegEnded(ring.leg, 16))
    return order


callers = st.lists(
    st.tuples(st.integers(0, 5_000), st.sampled_from(CLASSES), st.sampled_from((ORDERS, DISPATCH))),
    min_size=2,
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(callers)
def test_nobody_is_overtaken_by_more_than_the_points_are_worth(lot: list[tuple[int, str, str]]) -> None:
    story = begin(("rita",))
    story.tell(facts.StaffCommanded(RITA, StaffCommand.PAUSE, "meeting"))
    came: dict[CallId, tuple[int, int]] = {}
    for number, (later_ms, client_class, line) in enumerate(lot):
        story.at_ms += later_ms
        call = wait_in_line(story, number, client_class, line)
        queue = POLICY.queues["operators" if line == ORDERS else "dispatch"]
        came[call] = (story.at_ms, queue.priority.get(client_class, 0) * queue.point_ms)
    order = serve_all(story)
    assert sorted(order) == sorted(came)
    for index, second in enumerate(order):
        for first in order[:index]:
            (first_ms, first_worth_ms), (second_ms, second_worth_ms) = came[first], came[second]
            assert first_ms - second_ms <= first_worth_ms - second_worth_ms, "overtaken for no reason"
