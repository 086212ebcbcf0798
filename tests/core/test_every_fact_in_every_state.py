"""Every state with every fact, and with every pair of facts: nothing raises, no promise breaks, ends are closed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.core.call_state import FOLLOWS
from switchboard.core.entries import CallRecord, Outcome
from tests.core.every_fact import every_fact
from tests.core.reaching import WAYS
from tests.core.story import Story, ready


def end_of(story: Story) -> None:
    """Everybody goes, every deadline passes: nothing may be left."""
    story.tell(ready((), ()), 10)
    while story.exchange.floor.calls:
        story.wait_for_deadline()
    assert story.witness.at_the_end() == []
    outcomes = [entry.outcome for entry in story.entries if isinstance(entry, CallRecord) and entry.outcome is not None]
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    assert Outcome.OUR_FAULT not in outcomes


@pytest.mark.parametrize("way", WAYS)
def test_one_fact(way: str) -> None:
    for index, fact in enumerate(every_fact(WAYS[way]())):
        story = WAYS[way]()
        story.tell(fact, index % 3 * 7)
        end_of(story)


@pytest.mark.parametrize("way", WAYS)
def test_one_fact_at_the_moment_of_the_deadline(way: str) -> None:
    known = every_fact(WAYS[way]())
    for fact in known[len(way) % 4 :: 4]:  # other ones for each way
        story = WAYS[way]()
        next_ms = story.exchange.next_deadline_ms()
        story.tell(fact, max(next_ms - story.at_ms, 0) if next_ms is not None else 0)
        end_of(story)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_several_facts(data: st.DataObject) -> None:
    story = WAYS[data.draw(st.sampled_from(sorted(WAYS)), label="way")]()
    for _ in range(data.draw(st.integers(1, 6), label="how many")):
        if story.exchange.next_deadline_ms() is not None and data.draw(st.integers(0, 4), label="deadline") == 0:
            story.wait_for_deadline()
        else:
            known = every_fact(story)
            story.tell(
                known[data.draw(st.integers(0, len(known) - 1), label="fact")], data.draw(st.sampled_from((0, 1, 900)))
            )
    end_of(story)


def test_every_state_is_reached() -> None:
    reached = {type(call.state) for way in WAYS.values() for call in way().exchange.floor.calls.values()}
    assert reached == set(FOLLOWS)
