"""queues.toml as admins write it: who serves which callers, in which order, and how it sounds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from switchboard.config.fields import Music, Name, OneOrMore, Table, Title
from switchboard.config.hearing import CallBack, Hears, Key, Way
from switchboard.config.units import Duration


class Tier(Table):
    after: Annotated[int, Duration("1s", "2h")] = Field(description="Opens for a caller who has waited for so long.")
    people: OneOrMore = Field(description="Who is rung then, after those before them.")


class Backup(Table):
    people: OneOrMore = Field(description="Who stands in while the queue cannot keep its service level.")
    below: Annotated[int, Field(ge=1, le=100)] = Field(
        default=80, description="Percent: they are rung while fewer callers than that are answered in time."
    )
    answered_within: Annotated[int, Duration("1s", "10m")] = Field(
        default=20_000, description="What in time means. Who waits for longer counts as unanswered."
    )
    over: Annotated[int, Duration("1m", "24h")] = Field(
        default=15 * 60_000, description="Of the callers of the last so many minutes."
    )


class Queue(Table):
    title: Title = Field(description="Shown to people.")
    people: list[str] = Field(description="Who serves it; who of those ready rings first, says `strategy`.")
    strategy: Literal[
        "longest_idle",
        "round_robin",
        "fewest_calls",
        "least_talk",
        "ordered",
        "random_weighted",
        "all",
    ] = Field(
        default="longest_idle",
        description="Who of those ready rings first: idle for longest; rung least recently; with the fewest calls, or "
        "the least talk, of this queue in their shift; first in `people`; by lot and `weights`; or all at once. May be "
        "changed while callers wait.",
    )
    weights: dict[str, Annotated[int, Field(ge=1, le=100)]] = Field(
        default={}, description="`random_weighted`: by person; somebody of 3 rings three times as often as one of 1."
    )
    tier: list[Tier] = Field(
        default=[], max_length=4, description="More people, who are rung for callers that have waited for a while."
    )
    backup: Backup | None = Field(default=None, description="Who stands in when the others cannot keep up.")
    ring_for: Annotated[int, Duration("1s", "2m")] = Field(
        default=15_000, description="How long one phone rings for one caller before the next one does."
    )
    wrap_up: Annotated[int, Duration("0s", "30m")] = Field(
        default=5_000, description="Time to oneself after a call from this queue."
    )
    music: Music = Field(default="default", description="Music class of Asterisk (musiconhold.conf) that callers hear.")
    music_after: Annotated[int, Duration("0s", "1m")] = Field(
        default=0,
        description="So long a caller who has to wait hears it ring, and is not answered; then music. A greeting comes "
        "at once.",
    )
    priority: dict[str, Annotated[int, Field(ge=-100, le=100)]] = Field(
        default={}, description="Points per client class; absent is 0."
    )
    point: Annotated[int, Duration("1s", "1h")] = Field(
        default=60_000,
        description="A class of one point more is served as if it had come so much earlier. So a caller is overtaken "
        "only by those who came later by less than the difference in points times this.",
    )
    same_operator_within: Annotated[int, Duration("0s", "720h")] = Field(
        default=0,
        description="Who talked with an operator of this queue within this time is offered to that one first; "
        "`0s`: to anybody.",
    )
    same_operator_first: Annotated[int, Duration("1s", "2m")] = Field(
        default=5_000, description="For so long; then to anybody."
    )
    most_waiting: int = Field(
        default=0, ge=0, le=100_000, description="With so many in it a step of this queue is skipped; 0: no limit."
    )
    hears: Hears = Field(default=Hears(), description="A table below.")
    keys: dict[Key, Way] = Field(
        default={},
        description="What a key does while one waits: `callback`, `queue:QUEUE`, `plan:PLAN` or `voicemail:BOX`.",
    )


class QueuesFile(Table):
    queue: dict[Name, Queue] = Field(min_length=1)
    callback: CallBack = CallBack()
