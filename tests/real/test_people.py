"""The people on real phones: every code dialled and confirmed, every state on record, and what it changes for calls."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from devkit import rows
from devkit.company import Company
from devkit.phones import ANSWER, RING_FOREVER, Call
from devkit.processes import Deadline
from switchboard.adapters.pins.hashed import hashed

pytestmark = pytest.mark.asyncio(loop_scope="session")

PIN, WRONG = "471194", "868686"
_LAST = "SELECT * FROM person_event WHERE person = $1 ORDER BY log_position DESC, log_index DESC LIMIT 1"
_NEWEST = "SELECT * FROM call WHERE direction = $1 ORDER BY arrived_at DESC LIMIT 1"


async def says(company: Company, person: str, code: str) -> None:
    """Dials a code and hangs up once it is confirmed, without hearing all of it."""
    call = await company.phones[person].call(code, talk_ms=150)
    await call.answered()
    await call.ended()


async def talks(company: Company, caller: str, to: str, taken_by: str) -> None:
    """This staff call reaches that person's phone; a moment of talk, and both hang up."""
    before = len(company.phones[taken_by].calls())
    call = await company.phones[caller].call(to, talk_ms=200)
    await call.answered()
    await call.ended()
    await company.phones[taken_by].all_over()
    assert len(company.phones[taken_by].calls()) == before + 1


async def refused(company: Company, caller: str, to: str) -> int:
    """The SIP status with which this call ended unanswered."""
    ended = await (await company.phones[caller].call(to)).ended()
    assert ended.final_code is not None
    assert not ended.answered
    return ended.final_code


async def newest(company: Company, direction: str) -> asyncpg.Record:
    """The record of the newest call that went this way, once it is over."""
    await company.wait_recorded()
    deadline = Deadline(10, f"the end of the {direction} call to be on record")
    while not (found := await company.query(_NEWEST, direction)) or found[0]["outcome"] is None:
        await deadline.pause(0.02)
    return found[0]


async def last(company: Company, person: str) -> asyncpg.Record:
    """What is on record of this person last."""
    await company.wait_recorded()
    return (await company.query(_LAST, person))[0]


async def test_do_not_disturb(company: Company) -> None:
    await company.dial_code("*25", "karina")
    await company.wait_people("paused", "karina")
    assert (await last(company, "karina"))["reason"] == "do not disturb"
    assert await refused(company, "olga", "202") == 486
    await says(company, "karina", "*25")
    await company.wait_people("ready", "karina")
    await talks(company, "olga", "202", "karina")


async def test_forwarding(company: Company) -> None:
    await says(company, "karina", "*24204")
    await company.wait_people("paused", "karina")
    assert (await last(company, "karina"))["reason"] == "forwards to marina"
    await talks(company, "olga", "202", "marina")
    await says(company, "karina", "*24")
    await company.wait_people("ready", "karina")
    await talks(company, "olga", "202", "karina")


async def test_away_for_hours_with_a_deputy(company: Company) -> None:
    await says(company, "karina", "*1302203")
    await company.wait_people("away", "karina")
    away = await last(company, "karina")
    assert timedelta(hours=1.99) < away["until"] - away["at"] <= timedelta(hours=2)
    await talks(company, "olga", "202", "maxim")
    await says(company, "karina", "*21")
    await company.wait_people("ready", "karina")


async def test_a_code_that_means_nothing(company: Company) -> None:
    await says(company, "olga", "*24999")
    record = await newest(company, "code")
    assert (record["outcome"], record["dialled"]) == ("refused", "*24999")
    assert "nobody has extension 999" in record["reasons"]


async def test_wrap_up_is_extended_and_ended(company: Company) -> None:
    await company.leave("oleg", "irina")
    call = await company.call(rows.caller(1), talk_ms=200)
    await call.ended()
    await company.wait_people("wrap_up", "olga")
    await says(company, "olga", "*232")
    await company.wait_people("wrap_up", "olga")
    wrap_up = await last(company, "olga")
    assert timedelta(seconds=118) < wrap_up["until"] - wrap_up["at"] <= timedelta(seconds=121)
    await says(company, "olga", "*203")
    await says(company, "olga", "*22")
    await company.wait_people("paused", "olga")
    await says(company, "olga", "*21")
    await company.come_back("oleg", "irina")
    await company.wait_ready()


