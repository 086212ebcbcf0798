"""Promises about messages that waiting callers hear, kept apart from the ``Witness`` that makes use of them:

- in a queue, music follows each message by itself, whatever becomes of the news that it is over;
- nobody is connected while a message is said to them: it is cut off first;
- no message is begun while an operator's phone rings.
"""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.core.actions import Action, Connect, Play, StartMusic, StopPlaying
from switchboard.core.call_state import Ringing, Talking, Waiting
from switchboard.core.exchange import Exchange, Handled
from switchboard.core.facts import ActionFailed, Fact, PlaybackEnded
from switchboard.core.ids import CallId, PlaybackId, call_id_of


class Ears:
    """Of all callers of one exchange."""

    def __init__(self) -> None:
        self.saying: dict[CallId, dict[PlaybackId, None]] = {}
        """Messages begun that are not known to be over."""

    def watch(self, exchange: Exchange, fact: Fact, handled: Handled) -> Iterator[str]:
        """Every promise that ``handled``, the answer to ``fact``, breaks."""
        match fact:
            case PlaybackEnded(playback=playback):
                self._is_over(playback)
            case ActionFailed(action="Play", playback=playback) if playback is not None:
                self._is_over(playback)
        for number, action in enumerate(handled.actions):
            yield from self._see(exchange, action, handled.actions[number + 1 :])
        for call in exchange.floor.gone:
            self.saying.pop(call, None)

    def _is_over(self, playback: PlaybackId) -> None:
        self.saying.get(call_id_of(playback), {}).pop(playback, None)

    def _see(self, exchange: Exchange, action: Action, behind: tuple[Action, ...]) -> Iterator[str]:
        call = exchange.floor.calls.get(action.call)
        match action:
            case Play(leg=leg) if call is not None and (leg != call.leg or isinstance(call.state, Talking | Ringing)):
                pass  # somebody of the staff is told that a key did nothing
            case Play(leg=leg, playback=playback):
                self.saying.setdefault(action.call, {})[playback] = None
                if call is None or not isinstance(call.state, Waiting):
                    return
                if call.offers:
                    yield f"a message for {action.call} is begun while a phone rings for it"
                if not any(isinstance(other, StartMusic) and other.leg == leg for other in behind):
                    yield f"the caller of {action.call} waits, and there is no music behind the message"
            case StopPlaying(playback=playback):
                self._is_over(playback)
            case Connect(call=call_id) if self.saying.get(call_id):
                yield f"call {call_id} is connected while a message is said"
            case _:
                pass
