"""The service with a door for commands, as the desk will have one: `python -m tests.tools.command_door SOCKET` serves
like `python -m switchboard run`, and takes a ``StaffCommanded`` from each packet that comes to the Unix socket.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from switchboard import app, cli
from switchboard.core.facts import StaffCommanded


class CommandDoor(asyncio.DatagramProtocol):
    """``service`` is set when it is made."""

    service: Any = None

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.service._loop.post(msgspec.json.decode(data, type=StaffCommanded))


def tell(door: Path, command: StaffCommanded) -> None:
    """Give a command to the service behind this door. Raises OSError while it is not there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(msgspec.json.encode(command), str(door))


def main(door: Path) -> None:
    waits = app._until_told_to_stop
    made = app.Service.__init__
    behind = CommandDoor()

    def make(service: app.Service, *args: Any, **named: Any) -> None:
        made(service, *args, **named)
        behind.service = service

    async def open_and_wait() -> None:
        with suppress(FileNotFoundError):
            door.unlink()
        await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: behind, local_addr=str(door), family=socket.AF_UNIX
        )
        await waits()

    app.Service.__init__ = make  # type: ignore[method-assign]
    app._until_told_to_stop = open_and_wait
    cli.main(["run"], prog_name="switchboard")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
