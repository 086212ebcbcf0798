"""``switchboard check``: say what is wrong with the files, before anybody calls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from switchboard.config.load import examine

OK, BAD = 0, 3
"""Exit codes: 3 is "the configuration is invalid", told apart from 1, "it went wrong", and 2, "used wrongly"."""


def check(folder: Path, say: Callable[[str], None] = print) -> int:
    """Print every problem of the files in ``folder`` and one line in summary; the exit code."""
    checked = examine(folder)
    for problem in checked.problems:
        say(str(problem))
    policy = checked.policy
    warnings = sum(problem.warning for problem in checked.problems)
    if policy is None:
        say(f"{folder}: {_count(len(checked.problems) - warnings, 'problem')}, {_count(warnings, 'warning')}")
        return BAD
    say(
        f"{folder}: fine, version {policy.version}: {_count(len(policy.lines), 'line')}, "
        f"{_count(len(policy.people), 'person', 'people')}, {_count(len(policy.queues), 'queue')}, "
        f"{_count(len(policy.plans), 'plan')}, {_count(len(policy.rules), 'rule')}"
        + (f", {_count(warnings, 'warning')}" if warnings else "")
    )
    return OK


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