async def test_a_missed_call_is_confirmed(company: Company) -> None:
    await company.leave("oleg", "irina")
    await company.behave(olga=RING_FOREVER)
    call = await company.call(rows.caller(11))  # then to the own manager
    await company.wait_people("missed", "olga")
    missed = await last(company, "olga")
    assert missed["misses"] == 1
    assert timedelta(seconds=3.8) < missed["until"] - missed["at"] <= timedelta(seconds=4)
    call.hang_up()
    await call.ended()
    await company.behave(olga=ANSWER)
    await says(company, "olga", "*21")
    await company.wait_people("ready", "olga")
    await company.come_back("oleg", "irina")
    await company.wait_ready()


async def test_picked_up_by_a_colleague(company: Company) -> None:
    await company.leave("irina")
    await says(company, "oleg", "*20")
    await company.behave(olga=RING_FOREVER)
    rung = len(company.phones["olga"].calls())
    call = await company.call(rows.caller(1))
    await company.phones["olga"].rung(rung + 1)
    picker = await company.phones["oleg"].call("*8101")
    await picker.answered()
    await call.answered()
    await company.wait_people("talking", "oleg")
    await company.phones["olga"].all_over()
    await _talked(company, call, picker)
    record = await newest(company, "inbound")
    assert (record["outcome"], record["answered_by"]) == ("served", "oleg")
    assert "takes the call that rings at olga" in record["reasons"]
    await company.behave(olga=ANSWER)
    await says(company, "oleg", "*21")
    await company.come_back("irina")
    await company.wait_ready()


async def _talked(company: Company, call: Call, picker: Call) -> None:
    """Both legs are in one bridge of Asterisk; then the caller hangs up and nobody is left."""
    bridges = await company.ari("bridges")
    assert [len(bridge["channels"]) for bridge in bridges] == [2]
    call.hang_up()
    await call.ended()
    await picker.ended()
    await company.wait_idle()


async def test_at_another_phone(company: Company) -> None:
    """Irina, who may not call out, sits down at karina's phone, who may."""
    company.pins_file.write_text(f'irina = "{hashed(PIN)}"\n')
    await company.leave("irina")
    await says(company, "karina", f"*12103*{WRONG}")
    record = await newest(company, "code")
    assert (record["outcome"], record["dialled"]) == ("refused", "*12103*?")
    assert "not the PIN of irina" in record["reasons"]
    await says(company, "karina", f"*12103*{PIN}")
    await company.wait_people("ready", "irina")
    await company.wait_people("offline", "karina")
    await talks(company, "olga", "103", "karina")
    assert await refused(company, "karina", company.policy.outbound.prefix + "84959876543") == 403
    placed = await newest(company, "outbound")
    assert (placed["caller_person"], placed["caller_number"], placed["outcome"]) == ("irina", "103", "refused")
    await says(company, "karina", "*10")
    await company.wait_people("ready", "karina")
    await company.sign_in("irina")
    await company.come_back("irina")
    await company.wait_ready()


async def test_no_pin_is_written_anywhere(company: Company) -> None:
    """Neither by the service (log lines, its own log, Postgres) nor by Asterisk."""
    await company.wait_idle()
    written = [path for path in company.folder.rglob("*") if path.is_file() and "phones" not in path.parts]
    assert any(b"12103*?" in path.read_bytes() for path in written)  # what may be told is there, in the service's log
    assert [path for path in written if PIN.encode() in path.read_bytes() or WRONG.encode() in path.read_bytes()] == []
    await company.wait_recorded()
    rows_of_calls = await company.query(
        "SELECT call::text AS shown FROM call UNION SELECT call_event::text FROM call_event"
    )
    assert rows_of_calls
    assert [row["shown"] for row in rows_of_calls if PIN in row["shown"] or WRONG in row["shown"]] == []
