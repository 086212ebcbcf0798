"""The observer itself, where everything is simple: what it saw of a talk with a hold is what was done."""

from __future__ import annotations

import asyncio

import pytest

from devkit import rows
from devkit.soft_company import SoftCompany
from tests.transfers.books import on_record, seen
from tests.transfers.scenes import all_idle

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_talk_with_a_hold(company: SoftCompany) -> None:
    call = company.caller(rows.caller(1)).place(company.line)
    while not (hers := [one for phone in company.staff.values() for one in phone.received if one.talks]):
        await asyncio.sleep(0.02)
    [theirs] = hers
    operator = theirs.phone
    assert operator.tone is not None
    await call.hears(operator.tone)
    await asyncio.sleep(0.5)
    await theirs.hold()
    await asyncio.sleep(0.6)
    await theirs.unhold()
    await call.hears(operator.tone)
    await asyncio.sleep(0.4)
    call.hang_up()
    await theirs.ended()
    visit = seen(company, call)
    assert [(part.kind, part.who) for part in visit.parts] == [
        ("wait", ()),
        ("talk", (operator.name,)),
        ("held", (operator.name,)),
        ("talk", (operator.name,)),
    ]
    assert visit.ms("held") == pytest.approx(600, abs=100)
    [row] = await on_record(company, rows.caller(1))
    for what, at_us in (("arrived", visit.arrived_us), ("answered", visit.parts[1].from_us), ("ended", visit.ended_us)):
        assert row[f"{what}_at"].timestamp() * 1e6 == pytest.approx(at_us, abs=200_000)
    await all_idle(company)
