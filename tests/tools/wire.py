"""A wire that can be cut: a loopback TCP proxy to put between the service and Asterisk or Postgres.

async with Wire(port_of_the_server) as wire:
    …                     # the service connects to wire.port
    wire.black_hole()     # both ways swallowed, sockets stay open, nobody is told
    wire.heal()           # new connections pass again; those of before stay dead, as behind a router that forgot them
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self

_CHUNK_BYTES = 65_536


class Wire:
    def __init__(self, to_port: int, host: str = "127.0.0.1") -> None:
        self._host = host
        self._to_port = to_port
        self._swallows = False
        self._half = False
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.connections = 0
        """How many were opened through it so far."""

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

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

    def black_hole(self) -> None:
        """From now on nothing gets through, and nobody is told."""
        self._swallows = True

    def heal(self) -> None:
        """Connections made from now on work."""
        self.reset()
        self._swallows = self._half = False

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
        self._writers.append(writer)
        with suppress(OSError):
            there, back = await asyncio.open_connection(self._host, self._to_port)
            self._writers.append(back)
            for source, sink in ((reader, back), (there, writer)):
                task = asyncio.create_task(self._pass_on(source, sink))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await source.read(_CHUNK_BYTES):
                if self._swallows:
                    continue
                if self._half:
                    self._half = False
                    sink.write(chunk[: len(chunk) // 2])
                    await sink.drain()
                    self.reset()
                    return
                sink.write(chunk)
                await sink.drain()
        if not self._swallows:
            sink.close()
