"""Promises about the history: what must be true of everything the exchange said, in the order it said it.

``Exchange.check`` looks at one moment; a deadline of an old state that still fires breaks nothing it could see.
A ``Witness`` therefore follows facts, actions and entries from outside, believes only them, and names every
promise broken:

- every call has exactly one outcome, its steps are numbered without a gap, nothing is said of it afterwards;
- nobody is rung twice for a call that they refused or missed;
- nobody stops ringing before their time, unless somebody else took the call or the call ended;
- an operator is rung for the oldest caller of the highest priority, and is the one who was idle longest;
- wrap-up and do-not-disturb are respected (``people_checks``);
- when two are connected nobody else goes on ringing for that caller; every bridge made is taken down;
- who picks up too late is told to end at once;
- from arrival to the end a caller hears ringing, music or a voice;
- what ``ears`` and ``messages`` have about messages, ``turns`` about call-backs, ``listeners`` about supervisors,
  ``recording_checks`` about recordings;
- a fact that came too late changes nothing on record;
- a call that Asterisk's own queue had is put on record once.

The simulation, the journeys and the stateful tests all use the same witness.
"""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.core.actions import (
    Action,
    Connect,
    HangUp,
    Join,
    Play,
    Ring,
    RingOutside,
    SendToDialplan,
    Snoop,
    SoundRinging,
    StartMusic,
    StopMusic,
    StopRinging,
    TakeDownBridge,
)
from switchboard.core.call_state import Call, Waiting
from switchboard.core.entries import CallRecord, CallStep, Entry, Outcome, PersonState
from switchboard.core.exchange import Exchange, Handled
from switchboard.core.facts import (
    ActionFailed,
    CallArrived,
    DeadlinePassed,
    Entrance,
    Fact,
    FallbackReported,
    LegAnswered,
    LegEnded,
    LegLeft,
    LegVanished,
    SwitchReady,
)
from switchboard.core.ids import CallId, LegId, PersonId, call_id_for
from switchboard.core.invariants import may_be_rung
from switchboard.core.queue_rules import QueueStrategy
from switchboard.sim.ears import Ears
from switchboard.sim.listeners import Listeners
from switchboard.sim.messages import MessageWitness
from switchboard.sim.people_checks import PeopleWatched, picks_up
from switchboard.sim.recording_checks import RecordingWitness
from switchboard.sim.rings import Rung, see_stop, vanish, without_phone
from switchboard.sim.seen import Seen, take_down
from switchboard.sim.silences import SilenceWitness
from switchboard.sim.turns import Turns
from switchboard.sim.visits import contradictions, gaps

BACKSTOP_MS = 3_000
"""What a ``Ring`` asks for beyond the time that the exchange itself lets the phone ring."""


