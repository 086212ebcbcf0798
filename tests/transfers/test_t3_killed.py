"""T3: kill -9 of the service in the midst of a transfer: the caller is not lost, talks with somebody again, and is on
record, once.

What was heard while nobody listened is not: the times on record may be off by as much.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import product
from time import monotonic

import pytest

from devkit.phones import Behaviour
from devkit.soft_company import SoftCompany
from tests.conftest import Figures
from tests.transfers.books import WITHIN_MS, gaps, on_record, recorded_parts, seen
from tests.transfers.scenes import Scene, all_idle
from tests.transfers.test_t1_matrix import WAYS, in_order, new_scene, only_olga

__all__ = ["in_order", "only_olga"]
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

ACTS = ("gives", "asks", "completes", "completes early")
AFTER_MS = (0, 30, 600)
"""When it is killed: so long after the act."""
CELLS = list(product(ACTS, WAYS, AFTER_MS))
SHORT = {CELLS[nth] for nth in range(0, len(CELLS), 14)}
_SILENT_S = 6.0
_LONGEST_S = 60.0


@pytest.mark.parametrize(
    ("act", "way", "after_ms"),
    [pytest.param(*cell, marks=[] if cell in SHORT else [pytest.mark.full]) for cell in CELLS],
)
async def test_killed(company: SoftCompany, act: str, way: str, after_ms: int, figures: Figures) -> None:
    scene = new_scene(company, way)
    await scene.begin(Behaviour(ring_ms=1_000))
    await _until_the_act(scene, act)
    await asyncio.sleep(after_ms / 1000)
    gone_s = monotonic()
    await company.service.kill()
    restart = asyncio.create_task(company.service.start())
    await asyncio.sleep(0.3)
    first_s = await _heard_somebody(scene, gone_s)
    await restart
    away_ms = (monotonic() - gone_s) * 1000
    await asyncio.sleep(2)
    await _heard_somebody(scene, monotonic())
    assert not scene.caller.over, "the caller is lost"
    await scene.caller_leaves()
    for phone in company.staff.values():
        for call in phone.alive:
            call.hang_up()
    await all_idle(company)
    figures.add("T3", f"{act}, {way}, killed after {after_ms} ms: heard somebody after (s)", first_s, "60")
    await _check(company, scene, away_ms)


async def _until_the_act(scene: Scene, act: str) -> None:
    if act == "gives":
        await scene.way.give(scene.giver, scene.extension)
        return
    await scene.way.ask(scene.giver, scene.extension)
    if act == "asks":
        return
    if act == "completes":
        assert scene.target.tone is not None
        await (scene.giver.asked or scene.giver.call).hears(scene.target.tone)
        await asyncio.sleep(0.5)
    else:
        await scene.rings(scene.target)
        if scene.giver.asked is not None:
            await scene.giver.asked.ringing()
    await scene.way.complete(scene.giver)


async def _heard_somebody(scene: Scene, since_s: float) -> float:
    """Wait until the caller hears somebody; how long that took since then. People help themselves: who holds somebody
    and has had their answer, or none, goes back; who said that they want to be out, and still is not, says so again."""
    began_s = since_s
    while True:
        assert monotonic() - began_s < _LONGEST_S, "hears nobody any more"
        assert not scene.caller.over, "the caller is lost"
        if any(stretch.tones for stretch in scene.caller.heard(monotonic() - 0.2)):
            return monotonic() - began_s
        if monotonic() - since_s > _SILENT_S and scene.giver.call.talks:
            since_s = monotonic()
            await _help_oneself(scene)
        await asyncio.sleep(0.05)


async def _help_oneself(scene: Scene) -> None:
    giver = scene.giver
    if giver.asked is not None and giver.asked.talks:
        giver.asked.hang_up()
    if giver.call.held:
        await giver.call.unhold()
    elif not scene.way.by_phone and scene.company.service.running:
        await scene.way.complete(giver)


async def _check(company: SoftCompany, scene: Scene, away_ms: float) -> None:
    [row] = await on_record(company, scene.number)
    recorded, visit = await recorded_parts(company, row), seen(company, scene.caller)
    assert list(gaps(recorded, row)) == []
    told = replace(visit, parts=tuple(recorded))
    for name in sorted({name for part in visit.parts for name in part.who}):
        for kind in ("talk", "held"):
            assert told.ms(kind, who=name) == pytest.approx(visit.ms(kind, who=name), abs=WITHIN_MS + away_ms)
    assert row["arrived_at"].timestamp() * 1e6 == pytest.approx(visit.arrived_us, abs=WITHIN_MS * 1000)
    assert row["ended_at"].timestamp() * 1e6 == pytest.approx(visit.ended_us, abs=WITHIN_MS * 1000)
