"""An unkind fake Asterisk, with people at its phones, driven by the exchange's actions on a virtual clock.

What reaches the exchange is what reaches a service in the field:

- *late*: every event and every action takes its time, a few take seconds; so an answer crosses the CANCEL, a ring
  timeout crosses an answer, and a caller hangs up in the moment they are connected;
- *reordered*: the events of one leg keep their order, those of different legs do not, and a leg's end is told
  before or after its leaving;
- *doubled*: any event may come twice in a row;
- *refused*: actions about dead legs are, and some of all others, for no reason at all;
- *lost*: any event may be (see ``Unkindness.lose``); the patrol's surveys make up for it within seconds;
- *away*: now and then the connection is gone for seconds. All events of that time are lost, all actions refused;
  then comes ``SwitchReady``, sometimes from an Asterisk that was restarted and has no call any more. Who calls
  meanwhile is the dialplan's guest, not ours.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random
from typing import Any

from switchboard.core import actions as do
from switchboard.core.actions import Action
from switchboard.core.facts import (
    Fact,
    Found,
    FoundLeg,
    KeyPressed,
    LegAnswered,
    LegBridged,
    LegEnded,
    LegLeft,
    LegRinging,
    PlaybackEnded,
    SwitchLost,
    SwitchReady,
)
from switchboard.core.ids import BridgeId, LegId, PhoneId, PlaybackId
from switchboard.sim import answers, falls
from switchboard.sim.leg import Leg
from switchboard.sim.message_tapes import MessageTapes
from switchboard.sim.refusals import refusal
from switchboard.sim.talkers import Talkers
from switchboard.sim.tapes import Tapes
from switchboard.sim.traffic import Traffic
from switchboard.sim.unkindness import Unkindness

Deliver = Callable[[Fact], None]
_RESTARTED = 0.2
"""How often Asterisk was restarted when the connection was gone, 0–1."""
_ALONE_MS = 8_000
"""How long somebody who picked up, or whose partner is gone, listens to nothing before they hang up."""


class World:
    """Asterisk, the trunk, the directory and everybody who holds a receiver."""

    def __init__(self, traffic: Traffic, random: Random, unkind: Unkindness, deliver: Deliver, now_ms: int) -> None:
        self.traffic = traffic
        self.random = random
        self.unkind = unkind
        self.deliver = deliver
        self.now_ms = now_ms
        self.legs: dict[LegId, Leg] = {}
        self.bridges: dict[BridgeId, list[Leg]] = {}
        self.registered: dict[PhoneId, bool] = {}
        self.on_the_way: dict[LegId, None] = {}
        """Legs that an action on its way will make."""
        self.music: dict[LegId, None] = {}
        """Legs that hear music: whoever is there waits for somebody."""
        self.playing: dict[PlaybackId, int] = {}
        """How many times each message is being said."""
        self.tapes = Tapes()
        self.message_tapes = MessageTapes(random)
        self.away = False
        self.starts = 1
        self.left_alone = 0
        """How often somebody hung up because nobody was there."""
        self.talkers = Talkers(self)
        self._agenda: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = 0

    # the clock -------------------------------------------------------------------------------------------------

    def after(self, ms: int, what: Callable[..., None], *about: Any) -> None:
        self._number += 1
        heapq.heappush(self._agenda, (self.now_ms + ms, self._number, what, about))

    def next_ms(self) -> int | None:
        return self._agenda[0][0] if self._agenda else None

    def go_on(self) -> None:
        """Let the next thing happen."""
        self.now_ms, _, what, about = heapq.heappop(self._agenda)
        what(*about)

    # events ------------------------------------------------------------------------------------------------------

    def tell(self, leg: Leg, fact: Fact) -> None:
        """Send an event of ``leg`` on its way to the exchange."""
        chance = self.random.random
        if chance() < self.unkind.lose:
            return
        leg.last_told_ms = max(leg.last_told_ms, self.now_ms + self._latency_ms())
        for _ in range(2 if chance() < self.unkind.double else 1):
            self.after(leg.last_told_ms - self.now_ms, self._arrive, fact)

    def _latency_ms(self) -> int:
        if self.random.random() < self.unkind.late:
            return int(self.random.random() * 3_000)
        return 1 + int(self.random.random() * 15)

    def _arrive(self, fact: Fact) -> None:
        if not self.away:
            self.deliver(fact)

    def hear(self, fact: Fact) -> None:
        """An event that is about no leg arrives."""
        self._arrive(fact)

    def pass_deadline(self, fact: Fact) -> None:
        """Hand a deadline over: some stand in the inbox behind other facts for a while, or come twice."""
        if self.random.random() < self.unkind.double:
            self.after(int(self.random.random() * 20_000), self.deliver, fact)
        if self.random.random() < self.unkind.late:
            self.after(int(self.random.random() * 100), self.deliver, fact)
        else:
            self.deliver(fact)

    # outages -------------------------------------------------------------------------------------------------------

    def plan_outage(self) -> None:
        if self.unkind.outage_every_ms:
            self.after(int(self.random.expovariate(1 / self.unkind.outage_every_ms)), self._lose_connection)

    def _lose_connection(self) -> None:
        if self.traffic.is_over:
            return
        self.deliver(SwitchLost("connection reset"))
        self.away = True
        self.after(100 + int(self.random.random() * 8_000), self._reconnect)

    def _reconnect(self) -> None:
        self.away = False
        if self.random.random() < _RESTARTED:
            self._restart()
        self.survey()
        self.plan_outage()

    def _restart(self) -> None:
        """Asterisk was not only unreachable: it died, and with it every leg, unheard."""
        self.starts += 1
        for leg in self.legs.values():
            leg.alive = False
        self.legs, self.bridges, self.talkers.stand_ins = {}, {}, {}
        self.tapes.break_off()
        self.message_tapes.crash(self.now_ms)

    def survey(self) -> None:
        self.deliver(SwitchReady(self.found(), f"start {self.starts}"))

    def found(self) -> Found:
        """What a survey finds."""
        there = [FoundLeg(leg.leg_id, leg.answered, leg.bridge, leg.arrival) for leg in self.legs.values()]
        there += [FoundLeg(leg) for leg in self.on_the_way]
        phones = sorted(phone for phone, is_there in self.registered.items() if is_there)
        legs = tuple(sorted(there, key=lambda one: one.leg))
        return Found(legs, tuple(sorted(self.bridges)), tuple(phones), stand_ins=self.talkers.found())

    # actions ---------------------------------------------------------------------------------------------------------

    def take(self, actions: tuple[Action, ...]) -> None:
        """The actions of one fact; those of one call are performed in their order."""
        delay_ms = 0
        for action in actions:
            delay_ms += 1 + int(self.random.random() * 3)
            if isinstance(action, do.Ring | do.RingOutside | do.Snoop):
                self.on_the_way[action.leg] = None
            self.after(delay_ms, self._perform, action)

    def _perform(self, action: Action) -> None:
        if isinstance(action, do.Ring | do.RingOutside | do.Snoop):
            self.on_the_way.pop(action.leg, None)
        why_not = self.why_not(action)
        if why_not is not None:
            self.after(self._latency_ms(), self.deliver, refusal(action, why_not))
        else:
            self.carry_out(action)

    def carry_out(self, action: Action) -> None:
        """What an action that is not refused does here."""
        match action:
            case do.LookUpCaller():
                answers.look_up(self, action)
            case do.Ring():
                self._ring_phone(action)
            case do.RingOutside():
                self._ring_outside(action)
            case do.Connect():
                self._connect(action)
            case do.Snoop():
                self._spy(action)
            case do.Join():
                self._put_into(self.legs[action.leg], action.bridge)
            case do.TakeDownBridge():
                for each in self.bridges.pop(action.bridge, []):
                    each.bridge, each.alone_since_ms = None, self.now_ms
                self.tapes.look(self)
            case do.PlayInBridge():
                self.after(500 + int(self.random.random() * 3_000), self._played_in_bridge, action)
            case do.StartRecording() | do.PauseRecording() | do.GoOnRecording() | do.StopRecording():
                self.tapes.carry_out(self, action)
            case do.HangUp(leg=leg_id) if leg_id in self.talkers.stand_ins:
                del self.talkers.stand_ins[leg_id]
            case do.HangUp() | do.SendToDialplan():
                self.after(1 + int(self.random.random() * 30), self.end_leg, action.leg, 16)
            case do.Answer():
                self.legs[action.leg].answered = True
            case do.CheckPin():
                self.after(20 + int(self.random.random() * 80), answers.check_pin, self, action)
            case do.StartMusic(leg=leg_id):
                self.music[leg_id] = None
            case do.StopMusic(leg=leg_id):
                self.music.pop(leg_id, None)
            case do.Play():
                self.playing[action.playback] = self.playing.get(action.playback, 0) + 1
                self.after(500 + int(self.random.random() * 3_000), self._played, action)
            case do.RecordMessage() | do.AskAboutRecording():
                self.message_tapes.carry_out(self, action)
            case do.StopPlaying():
                while self.playing.get(action.playback):
                    self._played(action)
            case _:
                pass

    def why_not(self, action: Action) -> str | None:
        """Why an action is refused; ``None``: it is not."""
        if self.away:
            return "not connected"
        if self.unkind.refuse and self.random.random() < self.unkind.refuse:
            return "409 for no reason"
        match action:
            case do.LookUpCaller() | do.Ring() | do.RingOutside() | do.TakeDownBridge():
                return None
            case do.AskAboutRecording() | do.DropRecording():
                return None
            case do.HangUp(leg=leg_id) if leg_id in self.talkers.stand_ins:
                return None
            case do.Snoop(of=of):
                return None if of in self.legs and self.legs[of].alive else "404 no such leg"
            case do.Join(bridge=bridge) if bridge not in self.bridges:
                return "404 no such bridge"
            case do.Connect(legs=legs):
                return None if all(leg in self.legs and self.legs[leg].alive for leg in legs) else "422 leg is gone"
            case do.PlayInBridge(bridge=bridge) | do.StartRecording(bridge=bridge):
                return None if self.bridges.get(bridge) else "404 no such bridge"
            case do.PauseRecording() | do.GoOnRecording() | do.StopRecording():
                return self.tapes.why_not(action)
            case _:
                return None if action.leg in self.legs and self.legs[action.leg].alive else "404 no such leg"

    def _played(self, action: do.Play | do.StopPlaying) -> None:
        """A message is over, or cut short; the second time it is over already."""
        if not self.playing.get(action.playback):
            return
        self.playing[action.playback] -= 1
        leg = self.legs.get(action.leg)
        if leg is not None:
            self.tell(leg, PlaybackEnded(action.playback, leg.alive))

    def _played_in_bridge(self, action: do.PlayInBridge) -> None:
        for leg in self.bridges.get(action.bridge, [])[:1]:
            self.tell(leg, PlaybackEnded(action.playback, self.random.random() > 0.05))

    def press(self, leg: Leg, key: str) -> None:
        if leg.alive and leg.answered:
            self.tell(leg, KeyPressed(leg.leg_id, key))

    # legs that we make ---------------------------------------------------------------------------------------------

    def _ring_phone(self, action: do.Ring) -> None:
        leg = self._new_leg(action.leg, action.phone, came_in=False)
        busy = any(other.alive and other.phone == action.phone for other in self.legs.values() if other is not leg)
        if not self.registered.get(action.phone, False):
            self.after(5, self.end_leg, action.leg, 20)
        elif busy:
            self.after(20, self.end_leg, action.leg, 17)
        else:
            self._let_ring(leg, action.ring_ms)

    def _ring_outside(self, action: do.RingOutside) -> None:
        self._let_ring(self._new_leg(action.leg, None, came_in=False), action.ring_ms)

    def let_call_in(self, leg_id: LegId, phone: PhoneId | None) -> Leg:
        """Somebody calls."""
        return self._new_leg(leg_id, phone, came_in=True)

    def _new_leg(self, leg_id: LegId, phone: PhoneId | None, *, came_in: bool) -> Leg:
        leg = self.legs[leg_id] = Leg(leg_id, phone, came_in)
        return leg

    def _let_ring(self, leg: Leg, ring_ms: int) -> None:
        self.tell(leg, LegRinging(leg.leg_id))
        dice = self.random.random()
        if dice < 0.85:
            self.after(200 + int(self.random.expovariate(1 / 4_000)), self._pick_up, leg)
        elif dice < 0.92:
            self.after(300 + int(self.random.random() * 4_000), self.end_leg, leg.leg_id, 21 if dice < 0.9 else 17)
        # a few pick up in the very moment when we give up, most of the rest never
        elif dice < 0.95:
            self.after(max(ring_ms - 3_000 + int(self.random.random() * 40) - 20, 0), self._pick_up, leg)
        self.after(ring_ms, self._ring_out, leg)

    def _pick_up(self, leg: Leg) -> None:
        if leg.alive and not leg.answered:
            leg.answered = True
            self.tell(leg, LegAnswered(leg.leg_id))
            self.leave_alone(leg)

    def _ring_out(self, leg: Leg) -> None:
        if leg.alive and not leg.answered:
            self.end_leg(leg.leg_id, 19)

    def leave_alone(self, leg: Leg) -> None:
        """Nobody is heard from now on."""
        leg.alone_since_ms = self.now_ms
        self.after(_ALONE_MS, self._notice_silence, leg)

    def _notice_silence(self, leg: Leg) -> None:
        if (
            not leg.alive
            or leg.of is not None
            or leg.leg_id in self.music
            or self.now_ms - leg.alone_since_ms < _ALONE_MS
        ):
            return
        if leg.bridge is None or len(self.bridges[leg.bridge]) < 2:
            self.left_alone += 1
            self.end_leg(leg.leg_id, 16)

    # bridges -------------------------------------------------------------------------------------------------------

    def _connect(self, action: do.Connect) -> None:
        together = [self.legs[leg] for leg in action.legs]
        self.bridges.setdefault(action.bridge, [])
        for leg in together:
            self._put_into(leg, action.bridge)
        people = [leg for leg in together if leg.of is None]
        self._talk(people, action.bridge)
        self.talkers.begin(people, action.bridge)
        falls.maybe(self, people, action.bridge)

    def _put_into(self, leg: Leg, bridge: BridgeId) -> None:
        if leg.bridge is not None and leg in self.bridges.get(leg.bridge, []):
            self.bridges[leg.bridge].remove(leg)  # who is put into another bridge leaves this one
        leg.bridge = bridge
        self.bridges[bridge].append(leg)
        self.tell(leg, LegBridged(leg.leg_id, bridge))

    def _spy(self, action: do.Snoop) -> None:
        leg = self._new_leg(action.leg, None, came_in=False)
        leg.answered, leg.of = True, action.of
        self.tell(leg, LegAnswered(leg.leg_id))

    def _talk(self, together: list[Leg], bridge: BridgeId) -> None:
        who_ends_it = together[int(self.random.random() * len(together))]
        self.after(500 + int(self.random.expovariate(1 / 12_000)), self._hang_up_in, who_ends_it, bridge)

    def _hang_up_in(self, leg: Leg, bridge: BridgeId) -> None:
        if leg.bridge == bridge:
            self.end_leg(leg.leg_id, 16)

    # ends ------------------------------------------------------------------------------------------------------------

    def end_leg(self, leg_id: LegId, cause: int) -> None:
        """The channel goes: hung up, refused, rung out, told to."""
        leg = self.legs.get(leg_id)
        if leg is None or not leg.alive:
            return
        leg.alive = False
        if leg.bridge is not None:
            others = self.bridges.get(leg.bridge, [])
            if leg in others:
                others.remove(leg)
                self.tapes.look(self)
            for other in others:
                self.leave_alone(other)
        self.message_tapes.hang_up(self, leg)
        left, ended = LegLeft(leg_id), LegEnded(leg_id, cause)
        facts: list[Fact] = [left, ended] if self.random.random() < 0.7 else [ended, left]
        if leg.of is not None:
            facts = [left]  # Asterisk says no more of it
        for fact in facts:
            self.tell(leg, fact)
        del self.legs[leg_id]
        for spy in [spy for spy in self.legs.values() if spy.of == leg_id]:
            self.end_leg(spy.leg_id, 16)
