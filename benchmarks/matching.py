"""Matching at size: how long the board takes to choose, with 10 000 people, 100 000 waiting callers and 50 skills.

    python -m benchmarks.matching             a minute: each decision and each change, timed one by one
    python -m benchmarks.matching --oracle    some minutes: a million random operations on smaller boards, each answer
                                              compared with that of looking at everybody

A decision is one call of ``caller_for`` (somebody is ready: who is next?) or ``person_for`` (somebody calls: who
rings?). The other operations keep the board up to date; they are timed too, for there is no first without the second.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from random import Random
from time import thread_time_ns
from typing import TypeVar

import click

from switchboard.core.ids import CallId, PersonId
from tests.core.naive_board import Both
from tests.core.test_matching import do_something

PEOPLE, WAITING, SKILLS, QUEUES = 10_000, 100_000, 50, 20
ROUNDS = 100_000
ORACLE_BOARDS, ORACLE_STEPS = 200, 5_000

T = TypeVar("T")


class Timed:
    """How much processor time each call of one kind took, in nanoseconds: other programs do not count."""

    def __init__(self) -> None:
        self.took_ns: dict[str, list[int]] = {}

    def __call__(self, what: str, work: Callable[..., T], *about: object) -> T:
        began_ns = thread_time_ns()
        done = work(*about)
        self.took_ns.setdefault(what, []).append(thread_time_ns() - began_ns)
        return done

    def print(self) -> None:
        click.echo(f"{'':12} {'times':>8} {'p50':>8} {'p99':>8} {'p99.9':>8} {'worst':>8}  µs")
        for what, took in self.took_ns.items():
            took.sort()
            at = [took[min(len(took) - 1, int(len(took) * share))] / 1000 for share in (0.5, 0.99, 0.999, 1)]
            click.echo(f"{what:12} {len(took):8} " + " ".join(f"{one:8.1f}" for one in at))


def full_board(random: Random) -> Both:
    both = Both(random, people=PEOPLE, queues=QUEUES, skills=SKILLS)
    for _ in range(WAITING):
        both.board.wait(both.random_caller())
    return both


def run(seed: int) -> Timed:
    """People come and go, callers come and go; as many wait at the end as at the beginning."""
    random = Random(seed)
    both, timed = full_board(random), Timed()
    gc.collect()
    gc.freeze()  # as the service does: a full collection of all this would take long
    board = both.board
    for step in range(ROUNDS):
        person = random.choice(both.people)
        ranks = dict.fromkeys(both.naive.seats[person].tiers, (step,))
        timed("ready", board.ready, person, ranks)
        chosen = timed("caller_for", board.caller_for, person)
        if chosen is not None:
            timed("leave", board.leave, chosen.call)
        if random.random() < 0.95:
            timed("busy", board.busy, person)
        caller = both.random_caller()
        timed("person_for", board.person_for, caller, _is_ready)
        timed("wait", board.wait, caller)
    return timed


def _is_ready(_: PersonId) -> bool:
    return True


def compare(seed: int) -> int:
    """So many random operations, each followed by both choices, each compared; how many operations there were."""
    steps = 0
    for number in range(ORACLE_BOARDS):
        random = Random(seed * ORACLE_BOARDS + number)
        people, queues = random.choice((3, 12, 40, 120)), random.choice((1, 4, 8))
        both = Both(random, people=people, queues=queues, skills=random.choice((0, 4, 12)))
        for step in range(ORACLE_STEPS):
            do_something(both, step)
            person, caller = random.choice(both.people), both.random_caller(CallId("asked"))
            assert both.board.caller_for(person) == both.naive.caller_for(person), (seed, number, step)
            assert both.board.person_for(caller, _is_ready) == both.naive.person_for(caller), (seed, number, step)
            steps += 1
    return steps


@click.command(help=__doc__)
@click.option("--seed", default=1, show_default=True)
@click.option("--oracle", is_flag=True, help="Compare a million operations with the oracle instead.")
def main(seed: int, oracle: bool) -> None:
    if oracle:
        click.echo(f"seed {seed}: {compare(seed)} operations, no answer differs")
        return
    run(seed).print()


if __name__ == "__main__":
    main()
