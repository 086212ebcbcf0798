"""Lanes: the actions of one call are performed in order, calls run side by side.

One task per call that has something to do; it ends when its lane is empty. A refusal becomes an ``ActionFailed``
fact; any other exception is a bug, told to the exchange as a refusal too, and reported with its traceback. A
look-up does not hold its lane: the caller may be answered, or gone, before the directory is. Nor does a PIN.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from switchboard.core.actions import (
    Action,
    Answer,
    CheckPin,
    Connect,
    HangUp,
    Join,
    LookUpCaller,
    Play,
    PlayInBridge,
    RecordMessage,
    Ring,
    RingOutside,
    Snoop,
)
from switchboard.core.facts import ActionFailed, CallerFound, Fact, LegBridged, LookUpFailed, PinChecked
from switchboard.core.ids import CallId, LegId
from switchboard.engine.ports import Directory, LegGone, Pins, Refused, SwitchAway, Telephony

_log = structlog.get_logger()
ACTION_AT_MOST_S = 5.0
"""An action that takes longer counts as refused: a lane must not stand still behind it."""


class Lanes:
    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        telephony: Telephony,
        directory: Directory,
        post: Callable[[Fact], None],
        pins: Pins | None = None,
    ) -> None:
        self._tasks = tasks
        self._telephony = telephony
        self._directory = directory
        self._pins = pins
        self._post = post
        self._lanes: dict[CallId, deque[Action]] = {}

    @property
    def busy(self) -> int:
        """How many calls have actions under way."""
        return len(self._lanes)

    def give(self, action: Action) -> None:
        """Perform ``action`` after those given before it for the same call."""
        if isinstance(action, LookUpCaller):
            self._tasks.create_task(self._look_up(action))
            return
        if isinstance(action, CheckPin):
            self._tasks.create_task(self._check_pin(action))
            return
        lane = self._lanes.get(action.call)
        if lane is None:
            lane = self._lanes[action.call] = deque()
            self._tasks.create_task(self._drive(action.call, lane))
        lane.append(action)

    def known_at_once(self, action: LookUpCaller) -> CallerFound | None:
        """The answer to a look-up where the directory need not wait for it; ``None``: ``give`` the action."""
        try:
            clients = self._directory.find_at_once(action.number)
        except Exception:
            return None  # whatever it is, ``give`` will meet it too, and say so
        return None if clients is None else CallerFound(action.call, clients, self._directory.age_ms())

    async def _drive(self, call: CallId, lane: deque[Action]) -> None:
        while lane:
            action = lane.popleft()
            try:
                async with asyncio.timeout(ACTION_AT_MOST_S):
                    answer = await self._telephony.perform(action)
                if answer is not None:
                    self._post(answer)
                if isinstance(action, Connect | Join):
                    self._connected(action)
            except Refused as refusal:
                gone = refusal.leg if isinstance(refusal, LegGone) else None
                self._failed(action, refusal.why, away=isinstance(refusal, SwitchAway), gone=gone)
            except TimeoutError:
                self._failed(action, f"no answer within {ACTION_AT_MOST_S:g} s")
            except Exception as error:
                _log.exception("action.bug", call=call, action=type(action).__name__)
                self._failed(action, f"bug: {type(error).__name__}: {error}")
        del self._lanes[call]

    def _connected(self, action: Connect | Join) -> None:
        """The legs are in the bridge: that is what the switch's consent means, and it sends no other word of it."""
        for leg in action.legs if isinstance(action, Connect) else (action.leg,):
            self._post(LegBridged(leg, action.bridge))

    def _failed(self, action: Action, why: str, *, away: bool = False, gone: LegId | None = None) -> None:
        _log.info("action.refused", call=action.call, action=type(action).__name__, reason=why)
        leg = action.leg if isinstance(action, Ring | RingOutside | Answer | HangUp | Play | Snoop | Join) else None
        playback = action.playback if isinstance(action, Play | PlayInBridge) else None
        recording = action.recording if isinstance(action, RecordMessage) else None
        bridge = action.bridge if isinstance(action, Connect) else None
        self._post(ActionFailed(action.call, type(action).__name__, why, leg, away, gone, playback, recording, bridge))

    async def _look_up(self, action: LookUpCaller) -> None:
        try:
            async with asyncio.timeout(action.within_ms / 1000):
                clients = await self._directory.find(action.number)
            self._post(CallerFound(action.call, clients, self._directory.age_ms()))
        except Refused as refusal:
            self._post(LookUpFailed(action.call, refusal.why))
        except TimeoutError:
            self._post(LookUpFailed(action.call, f"no answer within {action.within_ms} ms"))
        except Exception as error:
            _log.exception("look_up.bug", call=action.call)
            self._post(LookUpFailed(action.call, f"bug: {type(error).__name__}"))

    async def _check_pin(self, action: CheckPin) -> None:
        """What goes wrong says so without the PIN: even the words of an exception may hold it."""
        if self._pins is None:
            self._failed(action, "nobody here knows PINs")
            return
        try:
            async with asyncio.timeout(ACTION_AT_MOST_S):
                self._post(PinChecked(action.call, await self._pins.is_right(action.person, action.leg)))
        except Refused as refusal:
            self._failed(action, refusal.why)
        except TimeoutError:
            self._failed(action, f"no answer within {ACTION_AT_MOST_S:g} s")
        except Exception as error:
            _log.error("pin.bug", call=action.call, error=type(error).__name__)
            self._failed(action, f"bug: {type(error).__name__}")
