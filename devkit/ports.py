"""Addresses and free ports on loopback.

A port is free when we could bind it just now; the kernel hands out others first, so another process on the machine
is unlikely to take it before its owner does. But a phone that is off for a moment has left its port to whoever asks:
two test runs beside each other have a network each (``SWITCHBOARD_LOOPBACK``).
"""

import os
import socket
import sys
from pathlib import Path

NETWORK_VARIABLE = "SWITCHBOARD_LOOPBACK"
"""The first three numbers of our addresses, where they are to be others: ``127.0.1``."""


def loopback(host: int = 1) -> str:
    """Our address of this last number: 1 for the company and its phones, 2 for the carrier."""
    return f"{os.environ.get(NETWORK_VARIABLE, '127.0.0')}.{host}"


def free_tcp_port(address: str = "127.0.0.1") -> int:
    """A TCP port nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def free_udp_ports(count: int, address: str = "") -> list[int]:
    """`count` different UDP ports nobody uses; without an address: at the company's."""
    address = address or loopback()
    probes = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((address, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def is_taken(address: str, port: int) -> bool:
    """Whether somebody has this UDP port. Looked up, not tried: a try takes it, for a moment."""
    number = int.from_bytes(socket.inet_aton(address), sys.byteorder)
    owners = {f"{number:08X}:{port:04X}", f"{0:08X}:{port:04X}"}
    return any(line.split()[1] in owners for line in Path("/proc/net/udp").read_text().splitlines())


def free_or(wanted: int, address: str) -> int:
    """The UDP port wanted, if nobody uses it; else any free one. 0 wants any."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, wanted))
        except OSError:
            probe.bind((address, 0))
        return int(probe.getsockname()[1])
