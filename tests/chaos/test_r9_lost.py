"""R9: one event in a hundred is lost on its way from Asterisk: nobody is stuck, and nobody is cut off.

How long somebody was stuck is told from outside: from what happened on the wire to the moment at which the record, or
the person's state on record, says so.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from datetime import datetime

import pytest

from devkit.company import Company
from devkit.crowd import Callers
from devkit.phones import ANSWER, RING_FOREVER
from tests.chaos.books import Books, Story, read_books
from tests.chaos.conftest import Dial, Figures
from tests.chaos.doors import DIRECT
from tests.chaos.moments import now_us, over_us, seen
from tests.chaos.scenes import phone_of_its_own, rewired
from tests.tools.unkind import UnkindAri

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(2400)]

REPAIRED_WITHIN_MS = 10_000
TALK_MS = 400
AT_A_TIME = 500
"""Callers of one process."""
_SAME_MOMENT_US = 50_000


async def call_all(crowd: Company, dial: Dial, many: int, per_s: float) -> list[Callers]:
    """So many callers, each of whom hangs up after a moment's talk; when all have."""
    groups = []
    for first in range(0, many, AT_A_TIME):
        groups.append(dial(min(AT_A_TIME, many - first), per_s=per_s, talk_ms=TALK_MS))
        await groups[-1].start()
        await groups[-1].all_over(timeout_s=120 + AT_A_TIME / per_s)
        for bank in crowd.banks.values():
            bank.calls()  # read what came: all at once would take long
    return groups


# ---- how long anybody was stuck ----------------------------------------------------------------------------------


def killed(books: Books) -> list[Story]:
    """Calls that were ended by us while both held the receiver."""
    return [story for story in books.stories if story.cut or any(_put_down(story))]


def _put_down(story: Story) -> list[bool]:
    left_us = story.call.bye_us
    return [
        leg.ended_by == "there" and leg.bye_us is not None and (left_us is None or leg.bye_us < left_us)
        for leg in story.legs
    ]


def callers_stuck_ms(story: Story) -> list[float]:
    """How long this caller waited for the first sound, for the voice of whoever had picked up, and for their record to
    close after they had left."""
    call, record = story.call, story.records[0]
    heard_us = min(at for at in (call.ringing_us, call.final_us) if at is not None)
    stuck = [(heard_us - call.invited_us) / 1000]
    if story.talk is not None and record["answered_at"] is not None:
        stuck.append((_us(record["answered_at"]) - (story.talk.final_us or 0)) / 1000)
    if call.bye_us is not None and record["ended_at"] is not None:
        stuck.append((_us(record["ended_at"]) - call.bye_us) / 1000)
    return stuck


async def people_stuck_ms(crowd: Company, books: Books) -> list[float]:
    """For every leg: how long after its end its person still counted as busy with it."""
    states: dict[str, list[tuple[int, str, str | None]]] = defaultdict(list)
    for row in await crowd.query("SELECT person, at, state, call_id FROM person_event ORDER BY at, log_position"):
        states[row["person"]].append((_us(row["at"]), row["state"], row["call_id"]))
    stuck = []
    for story in books.stories:
        for leg in story.legs:
            ended_us = over_us(leg)
            assert ended_us is not None, f"{leg.to_user} still talks"
            later = states[leg.to_user][bisect_left(states[leg.to_user], (ended_us - _SAME_MOMENT_US,)) :]
            free = next((at for at, state, call in later if call != story.records[0]["call_id"]), None)
            stuck.append(float("inf") if free is None else (free - ended_us) / 1000)
    return stuck


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


# ---- phones that vanish (in mid-talk: test_r9_vanished.py) ---------------------------------------------------------


async def test_a_phone_is_unplugged_while_it_rings(crowd: Company, dial: Dial, figures: Figures) -> None:
    """The caller goes on to the next step as soon as Asterisk misses the phone, long before its ring would be over."""
    await crowd.wait_ready()
    async with phone_of_its_own(crowd, "ringer05", RING_FOREVER) as phone:
        callers = dial(1, per_s=100, to=DIRECT)
        await callers.start()
        await phone.rung()
        await phone.off()
        unplugged_us = now_us()
        answered_us = await seen(lambda: callers.calls()[0].final_us, "the next step", timeout_s=15)
        found_s = (answered_us - unplugged_us) / 1_000_000
        figures.add("R9", "phone unplugged while it rings: its caller moves on after, s", found_s, "≤ 10")
        callers.hang_up_all()
        await crowd.wait_idle()
    assert found_s * 1000 <= REPAIRED_WITHIN_MS
    await crowd.wait_ready()


# ---- events ------------------------------------------------------------------------------------------------------


async def test_nobody_is_stuck_when_events_are_lost(
    crowd: Company, dial: Dial, figures: Figures, full: bool, seed: int
) -> None:
    many, per_s, share = (10_000, 20, 0.01) if full else (100, 12, 0.05)
    straight = crowd.service.env["SWITCHBOARD_ARI_URL"]
    await crowd.banks["ringing"].behave(ANSWER)  # or whoever they are rung for waits a minute
    async with (
        UnkindAri(straight, lost=share, seed=seed) as unkind,
        rewired(crowd, "SWITCHBOARD_ARI_URL", unkind.url),
    ):
        await crowd.wait_ready()
        groups = await call_all(crowd, dial, many, per_s)
        await crowd.wait_idle(30)
        books = await read_books(crowd, groups, timeout_s=30)
        await crowd.wait_people("ready", *crowd.policy.people, timeout_s=20)
    await crowd.banks["ringing"].behave(RING_FOREVER)
    assert books.problems(within_ms=REPAIRED_WITHIN_MS + 300) == []
    callers_ms = sorted(ms for story in books.stories for ms in callers_stuck_ms(story))
    people_ms = sorted(await people_stuck_ms(crowd, books))
    late = sum(ms > 500 for ms in (*callers_ms, *people_ms))
    lost = f"{sum(unkind.lost.values())}"
    figures.add("R9", f"{share:.0%} of events lost in {many} calls at {per_s} a second: lost", lost)
    figures.add("R9", "callers held up longest, ms", callers_ms[-1], f"≤ {REPAIRED_WITHIN_MS}")
    figures.add("R9", "people held busy longest, ms", people_ms[-1], f"≤ {REPAIRED_WITHIN_MS}")
    figures.add("R9", "times that anybody was held up for half a second or more", late)
    figures.add("R9", "calls that we ended while both held the receiver", len(killed(books)), "0")
    figures.add("R9", "callers refused", len(books.refused), "0")
    print(dict(unkind.lost), books.outcomes)
    assert unkind.lost
    assert killed(books) == []
    assert books.refused == []
    assert max(callers_ms[-1], people_ms[-1]) <= REPAIRED_WITHIN_MS
    await crowd.wait_ready()
