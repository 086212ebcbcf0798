"""The board: both choices, each rule of them, and the same answers as the oracle's whatever happened before."""

from __future__ import annotations

from random import Random

import pytest

from switchboard.core.ids import CallId, PersonId
from switchboard.core.matching import Board, Need, Seat, WaitingCaller
from tests.core.naive_board import Both

OLGA, PAVEL, RITA = PersonId("olga"), PersonId("pavel"), PersonId("rita")


def caller(name: str, place_ms: int = 0, queue: str = "q", **more: object) -> WaitingCaller:
    return WaitingCaller(CallId(name), queue, place_ms, **more)  # type: ignore[arg-type]


def board(*ready: PersonId, tiers: dict[PersonId, int] | None = None, **skills: dict[str, int]) -> Board:
    """One queue, served by three; those who are ``ready`` became so in this order."""
    made = Board()
    made.has_backup("q", 2)
    for person in (OLGA, PAVEL, RITA):
        made.seat(person, Seat({"q": (tiers or {}).get(person, 0)}, skills.get(person, {})))
    for rank, person in enumerate(ready):
        made.ready(person, {"q": (rank,)})
    return made


def chosen(on: Board, one: WaitingCaller) -> PersonId | None:
    return on.person_for(one, lambda person: True)


def test_the_first_by_rank_then_by_name_rings() -> None:
    assert chosen(board(PAVEL, OLGA), caller("c")) == PAVEL
    equal = board()
    for person in (PAVEL, OLGA):
        equal.ready(person, {"q": (7,)})
    assert chosen(equal, caller("c")) == OLGA


def test_nobody_who_did_not_take_this_call_before() -> None:
    refused = caller("c", not_again=(PAVEL,))
    assert chosen(board(PAVEL, OLGA), refused) == OLGA
    assert chosen(board(PAVEL), refused) is None
    on = board(PAVEL)
    on.wait(refused)
    assert on.caller_for(PAVEL) is None
    assert on.caller_for(OLGA) == refused
    on.wait(caller("d", 9))
    assert on.caller_for(PAVEL) == caller("d", 9)
    assert on.caller_for(OLGA) == refused


def test_nobody_who_is_busy_whether_or_not_the_board_has_heard() -> None:
    on = board(PAVEL, OLGA)
    assert on.person_for(caller("c"), lambda person: person != PAVEL) == OLGA
    on.busy(PAVEL)
    assert chosen(on, caller("c")) == OLGA


def test_a_new_rank_counts_at_once() -> None:
    on = board(PAVEL, OLGA)
    on.ready(PAVEL, {"q": (9,)})
    assert chosen(on, caller("c")) == OLGA


def test_callers_by_place_then_by_call() -> None:
    on = board()
    for one in (caller("d", 4), caller("c", 9), caller("b", 3), caller("a", 3)):
        on.wait(one)
    order = []
    while (first := on.caller_for(OLGA)) is not None:
        order.append(first.call)
        on.leave(first.call)
    assert order == ["a", "b", "d", "c"]


def test_a_tier_that_has_not_opened_is_not_rung_and_an_earlier_one_comes_first() -> None:
    on = board(PAVEL, OLGA, tiers={PAVEL: 1})
    assert chosen(on, caller("c", need=Need(1))) == OLGA
    on.busy(OLGA)
    assert chosen(on, caller("c")) is None
    assert chosen(on, caller("c", need=Need(1))) == PAVEL
    on.wait(caller("c"))
    assert on.caller_for(PAVEL) is None
    on.wait(caller("c", need=Need(1)))
    assert on.caller_for(PAVEL) == caller("c", need=Need(1))


def test_the_backup_group_is_rung_while_it_is_open() -> None:
    on = board(PAVEL, tiers={PAVEL: 2})
    on.wait(caller("c"))
    assert (chosen(on, caller("c")), on.caller_for(PAVEL)) == (None, None)
    on.backup_open["q"] = 2
    assert (chosen(on, caller("c")), on.caller_for(PAVEL)) == (PAVEL, caller("c"))


@pytest.mark.parametrize(
    ("skills", "rung"),
    [((), PAVEL), ((("ru", 2),), OLGA), ((("ru", 4),), None), ((("en", 1), ("ru", 1)), RITA), ((("fr", 1),), None)],
)
def test_skills_at_their_level_or_above(skills: tuple[tuple[str, int], ...], rung: PersonId | None) -> None:
    on = board(PAVEL, OLGA, RITA, olga={"ru": 3}, rita={"ru": 1, "en": 5}, pavel={"ru": 1})
    one = caller("c", need=Need(0, skills))
    assert chosen(on, one) == rung
    on.wait(one)
    suited = [person for person in (PAVEL, OLGA, RITA) if on.caller_for(person) == one]
    assert suited == [person for person in (PAVEL, OLGA, RITA) if on.suits(person, one)]
    assert (rung in suited) == (rung is not None)


