"""The service is away: whom Asterisk's own queue served, or did not, is on record afterwards, once, undisturbed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import asyncpg
import pytest

from devkit import phones
from devkit.company import Company
from devkit.phones import ANSWER, RING_FOREVER
from devkit.processes import Deadline
from devkit.rows import caller
from devkit.sip_log import CallResult

pytestmark = pytest.mark.asyncio(loop_scope="session")

TALK_MS = 1_000
"""From the answer, after which Asterisk waits half a second for a voice before it lets the queue ring anybody."""
NEAR_MS = 1_000
"""How far from what the phones saw a record may be."""
LOOKED_TWICE_S = 2.5
"""By then the service has looked at the queue log again."""


@asynccontextmanager
async def gap(company: Company) -> AsyncIterator[None]:
    """The service is stopped; it is there again afterwards."""
    await company.service.stop()
    try:
        yield
    finally:
        await company.service.start()


async def new_records(company: Company, before: int, count: int) -> dict[str, asyncpg.Record]:
    """The records behind the first ``before``, by the caller's number; there must be ``count``."""
    records = (await company.wait_records(before + count))[before:]
    assert len(records) == count
    return {record["caller_number"]: record for record in records}


async def no_more_records(company: Company, count: int) -> None:
    """The queue log is looked at again, and nothing comes of it."""
    began_s, deadline = monotonic(), Deadline(10, "the queue log to be looked at again")
    while monotonic() - began_s < LOOKED_TWICE_S:
        await deadline.pause(0.1)
    assert len(await company.records()) == count


def agrees(company: Company, record: asyncpg.Record, seen: CallResult) -> None:
    """Who answered, when, and for how long: the record against the caller's phone and the operator's."""
    taken = next(call for call in company.phones[record["answered_by"]].calls() if call.invited_us > seen.invited_us)
    assert taken.final_us is not None
    assert taken.bye_us is not None
    assert abs(record["arrived_at"].timestamp() * 1000 - seen.invited_us / 1000) < NEAR_MS
    assert abs(record["wait_ms"] - (taken.final_us - seen.invited_us) / 1000) < NEAR_MS
    assert abs(record["talk_ms"] - (taken.bye_us - taken.final_us) / 1000) < NEAR_MS
    whys = [reason["why"] for reason in json.loads(record["reasons"])]
    assert "by Asterisk's own queue, while the service was away" in whys
    print(
        f"wait {record['wait_ms']} ms (phones: {(taken.final_us - seen.invited_us) / 1000:.0f}), "
        f"talk {record['talk_ms']} ms (phones: {(taken.bye_us - taken.final_us) / 1000:.0f})"
    )


async def test_served_abandoned_and_still_talking(company: Company) -> None:
    await company.wait_ready()
    await company.leave("irina")
    before = len(await company.records())
    async with gap(company):
        served = await company.call(caller(1), talk_ms=TALK_MS)
        await served.ended()
        talking = await company.call(caller(3))
        deadline = Deadline(10, "somebody to take the call")
        while not (busy := [name for name in ("olga", "oleg") if _talks(company, name)]):
            await deadline.pause(0.02)
        [idle] = {"olga", "oleg"} - set(busy)
        await company.behave(**{idle: RING_FOREVER})
        rung = len(company.phones[idle].calls())
        gave_up_ringing = await company.call(caller(8))
        await company.phones[idle].rung(rung + 1)
        gave_up_ringing.hang_up()
        await gave_up_ringing.ended()
        await company.phones[idle].all_over()
        await phones.register([company.phones[idle]], expires_s=0)
        gave_up_waiting = await company.call(caller(11))
        await gave_up_waiting.answered()  # by music
        gave_up_waiting.hang_up()
        await gave_up_waiting.ended()
    records = await new_records(company, before, 3)
    assert records[caller(1)]["outcome"] == "served"
    assert served.result is not None
    agrees(company, records[caller(1)], served.result)
    assert (records[caller(8)]["outcome"], records[caller(8)]["answered_by"]) == ("abandoned_ringing", None)
    assert (records[caller(11)]["outcome"], records[caller(11)]["answered_by"]) == ("abandoned_waiting", None)
    await company.wait_recorded()
    tasks = await company.query("SELECT caller_number FROM task WHERE kind = 'call_back'")
    assert {caller(8), caller(11)} <= {task["caller_number"] for task in tasks}
    assert talking.result is not None
    assert not talking.result.over
    await company.service.kill()
    await company.service.start()
    await no_more_records(company, before + 3)
    assert not talking.result.over
    talking.hang_up()
    await talking.ended()
    last = (await new_records(company, before, 4))[caller(3)]
    assert (last["outcome"], last["answered_by"]) == ("served", busy[0])
    agrees(company, last, talking.result)
    async with gap(company):
        pass
    await no_more_records(company, before + 4)
    await company.behave(**{idle: ANSWER})
    await company.come_back("irina", idle)
    await company.wait_idle()


def _talks(company: Company, name: str) -> bool:
    return any(call.answered and not call.over for call in company.phones[name].calls())


