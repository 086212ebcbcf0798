"""``./dev demo``: the sample company, one real call for every promise, and the table read back from Postgres."""

from __future__ import annotations

import time
from pathlib import Path

import asyncpg
import click

from devkit import promises, rows
from devkit.company import SAMPLE_CONFIG, Company
from devkit.debian import say
from devkit.promises import Verdict
from devkit.short_waits import shortened


async def run(folder: Path) -> bool:
    """Open the company, place the calls, print what stands on record. True: every call went where it should."""
    began = time.monotonic()
    say("Opening the sample company: Postgres, Asterisk, the service, eleven phones …")
    config = shortened(SAMPLE_CONFIG, folder.with_name(f"{folder.name}-config"))
    verdicts: list[Verdict] = []
    async with Company(folder, config=config) as company:
        say(f"Open after {time.monotonic() - began:.0f} s. Every call below is a real one, over SIP.\n")
        for one in rows.ROWS:
            started = time.monotonic()
            verdict = await promises.play(company, one)
            verdicts.append(verdict)
            mark = click.style("✗", fg="red") if verdict.problems else click.style("✓", fg="green")
            took = f"{time.monotonic() - started:4.1f} s"
            say(f"{mark} {one.number:2} {took}  {one.who}; {one.state} → {one.must}")
            for problem in verdict.problems:
                say(click.style(f"        {problem}", fg="red"))
        _print_table(verdicts, {row["call_id"]: row for row in await company.query("SELECT * FROM call")})
        balanced = await _books_balance(company)
    went_well = balanced and not any(verdict.problems for verdict in verdicts)
    result = "Every call went where it should" if went_well else "Something went wrong"
    say(f"\n{result}; {time.monotonic() - began:.0f} s.")
    return went_well


def _print_table(verdicts: list[Verdict], calls: dict[str, asyncpg.Record]) -> None:
    """What Postgres says: who called, class, where it went and why, who answered, wait, talk, outcome."""
    say("\nOn record in Postgres (view call_record):\n")
    form = "{:>3} {:<15} {:<13} {:<26} {:<10} {:>7} {:>7}  {:<18} {}"
    say(form.format("#", "caller", "class", "rule or dialled", "answered", "wait", "talk", "outcome", "why"))
    for verdict in verdicts:
        for record in verdict.records:
            call = calls[record["call_id"]]
            say(
                form.format(
                    verdict.row.number,
                    record["caller_number"] or "withheld",
                    record["client_class"] or record["direction"],
                    call["rule"] or call["dialled"],
                    record["answered_by"] or "–",
                    f"{record['wait_ms'] / 1000:.2f} s",
                    f"{record['talk_ms'] / 1000:.2f} s" if record["talk_ms"] is not None else "–",
                    record["outcome"],
                    _why(record),
                )
            )


def _why(record: asyncpg.Record) -> str:
    """The steps on the way to where the call went, without what every call has."""
    dull = ("arrived", "rule", "answered", "picked_up", "ended", "class", "offered")
    told = [one for one in promises.reasons_of(record) if not one.startswith(dull)]
    return "; ".join(told) or "at once"


async def _books_balance(company: Company) -> bool:
    """INVITEs on the trunk = rows, one outcome each; nothing left in Asterisk; everybody ready."""
    await company.wait_idle()
    await company.wait_ready()
    [books] = await company.query(
        "SELECT count(*) FILTER (WHERE direction = 'inbound') AS rows, count(*) FILTER (WHERE outcome IS NULL) AS open"
        " FROM call"
    )
    invites = company.carrier.invites
    fine = books["rows"] == invites and books["open"] == 0
    say(
        f"\nBooks: {invites} INVITEs on the trunk, one while the service was stopped, {books['rows']} rows, "
        f"{books['open']} without an outcome; no channel and no bridge left; everybody ready."
    )
    return bool(fine)
