"""``python -m switchboard.sim --calls 100000 --seed 7``: simulate, and say how it went."""

from __future__ import annotations

import secrets

import click

from switchboard.sim.day import BrokenPromise, run


@click.command()
@click.option("--calls", default=100_000, show_default=True, help="How many calls to simulate.")
@click.option("--seed", type=int, default=None, help="Repeats a run; chosen at random when absent.")
def main(calls: int, seed: int | None) -> None:
    """Simulate CALLS calls in an unkind world, checking every promise after every fact."""
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    click.echo(f"seed {chosen}")
    try:
        click.echo(str(run(chosen, calls)))
    except BrokenPromise as broken:
        raise click.ClickException(str(broken)) from None


if __name__ == "__main__":
    main()
