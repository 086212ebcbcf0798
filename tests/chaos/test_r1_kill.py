"""R1: kill -9 of the service with thirty talking, ten ringing, twenty waiting, and more coming."""

from __future__ import annotations

from time import monotonic

import pytest

from devkit.company import Company
from devkit.processes import Deadline
from tests.chaos.books import Story, read_books
from tests.chaos.conftest import Dial, Figures
from tests.chaos.scenes import all_busy, orphans, serve_everybody

pytestmark = pytest.mark.asyncio(loop_scope="session")

THERE, COMING = 65, 24
"""Sixty or more for the queue, the others for managers and heads; and those who come about the time of the kill."""
READY_WITHIN_S = 3.0


def out_of_order(stories: list[Story]) -> list[str]:
    """Callers served before somebody of the same class who had come earlier, both by queue."""
    served = [story for story in stories if story.records[0]["outcome"] == "served"]
    overtaken = []
    for client_class in {story.records[0]["client_class"] for story in served}:
        line_up = [story for story in served if story.records[0]["client_class"] == client_class]
        answered = [story.records[0]["answered_at"] for story in line_up]
        overtaken += [
            story.number
            for story, at in zip(line_up[1:], answered[:-1], strict=True)
            if story.records[0]["answered_at"] < at
        ]
    return overtaken


async def test_kill_9_under_load(crowd: Company, dial: Dial, figures: Figures) -> None:
    await crowd.wait_ready()
    there, coming = dial(THERE, per_s=20), dial(COMING, per_s=8)
    await there.start()
    await there.placed(THERE)
    await all_busy(crowd)
    await coming.start()
    await coming.placed(COMING // 3)
    await crowd.service.kill()
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
    figures.add("R1", "kill -9, 30 talking, 10 ringing, 20 waiting: ready after its start, s", ready_s, "≤ 3")
    figures.add("R1", "talking calls cut", len(cut) + len(books.cut), "0")
    figures.add("R1", "callers refused", len(books.refused), "0")
    figures.add("R1", "legs alone 5 s later", len(alone), "0")
    figures.add("R1", "records that disagree with the wire", len(books.problems()), "0")
    print(books.outcomes)
    assert books.problems() == []
    assert (cut, books.cut, books.refused, alone) == ([], [], [], [])
    assert out_of_order(books.stories) == []
    assert ready_s <= READY_WITHIN_S
    await crowd.wait_ready()