async def test_nobody_takes_it_in_time(company: Company) -> None:
    """As after the five minutes: here the dialplan's limit is two seconds."""
    await company.wait_ready()
    await company.leave("olga", "oleg", "irina")
    before = len(await company.records())
    await company.asterisk.rx("dialplan add extension s,6,Queue(fallback,,,,2,,fallback-taken) into fallback replace")
    try:
        async with gap(company):
            call = await company.call(caller(12))
            result = await call.ended()
    finally:
        await company.asterisk.rx("dialplan reload")
    assert result.ended_by == "there"
    record = (await new_records(company, before, 1))[caller(12)]
    assert (record["outcome"], record["answered_by"], record["talk_ms"]) == ("message", None, None)
    assert result.bye_us is not None
    assert abs(record["wait_ms"] - (result.bye_us - result.invited_us) / 1000) < NEAR_MS
    await company.come_back("olga", "oleg", "irina")


async def test_a_number_cannot_write_lines_of_its_own(company: Company) -> None:
    """SIP may carry any sign in a number, as %7C; Asterisk's queue writes it to its log as it comes."""
    await company.wait_ready()
    before = len(await company.records())
    now_s = int(company.asterisk.queue_log.read_text().splitlines()[-1].partition("|")[0])
    forged = [
        f"{now_s}|forged|fallback|NONE|AWAY|{now_s % 60}000|1|1",
        f"{now_s}|forged|fallback|NONE|LEFT|{now_s % 60}000",
    ]
    number = "".join(f"%0A{line}" for line in forged).replace("|", "%7C")
    async with gap(company):
        call = await company.call(f"+7{number}%0A", talk_ms=TALK_MS)
        assert (await call.ended()).answered
        await company.wait_idle()
    [record] = (await company.wait_records(before + 1))[before:]
    assert (record["outcome"], record["caller_number"]) == ("served", None)
    assert not [line for line in company.asterisk.queue_log.read_text().splitlines() if line in forged]
    await no_more_records(company, before + 1)


async def test_what_the_service_gave_away_has_one_record(company: Company) -> None:
    """Calls that it sends to Asterisk's own queue itself, because there are too many, are on record already."""
    await company.wait_ready()
    before = len(await company.records())
    limits = company.config / "company.toml"
    was = limits.read_text()
    limits.write_text(f"{was}\n[limits]\ncalls_at_once = 1\n" if "[limits]" not in was else
                      was.replace("[limits]", "[limits]\ncalls_at_once = 1"))  # fmt: skip
    try:
        first = await _overflown(company)
    finally:
        limits.write_text(was)
    await no_more_records(company, before + first)


async def _overflown(company: Company) -> int:
    """Call until one is given away because another one is under way; how many calls that took."""
    deadline, calls = Deadline(20, "the limit to be known"), 0
    while True:
        begun = [await company.call(caller(number)) for number in (1, 3)]
        for call in begun:
            await call.answered()
        for call in begun:
            call.hang_up()
            await call.ended()
        calls += 2
        await company.wait_idle()
        if "overflow" in {record["outcome"] for record in (await company.records())[-2:]}:
            await company.wait_ready()
            return calls
        await company.wait_ready()
        await deadline.pause(0.2)


async def test_rotation_loses_and_doubles_nothing(company: Company) -> None:
    await company.wait_ready()
    before = len(await company.records())
    async with gap(company):
        for number in (1, 3):
            call = await company.call(caller(number), talk_ms=TALK_MS)
            await call.ended()
            await company.asterisk.rx("logger rotate")
        call = await company.call(caller(8), talk_ms=TALK_MS)
        await call.ended()
    records = await new_records(company, before, 3)
    assert {record["outcome"] for record in records.values()} == {"served"}
    await company.asterisk.rx("logger rotate")
    await no_more_records(company, before + 3)
    await company.wait_idle()


async def test_a_log_that_is_not_there_or_not_named_is_told(company: Company) -> None:
    """The service serves all the same."""
    await company.wait_ready()
    env = company.service.env
    named = env["SWITCHBOARD_QUEUE_LOG"]
    service_log = company.folder / "logs" / "service.log"
    try:
        env["SWITCHBOARD_QUEUE_LOG"] = f"{named}.elsewhere/queue_log"
        await company.service.stop()
        await company.service.start(despite="queue log")
        deadline = Deadline(5, "/health to tell")
        while not any("cannot be read: No such file" in one for one in await company.service.problems() or []):
            await deadline.pause(0.05)
        del env["SWITCHBOARD_QUEUE_LOG"]
        await company.service.stop()
        told_before = service_log.read_text().count("SWITCHBOARD_QUEUE_LOG is not set")
        await company.service.start()
        assert service_log.read_text().count("SWITCHBOARD_QUEUE_LOG is not set") == told_before + 1
    finally:
        env["SWITCHBOARD_QUEUE_LOG"] = named
        await company.service.stop()
        await company.service.start()
    await company.wait_ready()
