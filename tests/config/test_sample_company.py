"""The sample company sends callers where issue and mission say, at any time of any day."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.config.check import check
from switchboard.config.load import examine
from switchboard.core.caller import Debt
from switchboard.core.phone_number import NumberKind
from switchboard.core.policy import (
    NEW,
    UNIDENTIFIED,
    CallbackStep,
    Plan,
    Policy,
    QueueStep,
    RingStep,
    Role,
    Whom,
    WhomKind,
)
from switchboard.core.routing import Asked, route

FOLDER = Path(__file__).parents[2] / "config"
TIMES = st.integers(1_767_225_600_000, 1_830_297_600_000)  # 2026 and 2027
OWN = Whom(WhomKind.OWN_MANAGER)
HEAD = Whom(WhomKind.DEPARTMENT_HEAD)


def sample() -> Policy:
    checked = examine(FOLDER)
    assert checked.problems == ()
    assert checked.policy is not None
    return checked.policy


POLICY = sample()


def plan_for(client_class: str, at_ms: int, debt: Debt = Debt.NONE, line: str | None = "orders") -> Plan:
    number = NumberKind.WITHHELD if client_class == UNIDENTIFIED else NumberKind.PUBLIC
    return route(POLICY, Asked(client_class, debt, line, number, at_ms)).plan


def shape(plan: Plan) -> list[object]:
    shown: list[object] = []
    for step in plan.steps:
        match step:
            case RingStep(whom=whom) | CallbackStep(whom=whom):
                shown.append(whom)
            case QueueStep(queue=queue, flag=flag):
                shown.append((queue, flag is not None))
            case _:
                shown.append(type(step).__name__)
    return shown


def test_it_has_the_people_of_the_mission() -> None:
    roles = [person.role for person in POLICY.people.values()]
    assert [roles.count(role) for role in Role] == [3, 4, 2, 2]
    assert set(POLICY.lines) == {"orders", "dispatch"}
    assert POLICY.queues["operators"].people == ("olga", "oleg", "irina")
    assert all("Sample" in person.name for person in POLICY.people.values())


@given(TIMES, st.sampled_from(["market", "own_point", "retail", "regional"]))
def test_operators_take_orders_of_all_but_key_and_new_clients(at_ms: int, client_class: str) -> None:
    """D3, rows 1 and 11–13."""
    assert shape(plan_for(client_class, at_ms)) == [("operators", False), (OWN, HEAD), (OWN, HEAD)]


@given(TIMES, st.sampled_from(["orders", "dispatch"]))
def test_key_clients_go_up_the_chain(at_ms: int, line: str) -> None:
    """D4, rows 2–5: own manager, another key-account manager, head of wholesale, operators with a flag."""
    wholesale = Whom(WhomKind.HEAD_OF, "wholesale")
    chain = [(OWN,), (Whom(WhomKind.POOL, "key_account"),), (wholesale,), ("operators", True), (OWN, wholesale)]
    assert shape(plan_for("key", at_ms, line=line)) == chain


@given(TIMES, st.sampled_from(["orders", "dispatch", None]), st.sampled_from(Debt))
def test_new_clients_go_to_the_head_who_gets_a_task(at_ms: int, line: str | None, debt: Debt) -> None:
    """D15, rows 6 and 7; no manager comes before debt, for nobody else could be asked about it."""
    plan = plan_for(NEW, at_ms, debt, line)
    assert plan.opens_task == "assign_manager"
    assert shape(plan) == [(HEAD,), ("operators", True), (HEAD,)]


@given(
    TIMES,
    st.sampled_from(POLICY.classes),
    st.sampled_from([debt for debt in Debt if debt is not Debt.NONE]),
    st.sampled_from(["orders", "dispatch"]),
)
def test_clients_in_debt_go_to_manager_and_financial_service(
    at_ms: int, client_class: str, debt: Debt, line: str
) -> None:
    """D6, rows 8 and 9."""
    finance = Whom(WhomKind.POOL, "finance")
    assert shape(plan_for(client_class, at_ms, debt, line)) == [(OWN,), (finance,), ("operators", True), (OWN, HEAD)]


@given(TIMES)
def test_who_cannot_be_asked_about_reaches_an_operator(at_ms: int) -> None:
    """Row 10."""
    assert shape(plan_for(UNIDENTIFIED, at_ms))[0] == ("operators", False)
    assert shape(plan_for(UNIDENTIFIED, at_ms, line="dispatch"))[0] == ("dispatch", False)


@given(TIMES, st.sampled_from(["market", "own_point", "retail", "regional", UNIDENTIFIED]))
def test_the_dispatch_line_has_a_desk_of_its_own_day_and_night(at_ms: int, client_class: str) -> None:
    assert shape(plan_for(client_class, at_ms, line="dispatch"))[0] == ("dispatch", False)


def test_hours_make_a_difference() -> None:
    noon, night = 1_767_949_200_000, 1_767_992_400_000  # Friday 2026-01-09, 12:00 and 24:00 in Moscow
    assert [plan_for("retail", at_ms, line="dispatch").name for at_ms in (noon, night)] == [
        "dispatch",
        "dispatch_night",
    ]


@pytest.mark.parametrize("folder", [FOLDER])
def test_check_says_it_is_fine(folder: Path) -> None:
    said: list[str] = []
    assert check(folder, said.append) == 0
    assert len(said) == 1
    assert POLICY.version in said[0]
