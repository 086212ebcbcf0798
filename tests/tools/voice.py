"""Voice: what SIPp's phones do not send. G.711 (A-law), fifty packets a second, all of them hush."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_PACKET_S, _SAMPLES = 0.02, 160
_A_LAW, _HUSH = 8, b"\xd5" * _SAMPLES


async def _speak(transport: asyncio.DatagramTransport, source: int) -> None:
    running = asyncio.get_running_loop()
    next_s = running.time()
    number = 0
    while True:
        header = struct.pack("!BBHII", 0x80, _A_LAW, number & 0xFFFF, number * _SAMPLES & 0xFFFFFFFF, source)
        transport.sendto(header + _HUSH)
        number += 1
        next_s += _PACKET_S
        await asyncio.sleep(max(0.0, next_s - running.time()))


@asynccontextmanager
async def voices(*ears: tuple[str, int]) -> AsyncIterator[None]:
    """As long as this lasts somebody speaks into each of these addresses, where Asterisk takes a leg's voice."""
    running = asyncio.get_running_loop()
    transports = [
        (await running.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=ear))[0] for ear in ears
    ]
    speaking = [asyncio.create_task(_speak(transport, 7_000 + nth)) for nth, transport in enumerate(transports)]
    try:
        yield
    finally:
        for task in speaking:
            task.cancel()
        await asyncio.gather(*speaking, return_exceptions=True)
        for transport in transports:
            transport.close()