def test_kept_for_one_person() -> None:
    on = board(PAVEL, OLGA)
    one = caller("c", only=OLGA)
    on.wait(one)
    assert (chosen(on, one), on.caller_for(PAVEL), on.caller_for(OLGA)) == (OLGA, None, one)
    on.wait(caller("c"))
    assert on.caller_for(PAVEL) == caller("c")


def test_one_order_over_all_queues_of_a_person() -> None:
    on = Board()
    on.seat(OLGA, Seat({"one": 0, "two": 0}))
    on.wait(caller("c", 5, "one"))
    on.wait(caller("d", 4, "two"))
    on.wait(caller("e", 3, "three"))
    first = on.caller_for(OLGA)
    assert first is not None
    assert first.call == "d"


def test_equal_places_in_several_line_ups_are_told_apart_by_call() -> None:
    on = Board()
    on.seat(OLGA, Seat({"one": 0, "two": 0, "three": 0}))
    on.wait(caller("a", 4, "two", not_again=(OLGA,)))
    for name, queue in (("e", "one"), ("c", "two"), ("d", "three"), ("b", "three")):
        on.wait(caller(name, 4, queue))
    order = []
    while (first := on.caller_for(OLGA)) is not None:
        order.append(first.call)
        on.leave(first.call)
    assert order == ["b", "c", "d", "e"]


def test_those_who_are_ready_already_ring_for_what_nobody_asked_for_before() -> None:
    on = board(PAVEL, OLGA, RITA, olga={"ru": 3}, rita={"ru": 4})
    assert chosen(on, caller("c", need=Need(0, (("ru", 2),)))) == OLGA
    on.busy(OLGA)
    assert chosen(on, caller("c", need=Need(0, (("ru", 2),)))) == RITA


def test_a_long_line_up_forgets_those_who_left_and_keeps_its_order() -> None:
    on = board()
    places: dict[str, int] = {}

    def wait(name: str, place_ms: int) -> None:
        on.wait(caller(name, place_ms))
        places[name] = place_ms

    def serve_all(most: int) -> list[str]:
        order: list[str] = []
        while len(order) < most and (first := on.caller_for(OLGA)) is not None:
            order.append(first.call)
            on.leave(first.call)
        return order

    for number in range(400):
        wait(f"c{number:03d}", 1_000 - number if number % 3 else number)
    for call in list(places)[::2]:
        on.leave(CallId(call))
        del places[call]
    for call in serve_all(3):
        del places[call]
    on.wait(caller("before all others", -1))
    assert serve_all(1) == ["before all others"]
    for number in range(400):
        wait(f"d{number:03d}", number)
    assert serve_all(1_000) == sorted(places, key=lambda call: (places[call], call))


def do_something(both: Both, step: int) -> None:
    """One random thing that may happen to the board."""
    random, waiting = both.random, list(both.naive.waiting)
    match random.choices(range(6), (4, 2, 4, 3, 1, 1))[0]:
        case 0:
            both.wait(both.random_caller())
        case 1 if waiting:
            both.leave(random.choice(waiting))
        case 2:
            both.ready(random.choice(both.people), step)
        case 3:
            both.busy(random.choice(both.people))
        case 4 if waiting:
            both.wait(both.random_caller(random.choice(waiting)))
        case 5:
            both.toggle_backup(random.choice(both.queues))
        case _:
            pass


@pytest.mark.parametrize("seed", range(8))
def test_the_board_answers_as_its_oracle(seed: int) -> None:
    random = Random(seed)
    both = Both(random, people=random.choice((3, 12, 40)), queues=random.choice((1, 4)), skills=random.choice((0, 4)))
    answers = 0
    for step in range(2_500):
        do_something(both, step)
        person, one = random.choice(both.people), both.random_caller(CallId("asked"))
        expected, found = both.naive.caller_for(person), both.board.caller_for(person)
        assert found == expected, f"step {step}"
        rung = chosen(both.board, one)
        assert rung == both.naive.person_for(one), f"step {step}"
        assert both.board.suits(person, one) == (both.naive.tier(person, one) is not None)
        answers += (found is not None) + (rung is not None)
    assert answers > 300
