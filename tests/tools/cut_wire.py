"""A way to Postgres that is cut at a numbered point: before a packet, in either direction, is handed on.

Whatever the recorder asks and whatever Postgres answers passes through here packet by packet. So the points are: before
a connection is made, before ``BEGIN`` arrives, before each statement arrives, before ``COMMIT`` arrives (nothing has
happened), and before the answer to it does (everything has, and nobody knows). A cut resets both sides of the
connection, as the death of Postgres' process does; the next connection goes through again until the next cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

_WORDS = 24


class CutWire:
    """``names[number - 1]`` tells what was about to pass at a point; at ``fatal`` numbers the connection is cut."""

    def __init__(self, host: str, port: int, fatal: Container[int]) -> None:
        self._server = (host, port)
        self._fatal = fatal
        self._tasks: set[asyncio.Task[None]] = set()
        self.names: list[str] = []
        self.cuts: list[str] = []

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection; a callback of ``asyncio.start_server``."""
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._server)
        ends = (writer, far_writer)
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump("to Postgres", reader, far_writer, ends))
                pumps.create_task(self._pump("from Postgres", far_reader, writer, ends))
        finally:
            for end in ends:
                end.transport.abort()

    async def _pump(
        self,
        way: str,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
    ) -> None:
        try:
            while packet := await source.read(65_536):
                if self._is_fatal(way, packet):
                    break
                sink.write(packet)
                await sink.drain()
        except ConnectionError:
            pass
        for end in ends:
            end.transport.abort()

    def _is_fatal(self, way: str, packet: bytes) -> bool:
        text = "".join(chr(byte) if 32 <= byte < 127 else " " for byte in packet)
        self.names.append(f"{way}: {' '.join(text.split())[:_WORDS]}")
        if len(self.names) not in self._fatal:
            return False
        self.cuts.append(self.names[-1])
        return True

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def cut_wire_to(url: str, fatal: Container[int] = ()) -> AsyncIterator[tuple[str, CutWire]]:
    """The URL that leads through the wire, and the wire."""
    parts = urlsplit(url)
    wire = CutWire(parts.hostname or "127.0.0.1", parts.port or 5432, fatal)
    server = await asyncio.start_server(wire.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    account = parts.netloc.rpartition("@")[0]
    try:
        yield urlunsplit(parts._replace(netloc=f"{account}@127.0.0.1:{port}", query="sslmode=disable")), wire
    finally:
        server.close()
        await wire.close()
