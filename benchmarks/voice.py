"""From the operator's answer to their voice in the caller's ear.

The operator's phone (``speaker``) sends voice from the moment of its 200 OK. Each caller's session description names a
port of our own; the kernel stamps what arrives there, on the clock that SIPp stamps with. What counts is the
first packet that holds the operator's voice: silence or music would be no answer.
"""

from __future__ import annotations

import selectors
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

MARK = 0x2B
"""The operator's voice is this sample of A-law again and again; nothing else that a caller may hear is."""
_RTP_HEADER_BYTES = 12
_STAMP = struct.Struct("@qq")
_LONGEST_US = 5_000_000


@dataclass(frozen=True)
class Heard:
    """A packet with the operator's voice came to this port."""

    port: int
    at_us: int


def until_heard_ms(answers: Sequence[tuple[int, int]], heard: Sequence[Heard]) -> tuple[list[float], int]:
    """``answers``: (port of the caller, when the operator answered, µs). The times until the first packet at that port,
    and how many callers heard nothing within five seconds."""
    arrivals: dict[int, list[int]] = {}
    for packet in heard:
        arrivals.setdefault(packet.port, []).append(packet.at_us)
    times_ms: list[float] = []
    mute = 0
    for port, answered_us in answers:
        after = [at_us for at_us in arrivals.get(port, ()) if answered_us <= at_us < answered_us + _LONGEST_US]
        if after:
            times_ms.append((min(after) - answered_us) / 1000)
        else:
            mute += 1
    return times_ms, mute


class Ears:
    """Ports on ``address`` that note each packet of voice; a context manager."""

    def __init__(self, address: str, many: int) -> None:
        self._sockets = [_listening(address) for _ in range(many)]
        self.ports = tuple(one.getsockname()[1] for one in self._sockets)
        self._heard: list[Heard] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()
        for one in self._sockets:
            one.close()

    def take(self) -> list[Heard]:
        """What was heard since the last time."""
        taken, self._heard = self._heard, []
        return taken

    def _listen(self) -> None:
        with selectors.DefaultSelector() as ready:
            for one in self._sockets:
                ready.register(one, selectors.EVENT_READ)
            while not self._ending.is_set():
                for key, _ in ready.select(timeout=0.1):
                    assert isinstance(key.fileobj, socket.socket)
                    self._read(key.fileobj)

    def _read(self, one: socket.socket) -> None:
        packet, notes, _, _ = one.recvmsg(2_048, 64)
        if len(packet) > _RTP_HEADER_BYTES and packet[_RTP_HEADER_BYTES] == MARK:
            for level, kind, stamp in notes:
                if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
                    seconds, ns = _STAMP.unpack(stamp)
                    self._heard.append(Heard(one.getsockname()[1], seconds * 1_000_000 + ns // 1_000))


_SO_TIMESTAMPNS = 35
"""Linux's; Python does not name it."""


def _listening(address: str) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    one.bind((address, 0))
    return one


def port_of(ports: Sequence[int], nth: int) -> int:
    """The ear of the ``nth`` caller: they take turns, so that the last packets of one call are not the next one's."""
    return ports[nth % len(ports)]


def answers_by_port(ports: Mapping[str, int], answered_us: Mapping[str, int]) -> list[tuple[int, int]]:
    """``ports`` and ``answered_us`` by caller's number: for ``until_heard_ms``."""
    return [(ports[number], at_us) for number, at_us in sorted(answered_us.items()) if number in ports]
