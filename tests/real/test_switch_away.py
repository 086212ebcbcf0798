"""Asterisk dies, the service stands still, things are left over: nobody stays busy, no caller is forgotten.

The last file of this folder, because it ends the Asterisk that the others share.
"""

from __future__ import annotations

import os
import signal
from time import monotonic

import pytest

from devkit import phones
from devkit.company import Company
from devkit.processes import Deadline
from devkit.rows import TALK_MS, caller

pytestmark = pytest.mark.asyncio(loop_scope="session")

ORPHANED_BRIDGE = "fedcba9876543210fedcba9876543210"


async def test_what_is_left_over_is_cleared_away_and_what_lives_is_not(company: Company) -> None:
    """A bridge that no call has; and a talk that goes on through several rounds of the patrol."""
    await company.wait_ready()
    before = len(await company.records())
    call = await company.call(caller(1))
    await call.answered()
    await company.ari(f"bridges/{ORPHANED_BRIDGE}", "POST")
    deadline = Deadline(10, "the patrol to take the bridge down")
    while ORPHANED_BRIDGE in [bridge["id"] for bridge in await company.ari("bridges")]:
        await deadline.pause(0.1)
    assert call.result is not None
    assert not call.result.over
    call.hang_up()
    await call.ended()
    await company.wait_idle()
    assert (await company.wait_records(before + 1))[-1]["outcome"] == "served"


async def test_a_service_that_stands_still_loses_nobody(company: Company) -> None:
    """SIGSTOP: a waiting caller keeps their place, and who called meanwhile is served when it goes on."""
    await company.wait_ready()
    await company.leave("oleg", "irina")
    taken = len(company.phones["olga"].calls())
    talking = await company.call(caller(1))
    await talking.answered()
    await company.wait_people("talking", "olga")
    waiting = await company.call(caller(11))
    await waiting.answered()
    os.kill(company.service.pid, signal.SIGSTOP)
    began_s = monotonic()
    meanwhile = await company.call(caller(3))
    deadline = Deadline(10, "three seconds to pass")
    while monotonic() - began_s < 3:
        await deadline.pause(0.1)
    os.kill(company.service.pid, signal.SIGCONT)
    await meanwhile.ringing(timeout_s=5)
    assert talking.result is not None
    assert not talking.result.over
    talking.hang_up()
    await talking.ended()
    await company.phones["olga"].rung(taken + 2)  # for the one who waited
    await company.wait_people("talking", "olga")
    assert waiting.result is not None
    assert not waiting.result.over
    waiting.hang_up()
    meanwhile.hang_up()
    await waiting.ended()
    await meanwhile.ended()
    await company.come_back("oleg", "irina")
    await company.wait_idle()
    await company.wait_ready()
    outcomes = {record["caller_number"]: record["outcome"] for record in (await company.records())[-3:]}
    assert outcomes[caller(1)] == outcomes[caller(11)] == "served"


async def test_an_asterisk_that_dies_takes_no_person_and_no_record_with_it(company: Company) -> None:
    await company.wait_ready()
    await company.leave("oleg", "irina")
    before = len(await company.records())
    talking = await company.call(caller(1))
    await talking.answered()
    await company.wait_people("talking", "olga")
    waiting = await company.call(caller(11))
    await waiting.answered()
    await company.asterisk.kill()
    killed_s = monotonic()
    deadline = Deadline(3, "the loss to be noticed")
    while not await company.service.problems():
        await deadline.pause(0.02)
    noticed_s = monotonic() - killed_s
    for call in (talking, waiting):
        await call.close()
    await company.asterisk.start()
    booted_s = monotonic()
    await phones.register(list(company.phones.values()))
    deadline = Deadline(15, "the service to be ready again")
    while await company.service.problems() != []:
        await deadline.pause(0.02)
    ready_s = monotonic() - booted_s
    records = await company.wait_records(before + 2)
    lost = {record["caller_number"]: record for record in records[before:]}
    assert [lost[caller(number)]["outcome"] for number in (1, 11)] == ["switch_lost"] * 2
    assert lost[caller(1)]["talk_ms"] is not None
    await company.wait_recorded()
    tasks = await company.query("SELECT kind, caller_number FROM task WHERE kind = 'call_back'")
    assert caller(11) in {task["caller_number"] for task in tasks}
    await company.come_back("oleg", "irina")
    await company.wait_ready()
    again = await company.call(caller(1), talk_ms=TALK_MS)
    assert (await again.ended()).answered
    await company.wait_idle()
    print(f"loss noticed after {noticed_s * 1000:.0f} ms; ready {ready_s:.1f} s after Asterisk was booted")


async def test_both_die_and_the_call_is_on_record(company: Company) -> None:
    """The service is away, a caller stands in Asterisk's own queue, and Asterisk dies."""
    await company.wait_ready()
    await company.leave("olga", "oleg", "irina")
    before = len(await company.records())
    await company.service.kill()
    waiting = await company.call(caller(12))
    await waiting.answered()
    await company.asterisk.kill()
    await waiting.close()
    await company.asterisk.start()
    await company.service.start()
    [record] = (await company.wait_records(before + 1))[before:]
    assert (record["outcome"], record["caller_number"], record["answered_by"]) == ("switch_lost", caller(12), None)
    await company.wait_recorded()
    tasks = await company.query("SELECT caller_number FROM task WHERE kind = 'call_back'")
    assert caller(12) in {task["caller_number"] for task in tasks}
    await phones.register(list(company.phones.values()))
    await company.wait_ready()
