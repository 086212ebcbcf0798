"""T4: many callers at once are given to a colleague who was asked, by keys and by command; each must hear somebody:
them, or whoever gave them away, if that came to nothing.

Whoever is moved from one bridge to another while the first is taken down is taken out of both, now and then.
"""

from __future__ import annotations

import asyncio
from itertools import cycle
from random import Random

import pytest

from devkit.soft_company import SoftCompany
from switchboard.core.ids import PersonId
from tests.conftest import Figures
from tests.transfers.conftest import all_ways
from tests.transfers.scenes import all_idle
from tests.transfers.test_t2_random import ordinary
from tests.transfers.visitors import Visitor
from tests.transfers.ways import ByRefer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(3_600)]

PAIRS = (("kirill", "karina"), ("maxim", "marina"), ("viktor", "roman"), ("fedor", "faina"))
_HEARS_WITHIN_S = 5.0


@pytest.mark.full
async def test_everybody_hears_somebody(company: SoftCompany, seed: int, figures: Figures) -> None:
    many = 800
    waiting = iter(ordinary(many, 5_000))
    chance, unheard, reached = Random(seed), [], 0

    async def one_after_another(takers: tuple[str, str]) -> None:
        nonlocal reached
        for number, taker in zip(waiting, cycle(takers), strict=False):
            visitor = Visitor(company, number, chance, all_ways(company))
            heard = await _given_to(visitor, taker)
            reached += heard is True
            unheard.extend([f"…{number[-5:]}, given to {taker}, hears nobody"] if heard is False else [])
            visitor.call.hang_up()
            await visitor.call.ended()
            await visitor.forget()

    await asyncio.gather(*(one_after_another(PAIRS[lane % len(PAIRS)]) for lane in range(6)))
    await all_idle(company)
    figures.add("T4", "given to somebody who was asked, six at once, and hear somebody", reached)
    figures.add("T4", "… who hear nobody", len(unheard), "0")
    assert unheard == []
    assert reached > many * 0.6


async def _given_to(visitor: Visitor, taker: str) -> bool | None:
    """Whether the caller hears somebody after it; ``None``: it did not come to that."""
    company, chance = visitor.company, visitor.chance
    visitor.call = company.caller(visitor.number).place(company.line)
    giver = await visitor.partner()
    if giver is None:
        return None if visitor.call.over else False
    if giver.phone.name == taker:
        return None
    await asyncio.sleep(chance.uniform(0.1, 0.4))
    way = chance.choice([way for way in visitor.ways if not isinstance(way, ByRefer)])
    await way.ask(giver, company.policy.people[PersonId(taker)].extension)
    await asyncio.sleep(chance.uniform(0.3, 0.7))
    await way.complete(giver)
    await asyncio.sleep(0.3)
    heard = await visitor.partner(_HEARS_WITHIN_S)
    if visitor.call.over:
        return None
    return heard is not None
