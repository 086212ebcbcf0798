"""The books: what callers and phones saw on the wire, laid beside what stands on record. They must agree.

Every caller of a crowd has a number of their own, so a call is found again by it: in the INVITE to whoever was rung,
and in its record.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import asyncpg

from devkit.company import Company
from devkit.crowd import Callers
from devkit.processes import Deadline
from devkit.sip_log import CallResult

_NUMBER = re.compile(r"sip:(\+\d+)@")
_TALKED = ("served", "transferred")


@dataclass
class Story:
    """One caller's visit: how they saw it, the phones that were rung for them, and the rows on record."""

    number: str
    call: CallResult
    legs: list[CallResult] = field(default_factory=list)
    records: list[asyncpg.Record] = field(default_factory=list)

    @property
    def talk(self) -> CallResult | None:
        """The leg of the person who talked with them."""
        return next((leg for leg in self.legs if leg.answered), None)

    @property
    def refused(self) -> bool:
        """They were turned away: a final answer that is no 200, though they had not given up."""
        return self.call.final_code is not None and not self.call.answered and not self.call.cancelled

    @property
    def cut(self) -> bool:
        """The exchange ended the call of somebody who was talking, though the person had not hung up."""
        talk = self.talk
        return self.call.ended_by == "there" and talk is not None and talk.ended_by != "here"

    @property
    def wait_ms(self) -> float | None:
        """From their INVITE to the answer of whoever talked with them."""
        talk = self.talk
        return None if talk is None or talk.final_us is None else (talk.final_us - self.call.invited_us) / 1000

    def problems(self, within_ms: float) -> list[str]:
        """Where record and wire disagree, by more than ``within_ms`` for durations."""
        if len(self.records) != 1:
            return [f"{len(self.records)} records"]
        [record] = self.records
        outcome, talk = record["outcome"], self.talk
        found = [] if outcome is not None else ["no outcome"]
        if (outcome in _TALKED) != (record["answered_at"] is not None):
            found.append(f"{outcome}, but answered at {record['answered_at']}")
        if talk is None and outcome in _TALKED:
            found.append(f"{outcome}, but nobody answered")
        if talk is not None and outcome in _TALKED:
            found += _off("wait", record["wait_ms"], self.wait_ms, within_ms)
            found += _off("talk", record["talk_ms"], _talk_ms(talk, self.call), within_ms)
        return found


def _talk_ms(leg: CallResult, call: CallResult) -> float | None:
    ends = [end for end in (leg.bye_us, call.bye_us) if end is not None]
    return None if leg.final_us is None or not ends else (min(ends) - leg.final_us) / 1000


def _off(what: str, recorded_ms: int | None, seen_ms: float | None, within_ms: float) -> list[str]:
    if recorded_ms is None or seen_ms is None:
        return [f"{what} {recorded_ms} ms on record, {seen_ms} ms seen"] if recorded_ms != seen_ms else []
    off = recorded_ms - seen_ms
    return [f"{what} {recorded_ms} ms on record, {seen_ms:.0f} ms seen"] if abs(off) > within_ms else []


@dataclass
class Books:
    stories: list[Story]

    def problems(self, within_ms: float = 300) -> list[str]:
        """Every disagreement, with the call it is about; empty when the books balance."""
        return [f"…{story.number[-5:]}: {problem}" for story in self.stories for problem in story.problems(within_ms)]

    @property
    def refused(self) -> list[Story]:
        return [story for story in self.stories if story.refused]

    @property
    def cut(self) -> list[Story]:
        return [story for story in self.stories if story.cut]

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(str(record["outcome"]) for story in self.stories for record in story.records)

    def set_up_ms(self) -> list[float]:
        """From each INVITE to its 200, of those that got one; shortest first."""
        return sorted(story.call.setup_ms for story in self.stories if story.call.answered and story.call.setup_ms)


def offered_ms(story: Story) -> int:
    """When the phone was rung at which they were answered."""
    return max(reason["at_ms"] for reason in json.loads(story.records[0]["reasons"]) if reason["what"] == "offered")


def out_of_order(stories: list[Story]) -> list[str]:
    """Callers for whom a phone rang before one did for somebody of the same class who had come earlier. All by our own
    queue: no rule chose those who came while we were away."""
    served = [story for story in stories if story.records[0]["outcome"] == "served" and story.records[0]["rule"]]
    overtaking = []
    for client_class in sorted({story.records[0]["client_class"] for story in served}):
        line_up = [story for story in served if story.records[0]["client_class"] == client_class]
        overtaking += [later.number for earlier, later in pairwise(line_up) if offered_ms(later) < offered_ms(earlier)]
    return overtaking


async def read_books(
    crowd: Company,
    callers: Iterable[Callers],
    timeout_s: float = 20,
    *,
    only: Callable[[CallResult], bool] = lambda _call: True,
) -> Books:
    """Wait until every call of these callers is on record and over, at most ``timeout_s``, and lay all side by side.
    ``only``: which of their calls.

    Never raises for what is missing: ``Books.problems`` says so.
    """
    calls = [call for group in callers for call in group.calls() if only(call)]
    stories = {number_in(call.from_header): Story(number_in(call.from_header), call) for call in calls}
    assert len(stories) == len(calls), "every caller needs a number of their own"
    for bank in crowd.banks.values():
        for leg in bank.calls():
            if (number := number_in(leg.from_header)) in stories:
                stories[number].legs.append(leg)
    rows = await _records(crowd, list(stories), timeout_s)
    for number, records in rows.items():
        stories[number].records = records
    return Books(sorted(stories.values(), key=lambda story: story.call.invited_us))


async def _records(crowd: Company, numbers: Sequence[str], timeout_s: float) -> dict[str, list[asyncpg.Record]]:

    deadline = Deadline(timeout_s, "records")
    while True:
        found: dict[str, list[asyncpg.Record]] = defaultdict(list)
        for record in await crowd.query(
            "SELECT * FROM call WHERE caller_number = ANY($1) AND direction = 'inbound' ORDER BY arrived_at", numbers
        ):
            found[record["caller_number"]].append(record)
        over = sum(1 for records in found.values() for record in records if record["ended_at"] is not None)
        if over >= len(numbers):
            return found
        try:
            await deadline.pause(0.1)
        except TimeoutError:
            return found


def number_in(header: str) -> str:
    """The number in a From header; the header itself where there is none."""
    found = _NUMBER.search(header)
    return found[1] if found else header
