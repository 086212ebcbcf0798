"""What several of these tests begin with: other rules for a while, and a caller who listens."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from devkit.company import Company
from devkit.ear import FRAME, Ear
from devkit.phones import ANSWER
from devkit.processes import Deadline
from switchboard.config.load import load

ORDERS, DISPATCH = "+74950000001", "+74950000003"
OPERATORS = ("olga", "oleg", "irina")
HIGH, LOW = bytes((0x2A, 0x7B)) * (FRAME // 2), bytes((0x2A, 0x2A, 0x7B, 0x7B)) * (FRAME // 4)
"""4 kHz and 2 kHz as A-law: whoever is heard, or recorded, is known by their tone."""


@asynccontextmanager
async def other_rules(
    company: Company, texts: Mapping[str, str], paused: tuple[str, ...] = ()
) -> AsyncIterator[Company]:
    """For a while the config files that ``texts`` names read so, and these people pause."""
    await company.wait_ready()
    was = {name: (company.config / name).read_text() for name in texts}
    try:
        await load_rules(company, texts)
        for name in paused:
            await company.dial_code("*20", name)
        yield company
    finally:
        await load_rules(company, was)
        for name in paused:
            await company.dial_code("*21", name)
        await company.wait_ready()
        await company.wait_idle()


async def load_rules(company: Company, texts: Mapping[str, str]) -> None:
    """Write these config files, and wait until the service goes by them."""
    for name, text in texts.items():
        (company.config / name).write_text(text)
    version, deadline = load(company.config).version, Deadline(10, "the new rules to be loaded")
    while version not in (company.folder / "logs" / "service.log").read_text():
        await deadline.pause(0.05)
    await asyncio.sleep(0.3)  # a version that was loaded before is in the log already


@asynccontextmanager
async def calling(company: Company, number: str, to: str = ORDERS) -> AsyncIterator[Ear]:
    """A caller, from the answer on; at the end they hang up."""
    ear = await Ear.call(company.settings.trunk_host, number, to, company.settings.sip)
    try:
        await ear.until(lambda: ear.answered_s, "an answer")
        yield ear
    finally:
        await ear.close()


@asynccontextmanager
async def talk(company: Company) -> AsyncIterator[tuple[Ear, Ear]]:
    """A caller who was told, and olga, who picked up; both send their tone."""
    phone = company.phones["olga"]
    await company.wait_people("ready", "olga")
    await phone.off()
    operator = Ear.wait_on(phone.address, phone.port)
    operator.voice = LOW
    caller = await Ear.call(company.settings.trunk_host, "anonymous", ORDERS, company.settings.sip, talks=True)
    caller.voice = HIGH
    try:
        await operator.until(lambda: operator.answered_s, "olga to pick up", 15)
        yield caller, operator
    finally:
        await caller.close()
        await operator.until(lambda: operator.over or None, "the operator's call to end")
        await operator.close()
        await phone.behave(ANSWER)
        await company.wait_idle()


async def press_until_heard(ear: Ear, press: Callable[[], Awaitable[None]], sound: Path) -> None:
    """Press keys that are answered by this sound; again if nothing is heard, as people do. Of a hundred sounds that
    Asterisk plays to somebody in a bridge it sends about one to nobody, and says that it was heard."""
    for last in (False, False, True):
        since = len(ear.frames)
        await press()
        try:
            await ear.hears(sound, 6, since=since)
            return
        except TimeoutError:
            if last:
                raise


@contextmanager
def tiny_disk(folder: Path) -> Iterator[None]:
    """In the place of ``folder``, a disk of 64 kB: four seconds of sound."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], check=False)
    if mounted.returncode != 0:
        pytest.skip("nobody may mount here")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
