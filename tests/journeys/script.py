"""Journeys: what a call should do, as a text that a dispatcher of the company could have written.

    # Row 1: a retail client, no debt, one operator ready.
    staff: olga
    client Petrov: class retail, manager vera

    0s     ivan calls orders from +74951000001   -> ringing ivan; look up ivan
    0.1s   ivan is Petrov                        -> ring olga 20s for ivan
    5s     olga answers                          -> answer ivan; connect ivan with olga
    5s     ivan talks with olga
    65s    olga hangs up                         -> hang up ivan; take down bridge
    65s    ivan hangs up
    75s    time

    ivan: class retail, rule everybody else, outcome served, answered by olga, wait 5s, ring 4.9s, talk 60s
    because ivan: rule: rule "everybody else" | answered olga: talks with the caller
    people: olga ready

Left of ``->`` stands what happens, right of it everything that the exchange does about it, in order, nothing
left out. Moments count from the journey's start. A deadline that comes between two lines must have a line
``time`` of its own, at its exact moment, if anything comes of it. At the end no call may be alive, unless the
last lines say so (``still: ivan Waiting``).

Callers are named by the script; a leg is called after whoever is at its other end. ``staff:`` lists the people
whose phones are registered; all others have none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path


class Wrong(AssertionError):
    """The journey went another way than its script. Says where, what was expected and what came."""


@dataclass
class Line:
    number: int
    at_ms: int
    what: str
    expected: list[str]


@dataclass
class Journey:
    path: Path
    settings: list[tuple[int, str, str]] = field(default_factory=list)
    """Line number, key, text: what stands before the first moment."""
    lines: list[Line] = field(default_factory=list)
    claims: list[tuple[int, str, str]] = field(default_factory=list)
    """The same, for what stands behind the last moment."""


def read(path: Path) -> Journey:
    journey = Journey(path)
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        text = raw.split("#", 1)[0].rstrip() if raw.startswith("#") else raw.rstrip()
        if not text:
            continue
        if moment := re.match(r"([\d.]+)s\s+(.*)", text):
            what, _, expected = moment[2].partition("->")
            parts = [part.strip() for part in expected.split(";") if part.strip()]
            journey.lines.append(Line(number, round(float(moment[1]) * 1000), what.strip(), parts))
        elif text.startswith(" ") and journey.lines and "->" in text and not journey.claims:
            journey.lines[-1].expected += [part.strip() for part in text.split("->")[1].split(";") if part.strip()]
        else:
            key, colon, rest = text.partition(":")
            if not colon:
                raise Wrong(f"{path.name}:{number}: not a line of a journey: {text!r}")
            (journey.claims if journey.lines else journey.settings).append((number, key.strip(), rest.strip()))
    return journey
