"""What systemd hears: on a real socket, and nothing where it did not start us."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from switchboard.adapters.observe.systemd import Systemd


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def heard(ear: socket.socket) -> str:
    return ear.recv(1_000).decode()


def test_it_is_told_how_things_are(ear: socket.socket) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": ear.getsockname()})
    systemd.ready()
    systemd.status("Asterisk is lost: cable")
    systemd.stopping()
    assert [heard(ear) for _ in range(3)] == ["READY=1", "STATUS=Asterisk is lost: cable", "STOPPING=1"]


async def test_it_gets_signs_of_life_in_time(ear: socket.socket) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": ear.getsockname(), "WATCHDOG_USEC": "30000"})
    living = asyncio.create_task(systemd.stay_alive())
    loop = asyncio.get_running_loop()
    ear.setblocking(False)
    for _ in range(3):
        assert await asyncio.wait_for(loop.sock_recv(ear, 100), 5) == b"WATCHDOG=1"
    living.cancel()


async def test_a_watchdog_for_another_process_is_not_ours(ear: socket.socket) -> None:
    other = {"WATCHDOG_USEC": "30000", "WATCHDOG_PID": str(os.getpid() + 1)}
    await asyncio.wait_for(Systemd({"NOTIFY_SOCKET": ear.getsockname(), **other}).stay_alive(), 5)


async def test_without_systemd_nothing_is_said() -> None:
    systemd = Systemd({})
    systemd.ready()
    await asyncio.wait_for(systemd.stay_alive(), 5)


def test_a_socket_that_is_gone_costs_nothing(tmp_path: Path) -> None:
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
