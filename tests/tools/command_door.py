"""The service with a door for commands, as the desk will have one: `python -m tests.tools.command_door SOCKET` serves
like `python -m switchboard run`, and takes a ``StaffCommanded`` from each packet that comes to the Unix socket.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec

from switchboard import app, cli
from switchboard.core.facts import StaffCommanded


def tell(door: Path, command: StaffCommanded) -> None:
    """Give a command to the service behind this door. Raises OSError while it is not there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(msgspec.json.encode(command), str(door))


def main(door: Path) -> None:
    """Serve until told to stop."""
    made, waits = app.Service.__init__, app._until_told_to_stop
    services: list[app.Service] = []

    def make(service: app.Service, *args: Any, **named: Any) -> None:
        made(service, *args, **named)
        services.append(service)

    async def open_and_wait() -> None:
        door.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as behind:
            behind.setblocking(False)
            behind.bind(str(door))
            asyncio.get_running_loop().add_reader(behind.fileno(), take, behind)
            await waits()

    def take(behind: socket.socket) -> None:
        services[-1]._loop.post(msgspec.json.decode(behind.recv(65_535), type=StaffCommanded))

    with (
        mock.patch.object(app.Service, "__init__", make),
        mock.patch.object(app, "_until_told_to_stop", open_and_wait),
    ):
        cli.main(["run"], prog_name="switchboard")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
