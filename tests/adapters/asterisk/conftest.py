"""A fake Asterisk, a connection to it, and an owner that notes what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from switchboard.adapters.asterisk.connection import AriConnection, State
from switchboard.adapters.asterisk.events import KnownEvent
from switchboard.adapters.asterisk.link import Survey
from switchboard.adapters.asterisk.settings import AriSettings
from tests.adapters.asterisk.fake_ari import FakeAri

DEADLINE_S = 10.0


async def eventually(condition: Callable[[], object]) -> None:
    """Return as soon as ``condition`` holds; fail when it does not in good time."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await asyncio.sleep(0.002)


class Owner:
    """Notes what the connection tells, in order."""

    def __init__(self) -> None:
        self.heard: list[Survey | KnownEvent | str] = []
        self.states: list[State] = []
        self.raises: BaseException | None = None
        """Raised, once, at the next event."""

    @property
    def surveys(self) -> list[Survey]:
        return [item for item in self.heard if isinstance(item, Survey)]

    @property
    def losses(self) -> list[str]:
        return [item for item in self.heard if isinstance(item, str)]

    @property
    def events(self) -> list[Any]:
        return [item for item in self.heard if not isinstance(item, Survey | str)]

    def surveyed(self, survey: Survey) -> None:
        self.heard.append(survey)

    def happened(self, event: KnownEvent) -> None:
        if self.raises is not None:
            error, self.raises = self.raises, None
            raise error
        self.heard.append(event)

    def lost(self, why: str) -> None:
        self.heard.append(why)

    def state_changed(self, state: State, _why: str) -> None:
        self.states.append(state)


class Bench:
    """One connection to one fake Asterisk."""

    def __init__(self, fake: FakeAri) -> None:
        self.fake = fake
        self.owner = Owner()
        self.settings = AriSettings(
            url=fake.url, user="switchboard", password="secret", phones=("olga", "oleg"), back_off_s=(0.01, 0.05)
        )
        self.ari = self._connection()
        self.running: asyncio.Task[None] | None = None

    def _connection(self) -> AriConnection:
        return AriConnection(self.settings, self.owner, on_state=self.owner.state_changed)

    def start(self, **settings: Any) -> None:
        """Begin to connect, with some settings changed."""
        self.settings = msgspec.structs.replace(self.settings, **settings)
        self.ari = self._connection()
        self.running = asyncio.create_task(self.ari.run())

    async def ready(self, **settings: Any) -> None:
        self.start(**settings)
        await eventually(lambda: self.ari.state is State.READY)

    async def over(self) -> None:
        """Wait until ``run()`` has ended; raises what it raised."""
        assert self.running is not None
        async with asyncio.timeout(DEADLINE_S):
            await self.running


@pytest.fixture
async def fake() -> AsyncIterator[FakeAri]:
    async with FakeAri() as fake:
        yield fake


@pytest.fixture
async def bench(fake: FakeAri) -> AsyncIterator[Bench]:
    bench = Bench(fake)
    yield bench
    if bench.running is not None:
        bench.ari.stop()
        await asyncio.wait({bench.running}, timeout=DEADLINE_S)
        assert bench.running.done()
