"""A way to Postgres that a test can cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit


class Wire:
    """A way to Postgres that can go dead: bytes stop in both directions, nothing is ever closed."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._alive = asyncio.Event()
        self._alive.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    def die(self) -> None:
        self._alive.clear()

    def revive(self) -> None:
        self._alive.set()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._alive.wait()
        far_reader, far_writer = await asyncio.open_connection(*self._server)
        self._writers += [writer, far_writer]
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while content := await source.read(65_536):
                await self._alive.wait()
                sink.write(content)
                await sink.drain()
        except ConnectionError:
            pass
        sink.close()

    def cut(self) -> None:
        for pump in self._pumps:
            pump.cancel()
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[tuple[str, Wire]]:
    parts = urlsplit(url)
    wire = Wire(parts.hostname or "127.0.0.1", parts.port or 5432)
    server = await asyncio.start_server(wire.connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    account = parts.netloc.rpartition("@")[0]
    yield urlunsplit(parts._replace(netloc=f"{account}@127.0.0.1:{port}", query="sslmode=disable")), wire
    server.close()
    wire.cut()
