"""Ports: whether somebody has one is looked up, and nobody is disturbed by that."""

from __future__ import annotations

import socket
import threading

import pytest

from devkit.ports import free_udp_ports, is_taken


@pytest.mark.parametrize("bound_to", ["127.0.0.1", "127.0.3.2", ""])
def test_whose_port_it_is(bound_to: str) -> None:
    address = bound_to or "127.0.0.1"
    [port] = free_udp_ports(1, address)
    assert not is_taken(address, port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as owner:
        owner.bind((bound_to, port))
        assert is_taken(address, port)
    assert not is_taken(address, port)


def test_whoever_binds_it_meanwhile_can() -> None:
    """Once it was tried instead of looked up, and now and then a phone that was to have it found it taken, by us."""
    [port] = free_udp_ports(1, "127.0.0.1")
    over = threading.Event()
    looking = threading.Thread(target=lambda: [is_taken("127.0.0.1", port) for _ in iter(over.is_set, True)])
    looking.start()
    try:
        for _ in range(200):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as owner:
                owner.bind(("127.0.0.1", port))
    finally:
        over.set()
        looking.join()
