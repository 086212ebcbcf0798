"""Somebody falls out of the bridge of their talk, or the bridge is gone: the patrol sees it, and they talk again.

Asterisk does that now and then when a leg goes from one bridge to another while the first is taken down; here it is
done to it.
"""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from devkit.soft_call import SoftCall
from devkit.soft_company import SoftCompany
from tests.transfers.books import on_record
from tests.transfers.scenes import all_idle
from tests.transfers.test_t2_random import ordinary

pytestmark = pytest.mark.asyncio(loop_scope="session")

MENDED_WITHIN_S = 6
"""A round every 3 s, its confirmation a second later, and some."""
_AT_ONCE_S = 0.3
FAULTS = {
    "one is out": ("POST", "bridges/{bridge}/removeChannel?channel={one}"),
    "both are out": ("POST", "bridges/{bridge}/removeChannel?channel={one},{other}"),
    "the bridge is gone": ("DELETE", "bridges/{bridge}"),
}


@pytest.mark.parametrize(("fault", "number"), [*zip(FAULTS, ordinary(len(FAULTS), 9_000), strict=True)])
async def test_they_are_put_together_again(company: SoftCompany, fault: str, number: str) -> None:
    call = company.caller(number).place(company.line)
    theirs = await _talks_with(company)
    tone, callers = theirs.phone.tone, call.phone.tone
    assert tone is not None
    assert callers is not None
    await call.hears(tone)
    [bridge] = await company.ari("bridges")
    method, path = FAULTS[fault]
    one, other = bridge["channels"]
    await company.ari(path.format(bridge=bridge["id"], one=one, other=other), method)
    await asyncio.sleep(_AT_ONCE_S)
    since_s = monotonic()
    await asyncio.sleep(_AT_ONCE_S)
    assert not any(stretch.tones for one in (call, theirs) for stretch in one.heard(since_s))
    await asyncio.gather(call.hears(tone, timeout_s=MENDED_WITHIN_S), theirs.hears(callers, timeout_s=MENDED_WITHIN_S))
    call.hang_up()
    await theirs.ended()
    [row] = await on_record(company, number)
    assert row["outcome"] == "transferred"  # a number that nobody knows is for who takes new clients
    await all_idle(company)


async def _talks_with(company: SoftCompany) -> SoftCall:
    while not (hers := [one for phone in company.staff.values() for one in phone.received if one.talks]):
        await asyncio.sleep(0.02)
    return hers[0]
