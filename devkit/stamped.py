"""UDP sockets whose packets come with the moment at which the kernel had them: true also when we read them late."""

import contextlib
import socket
import struct
from collections.abc import Iterator
from time import monotonic_ns, time_ns

_TIMESTAMP_NS = 35
"""SO_TIMESTAMPNS, which Python does not name."""
_OFFSET_NS = time_ns() - monotonic_ns()


def bound(address: str, port: int = 0) -> socket.socket:
    """A socket at this address that never waits. Raises OSError if the port is taken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, _TIMESTAMP_NS, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    try:
        made.bind((address, port))
    except OSError:
        made.close()
        raise
    return made


def arrived(sock: socket.socket, longest: int = 65_535) -> Iterator[tuple[int, bytes, tuple[str, int]]]:
    """All packets that are waiting: microseconds since the epoch, what came, and from where."""
    with contextlib.suppress(BlockingIOError):
        while True:
            try:
                data, extras, _, source = sock.recvmsg(longest, 64)
            except ConnectionRefusedError:
                continue  # what we sent last reached nobody
            stamp = next((value for _, kind, value in extras if kind == _TIMESTAMP_NS), None)
            if stamp is None:
                yield time_ns() // 1000, data, source
            else:
                seconds, ns = struct.unpack("qq", stamp[:16])
                yield (seconds * 1_000_000_000 + ns) // 1000, data, source


def monotonic_of(at_us: int) -> float:
    """The same moment in seconds of the monotonic clock."""
    return (at_us * 1000 - _OFFSET_NS) / 1e9


def epoch_us(at_s: float) -> int:
    """The same moment in microseconds since the epoch."""
    return round((at_s * 1e9 + _OFFSET_NS) / 1000)
