"""A caller, or a phone, that hears: one call at a time on a softphone, where SIPp only counts packets.

It knows which prompt it hears: Asterisk sends a sound file in frames of 20 ms from its beginning, so each frame of
the file, encoded as the wire has it, is looked for among those that came. It presses keys by RFC 4733, as phones do.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Self, TypeVar

from devkit.phones import ANSWER, RING_FOREVER
from devkit.processes import Deadline
from devkit.soft_call import SoftCall
from devkit.softphone import Softphone
from devkit.tones import FRAME, a_law, tone_frame
from devkit.voice import Frame, prompt_frames, sound_frames

__all__ = ["FRAME", "TONE", "Ear", "Frame", "a_law", "prompt_frames"]

T = TypeVar("T")
TONE = tone_frame(0)
"""What an ear that talks sends: no sound file has it."""
_NOBODY = "0.0.0.0:9"


class Ear:
    """One call at ``address``; made by ``call`` (dials at once) or ``wait_on`` (answers whoever calls).

    ``talks``: whether it sends ``voice``, one frame again and again, once the call is answered. ``secret`` is the
    password with which it dials, where it is asked for one.
    """

    def __init__(
        self, address: str, port: int = 0, *, talks: bool = False, voice: bytes = TONE, secret: str = ""
    ) -> None:
        self.talks, self._voice, self.secret = talks, voice, secret
        self.frames: list[Frame] = []
        self._call: SoftCall | None = None
        self._phone = Softphone("ear", address, _NOBODY, port=port)
        self._phone.frames = self.frames
        self._phone.behaviour = RING_FOREVER
        self._taken = 0

    @property
    def voice(self) -> bytes:
        return self._voice

    @voice.setter
    def voice(self, frame: bytes) -> None:
        """From now on it says this."""
        self._voice = frame
        self._phone.says = frame if self.talks else b""

    @classmethod
    def at(cls, address: str, port: int = 0, *, talks: bool = False, voice: bytes = TONE, secret: str = "") -> Self:
        return cls(address, port, talks=talks, voice=voice, secret=secret)

    @classmethod
    async def call(cls, address: str, number: str, to: str, exchange: str, *, talks: bool = False) -> Self:
        """Dial ``to`` as a caller with this number; returns at once."""
        ear = cls(address, talks=talks)
        ear.dial(number, to, exchange)
        return ear

    @classmethod
    def wait_on(cls, address: str, port: int, *, talks: bool = True) -> Self:
        """Stand where a phone stood that has signed on, and answer the next call at once."""
        ear = cls(address, port, talks=talks)
        ear.pick_up_next()
        return ear

    def dial(self, number: str, to: str, exchange: str) -> None:
        phone = self._phone
        phone.name = phone.number = number
        phone.secret, phone.says = self.secret, self.voice if self.talks else b""
        phone.at_exchange(exchange)
        self._call = phone.place(to)

    def pick_up_next(self) -> None:
        """Answer the next call at once; also after one that is over."""
        self._call, self._taken = None, len(self._phone.received)
        self._phone.behaviour, self._phone.says = ANSWER, self.voice if self.talks else b""

    @property
    def port(self) -> int:
        return self._phone.port

    @property
    def statuses(self) -> list[int]:
        """Of the answers to its INVITE."""
        return [] if self._now is None else self._now.statuses

    @property
    def answered_s(self) -> float | None:
        """When the 200 came, or was sent; monotonic."""
        return None if self._now is None else self._now.answered_s

    @property
    def over(self) -> bool:
        return self._now is not None and self._now.over

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
        frames = sound_frames(sound)
        began = monotonic()
        for number, frame in enumerate(frames if seconds is None else frames[: round(seconds * 50)]):
            self._there.voice.say(frame)
            await asyncio.sleep(max(0.0, began + (number + 1) * 0.02 - monotonic()))

    async def press(self, keys: str) -> None:
        """Press these keys one after the other: 100 ms each, 60 ms between them."""
        await self._there.press(keys)

    def press_by_info(self, key: str) -> None:
        """The same for a phone that sends keys by SIP INFO."""
        self._there.press_by_info(key)

    def hang_up(self) -> None:
        if self._now is not None:
            self._now.hang_up()

    async def close(self) -> None:
        await self._phone.close()

    @property
    def _now(self) -> SoftCall | None:
        """The call that this is about."""
        if self._call is None and len(self._phone.received) > self._taken:
            self._call = self._phone.received[self._taken]
        return self._call

    @property
    def _there(self) -> SoftCall:
        if self._now is None:
            raise RuntimeError("nobody has answered yet")
        return self._now
