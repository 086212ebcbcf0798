"""Following the queue log into a real exchange: facts refused, late or doubled; a service that dies; no log at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from switchboard.adapters.asterisk.queue_log_follower import QueueLogFollower
from switchboard.core.entries import CallRecord
from switchboard.core.exchange import Exchange
from switchboard.core.facts import Fact, PolicyLoaded
from switchboard.engine.ports import InboxFull
from switchboard.sim.company import DAY_MS, sample_policy
from tests.adapters.asterisk.test_queue_log_files import Log


class Service:
    """An exchange with an inbox that takes facts when it is told to."""

    def __init__(self, log: Log, exchange: Exchange | None = None) -> None:
        self.exchange = exchange or Exchange()
        self.exchange.handle(PolicyLoaded(sample_policy()), DAY_MS)
        self.inbox: list[Fact] = []
        self.full = False
        self.recorded: list[str] = []
        self.follower = QueueLogFollower(log.path, lambda: self.exchange.floor.bookmark, self._post)

    def _post(self, fact: Fact) -> None:
        if self.full:
            raise InboxFull("full")
        self.inbox.append(fact)

    def handle_all(self) -> None:
        for fact in self.inbox:
            handled = self.exchange.handle(fact, DAY_MS)
            self.recorded += [entry.call for entry in handled.entries if isinstance(entry, CallRecord)]
        self.inbox.clear()

    async def look(self, times: int = 3) -> int:
        """Look and handle a few times; how many calls are on record."""
        for _ in range(times):
            await self.follower.look()
            self.handle_all()
        assert len(set(self.recorded)) == len(self.recorded)
        return len(self.recorded)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


async def test_the_first_look_leaves_a_bookmark_and_the_next_service_goes_on_from_it(log: Log) -> None:
    """Also when nothing was on record yet: else the calls of the first gap would be older than the installation."""
    log.call("before")
    service = Service(log)
    assert await service.look(1) == 0
    log.call("in the gap")
    after = Service(log, Exchange.restored(service.exchange.snapshot()))
    assert await after.look() == 1


async def test_nothing_is_stored_while_nothing_happens(log: Log) -> None:
    service = Service(log)
    await service.look()
    log.arrive("waits")
    assert not await service.follower.look()
    assert service.inbox == []
    log.leave("waits")
    assert await service.look() == 1


async def test_a_report_that_is_handled_late_costs_nothing(log: Log) -> None:
    service = Service(log)
    await service.look()
    for number in range(4):
        log.call(f"call {number}")
        await service.follower.look()  # the exchange has much else to do
    service.handle_all()
    assert await service.look() == 4


async def test_a_full_inbox_costs_nothing(log: Log) -> None:
    service = Service(log)
    await service.look()
    log.call("a")
    service.full = True
    with pytest.raises(InboxFull):
        await service.follower.look()
    service.full = False
    log.call("b")
    assert await service.look() == 2


async def test_a_service_that_dies_before_it_kept_the_report_reads_it_again(log: Log) -> None:
    service = Service(log)
    await service.look()
    log.call("a")
    await service.follower.look()
    snapshot = service.exchange.snapshot()
    after = Service(log, Exchange.restored(snapshot))
    assert await after.look() == 1
    assert await Service(log, Exchange.restored(after.exchange.snapshot())).look() == 0


async def test_a_long_absence_comes_in_portions(log: Log) -> None:
    service = Service(log)
    await service.look()
    for number in range(500):
        log.call(f"call {number}")
    assert await service.follower.look()
    service.handle_all()
    assert 0 < len(service.recorded) < 200
    assert await service.look(20) == 500


async def test_a_log_that_cannot_be_read_is_told_and_forgiven(log: Log) -> None:
    service = Service(log)
    await service.look()
    hidden = log.path.rename(log.path.with_name("elsewhere"))
    with pytest.raises(OSError, match="there is none"):
        await service.follower.look()
    hidden.rename(log.path)
    log.call("a")
    assert await service.look() == 1
