"""What waiting callers are told about their wait: only what is known, and nothing that has got worse."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from switchboard.core import facts
from switchboard.core.actions import Connect, Play, Ring
from switchboard.core.ids import LegId, PersonId
from switchboard.core.pace import FEWEST_GAPS, MOST_GAPS, Gap, Pace, expected_wait_ms, note_answer
from tests.core.hearing_ways import hearing
from tests.core.story import Story, arrive, begin

HOUR_MS = 3_600_000


def test_the_pace_is_the_mean_gap_between_answers_while_people_wait() -> None:
    paces: dict[str, Pace] = {}
    for number in range(FEWEST_GAPS + 1):
        assert expected_wait_ms(paces.get("operators"), 1, number * 60_000) is None
        note_answer(paces, "operators", 1, 1 + number * 60_000, ("operators",))
    assert expected_wait_ms(paces["operators"], 3, 200_000) == 180_000
    assert expected_wait_ms(paces["operators"], 3, 2 * HOUR_MS) is None  # long ago


def test_who_came_to_an_idle_desk_says_nothing_about_the_pace() -> None:
    paces: dict[str, Pace] = {}
    for number in range(10):
        note_answer(paces, "operators", number * 60_000 + 59_000, number * 60_000 + 60_000, ("operators",))
    assert paces["operators"].gaps == ()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 10_000_000)), max_size=60))
def test_the_pace_is_bounded(answers: list[tuple[str, int, int]]) -> None:
    paces: dict[str, Pace] = {}
    for queue, since_ms, at_ms in sorted(answers, key=lambda one: one[2]):
        note_answer(paces, queue, since_ms, at_ms, "ab" if at_ms % 2 else "bc")
        assert len(paces) <= 3
        assert all(len(pace.gaps) <= MOST_GAPS for pace in paces.values())
        wait_ms = expected_wait_ms(paces[queue], 2, at_ms)
        assert wait_ms is None or wait_ms >= 0


def test_the_pace_survives_a_crash_and_is_told() -> None:
    story = hearing()
    floor = story.exchange.floor
    floor.pace["operators"] = Pace(story.at_ms, tuple(Gap(story.at_ms, 150_000) for _ in range(FEWEST_GAPS)))
    story.go_on_with(type(story.exchange).restored(story.exchange.snapshot()))
    for _ in range(4):
        story.wait_for_deadline()
    told = [action.prompts for action in story.actions if isinstance(action, Play)]
    assert ("queue-youarenext", "queue-holdtime", "digits/3", "queue-minutes", "queue-thankyou") in told


def test_a_served_queue_learns_its_pace() -> None:
    """Four callers at one desk, each answered as soon as the one before is gone."""
    story = begin(("olga",))
    for number in range(4):
        arrive(story, f"1.{number}", "anonymous")
    for _ in range(4):
        _serve(story)
    gaps = story.exchange.floor.pace["operators"].gaps
    assert len(gaps) == 3
    assert {gap.gap_ms for gap in gaps} == {3_000 + 10 + 2_000 + 10 + 10_000}


def _serve(story: Story) -> None:
    ring = story.newest(Ring)
    assert isinstance(ring, Ring)
    story.tell(facts.LegAnswered(ring.leg), 3_000)
    connect = story.newest(Connect)
    assert isinstance(connect, Connect)
    for leg in connect.legs:
        story.tell(facts.LegBridged(leg, connect.bridge), 10 if leg == ring.leg else 0)
    story.tell(facts.LegLeft(connect.legs[0]), 2_000)
    story.tell(facts.LegEnded(LegId(ring.leg), 16), 10)
    record = story.exchange.floor.people[PersonId("olga")]
    while record.wrap_up_until_ms is not None:
        story.wait_for_deadline()


def test_nothing_is_told_twice_that_got_worse() -> None:
    story = hearing()
    for number in range(3):
        arrive(story, f"3.{number}", "anonymous")
    for _ in range(12):
        story.wait_for_deadline()
    told: dict[LegId, list[int]] = {}
    for action in story.actions:
        if isinstance(action, Play):
            numbers = [int(one[7:]) for one in action.prompts if one.startswith("digits/")]
            told.setdefault(action.leg, []).extend(numbers or [1] * ("queue-youarenext" in action.prompts))
    assert len(told) == 4
    assert all(places == sorted(places, reverse=True) for places in told.values())
