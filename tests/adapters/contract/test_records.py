"""What every ``Records`` promises: each entry exactly once, whatever is offered again, and a cursor to go by."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from switchboard.adapters.postgres.recorder import PostgresRecords, open_records_pool
from switchboard.core.entries import CallRecord, CallStep, Entry, Outcome, TaskOpened
from switchboard.core.exchange import Exchange
from switchboard.core.facts import FallbackReported, PolicyLoaded
from switchboard.core.fallback_call import Bookmark, FallbackCall
from switchboard.core.ids import CallId, LegId, PhoneId
from switchboard.engine.ports import Placed, Records, Refused
from switchboard.engine.twins import MemoryRecords
from switchboard.sim.company import sample_policy
from tests.adapters.contract.entries import (
    AT_MS,
    audited,
    change,
    ended_call,
    file,
    gone,
    living_call,
    part,
    placed,
    step,
    task,
    voicemail,
)
from tests.adapters.contract.stored import RecordingRow, Stored, StoredInMemory, StoredInPostgres

KINDS = ["memory", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest) -> str | None:
    """A database, or ``None`` for the twin. Not asynchronous: a server is started with a loop of its own."""
    if request.param == "memory":
        return None
    database_url: str = request.getfixturevalue("database_url")
    return database_url


@pytest.fixture
async def both(url: str | None) -> AsyncIterator[tuple[Records, Stored]]:
    if url is None:
        memory = MemoryRecords()
        yield memory, StoredInMemory(memory)
        return
    pool = await open_records_pool(url)
    connection = await asyncpg.connect(url)
    yield PostgresRecords(pool, "a log"), StoredInPostgres(connection)
    await connection.close()
    pool.terminate()


@pytest.fixture
def records(both: tuple[Records, Stored]) -> Records:
    return both[0]


@pytest.fixture
def stored(both: tuple[Records, Stored]) -> Stored:
    return both[1]


async def test_at_first_nothing_is_stored(records: Records, stored: Stored) -> None:
    assert await records.cursor() == (0, -1)
    await records.store([])
    assert await records.cursor() == (0, -1)
    assert await stored.calls() == []


async def test_everything_comes_back_as_it_was(records: Records, stored: Stored) -> None:
    full, empty = ended_call("c1"), living_call("c2")
    await records.store(
        placed(
            full, empty, step(), task("+74950001006"), change(1), audited(), audited(2, allowed=False), first=7, index=2
        )
    )
    assert await stored.calls() == [full, empty]
    assert await stored.steps() == [step()]
    assert await stored.tasks() == [task("+74950001006")]
    assert await stored.people() == [change(1)]
    assert await stored.audit() == [audited(), audited(2, allowed=False)]
    assert await records.cursor() == (13, 2)


async def test_a_call_of_asterisks_own_queue_is_a_record_like_any_other(records: Records, stored: Stored) -> None:
    exchange = Exchange()
    exchange.handle(PolicyLoaded(sample_policy()), AT_MS)
    told = [
        FallbackCall(LegId("1.1"), "+74951000002", "+74950000001", AT_MS - 90_000, PhoneId("olga"), AT_MS - 80_000,
                     ring_ms=3_000, ended_at_ms=AT_MS - 10_000),
        FallbackCall(LegId("1.2"), "+74951000003", "?", AT_MS - 70_000, lost=True, ended_at_ms=AT_MS - 60_000),
    ]  # fmt: skip
    made = exchange.handle(FallbackReported(None, Bookmark("file", 900, 0), tuple(told)), AT_MS).entries
    for _ in range(2):
        await records.store(placed(*made))
    assert await stored.calls() == [entry for entry in made if isinstance(entry, CallRecord)]
    assert [call.outcome for call in await stored.calls()] == [Outcome.SERVED, Outcome.SWITCH_LOST]
    assert await stored.steps() == [entry for entry in made if isinstance(entry, CallStep)]
    assert await stored.tasks() == [entry for entry in made if isinstance(entry, TaskOpened)]


async def test_a_call_is_one_row_as_it_stands_last(records: Records, stored: Stored) -> None:
    await records.store(placed(living_call(), step(), living_call(flag="a flag"), first=1))
    assert await stored.calls() == [living_call(flag="a flag")]
    await records.store(placed(ended_call(), first=4))
    assert await stored.calls() == [ended_call()]
    await records.store(placed(living_call(), first=1))
    assert await stored.calls() == [ended_call()]


async def test_several_entries_of_one_position_count_by_their_index(records: Records, stored: Stored) -> None:
    await records.store([Placed(1, 0, change(0)), Placed(1, 1, change(1))])
    assert await records.cursor() == (1, 1)
    await records.store([Placed(1, 1, change(1)), Placed(1, 2, change(2)), Placed(2, 0, change(3))])
    assert await stored.people() == [change(0), change(1), change(2), change(3)]
    assert await records.cursor() == (2, 0)


async def test_a_task_is_open_once_per_kind_and_about(records: Records, stored: Stored) -> None:
    first, again, other = task("D-07", "c1"), task("D-07", "c2"), task("D-08", "c3")
    another_kind = task("D-07", "c4", kind="call_back")
    await records.store(placed(first, again, other, another_kind))
    assert await stored.tasks() == [first, other, another_kind]


async def test_a_recording_is_one_row_whatever_comes_first(records: Records, stored: Stored) -> None:
    lasts = part(ended_at_ms=None, paused_ms=0, pauses=())
    await records.store(placed(lasts, file(), part(), gone(), first=1))
    whole = RecordingRow("c1r", 2, "olga", True, 5_000, file="2026/09/21/c1r.wav", bytes=880_044, deleted=True)
    assert await stored.recordings() == [whole]
    await records.store(placed(file("c1s"), part("c1s", trouble="no room"), gone("c1s", "404"), file(), first=5))
    other = msgspec.structs.replace(
        whole, recording="c1s", trouble="no room", missing="404", file="2026/09/21/c1s.wav", deleted=False
    )
    assert await stored.recordings() == [whole, other]


async def test_a_message_is_one_row(records: Records, stored: Stored) -> None:
    bare = voicemail(
        "c2v", line=None, caller_number=None, client_id=None, client_name=None, mail_to=(), title="a\0b", language="en"
    )
    await records.store(placed(voicemail(), voicemail(title="again"), bare, first=1))
    clean = msgspec.structs.replace(bare, title="a\ufffdb")
    assert await stored.voicemails() in ([voicemail(), clean], [voicemail(), bare])  # the twin keeps what it is given


@pytest.mark.parametrize("seed", range(8))
async def test_batches_offered_again_and_overlapping_change_nothing(
    records: Records, stored: Stored, seed: int
) -> None:
    chance = random.Random(seed)
    every: list[Placed] = []
    newest: dict[CallId, CallRecord] = {}
    for position in range(1, 31):
        for index in range(chance.randint(0, 3)):
            call = f"c{chance.randint(1, 4)}"
            choices: list[Entry] = [ended_call(call, flag=f"{position}"), step(call, position), change(position)]
            entry = chance.choice(choices)
            every.append(Placed(position, index, entry))
            if isinstance(entry, CallRecord):
                newest[entry.call] = entry
    reached = 0
    while reached < len(every):
        start = chance.randint(0, reached)  # from before what is stored, never leaving a gap
        end = min(len(every), start + chance.randint(1, 12))
        await records.store(every[start:end])
        reached = max(reached, end)
        last = every[reached - 1]
        assert await records.cursor() == (last.position, last.index)
    assert await stored.calls() == [newest[call] for call in sorted(newest)]
    assert await stored.steps() == [each.entry for each in every if type(each.entry).__name__ == "CallStep"]
    assert await stored.people() == [each.entry for each in every if type(each.entry).__name__ == "PersonChanged"]


async def test_times_are_exact_to_the_millisecond(records: Records, stored: Stored) -> None:
    odd = [AT_MS + each for each in (0, 1, 333, 999, 86_399_999)]
    await records.store(placed(*(ended_call(f"c{nth}", arrived_at_ms=at_ms) for nth, at_ms in enumerate(odd))))
    assert [record.arrived_at_ms for record in await stored.calls()] == odd


@pytest.fixture(params=KINDS)
async def away(request: pytest.FixtureRequest) -> AsyncIterator[Records]:
    """Records that cannot be reached."""
    if request.param == "memory":
        memory = MemoryRecords()
        memory.away = "gone"
        yield memory
        return
    pool = await open_records_pool("postgresql://nobody@127.0.0.1:1/nothing")
    yield PostgresRecords(pool, "a log")
    pool.terminate()


async def test_who_cannot_be_reached_refuses(away: Records) -> None:
    with pytest.raises(Refused):
        await away.cursor()
    with pytest.raises(Refused):
        await away.store(placed(change(1)))
