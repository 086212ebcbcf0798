"""Free ports on loopback.

A port is free when we could bind it just now; the kernel hands out others first, so another process on the machine
is unlikely to take it before its owner does.
"""

import socket


def free_tcp_port(address: str = "127.0.0.1") -> int:
    """A TCP port nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def free_udp_ports(count: int, address: str = "127.0.0.1") -> list[int]:
    """`count` different UDP ports nobody uses."""
    probes = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((address, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def free_or(wanted: int, address: str) -> int:
    """The UDP port wanted, if nobody uses it; else any free one. 0 wants any."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, wanted))
        except OSError:
            probe.bind((address, 0))
        return int(probe.getsockname()[1])
