"""R1: the service is killed, or stopped in order, with thirty talking, ten ringing, twenty waiting, and more coming."""

from __future__ import annotations

from time import monotonic

import pytest

from devkit.company import Company
from devkit.processes import Deadline
from tests.chaos.books import out_of_order, read_books
from tests.chaos.conftest import Dial, Figures
from tests.chaos.scenes import all_busy, orphans, serve_everybody

pytestmark = pytest.mark.asyncio(loop_scope="session")

THERE, COMING = 65, 24
"""Sixty or more for the queue, the others for managers and heads; and those who come about the time of the kill."""
READY_WITHIN_S = 3.0


@pytest.mark.parametrize("end", ["kill -9", pytest.param("SIGTERM", marks=pytest.mark.full)])
async def test_the_end_of_the_service_under_load(crowd: Company, dial: Dial, figures: Figures, end: str) -> None:
    row = f"R1, {end}"
    await crowd.wait_ready()
    there, coming = dial(THERE, per_s=20), dial(COMING, per_s=8)
    await there.start()
    await there.placed(THERE)
    await all_busy(crowd)
    await coming.start()
    await coming.placed(COMING // 3)
    await (crowd.service.kill() if end == "kill -9" else crowd.service.stop())
    began_s = monotonic()
    await crowd.service.start()
    ready_s = monotonic() - began_s
    cut = [call for call in there.calls() if call.over]
    await coming.placed(COMING)
    deadline = Deadline(10, "five seconds to pass")
    while monotonic() < began_s + 5:
        await deadline.pause(0.1)
    alone = await orphans(crowd)
    await serve_everybody(crowd)
    books = await read_books(crowd, [there, coming])
    figures.add(row, "30 talking, 10 ringing, 20 waiting: ready after its start, s", ready_s, "≤ 3")
    figures.add(row, "talking calls cut", len(cut) + len(books.cut), "0")
    figures.add(row, "callers refused", len(books.refused), "0")
    figures.add(row, "legs alone 5 s later", len(alone), "0")
    figures.add(row, "records that disagree with the wire", len(books.problems()), "0")
    print(books.outcomes)
    assert books.problems() == []
    assert (cut, books.cut, books.refused, alone) == ([], [], [], [])
    assert out_of_order(books.stories) == []
    assert ready_s <= READY_WITHIN_S
    await crowd.wait_ready()
