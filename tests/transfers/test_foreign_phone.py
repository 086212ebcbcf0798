"""A phone that is not of our making, Debian's baresip: what it does by itself is understood like what ours does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from devkit.baresip import Baresip
from devkit.phones import Behaviour
from devkit.soft_company import SoftCompany
from devkit.tones import hertz
from tests.transfers.books import on_record, recorded_parts, seen
from tests.transfers.scenes import all_idle
from tests.transfers.test_t1_matrix import in_order, new_scene, only_olga

__all__ = ["in_order", "only_olga"]
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def olgas(company: SoftCompany) -> AsyncIterator[Baresip]:
    """Olga has it on her desk instead of her own; it hums her tone."""
    olga = company.staff["olga"]
    assert olga.tone is not None
    phone = await Baresip.start(
        "olga", company.folder, company.settings.sip, olga.secret, hertz=hertz(olga.tone)
    )  # fmt: skip
    yield phone
    await phone.stop()
    await olga.register()


async def test_it_holds_and_gives_away(company: SoftCompany, olgas: Baresip) -> None:
    scene = new_scene(company, "refer")
    olga, karina = company.staff["olga"], company.staff["karina"]
    karina.behaviour = Behaviour(ring_ms=500)
    caller = company.caller(scene.number).place(company.line)
    await caller.hears(olga.tone or 0)
    await asyncio.sleep(0.5)
    await olgas.command("hold")
    await asyncio.sleep(1)
    await olgas.command("resume")
    await caller.hears(olga.tone or 0)
    await asyncio.sleep(0.5)
    await olgas.command("transfer", f"sip:{scene.extension}@{company.settings.sip}")
    await olgas.said("CALL_CLOSED")
    await caller.hears(karina.tone or 0)
    await asyncio.sleep(0.5)
    caller.hang_up()
    await all_idle(company)
    assert [part.who for part in seen(company, caller).parts if part.kind == "talk"] == [
        ("olga",),
        ("olga",),
        ("karina",),
    ]
    [row] = await on_record(company, scene.number)
    recorded = await recorded_parts(company, row)
    assert [(part.kind, part.who) for part in recorded] == [
        ("wait", ()),
        ("talk", ("olga",)),
        ("held", ("olga",)),
        ("talk", ("olga",)),
        ("between", ()),
        ("talk", ("karina",)),
    ]
    assert recorded[2].ms == pytest.approx(1_000, abs=200)
