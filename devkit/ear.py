"""A caller, or a phone, that hears: SIP and RTP in one small process of ours, where SIPp only counts packets.

It knows which prompt it hears: Asterisk sends a sound file in frames of 20 ms from its beginning, so each frame of
the file, encoded as the wire has it, is looked for among those that came. It presses keys by RFC 4733, as phones do.
"""

import array
import asyncio
import re
import socket
import struct
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Self, TypeVar

from devkit.processes import Deadline

T = TypeVar("T")
FRAME = 160
"""Samples, and bytes of A-law, in 20 ms."""
TONE = bytes((0x2A, 0x7B)) * (FRAME // 2)
"""What an ear that talks sends: no sound file has it."""
_SILENT = frozenset((0x55, 0xD5))
_EVENTS = 101
_numbers = count(1)


@dataclass(frozen=True)
class Frame:
    """One packet of voice. ``at_s`` is monotonic."""

    at_s: float
    payload: bytes

    @property
    def sounds(self) -> bool:
        return not _SILENT.issuperset(self.payload)


def prompt_frames(sound: Path) -> set[bytes]:
    """Every frame of a sound file (8 kHz, 16 bit, mono) as A-law on the wire, but for silent and short ones."""
    with wave.open(str(sound)) as file:
        encoded = bytes(map(_a_law, array.array("h", file.readframes(file.getnframes()))))
    frames = {encoded[at : at + FRAME] for at in range(0, len(encoded), FRAME)}
    return {frame for frame in frames if len(frame) == FRAME and len(set(frame)) > 20}


@lru_cache(maxsize=65_536)
def _a_law(sample: int) -> int:
    """One sample of 16 bits as G.711 has it."""
    size, mask = sample >> 3, 0xD5
    if size < 0:
        size, mask = -size - 1, 0x55
    segment = max(size.bit_length() - 5, 0)
    return ((segment << 4) | ((size >> max(segment, 1)) & 0xF)) ^ mask


@dataclass
class Ear:
    """One call at ``address``; made by ``call`` (dials at once) or ``wait_on`` (answers whoever calls)."""

    address: str
    sip: socket.socket
    rtp: socket.socket
    talks: bool = False
    """Whether it sends ``tone`` once the call is answered."""
    tone: bytes = TONE
    frames: list[Frame] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    answered_s: float | None = None
    """When the 200 came, or was sent."""
    over: bool = False
    _asked: str = ""
    """The INVITE, as sent or as received."""
    _peer: tuple[str, int] = ("", 0)
    _media: tuple[str, int] | None = None
    _remote: str = ""
    """The far end's To or From with its tag, as the dialogue's requests need it."""
    _contact: str = ""
    _sequence: int = 0
    _cseq: int = 1
    _answers: bool = False
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    @classmethod
    def at(cls, address: str, port: int = 0, *, talks: bool = False) -> Self:
        sip, rtp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        sip.bind((address, port))
        rtp.bind((address, 0))
        for one in (sip, rtp):
            one.setblocking(False)
        return cls(address, sip, rtp, talks)

    @classmethod
    async def call(cls, address: str, number: str, to: str, exchange: str, *, talks: bool = False) -> Self:
        """Dial ``to`` as a caller with this number; returns at once."""
        ear = cls.at(address, talks=talks)
        ear.dial(number, to, exchange)
        return ear

    @classmethod
    def wait_on(cls, address: str, port: int, *, talks: bool = True) -> Self:
        """Stand where a phone stood that has signed on, and answer the next call at once."""
        ear = cls.at(address, port, talks=talks)
        ear.pick_up_next()
        return ear

    def dial(self, number: str, to: str, exchange: str) -> None:
        host, _, port = exchange.partition(":")
        self._peer = (host, int(port or 5060))
        self._contact = f"sip:{to}@{exchange}"
        number_here = next(_numbers)
        self._asked = "\r\n".join(
            [
                f"INVITE {self._contact} SIP/2.0",
                f"Via: SIP/2.0/UDP {self.address}:{self.port};branch=z9hG4bKear{number_here}",
                f"From: <sip:{number}@{self.address}>;tag=ear{number_here}",
                f"To: <{self._contact}>",
                f"Call-ID: ear-{number_here}-{self.port}@{self.address}",
                "CSeq: 1 INVITE",
                f"Contact: <sip:{number}@{self.address}:{self.port}>",
                "Max-Forwards: 70",
            ]
        )
        self._begin()
        self._send(self._with_sdp(self._asked))

    def pick_up_next(self) -> None:
        """Answer the next call at once; also after one that is over."""
        self._answers, self.over, self.answered_s, self._media = True, False, None, None
        if not self._tasks:
            self._begin()

    @property
    def port(self) -> int:
        return int(self.sip.getsockname()[1])

    async def until(self, look: Callable[[], T | None], awaited: str, timeout_s: float = 10) -> T:
        """Look again and again until there is something. Raises TimeoutError naming what was awaited."""
        deadline = Deadline(timeout_s, awaited)
        while (found := look()) is None:
            await deadline.pause(0.005)
        return found

    async def hears(self, sound: Path, timeout_s: float = 20, *, since: int = 0) -> int:
        """Wait for this sound file among the frames behind the first ``since``; the index of its first frame."""
        wanted, at = prompt_frames(sound), since

        def look() -> int | None:
            nonlocal at
            while at < len(self.frames):
                at += 1
                if self.frames[at - 1].payload in wanted:
                    return at - 1
            return None

        return await self.until(look, f"to hear {sound.name}", timeout_s)

    async def say(self, sound: Path, seconds: float | None = None) -> None:
        """Speak this sound file, or its first seconds, as a phone sends it: a frame every 20 ms."""
        with wave.open(str(sound)) as file:
            encoded = bytes(map(_a_law, array.array("h", file.readframes(file.getnframes()))))
        frames = [encoded[at : at + FRAME] for at in range(0, len(encoded) - FRAME + 1, FRAME)]
        began = monotonic()
        for number, frame in enumerate(frames if seconds is None else frames[: round(seconds * 50)]):
            self._send_rtp(frame, 8, self._sequence * FRAME)
            await asyncio.sleep(max(0.0, began + (number + 1) * 0.02 - monotonic()))

    async def press(self, keys: str) -> None:
        """Press these keys one after the other: 100 ms each, 60 ms between them."""
        for key in keys:
            event, began = "0123456789*#".index(key), self._sequence * FRAME
            for step in range(8):
                ends = step > 4
                packet = struct.pack("!BBHH", event, (0x80 if ends else 0) | 10, min(step + 1, 5) * FRAME, 0)[:4]
                self._send_rtp(packet, _EVENTS | (0x80 if step == 0 else 0), began)
                if not ends:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.06)

    def press_by_info(self, key: str) -> None:
        """The same for a phone that sends keys by SIP INFO."""
        self._cseq += 1
        body = f"Signal={key}\r\nDuration=160\r\n"
        head = self._in_dialogue("INFO", str(self._cseq)).partition("Content-Length")[0]
        self._send(f"{head}Content-Type: application/dtmf-relay\r\nContent-Length: {len(body)}\r\n\r\n{body}")

    def hang_up(self) -> None:
        if self.over:
            return
        self.over = True
        if self.answered_s is None and not self._answers:
            self._send(self._in_dialogue("CANCEL", _header(self._asked, "CSeq").split()[0]))
        else:
            self._cseq += 1
            self._send(self._in_dialogue("BYE", str(self._cseq)))

    async def close(self) -> None:
        self.hang_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.sip.close()
        self.rtp.close()

    # ---- SIP

    def _begin(self) -> None:
        self._tasks += [asyncio.create_task(self._signal()), asyncio.create_task(self._listen())]

    async def _signal(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            data, peer = await loop.sock_recvfrom(self.sip, 65535)
            text = data.decode(errors="replace")
            if text.startswith("SIP/2.0 "):
                self._hear_answer(text)
            else:
                self._hear_request(text, peer)

    def _hear_answer(self, text: str) -> None:
        if not _header(text, "CSeq").endswith("INVITE"):
            return
        status = int(text.split()[1])
        self.statuses.append(status)
        if status < 200:
            return
        self._remote = _header(text, "To")
        self._contact = _uri(_header(text, "Contact")) or self._contact
        self._send(self._in_dialogue("ACK", _header(text, "CSeq").split()[0]))
        if status == 200 and self.answered_s is None:
            self._answered(text)
        self.over |= status >= 300

    def _hear_request(self, text: str, peer: tuple[str, int]) -> None:
        method = text.split(maxsplit=1)[0]
        self._peer = peer
        if method == "INVITE" and self._answers and self.answered_s is None:
            self._asked = text
            self._remote, self._contact = _header(text, "From"), _uri(_header(text, "Contact"))
            self._send(_reply(text, "180 Ringing", self.port))
            self._send(self._with_sdp(_reply(text, "200 OK", self.port).rstrip("\r\n").rpartition("\r\n")[0]))
            self._answered(text)
        elif method == "INVITE":
            self._send(self._with_sdp(_reply(text, "200 OK", self.port).rstrip("\r\n").rpartition("\r\n")[0]))
        elif method != "ACK":
            self.over |= method in ("BYE", "CANCEL")
            self._send(_reply(text, "200 OK", self.port))

    def _answered(self, text: str) -> None:
        self.answered_s = monotonic()
        found = re.search(r"c=IN IP4 (\S+)", text), re.search(r"m=audio (\d+)", text)
        if found[0] is not None and found[1] is not None:
            self._media = (found[0][1], int(found[1][1]))
        if self.talks:
            self._tasks.append(asyncio.create_task(self._talk()))

    def _send(self, text: str) -> None:
        self.sip.sendto(text.encode(), self._peer)

    def _in_dialogue(self, method: str, cseq: str) -> str:
        asked = self._asked
        ours, theirs = ("To", "From") if self._answers else ("From", "To")
        sender = _header(asked, ours) + (";tag=ear" if self._answers else "")
        first = f"{method} {self._contact} SIP/2.0"
        via = _header(asked, "Via") if method == "CANCEL" else (
            f"SIP/2.0/UDP {self.address}:{self.port};branch=z9hG4bKear{next(_numbers)}{method}"
        )  # fmt: skip
        lines = [first, f"Via: {via}", f"From: {sender}", f"To: {self._remote or _header(asked, theirs)}"]
        lines += [f"Call-ID: {_header(asked, 'Call-ID')}", f"CSeq: {cseq} {method}", "Max-Forwards: 70"]
        return "\r\n".join([*lines, "Content-Length: 0", "", ""])

    def _with_sdp(self, head: str) -> str:
        body = "\r\n".join(
            [
                "v=0",
                f"o=ear 1 1 IN IP4 {self.address}",
                "s=-",
                f"c=IN IP4 {self.address}",
                "t=0 0",
                f"m=audio {self.rtp.getsockname()[1]} RTP/AVP 8 {_EVENTS}",
                "a=rtpmap:8 PCMA/8000",
                f"a=rtpmap:{_EVENTS} telephone-event/8000",
                f"a=fmtp:{_EVENTS} 0-16",
                "",
            ]
        )
        return f"{head}\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"

    # ---- RTP

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            data = await loop.sock_recv(self.rtp, 2048)
            if len(data) > 12 and data[1] & 0x7F == 8:
                self.frames.append(Frame(monotonic(), data[12:]))

    async def _talk(self) -> None:
        while not self.over:
            self._send_rtp(self.tone, 8, self._sequence * FRAME)
            await asyncio.sleep(0.02)

    def _send_rtp(self, payload: bytes, kind: int, at: int) -> None:
        if self._media is None:
            raise RuntimeError("nobody has answered yet")
        self._sequence = (self._sequence + 1) & 0xFFFF
        head = struct.pack("!BBHII", 0x80, kind, self._sequence, at & 0xFFFFFFFF, 0x0EA70EA7)
        self.rtp.sendto(head + payload, self._media)


def _header(text: str, name: str) -> str:
    found = re.search(rf"(?im)^{name}\s*:\s*(.*?)\r?$", text)
    return found[1] if found else ""


def _uri(contact: str) -> str:
    found = re.search(r"sips?:[^>;\s]+", contact)
    return found[0] if found else ""


def _reply(text: str, status: str, port: int) -> str:
    lines = [f"SIP/2.0 {status}"]
    lines += [line for line in text.splitlines() if line.lower().startswith("via:")]
    tagged = "" if ";tag=" in _header(text, "To") else ";tag=ear"
    lines += [f"From: {_header(text, 'From')}", f"To: {_header(text, 'To')}{tagged}"]
    lines += [f"Call-ID: {_header(text, 'Call-ID')}", f"CSeq: {_header(text, 'CSeq')}"]
    lines += [f"Contact: <sip:ear@127.0.0.1:{port}>", "Content-Length: 0"]
    return "\r\n".join([*lines, "", ""])
