"""What goes wrong in the field, on the real thing: the caller is served all the same."""

from __future__ import annotations

import asyncpg
import pytest

from devkit.company import Company
from devkit.rows import TALK_MS, caller

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_kill_9_keeps_the_talking_call_and_the_place_in_the_queue(company: Company) -> None:
    await company.wait_ready()
    await company.leave("oleg", "irina")
    taken = len(company.phones["olga"].calls())
    talking = await company.call(caller(1))
    await company.phones["olga"].answered(sum(call.answered for call in company.phones["olga"].calls()) + 1)
    waiting = await company.call(caller(11))
    await waiting.answered()
    await company.wait_people("talking", "olga")
    await company.service.kill()
    await company.service.start()
    assert talking.result is not None
    assert waiting.result is not None
    assert not talking.result.over
    assert not waiting.result.over
    company.phones["olga"].hang_up()
    await company.phones["olga"].rung(taken + 2)  # for the caller who waited through it all
    await company.wait_people("talking", "olga")
    waiting.hang_up()
    await talking.ended()
    await waiting.ended()
    await company.come_back("oleg", "irina")
    await company.wait_idle()
    await company.wait_ready()
    first, second = (await company.records())[-2:]
    assert (first["outcome"], first["answered_by"]) == ("served", "olga")
    assert (second["outcome"], second["answered_by"]) == ("served", "olga")
    assert second["wait_ms"] > 500  # its clock ran on while nobody served


async def test_a_locked_client_file_keeps_no_caller_waiting(company: Company) -> None:
    await company.wait_ready()
    holding = await asyncpg.connect(company.database_url)
    try:
        async with holding.transaction():
            await holding.execute("LOCK TABLE client, client_phone, receivable IN ACCESS EXCLUSIVE MODE")
            call = await company.call(caller(2), talk_ms=TALK_MS)
            await call.ended()
    finally:
        await holding.close()
    await company.wait_idle()
    await company.wait_ready()
    record = (await company.records())[-1]
    assert (record["outcome"], record["answered_by"], record["client_class"]) == ("transferred", "kirill", "key")
    assert record["wait_ms"] < 1_000


@pytest.mark.parametrize("number", ["%s%n", "9" * 33, "+7495000'1", "0"])
async def test_nonsense_for_a_number_reaches_an_operator(company: Company, number: str) -> None:
    await company.wait_ready()
    call = await company.call(number, talk_ms=TALK_MS)
    result = await call.ended()
    await company.wait_idle()
    await company.wait_ready()
    record = (await company.records())[-1]
    assert result.answered
    assert (record["outcome"], record["client_id"]) == ("served", None)


async def test_what_is_no_number_is_not_dialled(company: Company) -> None:
    before = len(await company.records())
    call = await company.call(caller(1), "5;rm", talk_ms=TALK_MS)
    result = await call.ended()
    await company.wait_idle()
    assert result.final_code == 484
    assert len(await company.records()) == before


async def test_a_second_service_on_the_same_data_is_refused(company: Company) -> None:
    with pytest.raises(Exception, match="another service holds it"):
        await company.service.command("run")
    assert company.service.running


async def test_health_tells_who_is_served(company: Company) -> None:
    await company.wait_ready()
    health = await company.service.look("health")
    metrics = await company.service.look("metrics")
    assert '"ok":true' in health
    assert 'switchboard_calls_total{direction="inbound"' in metrics
    assert "switchboard_bugs_total 0.0" in metrics
