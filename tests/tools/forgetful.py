"""A telephone that was started afresh: it is there, and knows no call that it ever had.

It takes the place (address and port) of one that was switched off in mid-talk. OPTIONS is answered as ever, so the
exchange does not miss it; any other request belongs to a call that it does not know: 481.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

_COPIED = ("via", "from", "to", "call-id", "cseq")


class Forgetful(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.disowned: list[str] = []
        """Methods of the requests that were about calls it does not know."""
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        first_line, *lines = data.decode(errors="replace").split("\r\n")
        method = first_line.split(" ", 1)[0]
        if method in ("SIP/2.0", "ACK", "") or self._transport is None:
            return
        if method != "OPTIONS":
            self.disowned.append(method)
        said = "200 OK" if method == "OPTIONS" else "481 Call/Transaction Does Not Exist"
        headers = [line for line in lines if line.partition(":")[0].strip().lower() in _COPIED]
        answer = "\r\n".join([f"SIP/2.0 {said}", *headers, "Content-Length: 0", "", ""])
        self._transport.sendto(answer.encode(), addr)


@asynccontextmanager
async def started_afresh(address: str, port: int) -> AsyncIterator[Forgetful]:
    """Whoever had this address and port is gone; this one is there instead."""
    transport, forgetful = await asyncio.get_running_loop().create_datagram_endpoint(
        Forgetful, local_addr=(address, port)
    )
    try:
        yield forgetful
    finally:
        transport.close()
