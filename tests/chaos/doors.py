"""Lines of their own into the crowd's company, for what needs a situation that the sample company has no line for.

Whoever dials one is led to one or a few of the phones that ring until they are told to answer.
"""

from __future__ import annotations

from pathlib import Path

TOGETHER, LATE, DIRECT, SINGLE, TIMED, SEASON = (f"+749500001{nth:02}" for nth in range(1, 7))

_LINES = {
    # three phones at once
    "together": (
        TOGETHER,
        'ring = ["person:ringer01", "person:ringer02", "person:ringer03"]\nstrategy = "all"\nat_most = "20s"',
    ),
    # one phone for a second, then somebody who answers at once
    "late": (LATE, 'ring = ["person:ringer04"]\nat_most = "1s"', 'ring = ["person:olga"]\nat_most = "20s"'),
    # one phone
    "direct": (DIRECT, 'ring = ["person:ringer05"]\nat_most = "20s"'),
    # a queue that one person serves
    "single": (SINGLE, 'queue = "single"\nat_most = "1m"'),
    # a queue whose times are short enough to be measured
    "timed": (TIMED, 'queue = "timed"\nat_most = "20s"'),
    # one phone, by a rule for the morning of a Sunday, when the clocks are changed, or by another
    "season": (SEASON, 'ring = ["person:ringer05"]\nat_most = "20s"'),
}
_QUEUES = """
[queue.single]
title = "Single"
people = ["ringer06"]
ring_for = "20s"
wrap_up = "0s"

[queue.timed]
title = "Timed"
people = ["ringer07"]
ring_for = "3s"
wrap_up = "4s"
"""


_HOURS = """
[hours.sunday_morning]
sun = "02:30-04:00"
"""
_SUNDAY_RULE = """
[[rule]]
name = "sunday morning"
line = "season"
during = "sunday_morning"
plan = "season"

"""


def add_doors(config: Path) -> Path:
    """Write them into this config folder, before all rules that it has; the company moves to where clocks change."""
    lines = "".join(
        f'\n[line.{name}]\nnumbers = ["{number}"]\ndepartment = "wholesale"\n' for name, (number, *_) in _LINES.items()
    )
    rules = "".join(f'[[rule]]\nname = "{name}"\nline = "{name}"\nplan = "{name}"\n\n' for name in _LINES)
    plans = "".join(
        f"\n[[plan.{name}.step]]\n{step}\n"
        for name, (_, *steps) in _LINES.items()
        for step in (*steps, 'message = ["vm-nobodyavail", "goodbye"]')
    )
    rules = _SUNDAY_RULE.lstrip() + rules
    for file, before, after in (
        ("company", "", lines),
        ("queues", "", _QUEUES),
        ("hours", "", _HOURS),
        ("routing", rules, plans),
    ):
        path = config / f"{file}.toml"
        head, mark, rest = path.read_text().partition("[[rule]]")
        text = head + before + mark + rest + after
        path.write_text(text.replace('timezone = "Europe/Moscow"', 'timezone = "Europe/Berlin"'))
    return config
