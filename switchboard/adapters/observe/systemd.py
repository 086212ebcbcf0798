"""What systemd wants to hear (sd_notify): that we serve, how things are, and, every few seconds, that we are alive.

The sign of life comes from the event loop itself: a loop that stands still gives none, and systemd starts us afresh,
which costs no call. The protocol is one datagram per message; the libraries for it are larger than this file.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping

import structlog

_log = structlog.get_logger()


class Systemd:
    """Says nothing where systemd did not start us."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        meant_for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        period_us = environment.get("WATCHDOG_USEC", "") if meant_for_us else ""
        self._watchdog_s = int(period_us) / 1_000_000 if period_us.isdigit() else None

    def ready(self) -> None:
        """Start-up is over."""
        self._say("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._say(f"STATUS={text}")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    async def stay_alive(self) -> None:
        """Give a sign of life three times in each period of the watchdog, until cancelled."""
        while self._watchdog_s is not None:
            self._say("WATCHDOG=1")
            await asyncio.sleep(self._watchdog_s / 3)

    def _say(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.setblocking(False)
                out.sendto(message.encode(), self._address)
        except OSError as error:
            _log.warning("systemd.deaf", message=message.partition("=")[0], reason=str(error))
