"""Numbers outside that staff dial, or give callers to: which are permitted, and what the trunk gets."""

from __future__ import annotations

from switchboard.core.call_state import Call
from switchboard.core.lines import find_line
from switchboard.core.phone_number import NumberKind, read_number
from switchboard.core.policy import Person, Policy


def shown_outside(policy: Policy, call: Call) -> str:
    """Which number of ours those outside see: of the line that the caller called, else of the first by name."""
    line = call.line or min(policy.lines.values(), key=lambda one: one.name)
    return line.numbers[0]


def may_dial(policy: Policy, person: Person, dialled: str) -> tuple[str | None, str]:
    """Why this person may not dial this number outside (``None``: they may), and the number for the trunk.

    Only what the number plan can read goes out: never a string from a phone, digit for digit (toll fraud).
    """
    if dialled in policy.outbound.always_allowed:
        return None, dialled
    prefix = policy.outbound.prefix
    if not dialled.startswith(prefix):
        return f"no such extension, and no outside number: those begin with {prefix}", ""
    number = read_number(dialled.removeprefix(prefix), policy.number_plan)
    if number.kind is not NumberKind.PUBLIC or number.e164 is None:
        return "neither an extension nor a number that can be read", ""
    if not person.may_call_out:
        return "may not call outside numbers", ""
    if find_line(policy, number.e164) is not None:
        return "that is a line of our own", ""
    return None, number.e164
