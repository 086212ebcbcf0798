"""Steady traffic through a fault: callers of all classes who talk a moment and hang up, and what became of them.

A fault that keeps the service from hearing of things makes a ``Gap``. Who called in it may have been served by
Asterisk's own queue; and of whoever was there in it the times on record are off by what was heard late. Everybody
else must be on record to within 300 ms, and everybody whom we served, once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from devkit.company import Company
from devkit.crowd import Callers, class_of
from devkit.processes import Deadline
from devkit.sip_log import CallResult
from tests.chaos.books import Books, Story, read_books
from tests.chaos.conftest import Dial
from tests.chaos.scenes import orphans
from tests.tools.metrics import value

PER_S = 4
_TALKS_MS = (800, 1_500)
"""Asterisk's own queue rings nobody in the first half second: the dialplan's Answer() waits so long for the caller's
voice."""
_AS_SEEN_MS = 300
_HEARS_NOTHING_S = 1.0
_BUSY = "SELECT DISTINCT ON (person) person, state FROM person_event ORDER BY person, at DESC, log_position DESC"


async def flow(dial: Dial, for_s: float, per_s: float = PER_S) -> list[Callers]:
    """Callers for so many seconds from now on; half of them talk 0.8 s, half 1.5 s."""
    pace = per_s / len(_TALKS_MS)
    groups = [dial(max(1, round(for_s * pace)), per_s=pace, talk_ms=talk_ms) for talk_ms in _TALKS_MS]
    for group in groups:
        await group.start()
    return groups


@dataclass
class Gap:
    """A time in which the service could not hear or act; microseconds of the clock on the wall, as SIPp logs them."""

    from_us: int
    to_us: int

    @property
    def ms(self) -> float:
        return (self.to_us - self.from_us) / 1000

    def saw(self, call: CallResult) -> bool:
        """Whether this call was there in it, or came or went."""
        over_us = call.bye_us or call.cancelled_us or call.final_us if call.over else None
        return call.invited_us <= self.to_us and (over_us is None or over_us >= self.from_us)


@contextmanager
def gap() -> Iterator[Gap]:
    """From here to the end of the block, and a moment before and after for what was under way."""
    found = Gap(_now_us() - 100_000, 2**62)
    try:
        yield found
    finally:
        found.to_us = _now_us() + 100_000


def _now_us() -> int:
    return time.time_ns() // 1000


@dataclass
class Outcome:
    """What became of all callers. ``books``: of those whom no gap touched; ``touched``: of the others."""

    books: Books
    touched: Books
    gaps: Sequence[Gap]

    @property
    def longest_gap_ms(self) -> float:
        return max((each.ms for each in self.gaps), default=0)

    @property
    def stories(self) -> list[Story]:
        return [*self.books.stories, *self.touched.stories]

    @property
    def declined(self) -> list[Story]:
        return [*self.books.refused, *self.touched.refused]

    @property
    def cut(self) -> list[Story]:
        return [*self.books.cut, *self.touched.cut]

    @property
    def silence_ms(self) -> float:
        """How long somebody heard nothing at all, at most: no ringing, no music, no voice."""
        first = [(story.call, story.call.ringing_us or story.call.final_us) for story in self.stories]
        return max((heard_us - call.invited_us for call, heard_us in first if heard_us is not None), default=0) / 1000

    @property
    def unanswered(self) -> list[Story]:
        """Who talked with nobody: Asterisk's music counts as an answer, so they stay a second for it."""
        return [story for story in self.stories if story.talk is None]

    def problems(self, within_ms: float = _AS_SEEN_MS) -> list[str]:
        """Where record and wire disagree. Of the touched the times may be off by as much as the gap was long."""
        return self.books.problems(within_ms) + self.touched.problems(within_ms + self.longest_gap_ms)

    @property
    def asked_for(self) -> list[Story]:
        """Whom the service looked up. Asterisk's own queue, for those who came while it was away, asks nobody."""
        return [story for story in self.stories if any(record["rule"] for record in story.records)]

    @property
    def misjudged(self) -> list[Story]:
        """Of those, whoever was taken for somebody of another class."""
        return [story for story in self.asked_for if story.records[0]["client_class"] != class_of(story.number)]


async def what_became_of(
    crowd: Company, groups: Sequence[Callers], gaps: Sequence[Gap] = (), timeout_s: float = 20
) -> Outcome:
    """Wait until everybody is gone and on record, and read the books."""
    for group in groups:
        await group.all_over(timeout_s=90)

    def touched(call: CallResult) -> bool:
        return any(each.saw(call) for each in gaps)

    books = await read_books(crowd, groups, timeout_s, only=lambda call: not touched(call))
    return Outcome(books, await read_books(crowd, groups, 1, only=touched) if gaps else Books([]), gaps)


async def in_step(crowd: Company, since_s: float) -> None:
    """Wait until the service's copy of the client file shows what Postgres held at ``since_s`` (monotonic) or later."""
    deadline = Deadline(10, "the copy of the client file to be in step")
    while value(await crowd.service.look("metrics"), "switchboard_directory_age_seconds") > time.monotonic() - since_s:
        await deadline.pause(0.05)


# ---- nobody forgotten --------------------------------------------------------------------------------------------


async def nobody_in_limbo(crowd: Company, groups: Sequence[Callers], within_s: float = 5) -> float:
    """Wait until the service is well and nobody stuck; seconds that took. Raises TimeoutError saying who is.

    What is stuck is so at every look. With traffic each look finds somebody between two states, so one look that finds
    nobody is enough.
    """
    began_s = time.monotonic()
    deadline = Deadline(within_s, "")
    while stuck := await in_limbo(crowd, groups):
        try:
            await deadline.pause(0.05)
        except TimeoutError:
            raise TimeoutError(f"in limbo after {within_s:g} s: {stuck}") from None
    return time.monotonic() - began_s


async def in_limbo(crowd: Company, groups: Sequence[Callers]) -> list[str]:
    """Who is stuck right now: callers who hear nothing, legs alone, people busy with nobody; or what ails the
    service."""
    problems = await crowd.service.problems()
    if problems != []:
        return problems or ["the service says nothing"]
    long_ago_us = _now_us() - int(_HEARS_NOTHING_S * 1_000_000)
    stuck = [
        f"hears nothing: …{call.from_header[-12:-8]}"
        for group in groups
        for call in group.living()
        if call.ringing_us is None and call.final_code is None and call.invited_us < long_ago_us
    ]
    stuck += [f"alone: {channel}" for channel in await orphans(crowd)]
    there = {channel["name"].removeprefix("PJSIP/").rpartition("-")[0] for channel in await crowd.ari("channels")}
    busy = [row["person"] for row in await crowd.query(_BUSY) if row["state"] in ("ringing", "talking")]
    return stuck + [f"busy with nobody: {person}" for person in busy if person not in there]
