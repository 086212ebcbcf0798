"""Checks of the destinations that staff give callers to."""

from __future__ import annotations

from switchboard.config.problems import Path
from switchboard.config.read import Files
from switchboard.config.references import known


def check_destinations(files: Files) -> None:
    """Every number means one thing, every plan and queue exists."""
    if files.routing is None:
        return
    people = files.staff.person if files.staff is not None else {}
    taken = {one.extension: f"the extension of {name}" for name, one in people.items() if one.extension is not None}
    if files.company is not None:
        taken |= dict.fromkeys(files.company.outbound.always_allowed, "a number that everybody may call")
    prefix = files.company.outbound.prefix if files.company is not None else ""
    for name, one in files.routing.destination.items():
        path: Path = ("destination", name)
        if one.number in taken:
            files.problem("routing.toml", (*path, "number"), f"{one.number} is {taken[one.number]} already")
        elif prefix and one.number.startswith(prefix):
            files.problem("routing.toml", (*path, "number"), f"{one.number} begins like an outside number ({prefix})")
        taken.setdefault(one.number, f'the number of destination "{name}"')
        if one.plan is not None:
            known(files, "plan", one.plan, "routing.toml", (*path, "plan"))
        if one.queue is not None:
            known(files, "queue", one.queue, "routing.toml", (*path, "queue"))
