"""The table of states is the whole truth: the page shows it, and the simulation takes every arrow of it."""

from __future__ import annotations

from unittest import mock

from switchboard.core.call_state import FOLLOWS, Call, CallState
from switchboard.core.facts import ActionFailed, LegLeft
from switchboard.core.ids import LegId
from switchboard.sim.day import run
from tests.core.call_states_page import PAGE, page
from tests.core.reaching import WAYS, looking_up, saying
from tests.core.story import EVERYBODY, ready


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.core.call_states_page"


def test_every_arrow_is_taken() -> None:
    taken = set()
    enter = Call.enter

    def watch(call: Call, state: CallState) -> None:
        taken.add((type(call.state), type(state)))
        enter(call, state)

    with mock.patch.object(Call, "enter", watch):
        run(5, 4_000)
        run(3, 4_000)
        # few connections break in the middle of a look-up, a message or the check of a PIN
        for before, leg in ((looking_up, "1.1"), (saying, "1.1"), (WAYS["checking a PIN"], "3.1")):
            before().tell(ready((leg,), EVERYBODY))
        WAYS["retrieved"]()
        WAYS["parked from hold"]()
        WAYS["listens"]()  # few supervisors dial a code there
        wanted = WAYS["wants to barge in"]()
        wanted.tell(ActionFailed(next(reversed(wanted.exchange.floor.calls)), "Join", "409"))
        WAYS["told, then invited"]()
        WAYS["told of recording"]().tell(ready(("1.1",), EVERYBODY))
        WAYS["checking a PIN"]().tell(LegLeft(LegId("3.1")))
    assert taken == {(before, after) for before, followers in FOLLOWS.items() for after in followers}
