"""Choices of the core, as functions: which client it is, which class, which plan; and what is said of people."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.core.caller import Client, Debt, choose_client
from switchboard.core.classification import STALE_MS, classify, debt_minor, say_age, unidentified, why_not_looked_up
from switchboard.core.entries import PersonState
from switchboard.core.ids import CallId, LegId, PersonId
from switchboard.core.phone_number import NumberKind, PhoneNumber
from switchboard.core.policy import NEW, UNIDENTIFIED, Rule
from switchboard.core.routing import Asked, route
from switchboard.core.staff import Doing, Engagement, PersonRecord, why_not_by_colleague, why_not_now
from switchboard.sim.company import ALL_CLASSES, DAY_MS, NIGHT_MS
from tests.core.policy import POLICY


def person(name: str, idle_since_ms: int = 0, **state: Any) -> PersonRecord:
    record = PersonRecord(person_id=PersonId(name), signed_in=True, registered=True, idle_since_ms=idle_since_ms)
    for field, value in state.items():
        setattr(record, field, value)
    return record


class TestStates:
    @pytest.mark.parametrize(
        ("state", "expected", "why_not"),
        [
            ({}, PersonState.READY, None),
            ({"pause": "lunch"}, PersonState.PAUSED, "is paused (lunch)"),
            ({"wrap_up_until_ms": 1, "pause": "lunch"}, PersonState.WRAP_UP, "is in wrap-up"),
            ({"signed_in": False, "pause": "lunch"}, PersonState.AWAY, "is away (signed out)"),
            ({"registered": False, "signed_in": False}, PersonState.OFFLINE, "has no registered phone"),
        ],
    )
    def test_what_is_said_of_them(self, state: dict[str, Any], expected: PersonState, why_not: str | None) -> None:
        record = person("olga", **state)
        assert record.state is expected
        assert why_not_now(record) == why_not
        assert why_not_by_colleague(record) == (why_not if expected is PersonState.OFFLINE else None)

    def test_legs_come_before_everything_and_talking_before_ringing(self) -> None:
        record = person("olga", registered=False)
        record.legs[LegId("1")] = Engagement(CallId("c"), Doing.RINGING)
        states = [record.state]
        record.legs[LegId("2")] = Engagement(CallId("d"), Doing.TALKING, ending=True)
        assert [*states, record.state] == [PersonState.RINGING, PersonState.TALKING]
        assert why_not_now(record) == "is on a call"


def client(client_id: str, **fields: object) -> Client:
    return msgspec.structs.replace(Client(client_id, client_id, "retail", manager=PersonId("vera")), **fields)


class TestWhichClient:
    def test_nobody(self) -> None:
        choice = choose_client(())
        assert (choice.client, choice.reason) == (None, "the number is in nobody's file")

    @pytest.mark.parametrize(
        ("found", "chosen", "why"),
        [
            ((client("a"), client("b", main_number=True)), "b", "main number"),
            ((client("a", main_number=True), client("b", main_number=True)), "a", "main number"),
            ((client("a", last_order_on="2025-01-31"), client("b", last_order_on="2025-02-01")), "b", "latest order"),
            ((client("a", last_order_on="2025-02-01"), client("b", main_number=True)), "b", "main number"),
        ],
    )
    def test_several_share_the_number(self, found: tuple[Client, ...], chosen: str, why: str) -> None:
        for order in (found, found[::-1]):
            choice = choose_client(order)
            assert choice.client is not None
            assert choice.client.client_id == chosen
            assert why in choice.reason

    def test_without_any_sign_the_smallest_id_and_the_reason_says_so(self) -> None:
        choice = choose_client((client("b"), client("a")))
        assert choice.client is not None
        assert choice.client.client_id == "a"
        assert choice.reason == "client a of 2 who share the number (nothing tells them apart, first by id; also b)"


class TestClass:
    def test_unknown_number_is_new(self) -> None:
        classified = classify(())
        assert (classified.client, classified.client_class, classified.debt) == (None, NEW, Debt.NONE)

    def test_no_manager_is_new_whatever_the_file_says(self) -> None:
        classified = classify((client("a", client_class="key", manager=None),))
        assert classified.client_class == NEW
        assert "class key in the file, but no manager yet: class new" in classified.reasons

    def test_the_class_of_the_file(self) -> None:
        assert classify((client("a", client_class="market"),)).client_class == "market"

    @pytest.mark.parametrize("found", [(), (client("a"),)])
    def test_what_was_known_some_time_ago_is_admitted(self, found: tuple[Client, ...]) -> None:
        fresh, old = classify(found, STALE_MS - 1), classify(found, STALE_MS)
        assert fresh == classify(found)
        assert "that is as known 1 min ago, nothing newer could be had" in old.reasons
        assert (old.client_class, old.debt) == (fresh.client_class, fresh.debt)

    @pytest.mark.parametrize(
        ("age_s", "said"),
        [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3_599, "59 min"), (3_600, "1 h"), (172_799, "47 h"),
         (172_800, "2 days")],
    )  # fmt: skip
    def test_ages_are_rounded_down(self, age_s: float, said: str) -> None:
        assert say_age(round(age_s * 1000)) == said

    def test_unidentified(self) -> None:
        assert unidentified("why").client_class == UNIDENTIFIED
        assert unidentified("why").reasons == ("why: class unidentified",)

    @pytest.mark.parametrize("kind", NumberKind)
    def test_only_public_numbers_are_looked_up(self, kind: NumberKind) -> None:
        assert (why_not_looked_up(PhoneNumber("x", kind)) is None) == (kind is NumberKind.PUBLIC)

    @pytest.mark.parametrize(
        ("fields", "debt", "minor"),
        [
            ({}, Debt.NONE, 0),
            ({"receivable_minor": 999_999}, Debt.NONE, 0),
            ({"receivable_minor": 100, "credit_limit_minor": 100}, Debt.NONE, 0),
            ({"receivable_minor": 101, "credit_limit_minor": 100}, Debt.OVER_LIMIT, 1),
            ({"receivable_minor": 50, "overdue_minor": 50, "credit_limit_minor": 100}, Debt.OVERDUE, 50),
            (
                {"receivable_minor": 300, "overdue_minor": 50, "credit_limit_minor": 100},
                Debt.OVERDUE_AND_OVER_LIMIT,
                200,
            ),
            ({"receivable_minor": 1, "credit_limit_minor": 0}, Debt.OVER_LIMIT, 1),
        ],
    )
    def test_debt(self, fields: dict[str, object], debt: Debt, minor: int) -> None:
        one = client("a", **fields)
        assert one.debt is debt
        assert debt_minor(one) == minor
        assert len(classify((one,)).reasons) == (2 if debt is Debt.NONE else 3)


def asked(
    client_class: str = "retail", debt: Debt = Debt.NONE, line: str | None = "orders", at_ms: int = DAY_MS
) -> Asked:
    return Asked(client_class, debt, line, NumberKind.PUBLIC, at_ms)


class TestRouting:
    @pytest.mark.parametrize(
        ("question", "rule", "plan"),
        [
            (asked(), "everybody else", "orders"),
            (asked("key"), "key clients", "key"),
            (asked("key", Debt.OVERDUE), "key clients", "key"),
            (asked("market", Debt.OVER_LIMIT), "debtors", "debtor"),
            (asked(NEW), "newcomers", "newcomer"),
            (asked("key", line="dispatch"), "dispatch desk", "freight"),
            (asked(line=None), "everybody else", "orders"),
            (asked("key", at_ms=NIGHT_MS), "at night", "night"),
        ],
    )
    def test_the_first_rule_that_fits(self, question: Asked, rule: str, plan: str) -> None:
        routed = route(POLICY, question)
        assert (routed.rule, routed.plan.name) == (rule, plan)

    def test_every_rule_passed_over_says_why(self) -> None:
        routed = route(POLICY, asked())
        assert [(one.rule, one.why_not) for one in routed.tried] == [
            ("at night", "office open: hours of thu"),
            ("dispatch desk", "line is orders"),
            ("key clients", "class is retail"),
            ("newcomers", "class is retail"),
            ("debtors", "debt is none"),
            ("everybody else", None),
        ]

    def test_the_kind_of_number_and_open_hours_are_conditions_too(self) -> None:
        rules = (
            Rule("hidden by day", "night", numbers=(NumberKind.WITHHELD,), during="office"),
            Rule("others", "orders"),
        )
        policy = msgspec.structs.replace(POLICY, rules=rules)
        hidden = msgspec.structs.replace(asked(), number_kind=NumberKind.WITHHELD)
        assert route(policy, hidden).reason == 'rule "hidden by day": number withheld, during office, plan night'
        assert route(policy, asked()).tried[0].why_not == "number is public"
        at_night = msgspec.structs.replace(hidden, at_ms=NIGHT_MS)
        assert route(policy, at_night).tried[0].why_not == "office closed: hours of thu"

    def test_no_rule_is_an_error_that_check_does_not_let_pass(self) -> None:
        with pytest.raises(LookupError):
            route(msgspec.structs.replace(POLICY, rules=()), asked())

    @given(st.sampled_from(ALL_CLASSES), st.sampled_from(list(Debt)), st.sampled_from(("orders", "dispatch", None)))
    def test_every_question_has_an_answer(self, client_class: str, debt: Debt, line: str | None) -> None:
        assert route(POLICY, asked(client_class, debt, line)).plan in POLICY.plans.values()
