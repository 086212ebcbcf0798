"""Asterisk's recordings in the simulated world, and the courier who files them: late, twice, or never."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard.core import actions as do
from switchboard.core.facts import RecordingEnded, RecordingFiled, RecordingMissed
from switchboard.core.ids import BridgeId, RecordingId

if TYPE_CHECKING:
    from switchboard.sim.world import World

_About = do.StartRecording | do.PauseRecording | do.GoOnRecording | do.StopRecording


class Tapes:
    def __init__(self) -> None:
        self.live: dict[RecordingId, BridgeId] = {}
        self.paused: dict[RecordingId, None] = {}
        self.made: dict[RecordingId, None] = {}
        """Whatever was ever begun: an id is used once."""

    def why_not(self, action: _About) -> str | None:
        if action.recording in self.live or isinstance(action, do.StopRecording):
            return None
        return "404 no such recording"

    def carry_out(self, world: World, action: _About) -> None:
        recording = action.recording
        match action:
            case do.StartRecording(bridge=bridge):
                if recording not in self.made:
                    self.live[recording] = bridge
                    self.made[recording] = None
                    if world.random.random() < world.unkind.lose:  # the disk is full
                        world.after(int(world.random.random() * 5_000), self._end, world, recording, False)
            case do.PauseRecording():
                self.paused[recording] = None
            case do.GoOnRecording():
                self.paused.pop(recording, None)
            case do.StopRecording():
                self._end(world, recording, True)

    def look(self, world: World) -> None:
        """A recording ends when nobody is left in its bridge."""
        for recording, bridge in list(self.live.items()):
            if not world.bridges.get(bridge):
                self._end(world, recording, True)

    def break_off(self) -> None:
        """Asterisk died."""
        self.live.clear()

    def _end(self, world: World, recording: RecordingId, kept: bool) -> None:
        if self.live.pop(recording, None) is None:
            return
        if world.random.random() > max(world.unkind.lose, 0.1):
            delay_ms = 1 + int(world.random.random() * 50)
            world.after(delay_ms, world.hear, RecordingEnded(recording, kept, why="" if kept else "no room"))
        filed = RecordingFiled(recording, f"{recording}.wav", "0" * 64, 1)
        came = filed if kept or world.random.random() < 0.5 else RecordingMissed(recording, "404")
        for _ in range(2 if world.random.random() < world.unkind.double else 1):
            world.after(500 + int(world.random.random() * 20_000), world.deliver, came)
