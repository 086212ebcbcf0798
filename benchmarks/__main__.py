"""`./dev bench`: one run, its report, and the same as JSON beside it."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import monotonic

import click

from benchmarks import crowd, report, windows
from benchmarks.crowd_windows import DRAIN_TALK_MS, FIRST_PER_S, Drain, Try, drain, highest_clean
from benchmarks.field import Field, Side, open_field
from benchmarks.goals import reached
from benchmarks.windows import QUICK, Pair, Part, Plan
from devkit.asterisk import PROJECT
from devkit.debian import say
from devkit.processes import ProcessFailed

_FOLDER = PROJECT / ".dev" / "bench"


@click.command()
@click.option("--quick", is_flag=True, help="Two minutes: to see that it works, not to quote.")
@click.option("--pairs", type=click.IntRange(min=1), help="Pairs of windows; more narrow the spread.")
def main(quick: bool, pairs: int | None) -> None:
    """Our queue and Asterisk's own, in alternate windows of one run."""
    plan = QUICK if quick else Plan()
    if pairs is not None:
        plan = replace(plan, pairs=pairs)
    try:
        sys.exit(asyncio.run(run(plan, _FOLDER)))
    except KeyboardInterrupt:
        say("Stopped; nothing is left running.")
        sys.exit(130)
    except (ProcessFailed, TimeoutError) as problem:
        raise click.ClickException(str(problem)) from problem


@dataclass
class Results:
    pairs: list[Pair] = field(default_factory=list)
    drains: list[tuple[Drain, Drain]] = field(default_factory=list)
    """(peer's, ours)"""
    tries: list[Try] = field(default_factory=list)
    found_per_s: list[tuple[float, float]] = field(default_factory=list)
    """(peer's, ours)"""

    @property
    def placed_with_us(self) -> int:
        """Calls that must be on record."""
        placed: list[Part | Drain | Try] = [part for pair in self.pairs for part in pair.parts]
        placed += [*(one for pair in self.drains for one in pair), *self.tries]
        return sum(one.placed for one in placed if one.side is Side.OURS)


async def run(plan: Plan, folder: Path) -> int:
    """Returns the exit status: 0, measured and no call failed; 1, some did. A rate that was too high is no failure."""
    began_s = monotonic()
    say("Opening the company, once for both sides …")
    results = Results()
    async with open_field(folder) as company_field:
        say(f"Open after {monotonic() - began_s:.0f} s; {plan.pairs} pairs of windows.")
        async for pair in windows.run(company_field, plan):
            results.pairs.append(pair)
            say(f"  pair {len(results.pairs):2} after {monotonic() - began_s:3.0f} s: {_brief(pair)}")
        await _with_a_crowd(company_field, plan, results)
        await company_field.let_serve(Side.OURS)
        books = await company_field.closed_books(results.placed_with_us)
        complaints = company_field.company.asterisk.complaints()
    say("")
    for line in report.lines(results.pairs):
        say(line)
    balanced = sum(books.values()) == results.placed_with_us
    verdict = "balanced" if balanced else "NOT balanced"
    say(f"On record in Postgres: {dict(books)}; our windows placed {results.placed_with_us}: {verdict}.")
    if complaints:
        say(f"Asterisk complained {len(complaints)} times, first: {complaints[0]}")
    say("\nGoals, with what was reached (95 %)")
    for goal in reached(results.pairs, results.drains, results.found_per_s):
        say(str(goal))
    result = folder / "result.json"
    result.write_text(json.dumps(asdict(results), indent=1, default=dict))
    say(f"All samples: {result.relative_to(PROJECT)}; {monotonic() - began_s:.0f} s.")
    wrong = [report.failures(results.pairs, side) for side in Side]
    wrong += [one.failures for pair in results.drains for one in pair]
    return 1 if any(failures.any for failures in wrong) or not balanced else 0


async def _with_a_crowd(company_field: Field, plan: Plan, results: Results) -> None:
    if plan.drains:
        say(f"{plan.crowd} callers wait, {len(crowd.OPERATORS)} operators become free:")
    for number in range(plan.drains):
        order = (Side.PEER, Side.OURS) if number % 2 == 0 else (Side.OURS, Side.PEER)
        taken: dict[Side, Drain] = {}
        for side in order:
            await company_field.let_crowd_talk(DRAIN_TALK_MS)
            await company_field.let_serve(side)
            taken[side] = await drain(company_field, plan.crowd)
        results.drains.append((taken[Side.PEER], taken[Side.OURS]))
        for line in report.drain_lines(results.drains[-1:]):
            say(line)
    for _ in range(plan.searches):
        say("Highest rate at which every call is clean:")
        async for step in highest_clean(company_field, plan.try_s, FIRST_PER_S):
            if isinstance(step, Try):
                results.tries.append(step)
                say(report.try_line(step))
            else:
                results.found_per_s.append((step[Side.PEER], step[Side.OURS]))
                say("  " + ", ".join(f"{side}: {per_s:.1f} a second" for side, per_s in step.items()))


def _brief(pair: Pair) -> str:
    return ", ".join(f"{name} {found.value:.3g}" for name, found in report.ratios([pair]).items())


if __name__ == "__main__":
    main(prog_name="./dev bench")
