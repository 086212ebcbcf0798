"""Scenes that several faults share: everybody busy, everybody served, nobody alone, a part reached through a wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from devkit.company import Company
from devkit.phones import Behaviour, Phone
from devkit.ports import free_udp_ports
from devkit.processes import Deadline
from devkit.sip_log import MessageLog


async def all_busy(crowd: Company) -> None:
    """Wait until thirty talk, ten ring, and the others wait."""
    answering, ringing = crowd.banks["answering"], crowd.banks["ringing"]
    deadline = Deadline(20, "everybody to be busy")
    while len(answering.talking()) < 30 or len(ringing.ringing()) < 10:
        await deadline.pause(0.1)


async def orphans(crowd: Company) -> list[str]:
    """Staff's channels that are up without being in a bridge with somebody else."""
    members = [bridge["channels"] for bridge in await crowd.ari("bridges")]
    together = {channel for channels in members if len(channels) > 1 for channel in channels}
    return [
        channel["name"]
        for channel in await crowd.ari("channels")
        if channel["state"] == "Up" and channel["id"] not in together and "trunk" not in channel["name"]
    ]


async def serve_everybody(crowd: Company) -> None:
    """Phones that ring are picked up, whoever talks hangs up, again and again until nobody is left."""
    answering, ringing = crowd.banks["answering"], crowd.banks["ringing"]
    deadline = Deadline(60, "everybody to be served")
    while left := await crowd.ari("channels"):
        for bank in (answering, ringing):
            for call in bank.talking()[:3]:
                bank.act_on(call)
        for call in ringing.ringing():
            ringing.act_on(call)
        try:
            await deadline.pause(0.15)
        except TimeoutError:
            raise TimeoutError(f"never served, or never gone: {[channel['name'] for channel in left]}") from None


@asynccontextmanager
async def rewired(crowd: Company, variable: str, value: str) -> AsyncIterator[None]:
    """The service is restarted with another value of this setting, and once more with the old one in the end."""
    before = crowd.service.env[variable]
    await crowd.service.stop()
    crowd.service.env[variable] = value
    try:
        await crowd.service.start()
        yield
    finally:
        await crowd.service.stop()
        crowd.service.env[variable] = before
        await crowd.service.start()


@asynccontextmanager
async def phone_of_its_own(crowd: Company, owner: str, behaviour: Behaviour) -> AsyncIterator[Phone]:
    """Somebody of a bank gets a phone that can be unplugged; in the end the bank's is theirs again."""
    [banked] = [phone for bank in crowd.banks.values() for phone in bank.owners if phone.name == owner]
    phone = replace(banked, port=free_udp_ports(1)[0], log=MessageLog())
    await phone.behave(behaviour)
    await phone.register()
    await crowd.wait_people("ready", owner)
    try:
        yield phone
    finally:
        await phone.off()
        await banked.register()
        await crowd.wait_people("ready", owner)
