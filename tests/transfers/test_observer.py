"""The observer itself, where everything is simple: what it saw of a talk with a hold is what was done."""

from __future__ import annotations

import asyncio
import time

import pytest

from devkit import rows
from devkit.soft_company import SoftCompany
from tests.tools.observer import visit_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_talk_with_a_hold(company: SoftCompany) -> None:
    olga = company.staff["olga"]
    await company.dial_code("*20", "oleg", "irina")
    call = company.caller(rows.caller(1)).place(company.line)
    hers = await olga.rung(len(olga.received) + 1)
    await call.hears(olga.tone or 0)
    await asyncio.sleep(0.5)
    await hers.hold()
    await asyncio.sleep(0.6)
    await hers.unhold()
    await call.hears(olga.tone or 0)
    await asyncio.sleep(0.4)
    call.hang_up()
    await hers.ended()
    visit = visit_of(call, company.name_of, company.staff.values(), time.time_ns() // 1000)
    assert [(part.kind, part.who) for part in visit.parts] == [
        ("wait", ()), ("talk", ("olga",)), ("held", ("olga",)), ("talk", ("olga",))
    ]  # fmt: skip
    assert visit.ms("held") == pytest.approx(600, abs=100)
    [record] = await company.wait_records(1)
    print(visit, dict(record))
