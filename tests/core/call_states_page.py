"""Makes docs/call-states.md from the states themselves: ``python -m tests.core.call_states_page`` rewrites it."""

from __future__ import annotations

from pathlib import Path

from switchboard.core.call_state import FOLLOWS
from switchboard.core.entries import Outcome
from switchboard.core.state_diagram import HAND_OVER, mermaid

PAGE = Path(__file__).parents[2] / "docs" / "call-states.md"

_TOP = """\
# The states of a call

This page is made from `switchboard/core/call_state.py`; a test compares the two. After a change of the states,
run `python -m tests.core.call_states_page`.

Every state has a deadline, so no call can stay in one for ever. What is not in the diagram cannot happen: a rule
that tries it is a bug, and ends that call as `our_fault`. A simulation takes every arrow.
"""
_HAND_OVER = """\
The same table, as far as it is about giving a caller away: by phone, key or command somebody who talks (or holds)
leaves, and the caller rings, waits or is connected again; what comes to nothing goes back to the giver by the same
ways. Asking a colleague is a call of its own; the caller is `OnHold` meanwhile.
"""


def page() -> str:
    states = "\n".join(f"| {state.__name__} | {_said(state)} |" for state in FOLLOWS)
    outcomes = ", ".join(f"`{outcome}`" for outcome in Outcome)
    return "\n".join(
        [
            _TOP,
            f"```mermaid\n{mermaid()}```\n",
            "| state | what is true in it |\n| --- | --- |",
            f"{states}\n",
            "## A hand-over\n",
            _HAND_OVER,
            f"```mermaid\n{mermaid(HAND_OVER)}```\n",
            f"A call ends in exactly one of these outcomes: {outcomes}.\n",
        ]
    )


def _said(state: type) -> str:
    return " ".join(vars(state)["__doc__"].replace("``", "`").split())


if __name__ == "__main__":
    PAGE.write_text(page())
