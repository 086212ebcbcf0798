"""T2: random visits; in the end every record says what the observer saw.

Thirty of them belong to `./dev test`; a thousand, to `./dev chaos t2`.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Iterator
from random import Random

import pytest

from devkit.crowd import class_of, numbers
from devkit.phones import ANSWER, BUSY, DECLINE, Behaviour
from devkit.soft_company import SoftCompany
from tests.conftest import Figures
from tests.tools.stalls import Stalls
from tests.transfers.books import problems
from tests.transfers.conftest import all_ways
from tests.transfers.scenes import all_idle
from tests.transfers.visitors import TAKERS, Visitor

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(7_200)]

AT_ONCE = 4
_MOODS = (ANSWER, Behaviour(ring_ms=300), Behaviour(ring_ms=700), Behaviour(ring_ms=700), BUSY, DECLINE)


async def test_random_visits(company: SoftCompany, full: bool, seed: int, figures: Figures) -> None:
    chance, many = Random(seed), 1_000 if full else 30
    visitors = [
        Visitor(company, number, Random(f"{seed} {number}"), all_ways(company)) for number in ordinary(many)
    ]  # fmt: skip
    moods = asyncio.create_task(_change_moods(company, chance))
    waiting = iter(visitors)
    found: list[str] = []
    with Stalls(company.folder) as stalls:
        try:
            await asyncio.gather(*(_one_after_another(company, waiting, found, stalls) for _ in range(AT_ONCE)))
        finally:
            moods.cancel()
        try:
            await all_idle(company)
        except (TimeoutError, AssertionError) as left:
            found.append(f"at the end: {left}")
    figures.add("T2", "longest time for which the machine itself stood still (ms)", stalls.longest_ms())
    figures.add("T2", "random visits", len(visitors))
    figures.add("T2", "acts in them", sum(len(visitor.done) for visitor in visitors))
    figures.add("T2", "callers lost", sum(1 for visitor in visitors if visitor.lost), "0")
    differ = {line.split()[0] for line in found if line.startswith("…")}
    figures.add("T2", "records that differ from what was seen", len(differ), "0")
    assert not found, "\n\n".join(found)


async def _one_after_another(
    company: SoftCompany, waiting: Iterator[Visitor], found: list[str], stalls: Stalls
) -> None:
    """What the machine itself held up, for as long as it stood still, is not the service's fault."""
    for visitor in waiting:
        began_us = time.time_ns() // 1000
        try:
            await visitor.live()
            wrong = [visitor.lost] if visitor.lost else []
            wrong += await problems(company, visitor.call, visitor.number, stalls.windows(began_us))
        except Exception:  # the others go on
            wrong = [traceback.format_exc()]
            visitor.call.hang_up()
        found += [f"…{visitor.number[-5:]} after {visitor.done}: {one}" for one in wrong]
        await asyncio.sleep(0.1)
        await visitor.forget()


async def _change_moods(company: SoftCompany, chance: Random) -> None:
    while True:
        company.staff[chance.choice(TAKERS)].behaviour = chance.choice(_MOODS)
        await asyncio.sleep(0.3)


def ordinary(many: int, first: int = 0) -> list[str]:
    """So many callers for whom the operators' queue is."""
    classes = ("retail", "market", "regional", "own_point")
    return [one for one in numbers(many * 2, first) if class_of(one) in classes][:many]
