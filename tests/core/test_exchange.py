"""The exchange as a machine: snapshots, determinism, deadlines, and what it does when a rule of ours breaks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import msgspec
import pytest

from switchboard.core import ending, facts
from switchboard.core.actions import HangUp, SendToDialplan
from switchboard.core.call_state import Call, Ending, LookingUp, Talking
from switchboard.core.entries import CallRecord, CallStep, Direction, Outcome, PersonChanged, PersonState
from switchboard.core.exchange import Exchange
from switchboard.core.facts import Entrance, Fact, LegEnded
from switchboard.core.ids import BridgeId, CallId, LegId, PersonId, PhoneId
from switchboard.core.phone_number import NumberKind, PhoneNumber
from switchboard.core.snapshot import STATE_FORMAT, UnknownFormat
from switchboard.core.staff_commands import StaffCommand
from switchboard.core.state_parts import Bug
from switchboard.sim.company import DAY_MS, ORDERS
from switchboard.sim.day import Day
from switchboard.sim.unkindness import Unkindness
from tests.core.every_fact import every_fact
from tests.core.policy import POLICIES, POLICY
from tests.core.reaching import WAYS, waiting_rung
from tests.core.story import NUMBER, arrive, begin, ready

SNAPSHOTS = sorted((Path(__file__).parent / "snapshots").glob("*.msgpack"))


def recorded(calls: int = 60, seed: int = 4) -> list[tuple[Fact, int]]:
    """The facts of a small simulated morning, with their moments."""
    day = Day(seed, calls, Unkindness())
    told: list[tuple[Fact, int]] = []
    handle = day.exchange.handle

    def listen(fact: Fact, at_ms: int) -> object:
        told.append((fact, at_ms))
        return handle(fact, at_ms)

    with mock.patch.object(day.exchange, "handle", listen):
        day.run()
    return told


# snapshots ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_a_restored_exchange_is_the_same_and_has_the_same_future(way: str) -> None:
    known = every_fact(WAYS[way]())
    for fact in known[len(way) % 6 :: 6]:  # other ones for each way
        story = WAYS[way]()
        snapshot = story.exchange.snapshot()
        other = Exchange.restored(snapshot)
        assert other.snapshot() == snapshot
        assert other.check() == []
        assert other.next_deadline_ms() == story.exchange.next_deadline_ms()
        for one in (fact, *story.exchange.due(story.at_ms + 60_000)):
            ours, theirs = story.exchange.handle(one, story.at_ms + 60_000), other.handle(one, story.at_ms + 60_000)
            assert (ours.actions, ours.entries, ours.meant_something) == (
                theirs.actions,
                theirs.entries,
                theirs.meant_something,
            )
        assert other.snapshot() == story.exchange.snapshot()


def test_a_snapshot_anywhere_in_a_morning_changes_nothing() -> None:
    told = recorded()
    exchange, restored = Exchange(), Exchange()
    for number, (fact, at_ms) in enumerate(told):
        ours, theirs = exchange.handle(fact, at_ms), restored.handle(fact, at_ms)
        assert (ours.actions, ours.entries) == (theirs.actions, theirs.entries), f"fact {number}: {fact}"
        restored = Exchange.restored(restored.snapshot())
    assert exchange.snapshot() == restored.snapshot()


def test_a_snapshot_of_another_version_is_refused() -> None:
    state = msgspec.msgpack.decode(begin().exchange.snapshot())
    with pytest.raises(UnknownFormat, match=f"format 99, this version reads 2 to {STATE_FORMAT}: let"):
        Exchange.restored(msgspec.msgpack.encode(state | {"format": 99}))
    with pytest.raises(UnknownFormat, match="cannot be read"):
        Exchange.restored(b"rubbish")


@pytest.mark.parametrize("written", SNAPSHOTS, ids=lambda path: path.stem)
def test_an_upgrade_takes_over_the_calls_of_the_version_before(written: Path) -> None:
    """Each file was written by the last version of its format, with somebody talking (in later ones others besides)."""
    exchange = Exchange.restored(written.read_bytes())
    call = next(iter(exchange.floor.calls.values()))
    assert isinstance(call.state, Talking)
    assert call.answered_at_ms is not None
    handled = exchange.handle(LegEnded(call.leg, 16), call.answered_at_ms + 60_000)
    [*_, record] = [entry for entry in handled.entries if isinstance(entry, CallRecord)]
    assert (record.outcome, record.talk_ms) == (Outcome.SERVED, 60_000)
    assert exchange.check() == []


# determinism --------------------------------------------------------------------------------------------------

_REPLAY = """
import sys, hashlib, msgspec
from switchboard.core.exchange import Exchange
from switchboard.core.facts import Fact
told = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[tuple[Fact, int]])
exchange = Exchange()
said = []
for fact, at_ms in told:
    handled = exchange.handle(fact, at_ms)
    said.append((handled.actions, handled.entries, handled.meant_something))
