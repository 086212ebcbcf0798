"""The schema: how a database gets it, what it promises to reports, and that its closed lists are the core's."""

from __future__ import annotations

import re
import subprocess
import sys
from enum import StrEnum

import psycopg
import pytest

from switchboard.adapters.postgres.schema import SchemaState, migrate, schema_state
from switchboard.core.caller import Debt
from switchboard.core.entries import Direction, Outcome, PersonState
from switchboard.core.phone_number import NumberKind
from switchboard.engine.ports import Refused
from tests.adapters.postgres.database import a_database

CALL_RECORD = (
    "call_id direction line caller_number client_id client_class debt plan reasons arrived_at answered_at ended_at "
    "answered_by outcome wait_ms ring_ms talk_ms policy_version hold_ms"
)
"""What reports rely on."""


@pytest.mark.postgres
def test_an_empty_database_is_brought_up_to_date_and_stays_so(server_url: str) -> None:
    with a_database(server_url) as url:
        before = schema_state(url)
        assert (before.found, before.current) == (None, False)
        assert migrate(url).current
        assert migrate(url).current
        assert schema_state(url).current


@pytest.mark.postgres
def test_two_programs_may_migrate_at_once(server_url: str) -> None:
    with a_database(server_url) as url:
        program = f"from switchboard.adapters.postgres.schema import migrate; assert migrate({url!r}).current"
        migrating = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
        assert [process.wait(timeout=60) for process in migrating] == [0, 0, 0]


def test_what_is_wrong_with_a_schema_is_said_in_words() -> None:
    assert "run `switchboard migrate`" in str(SchemaState(None, "0002"))
    assert "run `switchboard migrate`" in str(SchemaState("0001", "0002"))
    assert "update the program" in str(SchemaState("0003", "0002"))
    assert SchemaState("0002", "0002").current


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/nothing", "mysql://localhost/x", "nonsense"])
def test_a_database_that_cannot_be_reached_is_a_refusal(url: str) -> None:
    with pytest.raises(Refused):
        migrate(url)


@pytest.mark.postgres
def test_the_view_for_reports_has_its_columns_each_explained(migrated_url: str) -> None:
    with psycopg.connect(migrated_url) as connection:
        rows = connection.execute(
            "SELECT attname, col_description(attrelid, attnum) FROM pg_attribute"
            " WHERE attrelid = 'call_record'::regclass AND attnum > 0 ORDER BY attnum"
        ).fetchall()
    assert " ".join(name for name, _ in rows) == CALL_RECORD
    assert [name for name, comment in rows if not comment] == []


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("table", "column", "members"),
    [("call", "direction", Direction), ("call", "outcome", Outcome), ("call", "debt", Debt),
     ("call", "number_kind", NumberKind), ("person_event", "state", PersonState)],
)  # fmt: skip
def test_closed_lists_are_the_cores(migrated_url: str, table: str, column: str, members: type[StrEnum]) -> None:
    with psycopg.connect(migrated_url) as connection:
        row = connection.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", (f"{table}_{column}_check",)
        ).fetchone()
    assert row is not None
    assert set(re.findall(r"'([^']+)'::text", row[0])) == set(members)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("question", "index"),
    [("arrived_at >= now() - interval '1 day'", "call_by_arrival"),
     ("client_id = 'x' ORDER BY arrived_at", "call_by_client"),
     ("line = 'x' ORDER BY arrived_at", "call_by_line"), ("caller_number = 'x' ORDER BY arrived_at", "call_by_number")],
)  # fmt: skip
def test_the_questions_of_reports_have_an_index(migrated_url: str, question: str, index: str) -> None:
    with psycopg.connect(migrated_url) as connection:
        connection.execute("SET enable_seqscan = off")
        explain = f"EXPLAIN SELECT * FROM call_record WHERE {question}"  # noqa: S608 (the questions are above)
        plan = connection.execute(explain.encode()).fetchall()
    assert index in str(plan)
