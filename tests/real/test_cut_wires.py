"""The wire to Asterisk breaks, in every way: it is noticed in time, and no call is the worse for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import monotonic
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from devkit.company import Company
from devkit.processes import Deadline
from devkit.rows import caller
from tests.tools.wire import Wire

pytestmark = pytest.mark.asyncio(loop_scope="session")

_NOTICED_WITHIN_S = 3.5
"""3 s of silence, and what a busy machine adds."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def wire(company: Company) -> AsyncIterator[Wire]:
    """The service reaches Asterisk through this wire as long as the tests of this file run."""
    straight = company.env["SWITCHBOARD_ARI_URL"]
    asterisk = urlsplit(straight)
    assert asterisk.hostname is not None
    assert asterisk.port is not None
    async with Wire(asterisk.port, asterisk.hostname) as wire:
        await company.service.stop()
        company.service.env["SWITCHBOARD_ARI_URL"] = straight.replace(f":{asterisk.port}", f":{wire.port}")
        try:
            await company.service.start()
            yield wire
        finally:
            await company.service.stop()
            company.service.env["SWITCHBOARD_ARI_URL"] = straight
            await company.service.start()


def losses(company: Company) -> int:
    return company.service.log.read_text().count('"switch.lost"')


@pytest.mark.parametrize("breaks", ["close", "reset", "cut_in_the_middle", "black_hole"])
async def test_a_wire_that_breaks_costs_no_call(company: Company, wire: Wire, breaks: str) -> None:
    await company.wait_ready()
    await company.leave("oleg", "irina")
    before, taken = len(await company.records()), len(company.phones["olga"].calls())
    talking = await company.call(caller(1))
    await talking.answered()
    await company.wait_people("talking", "olga")
    waiting = await company.call(caller(11))
    await waiting.answered()
    lost_before, began_s = losses(company), monotonic()
    getattr(wire, breaks)()
    deadline = Deadline(_NOTICED_WITHIN_S, "the loss to be noticed")
    while losses(company) == lost_before:
        await deadline.pause(0.02)
    noticed_s = monotonic() - began_s
    wire.heal()
    deadline = Deadline(5, "the service to be ready again")
    while await company.service.problems() != []:
        await deadline.pause(0.02)
    ready_s = monotonic() - began_s - noticed_s
    for call in (talking, waiting):
        assert call.result is not None
        assert not call.result.over
    company.phones["olga"].hang_up()
    await company.phones["olga"].rung(taken + 2)  # for the one who waited
    await company.wait_people("talking", "olga")
    waiting.hang_up()
    await talking.ended()
    await waiting.ended()
    records = await company.wait_records(before + 2)
    assert [(record["outcome"], record["answered_by"]) for record in records[before:]] == [("served", "olga")] * 2
    await company.come_back("oleg", "irina")
    await company.wait_idle()
    print(f"{breaks}: noticed after {noticed_s * 1000:.0f} ms, ready {ready_s * 1000:.0f} ms after the wire was whole")
