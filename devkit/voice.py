"""The voice of one call: RTP sent and received, in packets of 20 ms."""

import array
import asyncio
import struct
import wave
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from devkit import stamped
from devkit.sip_text import KEYS
from devkit.tones import FRAME, a_law, is_pure, key_packet, tones_in

_SILENT = frozenset((0x55, 0xD5))
_A_LAW = 8


@dataclass(frozen=True)
class Frame:
    """One packet of voice. `at_s` is monotonic: when the kernel had it."""

    at_s: float
    payload: bytes

    @property
    def sounds(self) -> bool:
        return not _SILENT.issuperset(self.payload)


@dataclass(frozen=True)
class Stretch:
    """What was heard without change for a while. `tones`: whose; None: something else that sounds, such as music.

    Times are monotonic, of its first and its last packet. Where no packet came for 100 ms a stretch ends as well.
    """

    from_s: float
    to_s: float
    tones: frozenset[int] | None


def tones_heard(frames: Sequence[Frame]) -> Iterator[tuple[Frame, frozenset[int] | None]]:
    """Each packet, and whose tones it has. Those of a tone, or of several, are all alike: one that is like neither of
    its neighbours is none, and need not be looked into."""
    for at, frame in enumerate(frames):
        beside = (*frames[max(at - 1, 0) : at], *frames[at + 1 : at + 2])
        alike = any(other.payload == frame.payload for other in beside)
        yield frame, tones_in(frame.payload) if alike or not frame.sounds or is_pure(frame.payload) else None


def stretches(frames: Sequence[Frame], longest_gap_s: float = 0.1) -> list[Stretch]:
    """What was heard, one after the other."""
    found: list[Stretch] = []
    for frame, tones in tones_heard(frames):
        if found and found[-1].tones == tones and frame.at_s - found[-1].to_s < longest_gap_s:
            found[-1] = Stretch(found[-1].from_s, frame.at_s, tones)
        else:
            found.append(Stretch(frame.at_s, frame.at_s, tones))
    return found


def sound_frames(sound: Path) -> list[bytes]:
    """A sound file (8 kHz, 16 bit, mono) as A-law on the wire, packet by packet; a short last one is left out."""
    with wave.open(str(sound)) as file:
        heard = bytes(map(a_law, array.array("h", file.readframes(file.getnframes()))))
    return [heard[at : at + FRAME] for at in range(0, len(heard) - FRAME + 1, FRAME)]


def prompt_frames(sound: Path) -> set[bytes]:
    """Every frame of a sound file, but for silent ones."""
    return {frame for frame in sound_frames(sound) if len(set(frame)) > 20}


class Voice:
    """One socket for one call's voice; what came is in `frames`, or in those that are given."""

    def __init__(self, address: str, frames: list[Frame] | None = None) -> None:
        self.frames: list[Frame] = [] if frames is None else frames
        self.far_end: tuple[str, int] | None = None
        self._socket = stamped.bound(address)
        self.port = int(self._socket.getsockname()[1])
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._receive)
        self._sequence = 0
        self._pressing = False

    def say(self, payload: bytes, kind: int = _A_LAW) -> None:
        """Send one packet of voice; nothing while a key is pressed, like phones do."""
        if self._pressing and kind == _A_LAW:
            return
        self._sequence += 1
        self._send(payload, kind, self._sequence * FRAME)

    async def press(self, keys: str) -> None:
        """Press these keys one after the other: 100 ms each, 60 ms between them."""
        for key in keys:
            began, self._pressing = self._sequence * FRAME, True
            for step in range(8):
                self._sequence += 1
                self._send(key_packet(key, step), KEYS | (0x80 if step == 0 else 0), began)
                if step <= 4:
                    await asyncio.sleep(0.02)
            self._pressing = False
            await asyncio.sleep(0.06)

    def close(self) -> None:
        if self._socket.fileno() != -1:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def _send(self, payload: bytes, kind: int, at: int) -> None:
        if self.far_end is None:
            raise RuntimeError("nobody has answered yet")
        if self._socket.fileno() == -1:
            return  # just closed
        head = struct.pack("!BBHII", 0x80, kind, self._sequence & 0xFFFF, at & 0xFFFFFFFF, 0x0EA70EA7)
        with suppress(BlockingIOError):  # a packet lost on the way
            self._socket.sendto(head + payload, self.far_end)

    def _receive(self) -> None:
        for at_us, data, _ in stamped.arrived(self._socket, 2048):
            if len(data) > 12 and data[1] & 0x7F == _A_LAW:
                self.frames.append(Frame(stamped.monotonic_of(at_us), data[12:]))