print(len(told), hashlib.sha256(msgspec.msgpack.encode(said)).hexdigest())
print(hashlib.sha256(exchange.snapshot()).hexdigest(), hash("seed"))
"""


def test_the_same_facts_give_the_same_in_every_process() -> None:
    told = msgspec.msgpack.encode(recorded())
    said = []
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", _REPLAY],
            input=told,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=60,
        )
        said.append(done.stdout.split())
    (count, entries, state, seed_one), (count_two, entries_two, state_two, seed_two) = said
    assert int(count) > 200
    assert (count, entries, state) == (count_two, entries_two, state_two)
    assert seed_one != seed_two, "the two processes had the same hash seed: nothing was proven"


# deadlines ----------------------------------------------------------------------------------------------------


def test_a_deadline_is_handed_out_once() -> None:
    story = waiting_rung()
    story.tell(facts.StaffCommanded(PersonId("pavel"), StaffCommand.PAUSE))
    until_ms = story.exchange.next_deadline_ms()
    assert until_ms is not None
    assert story.exchange.due(until_ms - 1) == []
    assert story.exchange.due(until_ms) == [facts.DeadlinePassed(until_ms, call=story.call)]
    assert story.exchange.due(until_ms) == []


def test_a_deadline_that_was_moved_and_moved_back_is_handed_out_once() -> None:
    floor = waiting_rung().exchange.floor
    exchange = Exchange()
    exchange.floor = floor
    call = next(iter(floor.calls.values()))
    until_ms = call.state.until_ms
    floor.arm(until_ms - 5, "call", call.call_id)
    floor.arm(until_ms, "call", call.call_id)
    assert len(exchange.due(until_ms)) == 1


def test_a_deadline_that_comes_too_early_comes_again() -> None:
    story = waiting_rung()
    [due] = story.exchange.due(story.at_ms + 60_000)
    assert not story.tell(due).meant_something
    assert story.exchange.due(story.at_ms + 60_000) == [due]


def test_nothing_is_due_when_nothing_happens() -> None:
    assert begin().exchange.next_deadline_ms() is None
    assert Exchange().due(DAY_MS) == []


# bugs of ours -------------------------------------------------------------------------------------------------


def test_before_the_first_policy_every_caller_goes_to_the_dialplan() -> None:
    exchange = Exchange()
    exchange.handle(ready((), ()), DAY_MS)
    handled = exchange.handle(facts.CallArrived(LegId("1.1"), Entrance.LINE, NUMBER, ORDERS), DAY_MS)
    assert isinstance(handled.bug, Bug)
    assert [type(action) for action in handled.actions] == [SendToDialplan]


def test_a_bug_in_the_ending_itself_still_closes_the_books() -> None:
    story = waiting_rung()
    exchange, call = story.exchange, story.call
    with mock.patch.object(ending, "stop_ring_clock", side_effect=RuntimeError("planted")):
        handled = exchange.handle(facts.LegLeft(LegId("1.1")), story.at_ms + 1)
    assert isinstance(handled.bug, RuntimeError)
    assert exchange.floor.calls == {}
    assert exchange.check() == []
    assert [action.leg for action in handled.actions if isinstance(action, HangUp)]
    last = [entry for entry in handled.entries if isinstance(entry, CallRecord)][-1]
    assert last.call == call
    assert last.outcome in (Outcome.ABANDONED_RINGING, Outcome.OUR_FAULT)
    assert last.ended_at_ms == story.at_ms + 1


def test_a_bug_about_nobody_harms_no_call() -> None:
    story = waiting_rung()
    with mock.patch("switchboard.core.shifts.phone_seen", side_effect=RuntimeError("planted")):
        handled = story.exchange.handle(facts.PhoneSeen(PhoneId("rita"), True), story.at_ms)
    assert isinstance(handled.bug, RuntimeError)
    assert (handled.actions, handled.entries) == ((), ())
    assert list(story.exchange.floor.calls) == [story.call]
    assert story.exchange.check() == []


# the state machine --------------------------------------------------------------------------------------------


def test_the_table_of_states_is_kept() -> None:
    call = Call(
        call_id=CallId("c"),
        direction=Direction.INBOUND,
        leg=LegId("1"),
        number=PhoneNumber("", NumberKind.WITHHELD),
        dialled="",
        policy_version="1",
        arrived_at_ms=0,
        state=LookingUp(5),
    )
    with pytest.raises(Bug, match="LookingUp must not become Talking"):
        call.enter(Talking(LegId("2"), None, BridgeId("b"), 9))
    call.enter(Ending(9))
    with pytest.raises(Bug, match="Ending must not become LookingUp"):
        call.enter(LookingUp(9))


# entries ------------------------------------------------------------------------------------------------------


def test_every_state_of_a_person_is_on_record_once() -> None:
    story = begin(("olga",))
    story.tell(facts.StaffCommanded(PersonId("olga"), StaffCommand.PAUSE, "lunch"), 10)
    story.tell(facts.StaffCommanded(PersonId("olga"), StaffCommand.PAUSE, "lunch"), 10)
    story.tell(facts.StaffCommanded(PersonId("olga"), StaffCommand.RESUME), 10)
    states = [entry.state for entry in story.entries if isinstance(entry, PersonChanged) and entry.person == "olga"]
    assert states == [PersonState.OFFLINE, PersonState.READY, PersonState.PAUSED, PersonState.READY]


def test_who_leaves_the_staff_is_on_record_as_gone_and_a_new_phone_as_unseen() -> None:
    story = begin(("rita", "olga"))
    handled = story.tell(facts.PolicyLoaded(POLICIES["sofia"]), 10)
    assert {(entry.person, entry.state) for entry in handled.entries if isinstance(entry, PersonChanged)} == {
        ("rita", PersonState.OFFLINE),
        ("sofia", PersonState.OFFLINE),
    }
    olga = msgspec.structs.replace(POLICY.people[PersonId("olga")], phone=PhoneId("olga-new"))
    moved = msgspec.structs.replace(POLICY, version="moved", people=POLICY.people | {olga.person_id: olga})
    story.tell(facts.PolicyLoaded(moved), 10)
    assert story.exchange.floor.people[PersonId("olga")].state is PersonState.OFFLINE
    story.tell(facts.PhoneSeen(PhoneId("olga-new"), True), 10)
    assert story.exchange.floor.people[PersonId("olga")].state is PersonState.READY


def test_a_record_is_written_only_when_something_was_decided() -> None:
    story = begin(())
    arrive(story, number="anonymous")
    before = len(story.entries)
    story.tell(facts.LegLeft(LegId("1.1")), 10)
    assert [type(entry) for entry in story.entries[before:]] == [CallStep, CallRecord]
    assert story.entries[-2].to_state == "Gone"  # type: ignore[union-attr]


def test_policies_are_kept_as_long_as_a_call_needs_them() -> None:
    story = waiting_rung()
    story.tell(facts.PolicyLoaded(POLICIES["short rings"]), 10)
    assert sorted(story.exchange.floor.policies) == ["sample-1", "short rings"]
    story.tell(ready((), ()), 10)
    story.tell(facts.PolicyLoaded(POLICIES["sofia"]), 10)
    assert sorted(story.exchange.floor.policies) == ["with sofia"]
