"""Every promise of the table, by a real call, in order, and the books balance after each."""

from __future__ import annotations

import pytest

from devkit import promises, rows
from devkit.company import Company

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("one", rows.ROWS, ids=lambda one: f"row{one.number:02}")
async def test_a_call_goes_where_it_should(company: Company, one: promises.Row) -> None:
    verdict = await promises.play(company, one)
    assert verdict.problems == []
    await company.wait_idle()
    await company.wait_ready()


async def test_the_log_lines_name_no_number(company: Company) -> None:
    """Runs after the rows: the service's log of all their calls."""
    text = (company.folder / "logs" / "service.log").read_text()
    numbers = {str(row["e164"]) for row in await company.query("SELECT e164 FROM client_phone")} | {rows.caller(6)}
    assert "call.step" in text
    assert [number for number in numbers if number in text or number.lstrip("+") in text] == []


async def test_asterisk_had_nothing_to_complain_about(company: Company) -> None:
    """But that the service was away (stopped in row 16, killed among the faults,
    in talks that are recorded and listened to), that a caller hung up in the very
    moment of our answer, or in the midst of a greeting, as they do in row 14, and that staff did not hear the
    confirmation of a code to its end (test_people; a sound that is not there has a complaint of its own). A caller hung
    up before the tone, and there was nowhere to record, or no room (test_voicemail, test_recording)."""
    known = (
        "Failed to find outbound websocket per-call config for app",
        "Stasis app 'switchboard' doesn't exist",
        "Web socket closed abruptly",
        "Broken pipe",
        "WebSocket read error: Success",
        "Error writing frame",
        "Session already DISCONNECTED",
        "Failed to answer channel",
        "Playback failed for sound:",
        "No audio available on",
        "Unrecognized recording error: No such file or directory",
    )
    assert [line for line in company.asterisk.complaints() if not any(words in line for words in known)] == []
