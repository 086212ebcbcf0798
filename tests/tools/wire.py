"""A wire that can be cut, slowed and narrowed: a loopback TCP proxy, between the service and Asterisk or Postgres.

async with Wire(port_of_the_server) as wire:
    …                     # the service connects to wire.port
    wire.black_hole()     # both ways swallowed, sockets stay open, nobody is told
    wire.heal()           # new connections pass again; those of before stay dead, as behind a router that forgot them
    wire.lead_to(port)    # new connections end at another server of the same host; those of before are reset
    wire.refuse()         # every connection ends at once, and so does each new one, until it is healed
    wire.delay(250)       # each way; an answer takes half a second longer. 0: none
    wire.narrow(4_096)    # connections made from now on have buffers of so many bytes; None: the kernel's own
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

_CHUNK_BYTES = 65_536
_ON_ITS_WAY = 1_000
"""Chunks under way in a slow wire; whoever sends more waits."""


class Wire:
    def __init__(self, to_port: int, host: str = "127.0.0.1") -> None:
        self._host = host
        self._to_port = self._leads_to = to_port
        self._swallows = False
        self._refuses = False
        self._half = False
        self._delay_s = 0.0
        self._buffer_bytes: int | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.connections = 0
        """How many were opened through it so far."""

    @classmethod
    def to(cls, url: str) -> Wire:
        """A wire to the server that this URL names."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        return cls(parts.port, parts.hostname)

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def through(self, url: str) -> str:
        """The same URL, by way of this wire."""
        return url.replace(f":{self._to_port}", f":{self.port}")

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._join, self._host, 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def lead_to(self, port: int) -> None:
        """Connections made from now on end at this port; those of before are reset."""
        self._leads_to = port
        self.reset()

    def black_hole(self) -> None:
        """From now on nothing gets through, and nobody is told."""
        self._swallows = True

    def refuse(self) -> None:
        """From now on nobody gets a connection, and nobody keeps one."""
        self._refuses = True
        self.reset()

    def heal(self) -> None:
        """Connections made from now on work."""
        self.reset()
        self._swallows = self._refuses = self._half = False

    def delay(self, each_way_ms: float) -> None:
        """What is sent from now on arrives so much later, in its order; on connections that are there as well."""
        self._delay_s = each_way_ms / 1000

    def narrow(self, buffer_bytes: int | None) -> None:
        """Connections made from now on take no more at once, on either side: the kernel's buffers and ours."""
        self._buffer_bytes = buffer_bytes

    def close(self) -> None:
        """End every connection in order, as a server that goes down does."""
        for writer in self._drop():
            writer.close()

    def reset(self) -> None:
        """End every connection at once (RST)."""
        for writer in self._drop():
            writer.transport.abort()

    def cut_in_the_middle(self) -> None:
        """Pass on one half of the next chunk, then end the connection."""
        self._half = True

    def _drop(self) -> list[asyncio.StreamWriter]:
        dropped, self._writers = self._writers, []
        return dropped

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._refuses:
            writer.transport.abort()
            return
        self._writers.append(writer)
        self._limit(writer.get_extra_info("socket"), writer)
        with suppress(OSError):
            there, back = await self._open()
            self._writers.append(back)
            for source, sink in ((reader, back), (there, writer)):
                task = asyncio.create_task(self._pass_on(source, sink))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        far = socket.socket()
        far.setblocking(False)
        self._limit(far)  # before it connects: the size of the receive buffer is told in the handshake
        await asyncio.get_running_loop().sock_connect(far, (self._host, self._leads_to))
        reader, writer = await asyncio.open_connection(sock=far, limit=self._buffer_bytes or _CHUNK_BYTES)
        self._limit(far, writer)
        return reader, writer

    def _limit(self, end: socket.socket, writer: asyncio.StreamWriter | None = None) -> None:
        if self._buffer_bytes is not None:
            for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                end.setsockopt(socket.SOL_SOCKET, buffer, self._buffer_bytes)
            if writer is not None:
                writer.transport.set_write_buffer_limits(high=self._buffer_bytes)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Read what comes one way; a second task writes it when it is due, so that a delay costs no throughput."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_ON_ITS_WAY)
        arriving = asyncio.create_task(self._arrive(under_way, sink))
        clock = asyncio.get_running_loop().time
        try:
            with suppress(OSError):
                while chunk := await source.read(self._buffer_bytes or _CHUNK_BYTES):
                    if self._swallows:
                        continue
                    await under_way.put((clock() + self._delay_s, chunk))
            await under_way.put((clock() + self._delay_s, b""))
            await arriving
        finally:
            arriving.cancel()

    async def _arrive(self, under_way: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter) -> None:
        clock = asyncio.get_running_loop().time
        with suppress(OSError):
            while True:
                due_s, chunk = await under_way.get()
                if (early_s := due_s - clock()) > 0:
                    await asyncio.sleep(early_s)
                if not chunk:
                    break
                if self._half:
                    self._half = False
                    sink.write(chunk[: len(chunk) // 2])
                    await sink.drain()
                    self.reset()
                    return
                if not self._swallows:
                    sink.write(chunk)
                    await sink.drain()
        if not self._swallows:
            sink.close()
