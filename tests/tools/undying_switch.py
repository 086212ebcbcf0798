"""The simulation's fake Asterisk, living in the time of an event loop, through every crash of the service.

It is a port ``Telephony`` and a ``VoiceMeter``. While nobody is connected its calls go on, its events are lost, and so
are those that were on their way when the service died. It also keeps account of what callers are owed, and names what
was not given:

- from the moment a caller comes until they go they hear ringing (unless answered), music or a voice (once answered);
- a message is spoken in the language of the line.

``at_most_silent_ms`` counts only time in which the service is connected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any, cast

from msgspec import Struct, field

from switchboard.core import actions as do
from switchboard.core.actions import Action
from switchboard.core.facts import CallArrived, Entrance, Fact, LegRinging, SwitchReady
from switchboard.core.ids import BridgeId, LegId, PhoneId
from switchboard.engine.ports import Refused, SwitchAway
from switchboard.sim.traffic import Traffic
from switchboard.sim.unkindness import KIND, Unkindness
from switchboard.sim.world import Leg, World
from tests.tools.virtual_time import VirtualLoop

_ON_THE_WIRE_MS = 20
"""No event takes longer here."""


class Manners(Struct):
    """What people do, where chance does not decide."""

    picks_up_ms: dict[str, int] = field(default_factory=dict)
    """By phone (``""``: any number outside), how long it rings before it is picked up; others let it ring out."""
    refuses_ms: dict[str, int] = field(default_factory=dict)
    """The same, for pressing the red button."""
    talks_ms: int = 3_000
    caller_ends_it: bool = True
    muted: tuple[str, ...] = ()
    """Phones that send no voice."""


class UndyingSwitch(World):
    def __init__(
        self,
        traffic: Traffic,
        random: Random,
        began_ms: int,
        *,
        manners: Manners | None = None,
        unkind: Unkindness = KIND,
        at_most_silent_ms: int,
    ) -> None:
        """``manners``: ``None`` leaves to chance what people do."""
        self._time = cast("VirtualLoop", asyncio.get_running_loop())
        super().__init__(traffic, random, unkind, self._hand_over, began_ms)
        self.away = True
        self.problems: list[str] = []
        self.visits: dict[LegId, bool] = {}
        """Every leg that came to us; false for one that may have come and gone without anybody hearing of it."""
        self._manners = manners
        self._at_most_silent_ms = at_most_silent_ms
        self._post: Callable[[Fact], None] | None = None
        self._on_the_wire: list[asyncio.TimerHandle] = []
        self._silent_since: dict[LegId, int] = {}
        """Callers who hear nothing, and since when in connected time."""
        self._heard: dict[LegId, dict[str, None]] = {}
        self._playing: dict[LegId, int] = {}
        self._music_behind: dict[LegId, None] = {}
        """Callers for whom music begins when the message is over."""
        self._language: dict[LegId, str] = {}
        self._ended_at_ms: dict[LegId, int] = {}
        """When callers went, of those who did since the connection was lost last."""
        self._connected_ms = 0
        self._connected_at_ms: int | None = None

    # time and connection ---------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        return self._began_ms + self._time.now_ms

    @now_ms.setter
    def now_ms(self, began_ms: int) -> None:
        self._began_ms = began_ms  # only the base class sets it, once; afterwards the loop says what time it is

    def after(self, ms: int, what: Callable[..., None], *about: Any) -> None:
        timer = self._time.call_later(ms / 1000, what, *about)
        if what == self._arrive:
            self._on_the_wire.append(timer)

    def connect(self, post: Callable[[Fact], None]) -> None:
        """A service is here: tell it what lives, and from now on what happens."""
        self.away, self._post = False, post
        self._connected_at_ms = self.now_ms
        self._on_the_wire.clear()
        post(SwitchReady(self.found(), f"start {self.starts}"))

    def lose(self) -> None:
        """The service is gone, and with it what was on its way to it."""
        if self._connected_at_ms is not None:
            self._connected_ms += self.now_ms - self._connected_at_ms
        self.away, self._post, self._connected_at_ms = True, None, None
        for timer in self._on_the_wire:
            timer.cancel()
        self._on_the_wire.clear()
        for leg, ended_at_ms in self._ended_at_ms.items():
            if self.now_ms - ended_at_ms < _ON_THE_WIRE_MS:
                self.visits[leg] = False
        self._ended_at_ms.clear()

    def restart(self) -> None:
        """Asterisk dies as well, with all its calls, while the service is away."""
        for leg in self.legs:
            self._silent_since.pop(leg, None)
            self.visits.pop(leg, None)  # perhaps nobody had heard of it
        self._restart()

    def _hand_over(self, fact: Fact) -> None:
        if self._post is not None:
            self._post(fact)

    @property
    def _connected_so_far_ms(self) -> int:
        since = self._connected_at_ms
        return self._connected_ms + (self.now_ms - since if since is not None else 0)

    async def perform(self, action: Action) -> None:
        """See the port ``Telephony``."""
        await asyncio.sleep((1 + int(self.random.random() * 3)) / 1000)
        if self.away:
            raise SwitchAway("not connected")
        why_not = self.why_not(action)
        if why_not is not None:
            raise Refused(why_not)
        self.carry_out(action)

    async def voice_packets(self, leg: LegId) -> int | None:
        """See the port ``VoiceMeter``: who is muted is never heard, anybody else always."""
        if self.away:
            raise SwitchAway("not connected")
        there = self.legs.get(leg)
        if there is None:
            return None
        muted = self._manners is not None and there.phone in self._manners.muted
        return 0 if muted else self.now_ms

    # who comes and goes ----------------------------------------------------------------------------------------

    def come_in(self, leg_id: LegId, number: str, dialled: str, phone: PhoneId | None = None, *, language: str) -> Leg:
        """Somebody calls, from outside or from a phone."""
        leg = self.legs[leg_id] = Leg(leg_id, phone, came_in=True)
        entrance = Entrance.LINE if phone is None else Entrance.PHONE
        leg.arrival = CallArrived(leg_id, entrance, number, dialled, phone)
        self.visits[leg_id] = True
        self._language[leg_id] = "" if language == "en" else language
        self._silent_since[leg_id] = self._connected_so_far_ms
        if entrance is Entrance.LINE:
            self._sounds(leg_id, "ringing", on=True)  # the dialplan sees to it
        self.tell(leg, leg.arrival)
        return leg

    def leave(self, leg: Leg) -> None:
        """A caller who talks with nobody gives up."""
        if leg.alive and leg.bridge is None:
            self.end_leg(leg.leg_id, 16)

    def end_leg(self, leg_id: LegId, cause: int) -> None:
        leg = self.legs.get(leg_id)
        super().end_leg(leg_id, cause)
        if leg is None:
            return
        self._break_silence(leg_id)
        if leg_id in self.visits:
            self._ended_at_ms[leg_id] = self.now_ms
            self.visits[leg_id] &= not self.away
        for other in self.bridges.get(leg.bridge, []) if leg.bridge is not None else []:
            self._sounds(other.leg_id, "a person", on=False)

    # what they hear --------------------------------------------------------------------------------------------

    def carry_out(self, action: Action) -> None:
        broken_up = self.bridges.get(action.bridge, []) if isinstance(action, do.TakeDownBridge) else []
        super().carry_out(action)
        for each in broken_up:
            self._sounds(each.leg_id, "a person", on=False)
        match action:
            case do.SoundRinging(leg=leg):
                self._sounds(leg, "ringing", on=not self.legs[leg].answered)
            case do.Answer(leg=leg):
                self._sounds(leg, "ringing", on=False)
            case do.StartMusic(leg=leg) if self._playing.get(leg):
                self._music_behind[leg] = None
            case do.StartMusic(leg=leg):
                self._sounds(leg, "music", on=self.legs[leg].answered)
            case do.StopMusic(leg=leg):
                self._music_behind.pop(leg, None)
                self._sounds(leg, "music", on=False)
            case do.SetLanguage(leg=leg, language=language):
                if self._language.get(leg) == language:
                    self._language[leg] = ""
            case do.Play(leg=leg):
                self._sounds(leg, "a message", on=self.legs[leg].answered)
                self._sounds(leg, "music", on=False)  # it does not come back by itself
                self._playing[leg] = self._playing.get(leg, 0) + 1
                if self._language.get(leg):
                    self.problems.append(f"the caller of {leg} is spoken to in another language than their line's")
            case do.Connect(legs=legs):
                for leg in legs:
                    self._sounds(leg, "a person", on=True)
            case _:
                pass

    def _played(self, action: do.Play | do.StopPlaying) -> None:
        if not self.playing.get(action.playback):
            return
        super()._played(action)
        self._playing[action.leg] -= 1
        if not self._playing[action.leg]:
            if action.leg in self._music_behind:
                del self._music_behind[action.leg]
                self._sounds(action.leg, "music", on=True)
            self._sounds(action.leg, "a message", on=False)

    def _sounds(self, leg: LegId, what: str, *, on: bool) -> None:
        """From now on this can, or cannot, be heard on a leg."""
        heard = self._heard.setdefault(leg, {})
        if on:
            heard[what] = None
        else:
            heard.pop(what, None)
        if heard:
            self._break_silence(leg)
        elif leg in self.visits and leg in self.legs:
            self._silent_since.setdefault(leg, self._connected_so_far_ms)

    def _notice_silence(self, leg: Leg) -> None:
        if not self._heard.get(leg.leg_id):  # who is back in a queue hears music, and waits
            super()._notice_silence(leg)

    def _break_silence(self, leg: LegId) -> None:
        since = self._silent_since.pop(leg, None)
        if since is not None and self._connected_so_far_ms - since > self._at_most_silent_ms:
            self.problems.append(f"the caller of {leg} heard nothing for {self._connected_so_far_ms - since} ms")

    # what they do ----------------------------------------------------------------------------------------------

    def _let_ring(self, leg: Leg, ring_ms: int) -> None:
        if self._manners is None:
            super()._let_ring(leg, ring_ms)
            return
        self.tell(leg, LegRinging(leg.leg_id))
        phone = leg.phone or ""
        if phone in self._manners.picks_up_ms:
            self.after(self._manners.picks_up_ms[phone], self._pick_up, leg)
        if phone in self._manners.refuses_ms:
            self.after(self._manners.refuses_ms[phone], self.end_leg, leg.leg_id, 21)
        self.after(ring_ms, self._ring_out, leg)

    def _talk(self, together: list[Leg], bridge: BridgeId) -> None:
        if self._manners is None:
            super()._talk(together, bridge)
            return
        who_ends_it = together[0 if self._manners.caller_ends_it else 1]
        self.after(self._manners.talks_ms, self._hang_up_in, who_ends_it, bridge)
