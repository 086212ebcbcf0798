"""Rules choose a plan: the first rule whose every condition holds wins (duties D2–D6, D15).

The same function serves a live call and an admin's question "where would this caller go?": it returns every
rule it tried with the reason it was passed over.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from switchboard.core.caller import Debt
from switchboard.core.opening_hours import opening_at
from switchboard.core.phone_number import NumberKind
from switchboard.core.policy import Plan, Policy, Rule


class Asked(Struct, frozen=True):
    """What the rules look at."""

    client_class: str
    debt: Debt
    line: str | None
    number_kind: NumberKind
    at_ms: int


class Tried(Struct, frozen=True):
    rule: str
    why_not: str | None
    """``None`` for the rule that won."""


class Routed(Struct, frozen=True):
    rule: str
    plan: Plan
    reason: str
    tried: tuple[Tried, ...]


def route(policy: Policy, asked: Asked) -> Routed:
    """Choose the plan. Raises ``LookupError`` when no rule fits, which ``switchboard check`` does not let pass."""
    tried: list[Tried] = []
    for rule in policy.rules:
        why_not = _why_not(rule, policy, asked)
        tried.append(Tried(rule.name, why_not))
        if why_not is None:
            reason = f'rule "{rule.name}": {_conditions(rule)}, plan {rule.plan}'
            return Routed(rule.name, policy.plans[rule.plan], reason, tuple(tried))
    raise LookupError("no rule fits; the last rule must have no conditions")


def _why_not(rule: Rule, policy: Policy, asked: Asked) -> str | None:
    if rule.classes and asked.client_class not in rule.classes:
        return f"class is {asked.client_class}"
    if rule.debts and asked.debt not in rule.debts:
        return f"debt is {asked.debt}"
    if rule.lines and asked.line not in rule.lines:
        return f"line is {asked.line}"
    if rule.numbers and asked.number_kind not in rule.numbers:
        return f"number is {asked.number_kind}"
    for name, wanted in ((rule.during, True), (rule.outside, False)):
        if name is not None:
            opening = opening_at(policy.hours[name], asked.at_ms)
            if opening.is_open is not wanted:
                return opening.reason
    return None


def _conditions(rule: Rule) -> str:
    lists: list[tuple[str, Sequence[str]]] = [
        ("class", rule.classes),
        ("debt", rule.debts),
        ("line", rule.lines),
        ("number", rule.numbers),
    ]
    parts = [f"{name} {' or '.join(values)}" for name, values in lists if values]
    parts += [f"during {rule.during}"] if rule.during else []
    parts += [f"outside {rule.outside}"] if rule.outside else []
    return ", ".join(parts) or "for everybody else"