class Witness:
    """Follows one exchange. ``calls`` holds the living calls only; ``outcomes`` counts the ended ones."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.calls: dict[CallId, Seen] = {}
        self.outcomes: dict[Outcome, int] = {}
        self.arrived = 0
        self.ears, self.turns, self.listeners = Ears(), Turns(), Listeners()
        self.owner: dict[LegId, CallId] = {}
        self._people = PeopleWatched()
        self.reported: dict[CallId, None] = {}
        """Calls that Asterisk's own queue had, once they are on record."""
        self.silences = SilenceWitness()
        self.messages = MessageWitness()
        self.recordings = RecordingWitness()

    def watch(self, fact: Fact, at_ms: int, handled: Handled) -> list[str]:
        """Every promise that ``handled``, the answer to ``fact``, breaks."""
        found = [] if handled.bug is None else [f"a bug of ours: {handled.bug!r}"]
        if not handled.meant_something:
            if handled.entries:
                found.append(f"{type(fact).__name__} meant nothing, but was put on record")
            found += [
                f"{type(fact).__name__} meant nothing, but caused {action}"
                for action in handled.actions
                if not isinstance(action, HangUp)
            ]
        if isinstance(fact, DeadlinePassed) and handled.meant_something and fact.call is not None:
            seen = self.calls.get(fact.call)
            if seen is not None and seen.until_ms != fact.until_ms:
                found.append(f"call {fact.call}: deadline {fact.until_ms} counts, its state lasts to {seen.until_ms}")
        self._meet(fact, at_ms, handled)
        found += self._hear_of(fact, handled)
        self._meet_call_backs(handled)
        self._turn_round()
        ended = {entry.call for entry in handled.entries if isinstance(entry, CallRecord) and entry.outcome is not None}
        for action in handled.actions:
            found += self._see(fact, action, at_ms, ended)
        self._count_ringing(at_ms)
        for entry in handled.entries:
            found += self._read(entry)
        found += self._silences(handled)
        found += self.silences.watch(fact, handled)
        found += self.messages.watch(fact, handled)
        found += self._people.watch(self.exchange.floor, fact, at_ms, handled)
        if not picks_up(fact):
            found += self._injustices(handled.actions)
        found += self.ears.watch(self.exchange, fact, handled)
        found += self.listeners.watch(self.exchange, handled)
        found += self.turns.watch(self.exchange, fact, handled)
        found += self.recordings.watch(self.exchange, fact, handled)
        found += self._forget(handled)
        return found

    # facts ---------------------------------------------------------------------------------------------------

    def _meet(self, fact: Fact, at_ms: int, handled: Handled) -> None:
        """Calls that came with this fact."""
        arrivals = [fact] if isinstance(fact, CallArrived) else []
        if isinstance(fact, SwitchReady):
            arrivals = [one.arrival for one in fact.found.legs if one.arrival is not None]
        noted = {entry.call for entry in handled.entries if isinstance(entry, CallStep)} if arrivals else set()
        for arrival in arrivals:
            call = call_id_for(arrival.leg, at_ms)
            if call in noted and call not in self.calls:
                self.calls[call] = Seen(arrival.leg, hears="ringing" if arrival.entrance is Entrance.LINE else "")
                self.owner[arrival.leg] = call
                self.arrived += 1

    def _meet_call_backs(self, handled: Handled) -> None:
        """Calls that we place ourselves: whose phone rings first as the call's own leg, or who talks in another one."""
        floor = self.exchange.floor
        rung = {action.call: action.leg for action in handled.actions if isinstance(action, Ring)}
        for call_id in (*(action.call for action in handled.actions), *floor.changed, *floor.gone):
            made = floor.calls.get(call_id) or floor.gone.get(call_id)
            ours = made is not None and (made.is_question or rung.get(call_id) == made.leg)
            if made is not None and ours and made.call_id not in self.calls:
                self.calls[made.call_id] = Seen(made.leg, hears="ringing")
                self.owner[made.leg] = made.call_id
                self.arrived += 1

    def _turn_round(self) -> None:
        """Who placed a call and gave it away has left it to whom they had reached."""
        for call_id in self.exchange.floor.changed:
            call, seen = self.exchange.floor.calls.get(call_id), self.calls.get(call_id)
            if call is not None and seen is not None and call.leg != seen.leg:
                seen.leg, seen.left = call.leg, False
                self.owner[call.leg] = call_id

    def _hear_of(self, fact: Fact, handled: Handled) -> Iterator[str]:
        meant = handled.meant_something  # what came while Asterisk was away, the next survey tells anew
        match fact:
            case ActionFailed(call=call_id, action="Ring" | "RingOutside", leg=leg) if leg is not None and meant:
                seen = self.calls.get(call_id)
                if seen is not None and leg in seen.rung:
                    rung = seen.rung[leg]
                    rung.over = rung.silent = rung.stopped = True
            case LegLeft(leg=leg) | LegEnded(leg=leg) | LegAnswered(leg=leg):
                seen = self.calls.get(self.owner.get(leg, CallId("")))
                if seen is None:
                    return
                if leg in seen.rung:
                    if isinstance(fact, LegAnswered) and seen.rung[leg].stopped and not _ends(handled, leg):
                        yield f"{seen.rung[leg].phone} picked up too late for {self.owner[leg]} and is left alone"
                    seen.rung[leg].over = True
                    seen.rung[leg].silent |= not isinstance(fact, LegLeft)
                    seen.rung[leg].stopped |= not isinstance(fact, LegAnswered | LegLeft)
                elif leg == seen.leg and isinstance(fact, LegLeft | LegEnded):
                    seen.left = True
            case SwitchReady(found=found):
                up = {one.leg: one.up for one in found.legs}
                for seen in self.calls.values():
                    seen.left |= seen.leg not in up
                    for leg, rung in seen.rung.items():
                        if leg not in up:
                            vanish(rung)
                        elif up[leg]:
                            rung.over = rung.silent = True
            case LegVanished(leg=leg):
                seen = self.calls.get(self.owner.get(leg, CallId("")))
                if seen is None:
                    return
                seen.left |= seen.leg == leg
                if leg in seen.rung:
                    vanish(seen.rung[leg])
            case FallbackReported(calls=calls) if handled.meant_something:
                for told in calls:
                    call_id = call_id_for(told.leg, told.arrived_at_ms)
                    if call_id in self.reported:
                        yield f"call {call_id} of Asterisk's own queue is put on record again"
                    self.reported[call_id] = None
                    self.calls[call_id] = Seen(told.leg, left=True, ring_ms=told.ring_ms)
                    self.arrived += 1
            case _:
                pass

    # actions -------------------------------------------------------------------------------------------------

    def _see(self, fact: Fact, action: Action, at_ms: int, ended: set[CallId]) -> Iterator[str]:
        seen = self.calls.get(action.call)
        if seen is None:
            if not isinstance(action, HangUp | SendToDialplan | TakeDownBridge):
                yield f"{type(action).__name__} for call {action.call}, which nobody has seen"
            return
        match action:
            case Ring(leg=leg) if leg == seen.leg:
                pass  # an operator, to call somebody back: this is the call's own leg
            case Ring() | RingOutside():
                yield from self._see_ring(seen, action, at_ms)
            case HangUp(leg=leg) if leg in seen.rung:
                over = without_phone(fact, seen.rung[leg]) or action.call in ended or seen.outcome is not None
                yield from see_stop(seen.rung[leg], action, at_ms, over)
            case HangUp(leg=leg) | SendToDialplan(leg=leg) if leg == seen.leg:
                seen.left = True
            case SoundRinging():
                seen.hears = "ringing"
            case StartMusic():
                seen.hears = "music"
            case Play():
                seen.hears = "voice"
            case Connect():
                seen.hears = "voice"
                yield from self._see_connect(seen, action)
            case TakeDownBridge(bridge=bridge):
                take_down(bridge, (seen,), self.calls.values())
            case Snoop() | Join():
                seen.hears = "voice"
                seen.guest |= isinstance(action, Join)
            case StopMusic() | StopRinging():
                seen.hears = ""
            case _:
                pass

    def _see_connect(self, seen: Seen, action: Connect) -> Iterator[str]:
        seen.bridges[action.bridge] = None
        for leg, rung in seen.rung.items():
            if leg not in action.legs and not rung.over:
                yield f"{rung.phone} goes on ringing for {action.call}, who talks"

    def _see_ring(self, seen: Seen, action: Ring | RingOutside, at_ms: int) -> Iterator[str]:
        phone = action.phone if isinstance(action, Ring) else None
        call = self.exchange.floor.calls.get(action.call)
        person = call.legs.get(action.leg) if call is not None else None  # two may use one phone, one after the other
        again = any((rung.phone, rung.person) == (phone, person) and not rung.withdrawn for rung in seen.rung.values())
        if again and (call is None or call.answered_at_ms is None):  # in a hand-over who was rung may be asked for
            yield f"{phone or 'a number outside'} is rung again for call {action.call}"
        if seen.left or seen.outcome is not None:
            yield f"{phone or 'a number outside'} is rung for call {action.call}, whose caller is gone"
        seen.rung[action.leg] = Rung(phone, at_ms + action.ring_ms - BACKSTOP_MS, person)
        self.owner[action.leg] = action.call

    def _count_ringing(self, at_ms: int) -> None:
        for call in self.exchange.floor.changed:
            seen = self.calls.get(call)
            if seen is None:
                continue
            owner = self.exchange.floor.leg_owner
            rings = any(not rung.silent and owner.get(leg, call) == call for leg, rung in seen.rung.items())
            known = self.exchange.floor.calls.get(call)
            rings &= known is None or known.answered_at_ms is None  # what rings later is part of a hand-over
            if rings and seen.ringing_since_ms is None:
                seen.ringing_since_ms = at_ms
            elif not rings and seen.ringing_since_ms is not None:
                seen.ring_ms += at_ms - seen.ringing_since_ms
                seen.ringing_since_ms = None

    # entries -------------------------------------------------------------------------------------------------

    def _read(self, entry: Entry) -> Iterator[str]:
        match entry:
            case CallStep():
                seen = self.calls.get(entry.call)
                if seen is None:
                    yield f"a step of call {entry.call}, which is over or was never seen"
                    return
                if entry.number != seen.steps + 1:
                    yield f"call {entry.call}: step {entry.number} follows step {seen.steps}"
                seen.steps = entry.number
            case CallRecord():
                yield from self._read_record(entry)
            case _:
                pass

    def _read_record(self, record: CallRecord) -> Iterator[str]:
        seen = self.calls.get(record.call)
        if seen is None:
            return
        if seen.outcome is not None and record.outcome is not seen.outcome:
            yield f"call {record.call}: outcome {seen.outcome} became {record.outcome}"
        if record.outcome is None:
            return
        if seen.outcome is None:
            self.outcomes[record.outcome] = self.outcomes.get(record.outcome, 0) + 1
        seen.outcome = record.outcome
        lasted_ms = (record.ended_at_ms or 0) - record.arrived_at_ms
        if (record.wait_ms or 0) + (record.talk_ms or 0) + (record.hold_ms or 0) != lasted_ms:
            parts = f"wait {record.wait_ms}, talk {record.talk_ms} and hold {record.hold_ms}"
            yield f"call {record.call}: {parts} are not {lasted_ms} ms"
        yield from (*gaps(record), *contradictions(record))
        if (record.talk_ms is None) != (record.answered_at_ms is None):
            yield f"call {record.call}: talk {record.talk_ms} ms, answered at {record.answered_at_ms}"
        if record.ring_ms != seen.ring_ms:
            yield f"call {record.call}: rang {record.ring_ms} ms by its record, {seen.ring_ms} ms in truth"

    # after the fact --------------------------------------------------------------------------------------------

    def _silences(self, handled: Handled) -> Iterator[str]:
        for call in {action.call: None for action in handled.actions}:
            seen = self.calls.get(call)
            if seen is not None and not seen.left and seen.outcome is None and not seen.hears:
                yield f"the caller of {call} hears nothing"

    def _injustices(self, actions: tuple[Action, ...]) -> Iterator[str]:
        floor = self.exchange.floor
        for action in actions:
            call = floor.calls.get(action.call)
            if not isinstance(action, Ring) or call is None or not isinstance(call.state, Waiting):
                continue
            person = call.legs.get(action.leg)
            if person is None:
                continue
            if not may_be_rung(floor, person, call):
                yield f"{person} is rung for {action.call}, for whom they should not be"
            yield from self._passed_over(call, person)
            yield from self._queue_jumpers(call, person)

    def _passed_over(self, call: Call, person: PersonId) -> Iterator[str]:
        """Those whom the queue's strategy would put before ``person``; the tallies it goes by are its own matter."""
        assert isinstance(call.state, Waiting)
        floor, queue = self.exchange.floor, self.exchange.floor.queue_of(call, call.state.queue)
        tiers, mine = floor.tiers[queue.name], floor.people[person]
        if call.state.only is not None:
            return
        for other in tiers:
            record = floor.people.get(other)
            if record is None or record.state is not PersonState.READY or not may_be_rung(floor, other, call):
                continue
            longer = queue.strategy is QueueStrategy.LONGEST_IDLE and record.idle_since_ms < mine.idle_since_ms
            if tiers[other] < tiers[person] or (tiers[other] == tiers[person] and longer):
                yield f"{person} is rung for {call.call_id}, though {other} is idle for longer"

    def _queue_jumpers(self, call: Call, person: PersonId) -> Iterator[str]:
        floor = self.exchange.floor
        for name in floor.waiting:
            if person not in floor.tiers.get(name, {}):
                continue
            for other_id in floor.waiting[name]:
                other = floor.calls[other_id]
                waits = isinstance(other.state, Waiting) and not other.offers and may_be_rung(floor, person, other)
                if waits and _place(self.exchange, other) < _place(self.exchange, call):
                    yield f"{person} is rung for {call.call_id} before {other_id}"

    def _forget(self, handled: Handled) -> Iterator[str]:
        for call in self.exchange.floor.changed:
            if call in self.calls and call in self.exchange.floor.calls:
                self.calls[call].until_ms = self.exchange.floor.calls[call].until_ms
        for entry in handled.entries:
            if isinstance(entry, CallStep) and entry.to_state == "Gone" and entry.call in self.calls:
                seen = self.calls.pop(entry.call)
                if seen.bridges:
                    yield f"call {entry.call} left a bridge behind"
                for leg in (seen.leg, *seen.rung):
                    self.owner.pop(leg, None)

    def at_the_end(self) -> list[str]:
        """What is still open when everything should be over."""
        found = [f"call {call} has not ended: {self.exchange.floor.calls.get(call)}" for call in self.calls]
        if sum(self.outcomes.values()) != self.arrived:
            found.append(f"{self.arrived} calls arrived, {sum(self.outcomes.values())} have an outcome")
        return found


def _ends(handled: Handled, leg: LegId) -> bool:
    return any(isinstance(action, HangUp) and action.leg == leg for action in handled.actions)


def _place(exchange: Exchange, call: Call) -> tuple[int, CallId]:
    """When the caller came, earlier by what their class is worth."""
    assert isinstance(call.state, Waiting)
    queue = exchange.floor.queue_of(call, call.state.queue)
    ahead_ms = queue.priority.get(call.client_class or "", 0) * queue.point_ms
    return (call.place_since_ms - ahead_ms, call.call_id)
