"""A second line with fifty operators, for what three cannot show: the rate, and how fast a crowd is served.

Their phones are one SIPp process; they are signed on only while they are needed, for Asterisk asks each phone every few
seconds whether it is there, and those questions would be counted as work of the other parts.
"""

from __future__ import annotations

import re
from pathlib import Path

from devkit.short_waits import plain

OPERATORS = tuple(f"crowd{number}" for number in range(50))
LINE = "+74950000009"
PEER_RUSH, PEER_DRAIN = "74950009903", "74950009904"
"""Extensions of the peer's queue: one rings until an operator answers, one answers with music."""
STAYING = "749503"
"""Who calls from such a number is talked to until they hang up."""
WAITING_AT_ONCE = 500

_LINE = f"""
[line.crowd]
numbers = ["{LINE}"]
department = "wholesale"
"""
_LIMITS = "\ncalls_at_once = 5000\nnew_calls_per_s = 5000\n"
_QUEUE = f"""
[queue.crowd]
title = "Crowd"
people = [{", ".join(f'"{name}"' for name in OPERATORS)}]
music_after = "1s"
ring_for = "15s"
wrap_up = "0s"
"""
_RULE = """
[[rule]]
name = "crowd"
line = "crowd"
plan = "crowd"

"""
_PLAN = """
[[plan.crowd.step]]
queue = "crowd"
at_most = "5m"

[[plan.crowd.step]]
callback = ["department_head"]
prompts = ["vm-nobodyavail", "goodbye"]
"""


def bench_config(config: Path, into: Path) -> Path:
    """A copy of ``config`` that is like the peer: no wrap-up, who waits hears music only; and with the crowd's line
    and people."""
    into.mkdir(parents=True, exist_ok=True)
    texts = {file.name: plain(file.read_text()) for file in sorted(config.glob("*.toml"))}
    texts = {
        name: re.sub(r'^wrap_up = "\w+"', 'wrap_up = "0s"', text, flags=re.MULTILINE) for name, text in texts.items()
    }
    texts["company.toml"] = texts["company.toml"].replace("extension_digits = [3, 3]", "extension_digits = [3, 4]")
    texts["company.toml"] = (
        re.sub(r"^\[limits\]$", f"[limits]{_LIMITS}", texts["company.toml"], flags=re.MULTILINE) + _LINE
    )
    texts["queues.toml"] += _QUEUE
    before, first_rule, rest = texts["routing.toml"].partition("[[rule]]")
    texts["routing.toml"] = before + _RULE.lstrip() + first_rule + rest + _PLAN
    texts["staff.toml"] += "".join(
        f'\n[person.{name}]\nname = "Crowd {nth}"\nrole = "operator"\nextension = "{1000 + nth}"\nsigned_in = true\n'
        for nth, name in enumerate(OPERATORS)
    )
    for name, text in texts.items():
        (into / name).write_text(text)
    return into
