"""``python -m switchboard.sim --calls 100000 --seed 7``: simulate, and say how it went."""

from __future__ import annotations

import secrets

import click

from switchboard.sim.corporation import corporation, customs
from switchboard.sim.day import BrokenPromise, Company, run


def big_company() -> Company:
    return Company([corporation(0), corporation(1)], customs())


@click.command()
@click.option("--calls", default=100_000, show_default=True, help="How many calls to simulate.")
@click.option("--big", is_flag=True, help="A company of 500 people and 20 queues instead of a small one.")
@click.option("--seed", type=int, default=None, help="Repeats a run; chosen at random when absent.")
def main(calls: int, seed: int | None, big: bool) -> None:
    """Simulate CALLS calls in an unkind world, checking every promise after every fact."""
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    click.echo(f"seed {chosen}")
    try:
        click.echo(str(run(chosen, calls, company=big_company() if big else None)))
    except BrokenPromise as broken:
        raise click.ClickException(str(broken)) from None


if __name__ == "__main__":
    main()
