"""The books themselves: they find what differs by more than they allow, and nothing else."""

from __future__ import annotations

from tests.tools.observer import Part, Visit
from tests.transfers.books import disagreements


def parts(*told: tuple[str, str, int]) -> tuple[Part, ...]:
    """Kind, who ("" for nobody) and until when in milliseconds, one after the other."""
    found, begin_us = [], 0
    for kind, who, until_ms in told:
        found.append(Part(kind, (who,) if who else (), begin_us, until_ms * 1000))
        begin_us = until_ms * 1000
    return tuple(found)


def differ(seen: tuple[Part, ...], recorded: tuple[Part, ...]) -> list[str]:
    return disagreements(Visit("+7", 0, None, seen[-1].to_us, "here", seen), recorded)


SEEN = parts(("wait", "", 100), ("talk", "olga", 2_000), ("held", "olga", 4_000), ("between", "", 6_000))


def test_the_same_to_within_two_hundred_milliseconds() -> None:
    assert differ(SEEN, SEEN) == []
    later = parts(("wait", "", 250), ("talk", "olga", 2_190), ("held", "olga", 3_810), ("between", "", 6_000))
    assert differ(SEEN, later) == []


def test_a_talk_that_ends_too_late() -> None:
    later = parts(("wait", "", 100), ("talk", "olga", 2_210), ("held", "olga", 4_000), ("between", "", 6_000))
    assert len(differ(SEEN, later)) == 2  # the talk's end, and the hold's beginning


def test_a_talk_with_somebody_else() -> None:
    other = parts(("wait", "", 100), ("talk", "oleg", 2_000), ("held", "oleg", 4_000), ("between", "", 6_000))
    assert len(differ(SEEN, other)) == 1


def test_a_bye_that_was_late_moves_the_end_of_a_hold() -> None:
    given = parts(("wait", "", 100), ("talk", "olga", 2_000), ("held", "olga", 3_500), ("between", "", 6_000))
    assert differ(SEEN, given) == []
    long_before = parts(("wait", "", 100), ("talk", "olga", 2_000), ("held", "olga", 3_200), ("between", "", 6_000))
    assert differ(SEEN, long_before) != []


def test_what_is_over_at_once_need_not_be_seen() -> None:
    in_vain = parts(("wait", "", 100), ("talk", "olga", 1_000), ("held", "olga", 1_300), ("talk", "olga", 2_000))
    assert differ(in_vain, parts(("wait", "", 100), ("talk", "olga", 2_000))) == []
    longer = parts(("wait", "", 100), ("talk", "olga", 1_000), ("held", "olga", 1_400), ("talk", "olga", 2_000))
    assert differ(longer, parts(("wait", "", 100), ("talk", "olga", 2_000))) != []
