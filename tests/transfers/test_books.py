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


def differ(seen: tuple[Part, ...], recorded: tuple[Part, ...], *held_up_ms: tuple[int, int]) -> bool:
    held_up = [(begin * 1000, end * 1000) for begin, end in held_up_ms]
    return disagreements(Visit("+7", 0, None, seen[-1].to_us, "here", seen), recorded, held_up) != []


SEEN = parts(("wait", "", 100), ("talk", "olga", 2_000), ("held", "olga", 4_000), ("between", "", 6_000))


def test_the_same_to_within_two_hundred_milliseconds() -> None:
    assert not differ(SEEN, SEEN)
    later = parts(("wait", "", 250), ("talk", "olga", 2_190), ("held", "olga", 3_810), ("between", "", 6_000))
    assert not differ(SEEN, later)


def test_a_talk_that_ends_too_late() -> None:
    later = parts(("wait", "", 100), ("talk", "olga", 2_210), ("held", "olga", 4_000), ("between", "", 6_000))
    assert differ(SEEN, later)


def test_a_call_that_ends_too_late() -> None:
    later = parts(("wait", "", 100), ("talk", "olga", 2_000), ("held", "olga", 4_000), ("between", "", 6_210))
    assert differ(SEEN, later)


def test_a_talk_with_somebody_else() -> None:
    other = parts(("wait", "", 100), ("talk", "oleg", 2_000), ("held", "oleg", 4_000), ("between", "", 6_000))
    assert differ(SEEN, other)


def test_what_was_held_up_may_differ_by_as_much_and_only_then() -> None:
    given = parts(("wait", "", 100), ("talk", "olga", 2_000), ("held", "olga", 3_500), ("between", "", 6_000))
    assert differ(SEEN, given)
    assert not differ(SEEN, given, (3_450, 4_000))
    assert not differ(SEEN, given, (3_450, 3_700), (3_600, 3_850))
    assert differ(SEEN, given, (3_450, 3_700), (3_600, 3_780)), "a time that is in both windows counts once"
    assert differ(SEEN, given, (4_000, 4_550))


def test_what_is_over_at_once_need_not_be_seen() -> None:
    one_talk = parts(("wait", "", 100), ("talk", "olga", 2_000))
    in_vain = parts(("wait", "", 100), ("talk", "olga", 1_000), ("held", "olga", 1_300), ("talk", "olga", 2_000))
    assert not differ(in_vain, one_talk)
    assert not differ(one_talk, in_vain)
    longer = parts(("wait", "", 100), ("talk", "olga", 1_000), ("held", "olga", 1_400), ("talk", "olga", 2_000))
    assert differ(longer, one_talk)
    assert not differ(longer, one_talk, (900, 1_200))


def test_each_side_misses_what_was_short_there() -> None:
    seen = parts(("talk", "olga", 1_000), ("held", "olga", 1_340), ("talk", "olga", 2_000), ("between", "", 2_400))
    recorded = parts(("talk", "olga", 2_000), ("between", "", 2_340), ("talk", "oleg", 2_400))
    assert not differ(seen, recorded)


def test_what_is_on_record_in_another_order() -> None:
    there = parts(("talk", "olga", 1_000), ("talk", "oleg", 2_000), ("talk", "olga", 3_000))
    assert differ(there, parts(("talk", "olga", 1_000), ("talk", "olga", 2_000), ("talk", "oleg", 3_000)))
    assert differ(there, there[:2])
