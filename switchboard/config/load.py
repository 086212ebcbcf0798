"""The way in: a folder of TOML files → ``Policy``, or every problem at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from switchboard.config.boxes import check_boxes
from switchboard.config.build import build
from switchboard.config.flow import check_plans, check_rules
from switchboard.config.handing_over_checks import check_destinations
from switchboard.config.hours import check_hours
from switchboard.config.problems import BadConfig, Problem
from switchboard.config.queue_checks import check_queues
from switchboard.config.read import read_files
from switchboard.config.recording_checks import check_recording
from switchboard.config.references import check_company, check_staff
from switchboard.core.policy import Policy

__all__ = ["BadConfig", "Checked", "examine", "load"]

_CHECKS = (
    check_company,
    check_staff,
    check_queues,
    check_hours,
    check_rules,
    check_plans,
    check_destinations,
    check_recording,
    check_boxes,
)


@dataclass(frozen=True)
class Checked:
    policy: Policy | None
    """``None`` when one of the problems is more than a warning."""
    problems: tuple[Problem, ...]
    """Sorted by file and line."""


def examine(folder: Path) -> Checked:
    """Read and check all the files. Never raises for what stands in them."""
    files = read_files(folder)
    for check in _CHECKS:
        check(files)
    problems = tuple(sorted(set(files.problems)))
    bad = any(not problem.warning for problem in problems)
    return Checked(None if bad else build(files), problems)


def load(folder: Path) -> Policy:
    """The policy that the files in ``folder`` describe. Raises ``BadConfig`` with all problems."""
    checked = examine(folder)
    if checked.policy is None:
        raise BadConfig(checked.problems)
    return checked.policy
