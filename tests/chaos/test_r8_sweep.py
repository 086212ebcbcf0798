"""R8: the caller hangs up in every millisecond around the offer, the answer and the bridge.

Two doors: one rings a phone while the caller hears ringing, so that hanging up is a CANCEL until the answer; the other
is a queue in which the caller waits with music, so that it is a BYE. In the queue the offer comes the moment in which
its only operator hangs up; a bridge is some ten milliseconds after the answer, hence the wider sweep on that side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from random import Random
from statistics import median

import pytest

from devkit.company import Company
from devkit.crowd import Callers
from devkit.sip_log import CallResult
from tests.chaos.books import Story, read_books
from tests.chaos.conftest import Dial, Figures
from tests.chaos.doors import DIRECT, SINGLE
from tests.chaos.moments import dialled, gone, now_us, over_us, rings, seen, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(3600)]

GONE_WITHIN_MS = 500
LEAD_US = 80_000
"""From the plan to the moment that is swept around: the earliest hang-up is before it."""


@dataclass
class Sweep:
    """One call that was given up. ``gone_us``: when Asterisk had no channel left."""

    callers: Callers
    number: str
    gone_us: int
    story: Story | None = None

    @property
    def left_us(self) -> int:
        """When the caller said goodbye: CANCEL or BYE, whichever came first."""
        call = self.callers.calls()[0]
        return min(at for at in (call.cancelled_us, call.bye_us) if at is not None)

    @property
    def outlived_ms(self) -> float:
        """How much longer than the caller the last leg lived, by Asterisk and by the phones."""
        ends = [self.gone_us, *(over_us(leg) or self.gone_us for leg in self._legs)]
        return (max(ends) - self.left_us) / 1000

    @property
    def _legs(self) -> list[CallResult]:
        return self.story.legs if self.story is not None else []

    def after_ms(self, moment: str) -> float | None:
        """How long after the moment named the caller left; None: it never came."""
        if self.story is None or not self._legs:
            return None
        leg, record = self._legs[-1], self.story.records[0]
        bridged = record["answered_at"]
        at_us = {
            "offer": leg.invited_us,
            "answer": leg.final_us if leg.answered else None,
            "bridge": round(bridged.timestamp() * 1_000_000) if bridged is not None else None,
        }[moment]
        return (self.left_us - at_us) / 1000 if at_us is not None else None

    def contradictions(self) -> list[str]:
        """What cannot be true at once of what is on record and what the phones saw."""
        assert self.story is not None
        if len(self.story.records) != 1:
            return [f"{len(self.story.records)} records"]
        [record] = self.story.records
        outcome, answered = record["outcome"], record["answered_at"] is not None
        picked_up = any(leg.answered for leg in self._legs)
        found = []
        if outcome not in ("served", "transferred", "abandoned_early", "abandoned_ringing", "abandoned_waiting"):
            found.append(f"outcome {outcome}")
        if (outcome in ("served", "transferred")) != answered:
            found.append(f"{outcome}, but answered at {record['answered_at']}")
        if answered and not picked_up:
            found.append(f"{outcome}, but no phone was picked up")
        if outcome in ("abandoned_early", "abandoned_waiting") and self._legs:
            found.append(f"{outcome}, but a phone rang")
        if any((record[name] or 0) < 0 for name in ("wait_ms", "ring_ms", "talk_ms")):
            found.append("a negative duration")
        return [f"…{self.number[-5:]}: {problem}" for problem in found]


Play = Callable[[Company, Dial, float], Awaitable[Sweep]]


async def leave_at(crowd: Company, callers: Callers, at_us: int) -> Sweep:
    """Let the caller hang up at this moment, and see everybody go."""
    await until(at_us)
    callers.hang_up(callers.calls()[0])
    await seen(lambda: callers.calls()[0].over or None, "the caller to be gone")
    return Sweep(callers, callers.who[0], await gone(crowd))


async def leave_about_the_offer(crowd: Company, dial: Dial, after_invite_ms: float) -> Sweep:
    """CANCEL so long after the INVITE: the offer is made a few milliseconds after it. Before the exchange has said
    anything at all nobody may CANCEL (RFC 3261, 9.1)."""
    callers = dial(1, per_s=100, to=DIRECT)
    call = await dialled(callers)
    await seen(lambda: any(message.status == 100 for message in callers.log.messages()) or None, "100 Trying")
    return await leave_at(crowd, callers, call.invited_us + round(after_invite_ms * 1000))


async def leave_about_the_answer(crowd: Company, dial: Dial, after_answer_ms: float) -> Sweep:
    """CANCEL before the answer, BYE after it."""
    callers = dial(1, per_s=100, to=DIRECT)
    await dialled(callers)
    return await _answered_and_left(crowd, callers, after_answer_ms)


async def _answered_and_left(crowd: Company, callers: Callers, after_answer_ms: float) -> Sweep:
    bank = crowd.banks["ringing"]
    [leg] = await rings(bank, callers.who[0])
    answer_us = now_us() + LEAD_US
    leave_us = answer_us + round(after_answer_ms * 1000)
    if leave_us <= answer_us:
        await until(leave_us)
        callers.hang_up(callers.calls()[0])
    await until(answer_us)
    bank.act_on(leg)
    return await leave_at(crowd, callers, leave_us)


async def _wait_behind_another(crowd: Company, dial: Dial) -> tuple[CallResult, Callers]:
    """The only operator talks, and the next caller waits: the operator's leg, and who waits."""
    bank = crowd.banks["ringing"]
    first, second = dial(1, per_s=100, to=SINGLE), dial(1, per_s=100, to=SINGLE)
    await dialled(first)
    [leg] = await rings(bank, first.who[0])
    bank.act_on(leg)
    await seen(lambda: first.calls()[0].answered or None, "the first caller to be served")
    await dialled(second)
    await seen(lambda: second.calls()[0].answered or None, "the second caller to hear music")
    return leg, second


