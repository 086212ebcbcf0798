"""`./dev bench`: one run, its report, and the same as JSON beside it."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from time import monotonic

import click

from benchmarks import report, windows
from benchmarks.field import Side, open_field
from benchmarks.windows import QUICK, Pair, Plan
from devkit.asterisk import PROJECT
from devkit.debian import say
from devkit.processes import ProcessFailed

_FOLDER = PROJECT / ".dev" / "bench"


@click.command()
@click.option("--quick", is_flag=True, help="About a minute: to see that it works, not to quote.")
@click.option("--pairs", type=click.IntRange(min=1), help="Pairs of windows; more narrow the spread.")
def main(quick: bool, pairs: int | None) -> None:
    """Our queue and Asterisk's own, in alternate windows of one run."""
    plan = QUICK if quick else Plan()
    if pairs is not None:
        plan = Plan(pairs, plan.free_s, plan.waiting_s)
    try:
        sys.exit(asyncio.run(run(plan, _FOLDER)))
    except KeyboardInterrupt:
        say("Stopped; nothing is left running.")
        sys.exit(130)
    except (ProcessFailed, TimeoutError) as problem:
        raise click.ClickException(str(problem)) from problem


async def run(plan: Plan, folder: Path) -> int:
    """Returns the exit status: 0, measured and no call failed; 1, some did."""
    began_s = monotonic()
    say("Opening the company, once for both sides …")
    pairs: list[Pair] = []
    async with open_field(folder) as field:
        say(f"Open after {monotonic() - began_s:.0f} s; {plan.pairs} pairs of windows.")
        async for pair in windows.run(field, plan):
            pairs.append(pair)
            say(f"  pair {len(pairs):2} after {monotonic() - began_s:3.0f} s: {_brief(pair)}")
        await field.let_serve(Side.OURS)
        placed = sum(part.placed for pair in pairs for part in pair.parts if part.side is Side.OURS)
        await field.company.wait_records(placed)
        books = await field.books()
        complaints = field.company.asterisk.complaints()
    say("")
    for line in report.lines(pairs):
        say(line)
    balanced = books == {"served": placed}
    verdict = "balanced" if balanced else "NOT balanced"
    say(f"On record in Postgres: {dict(books)}; our windows placed {placed}: {verdict}.")
    if complaints:
        say(f"Asterisk complained {len(complaints)} times, first: {complaints[0]}")
    result = folder / "result.json"
    result.write_text(json.dumps([asdict(pair) for pair in pairs], indent=1, default=dict))
    say(f"All samples: {result.relative_to(PROJECT)}; {monotonic() - began_s:.0f} s.")
    failed = any(report.failures(pairs, side).any for side in Side)
    return 1 if failed or not balanced else 0


def _brief(pair: Pair) -> str:
    return ", ".join(f"{name} {found.value:.3g}" for name, found in report.ratios([pair]).items())


if __name__ == "__main__":
    main(prog_name="./dev bench")
