"""The softphone itself: a port is used again and again, and who had it before still gets packets."""

from __future__ import annotations

import asyncio
import socket

import pytest

from devkit.softphone import Softphone

_HOST = "127.0.0.1"


def _listener() -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind((_HOST, 0))
    one.setblocking(False)
    return one


@pytest.mark.parametrize("stray", [b"\x80\x08" + bytes(170), b"SIP/2.0 200 OK\r\n\r\n", b"BYE sip:x SIP/2.0\r\n\r\n"])
async def test_a_stray_packet_leads_no_phone_astray(stray: bytes) -> None:
    with _listener() as exchange, _listener() as stranger:
        phone = Softphone("anna", _HOST, f"{_HOST}:{exchange.getsockname()[1]}")
        try:
            stranger.sendto(stray, (_HOST, phone.port))
            await asyncio.sleep(0.05)
            phone.place("200")
            heard = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(exchange, 65_535), 2)
            assert heard.startswith(b"INVITE ")
        finally:
            phone.vanish()
