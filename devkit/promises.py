"""A promise: one situation, a real call, and what must then stand in Postgres. How one is played and judged."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg

from devkit.company import Company
from devkit.phones import ANSWER

EITHER = "abandoned_ringing or served"
"""Hang-up and answer cross on the wire: either is right, but only one, and with everything that belongs to it."""


@dataclass(frozen=True)
class Expected:
    """What one call's record must say. ``answered_by`` "" is nobody; ``told`` are pieces of its reasons, in order."""

    outcome: str
    answered_by: str = ""
    client_class: str | None = None
    debt: str | None = None
    told: tuple[str, ...] = ()
    direction: str = "inbound"
    wait_s: tuple[float, float] | None = None
    task: str | None = None
    flagged: bool = False


@dataclass(frozen=True)
class Row:
    number: int
    who: str
    state: str
    must: str
    play: Callable[[Company], Awaitable[None]]
    expected: tuple[Expected, ...]


@dataclass
class Verdict:
    """``problems`` is empty when the row went as promised."""

    row: Row
    records: list[asyncpg.Record] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def play(company: Company, one: Row) -> Verdict:
    """Play a row and compare what stands on record with what it promises."""
    verdict = Verdict(one)
    await company.wait_ready()
    before = {record["call_id"] for record in await company.records()}
    invites = company.carrier.invites
    try:
        await one.play(company)
        await company.wait_idle()
        served = [expected for expected in one.expected if expected.direction != "code"]
        await company.wait_records(len(before) + len(served))
    except (TimeoutError, RuntimeError) as error:
        verdict.problems.append(str(error))
    verdict.records = [
        record
        for record in await company.records()
        if record["call_id"] not in before and record["direction"] != "code"
    ]
    if len(verdict.records) != len(one.expected):
        verdict.problems.append(f"{len(verdict.records)} records instead of {len(one.expected)}")
    for record, expected in zip(verdict.records, one.expected, strict=False):
        verdict.problems += await _compare(company, record, expected)
    inbound = sum(record["direction"] == "inbound" for record in verdict.records)
    if company.carrier.invites - invites != inbound:
        verdict.problems.append(f"{company.carrier.invites - invites} INVITEs on the trunk, {inbound} records")
    await company.behave(**dict.fromkeys(_changed(company), ANSWER))
    return verdict


def _changed(company: Company) -> list[str]:
    return [name for name, phone in company.phones.items() if phone.behaviour != ANSWER]


async def _compare(company: Company, record: asyncpg.Record, expected: Expected) -> list[str]:
    problems = []
    for column in ("outcome", "client_class", "debt", "direction"):
        wanted = getattr(expected, column)
        if wanted is not None and record[column] not in str(wanted).split(" or "):
            problems.append(f"{column} is {record[column]}, not {wanted}")
    if (record["outcome"] in ("served", "transferred", "connected")) != (record["answered_at"] is not None):
        problems.append(f"{record['outcome']}, but answered at {record['answered_at']}")
    if expected.outcome != EITHER and (record["answered_by"] or "") != expected.answered_by:
        problems.append(f"answered by {record['answered_by'] or 'nobody'}, not {expected.answered_by or 'nobody'}")
    problems += _missing_reasons(record, expected)
    if expected.wait_s is not None:
        low, high = expected.wait_s
        if not low * 1000 <= record["wait_ms"] <= high * 1000:
            problems.append(f"waited {record['wait_ms']} ms, not {low}–{high} s")
    [call] = await company.query("SELECT flag FROM call WHERE call_id = $1", record["call_id"])
    if (call["flag"] is not None) != expected.flagged:
        problems.append(f"flag is {call['flag']}")
    if expected.task is not None:
        tasks = await company.query("SELECT person, kind FROM task WHERE call_id = $1", record["call_id"])
        if [f"{task['kind']} {task['person']}" for task in tasks] != [expected.task]:
            problems.append(f"tasks {[dict(task) for task in tasks]}, not {expected.task}")
    return problems


def reasons_of(record: asyncpg.Record) -> list[str]:
    """``what person: why`` of each decision, in order."""
    return [
        f"{reason['what']} {reason.get('person') or ''}".strip() + f": {reason['why']}"
        for reason in json.loads(record["reasons"])
    ]


def _missing_reasons(record: asyncpg.Record, expected: Expected) -> list[str]:
    told = reasons_of(record)
    at = 0
    for piece in expected.told:
        while at < len(told) and piece not in told[at]:
            at += 1
        if at == len(told):
            return [f'no reason "{piece}" (in order) among {told}']
    return []
