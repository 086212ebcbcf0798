"""T1: every way to give a caller away, and everything that may become of it.

Whatever happens the caller is never lost, nothing is left over, and the record says what the observer saw.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count, product

import pytest
import pytest_asyncio

from devkit.crowd import class_of, numbers
from devkit.soft_company import SoftCompany
from tests.tools.observer import without_short
from tests.transfers.books import SHORT_US, problems, seen
from tests.transfers.conftest import all_ways
from tests.transfers.scenes import FATES, SCENES, Scene, all_idle, set_right

pytestmark = pytest.mark.asyncio(loop_scope="session")

WAYS = ("refer", "refer without Referred-By", "refer with Refer-Sub: false", "keys", "command")
CELLS = list(product(SCENES, WAYS, FATES))
SHORT = {CELLS[nth] for nth in range(0, len(CELLS), 11)}
"""One of eleven; eleven and seven have nothing in common, so that every way and every fate is among them."""
_numbers = count()


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def only_olga(company: SoftCompany) -> AsyncIterator[None]:
    """Nobody else takes callers from the queue."""
    others = ("oleg", "irina", "operator1", "operator2", "operator3")
    await company.dial_code("*20", *others)
    yield
    await company.dial_code("*21", *others)


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def in_order(company: SoftCompany) -> AsyncIterator[None]:
    """What one scene leaves is none of the next one's business."""
    yield
    await set_right(company, "olga", "karina")


@pytest.mark.parametrize(
    ("how", "way", "fate"),
    [pytest.param(*cell, marks=[] if cell in SHORT else [pytest.mark.full]) for cell in CELLS],
)
async def test_cell(company: SoftCompany, how: str, way: str, fate: str) -> None:
    scene = new_scene(company, way)
    await scene.begin()
    await SCENES[how](scene, fate)
    await scene.caller.ended()
    await all_idle(company)
    visit = seen(company, scene.caller)
    parts = without_short(visit.parts, SHORT_US)
    assert [(part.kind, part.who) for part in parts if part.kind != "wait"] == scene.seen
    assert visit.ended_by == scene.ended_by
    assert await problems(company, scene.caller, scene.number) == []
    await company.wait_people("ready", "olga", "karina")


def new_scene(company: SoftCompany, way: str) -> Scene:
    """A caller for whom the operators' queue is, olga and karina."""
    number = next(one for one in (numbers(1, 2_500 + next(_numbers))[0] for _ in range(8)) if class_of(one) == "retail")
    return Scene(company, all_ways(company)[WAYS.index(way)], number, company.staff["olga"], company.staff["karina"])
