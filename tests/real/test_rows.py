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