async def leave_about_the_offer_in_a_queue(crowd: Company, dial: Dial, after_offer_ms: float) -> Sweep:
    """BYE; the offer is made some milliseconds after the operator hung up."""
    leg, callers = await _wait_behind_another(crowd, dial)
    free_us = now_us() + LEAD_US
    leave_us = free_us + round((after_offer_ms + 10) * 1000)
    if leave_us <= free_us:
        await until(leave_us)
        callers.hang_up(callers.calls()[0])
    await until(free_us)
    crowd.banks["ringing"].act_on(leg)
    return await leave_at(crowd, callers, leave_us)


async def leave_about_the_answer_in_a_queue(crowd: Company, dial: Dial, after_answer_ms: float) -> Sweep:
    """BYE on both sides of it."""
    leg, callers = await _wait_behind_another(crowd, dial)
    crowd.banks["ringing"].act_on(leg)
    return await _answered_and_left(crowd, callers, after_answer_ms)


SWEEPS: dict[str, tuple[Play, range]] = {
    "offer, ringing": (leave_about_the_offer, range(76)),
    "offer, queue": (leave_about_the_offer_in_a_queue, range(-50, 51)),
    "answer and bridge, ringing": (leave_about_the_answer, range(-50, 71)),
    "answer and bridge, queue": (leave_about_the_answer_in_a_queue, range(-50, 71)),
}


@pytest.mark.parametrize("name", SWEEPS)
async def test_the_caller_leaves_about(
    crowd: Company, dial: Dial, figures: Figures, full: bool, seed: int, name: str
) -> None:
    await crowd.wait_ready()
    play, offsets_ms = SWEEPS[name]
    chance = Random(seed)
    chosen: Iterable[float] = [ms + chance.random() for ms in offsets_ms] * 3
    if not full:
        chosen = [chance.uniform(offsets_ms.start, offsets_ms.stop) for _ in range(8)]
    sweeps = [await play(crowd, dial, ms) for ms in chosen]
    books = await read_books(crowd, [sweep.callers for sweep in sweeps])
    stories = {story.number: story for story in books.stories}
    for sweep in sweeps:
        sweep.story = stories[sweep.number]
    outlived_ms = sorted(sweep.outlived_ms for sweep in sweeps)
    found = [problem for sweep in sweeps for problem in sweep.contradictions()]
    for moment in ("offer", "answer", "bridge"):
        about = [ms for sweep in sweeps if (ms := sweep.after_ms(moment)) is not None and abs(ms) <= 50]
        if about:
            figures.add("R8", f"{name}: calls left within 50 ms of the {moment}", len(about))
    last = f"{median(outlived_ms):.0f}, {outlived_ms[-1]:.0f}"
    figures.add("R8", f"{name}: longest leg after the caller, median and last, ms", last, f"≤ {GONE_WITHIN_MS}")
    figures.add("R8", f"{name}: neither abandoned nor answered, or both", len(found), "0")
    print(name, dict(Counter(sweep.story.records[0]["outcome"] for sweep in sweeps if sweep.story is not None)))
    assert found == []
    assert outlived_ms[-1] <= GONE_WITHIN_MS
    assert books.problems() == []
    await crowd.wait_ready()
