"""R3: kill -9 of Asterisk with everybody busy; it comes back after a while, and all phones sign on at once."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from devkit.company import Company
from devkit.phones import ANSWER, RING_FOREVER
from devkit.processes import Deadline
from tests.chaos.books import read_books
from tests.chaos.conftest import Dial, Figures
from tests.chaos.scenes import all_busy

pytestmark = pytest.mark.asyncio(loop_scope="session")

THERE = 65
NOTICED_WITHIN_S = 3.0
SERVING_WITHIN_S = 2.0
STAYS_MS = 8_000
"""With music or a person: within 5 s Asterisk has asked every phone whether it is there."""
MOST_ATTEMPTS_PER_S = 3.0


async def serving(crowd: Company, timeout_s: float) -> None:
    """Wait until /health says that all is well."""
    deadline = Deadline(timeout_s, "the service to serve again")
    while await crowd.service.problems() != []:
        await deadline.pause(0.02)


def attempts(crowd: Company) -> int:
    """How often the service has begun to connect so far."""
    return crowd.service.log.read_text().count('"now":"connecting"')


async def test_asterisk_dies(crowd: Company, dial: Dial, figures: Figures, full: bool) -> None:
    for gap_s in (5, 60) if full else (5,):
        await crowd.wait_ready()
        await one_death(crowd, dial, figures, gap_s)


async def one_death(crowd: Company, dial: Dial, figures: Figures, gap_s: float) -> None:
    row = f"R3, {gap_s} s"
    there = dial(THERE, per_s=20)
    await there.start()
    await there.placed(THERE)
    await all_busy(crowd)
    numbers = await waiting_numbers(crowd)
    before = attempts(crowd)
    await crowd.asterisk.kill()
    killed_s = monotonic()
    deadline = Deadline(NOTICED_WITHIN_S, "the loss to be noticed")
    while not await crowd.service.problems():
        await deadline.pause(0.01)
    figures.add(row, "loss noticed after, s", monotonic() - killed_s, f"≤ {NOTICED_WITHIN_S:g}")
    await there.close()
    for bank in crowd.banks.values():
        await bank.behave(ANSWER)  # who talked has put the receiver down by now
    while monotonic() < killed_s + gap_s:
        await asyncio.sleep(0.1)
    tries = attempts(crowd) - before
    await crowd.asterisk.start()
    booted_s = monotonic()
    signing_on = asyncio.create_task(crowd.register_phones())
    await serving(crowd, timeout_s=15)
    ready_s = monotonic() - booted_s
    again = dial(10, per_s=10, talk_ms=STAYS_MS)  # at once: not every phone has been asked yet whether it is there
    await again.start()
    await again.all_over()
    await signing_on
    await crowd.wait_ready()
    everybody_s = monotonic() - booted_s
    await crowd.banks["ringing"].behave(RING_FOREVER)
    books = await read_books(crowd, [there, again])
    lost = [story for story in books.stories[:THERE] if story.records[0]["outcome"] == "switch_lost"]
    tasks = await crowd.query(
        "SELECT DISTINCT caller_number FROM task WHERE kind = 'call_back' AND caller_number = ANY($1)", numbers
    )
    answered = sum(story.talk is not None for story in books.stories[THERE:])
    figures.add(row, "attempts to connect while it was away", tries, f"≤ {gap_s * MOST_ATTEMPTS_PER_S:.0f}")
    figures.add(row, "serving after Asterisk was booted, s", ready_s, f"≤ {SERVING_WITHIN_S:g}")
    phones = sum(len(bank.owners) for bank in crowd.banks.values())
    figures.add(row, f"all {phones} phones ready, and those ten callers gone, after, s", everybody_s)
    figures.add(row, "of ten who called at once, served by a person", answered, "10")
    figures.add(row, f"calls closed as switch_lost, of {THERE}", len(lost), str(THERE))
    figures.add(row, f"tasks to call back, of {len(numbers)} who were not served", len(tasks), str(len(numbers)))
    assert len(lost) == THERE
    assert len(tasks) == len(numbers)
    assert answered == 10
    assert ready_s <= SERVING_WITHIN_S
    assert tries <= gap_s * MOST_ATTEMPTS_PER_S


async def waiting_numbers(crowd: Company) -> list[str]:
    """Who has not been served yet, of the calls that live."""
    rows = await crowd.query("SELECT caller_number FROM call WHERE ended_at IS NULL AND answered_at IS NULL")
    return [row["caller_number"] for row in rows]
