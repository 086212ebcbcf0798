"""An operator's phone that speaks from the moment of its 200 OK, as a real one does.

SIPp begins to send voice some hundred milliseconds after it was told to, which is longer than what is measured here. So
for this one figure the phone is our own: it answers at once, sends its voice every 20 ms, and hangs up after a while.
It knows no more of SIP than one call at a time to a phone on a line that loses nothing.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import time
from dataclasses import dataclass
from typing import Self

from benchmarks.voice import MARK

_PACKET_MS = 20
_SAMPLES = 8 * _PACKET_MS
_NUMBER = re.compile(r"sips?:\+?(\d+)@")
_MEDIA = re.compile(r"^c=IN IP4 (\S+)\r?$.*?^m=audio (\d+) ", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Request:
    """What of a SIP request an answer repeats."""

    method: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @classmethod
    def read(cls, text: str) -> Self | None:
        """``None``: it is an answer."""
        head, _, body = text.partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        if first.startswith("SIP/2.0 "):
            return None
        pairs = (line.partition(":") for line in lines)
        return cls(first.split()[0], tuple((name.strip().lower(), value.strip()) for name, _, value in pairs), body)

    def header(self, name: str) -> str:
        return next((value for other, value in self.headers if other == name), "")

    @property
    def number(self) -> str:
        """The caller's, digits only."""
        found = _NUMBER.search(self.header("from"))
        return found[1] if found else ""

    @property
    def media(self) -> tuple[str, int] | None:
        """Where its sender listens."""
        found = _MEDIA.search(self.body)
        return (found[1], int(found[2])) if found else None

    def answer(self, status: str, tag: str, contact: str, body: str = "") -> str:
        """The answer with this status line's end."""
        lines = [f"SIP/2.0 {status}"]
        lines += [f"Via: {value}" for name, value in self.headers if name == "via"]
        to = self.header("to")
        lines += [f"From: {self.header('from')}", f"To: {to}" if ";tag=" in to else f"To: {to};tag={tag}"]
        lines += [f"Call-ID: {self.header('call-id')}", f"CSeq: {self.header('cseq')}", f"Contact: <sip:{contact}>"]
        lines += ["Content-Type: application/sdp"] if body else []
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])


class Speaker(asyncio.DatagramProtocol):
    """``answered_us``: when each caller was answered, by number."""

    def __init__(self, address: str, port: int, talk_ms: int) -> None:
        self._contact = f"{address}:{port}"
        self._address = address
        self._talk_ms = talk_ms
        self._talks: dict[str, asyncio.Task[None]] = {}
        self.answered_us: dict[str, int] = {}

    @classmethod
    async def start(cls, address: str, port: int, talk_ms: int) -> Self:
        running = asyncio.get_running_loop()
        _, speaker = await running.create_datagram_endpoint(lambda: cls(address, port, talk_ms), (address, port))
        return speaker

    def close(self) -> None:
        for talk in self._talks.values():
            talk.cancel()
        self._transport.close()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, peer: tuple[str, int]) -> None:
        request = Request.read(data.decode(errors="replace"))
        if request is None or request.method == "ACK":
            return
        tag = f"s{request.header('call-id')[:12]}"
        if request.method == "INVITE":
            self._pick_up(request, tag, peer)
        else:
            self._say(request.answer("200 OK", tag, self._contact), peer)

    def _pick_up(self, invite: Request, tag: str, peer: tuple[str, int]) -> None:
        call_id, media = invite.header("call-id"), invite.media
        if call_id in self._talks or media is None:
            return
        voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        voice.bind((self._address, 0))
        port = voice.getsockname()[1]
        place = f"o=s 1 1 IN IP4 {self._address}\r\ns=-\r\nc=IN IP4 {self._address}\r\nt=0 0\r\n"
        body = f"v=0\r\n{place}m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        self._say(invite.answer("180 Ringing", tag, self._contact), peer)
        self._say(invite.answer("200 OK", tag, self._contact, body), peer)
        self.answered_us.setdefault(invite.number, time.time_ns() // 1_000)
        self._talks[call_id] = asyncio.create_task(self._talk(invite, tag, voice, media, peer))

    async def _talk(
        self, invite: Request, tag: str, voice: socket.socket, media: tuple[str, int], peer: tuple[str, int]
    ) -> None:
        running = asyncio.get_running_loop()
        began_s = running.time()
        with voice:
            for number in range(self._talk_ms // _PACKET_MS):
                head = struct.pack("!BBHII", 0x80, 8, number, number * _SAMPLES, 1)
                voice.sendto(head + bytes([MARK]) * _SAMPLES, media)
                await asyncio.sleep(began_s + (number + 1) * _PACKET_MS / 1000 - running.time())
            self._say(_bye(invite, tag, self._contact), peer)
            await asyncio.sleep(0.1)

    def _say(self, text: str, peer: tuple[str, int]) -> None:
        self._transport.sendto(text.encode(), peer)


def _bye(invite: Request, tag: str, contact: str) -> str:
    target = invite.header("contact").strip("<>").partition(">")[0]
    lines = [f"BYE {target} SIP/2.0", f"Via: SIP/2.0/UDP {contact};branch=z9hG4bK{invite.header('call-id')[:16]}bye"]
    lines += [f"From: {invite.header('to')};tag={tag}", f"To: {invite.header('from')}"]
    lines += [f"Call-ID: {invite.header('call-id')}", "CSeq: 1 BYE", "Max-Forwards: 70", "Content-Length: 0", "", ""]
    return "\r\n".join(lines)
