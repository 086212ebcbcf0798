"""What callers say after the tone, in the simulated world, recorded and kept as Asterisk does it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from msgspec import Struct

from switchboard.core.actions import AskAboutRecording, RecordMessage
from switchboard.core.facts import RecordingEnded
from switchboard.core.ids import LegId, RecordingId

if TYPE_CHECKING:
    from switchboard.sim.leg import Leg
    from switchboard.sim.world import World

_SILENT, _SHORT = 0.1, 0.1
_LOST_IN_A_CRASH = 0.3


class Tape(Struct):
    leg: LegId
    begins_ms: int
    """When the greeting is over."""
    says_ms: int
    """How long they would talk."""
    ended_ms: int | None = None

    @property
    def sound_ms(self) -> int:
        """What there is of it, once it is over."""
        return min(max((self.ended_ms or 0) - self.begins_ms, 0), self.says_ms)


class MessageTapes:
    def __init__(self, random: Random) -> None:
        self._random = random
        self.tapes: dict[RecordingId, Tape] = {}

    def carry_out(self, world: World, action: RecordMessage | AskAboutRecording) -> None:
        if isinstance(action, AskAboutRecording):
            if (answer := self._what_became_of(action.recording)) is not None:
                world.after(1 + int(self._random.random() * 15), world.hear, answer)
            return
        dice = self._random.random()
        says_ms = 0 if dice < _SILENT else 1_500 if dice < _SILENT + _SHORT else 2_500 + int(dice * 20_000)
        greeting_ms = 3_500  # a message is over by then, see ``World``
        self.tapes[action.recording] = Tape(action.leg, world.now_ms + greeting_ms, says_ms)
        lasts_ms = greeting_ms + min(says_ms + action.silence_ms, action.longest_ms)
        world.after(lasts_ms, self._stop, world, action.recording, world.legs[action.leg])

    def hang_up(self, world: World, leg: Leg) -> None:
        for recording in [name for name, tape in self.tapes.items() if tape.leg == leg.leg_id]:
            self._stop(world, recording, leg)

    def _stop(self, world: World, recording: RecordingId, leg: Leg) -> None:
        if (ended := self._end(recording, world.now_ms)) is not None:
            world.tell(leg, ended)

    def kept(self, shortest_ms: int) -> dict[RecordingId, int]:
        """What lies there, and how much sound is in it, where that is enough for a message."""
        whole_s = {name: tape.sound_ms // 1000 * 1000 for name, tape in self.tapes.items() if tape.ended_ms is not None}
        return {name: sound_ms for name, sound_ms in whole_s.items() if sound_ms >= shortest_ms}

    def _end(self, recording: RecordingId, now_ms: int) -> RecordingEnded | None:
        """What Asterisk tells of the end; ``None``: it was over."""
        tape = self.tapes.get(recording)
        if tape is None or tape.ended_ms is not None:
            return None
        tape.ended_ms = now_ms
        if now_ms < tape.begins_ms:  # they hung up during the greeting: no file, no durations
            del self.tapes[recording]
            return RecordingEnded(recording)
        lasted_s = min(now_ms - tape.begins_ms, tape.says_ms) // 1000
        return RecordingEnded(recording, duration_ms=lasted_s * 1000, talking_ms=tape.sound_ms // 1000 * 1000)

    def _what_became_of(self, recording: RecordingId) -> RecordingEnded | None:
        tape = self.tapes.get(recording)
        if tape is None:
            return RecordingEnded(recording, kept=False, known=False, why="no such recording")
        return RecordingEnded(recording, duration_ms=tape.sound_ms) if tape.ended_ms is not None else None

    def crash(self, now_ms: int) -> None:
        """Asterisk died: of what it was recording some is there, and some is not."""
        for name in [name for name, tape in self.tapes.items() if tape.ended_ms is None]:
            self.tapes[name].ended_ms = now_ms
            if now_ms < self.tapes[name].begins_ms or self._random.random() < _LOST_IN_A_CRASH:
                del self.tapes[name]
