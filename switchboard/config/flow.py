"""Checks of the routing: does every call go somewhere, does every plan end well, does every rule have a use?

Whether a rule is ever reached is found by trying: conditions have few values, so all kinds of calls there can be
are enumerated and each is given to the first rule that fits. A rule that gets none is dead.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from switchboard.config.files import Plan, Rule, Step
from switchboard.config.problems import Path
from switchboard.config.queue_checks import check_skills
from switchboard.config.read import Files
from switchboard.config.references import check_prompts, known, known_class, phone_of
from switchboard.core.caller import Debt
from switchboard.core.phone_number import NumberKind
from switchboard.core.policy import NEW, UNIDENTIFIED

_FILE = "routing.toml"
_ENDS = ("message", "callback", "voicemail")
MOST_HOURS = 6
"""Different opening hours that rules may name; with more, trying all combinations would take seconds."""


class _Kind(NamedTuple):
    """One kind of call, as far as rules can tell calls apart."""

    client_class: str
    debt: str
    line: str
    number: str
    is_open: dict[str, bool]


def check_plans(files: Files) -> None:
    if files.routing is None:
        return
    for name, plan in files.routing.plan.items():
        path: Path = ("plan", name)
        for index, step in enumerate(plan.step):
            _check_step(files, step, (*path, "step", index))
        _check_end(files, name, plan)
        firsts = [step for step in plan.step if step.kind in ("ring", "callback")]
        if plan.opens_task is not None and not firsts:
            files.problem(
                _FILE, (*path, "opens_task"), "nobody gets this task: no step rings anybody", "add a ring step"
            )
    if not files.troubled(_FILE, "rule"):
        used: set[str | None] = {rule.plan for rule in files.routing.rule}
        used |= {destination.plan for destination in files.routing.destination.values()}
        used |= set(_plans_of_keys(files))
        for name in files.names(_FILE, "plan") or ():
            if name not in used:
                files.problem(_FILE, ("plan", name), f'no rule uses plan "{name}"', warning=True)


def _plans_of_keys(files: Files) -> Iterator[str]:
    """Where callers who wait come by a key."""
    for queue in files.queues.queue.values() if files.queues is not None else ():
        for way in queue.keys.values():
            kind, _, name = way.partition(":")
            if kind == "plan":
                yield name


def _check_end(files: Files, name: str, plan: Plan) -> None:
    path: Path = ("plan", name, "step")
    for index, step in enumerate(plan.step[:-1]):
        if step.kind in _ENDS:
            behind = f"step {index + 1}, {step.kind}, always ends the call"
            files.problem(_FILE, (*path, index + 1), f"never reached: {behind}", "remove it, or move it up")
            return
    last = plan.step[-1]
    if last.kind not in _ENDS:
        files.problem(
            _FILE,
            (*path, len(plan.step) - 1),
            f'plan "{name}" has no end: its last step, {last.kind}, may find nobody',
            "add a step with message, callback or voicemail",
        )


def _check_step(files: Files, step: Step, path: Path) -> None:
    if step.queue is not None:
        known(files, "queue", step.queue, _FILE, (*path, "queue"))
        check_skills(files, step, _FILE, path)
    for key, hours in (("hours", step.hours), ("opens", step.opens)):
        if hours is not None:
            known(files, "hours", hours, _FILE, (*path, key))
    if step.voicemail is not None:
        known(files, "box", step.voicemail, _FILE, (*path, "voicemail"))
    for key, whom in (("ring", step.ring or []), ("callback", step.callback or [])):
        for index, one in enumerate(whom):
            kind, _, name = one.partition(":")
            place: Path = (*path, key, index)
            table = {"head_of": "department"}.get(kind, kind)
            if name and known(files, table, name, _FILE, place) and key == "ring":
                _check_phones(files, kind, name, place)
    if step.callback and all(one == "own_manager" for one in step.callback):
        message = "a client without a manager would give this task to nobody"
        files.problem(_FILE, (*path, "callback"), message, 'add "department_head"')
    for key, prompts in (("message", step.message), ("prompts", step.prompts)):
        check_prompts(files, prompts or [], _FILE, (*path, key))


def _check_phones(files: Files, kind: str, name: str, path: Path) -> None:
    """Who is named to be rung needs something that rings."""
    staff, company = files.staff, files.company
    people = [name]
    if kind == "pool":
        people = staff.pool[name].people if staff is not None and name in staff.pool else []
    elif kind == "head_of":
        people = [company.department[name].head] if company is not None and name in company.department else []
    for person in people:
        if staff is not None and person in staff.person and phone_of(person, staff.person[person]) == "":
            files.problem(_FILE, path, f'this rings "{person}", who has no phone')


# rules ---------------------------------------------------------------------------------------------------------


def check_rules(files: Files) -> None:
    routing = files.routing
    if routing is None:
        return
    for index, rule in enumerate(routing.rule):
        path: Path = ("rule", index)
        known(files, "plan", rule.plan, _FILE, (*path, "plan"))
        for at, line in enumerate(rule.line or ()):
            known(files, "line", line, _FILE, (*path, "line", at))
        for at, client_class in enumerate(rule.class_ or ()):
            known_class(files, client_class, _FILE, (*path, "class", at))
        for key, hours in (("during", rule.during), ("outside", rule.outside)):
            if hours is not None:
                known(files, "hours", hours, _FILE, (*path, key))
    # a mistake in a rule may be in a condition: what is left of it would seem to fit too much or too little
    if not files.troubled(_FILE, "rule"):
        _check_order(files, routing.rule)


def _check_order(files: Files, rules: list[Rule]) -> None:
    if not rules:
        files.problem(_FILE, (), "there are no rules", "add [[rule]] with a name and a plan at the end")
        return
    named = sorted({hours for rule in rules for hours in (rule.during, rule.outside) if hours is not None})
    if len(named) > MOST_HOURS:
        files.problem(_FILE, (), f"the rules name {len(named)} different hours, at most {MOST_HOURS} can be checked")
    elif files.company is not None:
        _check_reach(files, rules, named)
    last = len(rules) - 1
    if _has_conditions(rules[last]):
        files.problem(
            _FILE,
            ("rule", last),
            f'the last rule, "{rules[last].name}", has conditions: other calls would go nowhere',
            "add a rule without conditions behind it",
        )


def _check_reach(files: Files, rules: list[Rule], hours: list[str]) -> None:
    first: dict[int, set[int]] = {index: set() for index in range(len(rules))}
    """For each rule, the rules that get the calls which fit it."""
    for kind in _kinds(files, hours):
        fitting = [index for index, rule in enumerate(rules) if _fits(rule, kind)]
        for index in fitting:
            first[index].add(fitting[0])
    for index, winners in first.items():
        is_net = index == len(rules) - 1 and not _has_conditions(rules[index])
        if index in winners or (is_net and winners):
            continue
        message = f'"{rules[index].name}" is never reached'
        if not winners:
            files.problem(_FILE, ("rule", index), f"{message}: its conditions never hold together")
            continue
        earlier = " and ".join(f'"{rules[winner].name}"' for winner in sorted(winners))
        verb = "comes" if len(winners) == 1 else "come"
        hint = "move it up, or narrow the other" if len(winners) == 1 else ""
        files.problem(_FILE, ("rule", index), f"{message}: {earlier} {verb} first for all such calls", hint)


def _kinds(files: Files, hours: list[str]) -> Iterator[_Kind]:
    """All kinds of calls. A caller has a class from the file, or is new, only if the number could be looked up."""
    assert files.company is not None
    lines = ["", *(files.names("company.toml", "line") or ())]
    opens = [dict(zip(hours, states, strict=True)) for states in product((True, False), repeat=len(hours))]
    looked_up = [*dict.fromkeys([*files.company.company.classes, NEW])]
    for client_class, debt, line, is_open in product(looked_up, Debt, lines, opens):
        yield _Kind(client_class, debt, line, NumberKind.PUBLIC, is_open)
    for number, line, is_open in product(NumberKind, lines, opens):
        yield _Kind(UNIDENTIFIED, Debt.NONE, line, number, is_open)


def _fits(rule: Rule, kind: _Kind) -> bool:
    return (
        (rule.class_ is None or kind.client_class in rule.class_)
        and (rule.debt is None or kind.debt in rule.debt)
        and (rule.line is None or kind.line in rule.line)
        and (rule.number is None or kind.number in rule.number)
        and (rule.during is None or kind.is_open[rule.during])
        and (rule.outside is None or not kind.is_open[rule.outside])
    )


def _has_conditions(rule: Rule) -> bool:
    conditions = (rule.class_, rule.debt, rule.line, rule.number, rule.during, rule.outside)
    return any(condition is not None for condition in conditions)
