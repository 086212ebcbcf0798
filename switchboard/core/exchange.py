"""The exchange: a pure function over an ordered log of facts.

``handle(fact, at_ms)`` changes the floor and returns what to do and what to remember. It never raises: an
exception in a rule is a bug of ours, which ends the one call it happened in (the caller goes to Asterisk's own
fallback queue) and is reported in ``Handled.bug`` for the engine to shout about. The dispatcher is thin; the
rules are in ``call`` (what a fact does to a call), ``arrival``, ``shifts`` and the files they use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from switchboard.core import (
    arrival,
    call_backs,
    consulting,
    deadlines,
    fallback,
    listening,
    queueing,
    recording_files,
    seating,
    segments,
    shifts,
    snapshot,
    survey,
    talk_commands,
)
from switchboard.core import call as calls
from switchboard.core.actions import Action, HangUp, SendToDialplan, TakeDownBridge
from switchboard.core.booking import Booking
from switchboard.core.call_state import Call, Ending, Waiting
from switchboard.core.ending import end, give_up
from switchboard.core.entries import Entry, Outcome
from switchboard.core.facts import (
    AboutFiles,
    ActionFailed,
    BridgeFound,
    CallArrived,
    CallerFound,
    DeadlinePassed,
    Fact,
    FallbackReported,
    KeyPressed,
    LegAnswered,
    LegApart,
    LegBridged,
    LegEnded,
    LegFound,
    LegHeld,
    LegLeft,
    LegRinging,
    LegSilent,
    LegsTransferred,
    LegTransferred,
    LegUnheld,
    LegVanished,
    LookUpFailed,
    PhoneEngaged,
    PhoneSeen,
    PinChecked,
    PlaybackEnded,
    PolicyLoaded,
    RecordingEnded,
    StaffCommanded,
    SwitchLost,
    SwitchReady,
)
from switchboard.core.floor import Floor
from switchboard.core.ids import CallId, call_id_for, call_id_of
from switchboard.core.invariants import broken_by_the_last_fact, broken_promises
from switchboard.core.lost_offers import stop_ringing
from switchboard.core.offering import ANSWERED_ELSEWHERE
from switchboard.core.policy import Policy
from switchboard.core.record import history_of, record_of
from switchboard.core.staff import PersonRecord

_AT_ANY_TIME = (SwitchReady, SwitchLost, PolicyLoaded, PhoneSeen, StaffCommanded, FallbackReported, AboutFiles)
"""What may happen while Asterisk is away; whatever else comes then is about calls, and the next survey knows better."""
_OUR_FAULT_CAUSE = 41  # temporary failure
T = TypeVar("T")


class Handled(Struct, frozen=True):
    """What came out of one fact."""

    actions: tuple[Action, ...]
    entries: tuple[Entry, ...]
    meant_something: bool
    """False for a fact that was late, doubled or about nothing we know."""
    bug: Exception | None = None


class Exchange:
    """All calls, people and deadlines. Not thread-safe; one owner calls it."""

    def __init__(self) -> None:
        self.floor = Floor()
        self._bug: Exception | None = None
        """What went wrong in the fact being handled."""

    def handle(self, fact: Fact, at_ms: int) -> Handled:
        """Let one fact happen at ``at_ms`` (Unix milliseconds, never less than before)."""
        floor = self.floor
        floor.clear_outbox(at_ms)
        self._bug = None
        call = self._call_of(fact)
        meant = self._let_happen(fact, call)
        if isinstance(fact, PhoneSeen) and not fact.registered and floor.switch_ready:
            for ringing in [call for call in floor.calls.values() if call.offers]:
                self._attempt(ringing, stop_ringing, fact.phone)
        try:
            consulting.settle(floor)
            call_backs.settle(floor)
            for listener, why in listening.without_talk(floor) if floor.listeners else ():
                self._attempt(listener, listening.end_with_talk, why)
            self._ring_the_ready()
        except Exception as error:
            self._bug = error
        self._note(fact, call)
        return Handled(tuple(floor.actions), tuple(floor.entries), meant, self._bug)

    def _let_happen(self, fact: Fact, call: Call | None) -> bool:
        try:
            return self._dispatch(fact, call)
        except Exception as error:
            self._bug = error
            self._our_fault(self._arrived(fact) if call is None else call, error)
        return True

    def _call_of(self, fact: Fact) -> Call | None:
        match fact:
            case (
                CallerFound(call=call_id)
                | LookUpFailed(call=call_id)
                | ActionFailed(call=call_id)
                | PinChecked(call=call_id)
            ):
                return self.floor.calls.get(call_id)
            case DeadlinePassed(call=call_id) if call_id is not None:
                return self.floor.calls.get(call_id)
            case (
                LegAnswered(leg=leg)
                | LegBridged(leg=leg)
                | LegLeft(leg=leg)
                | LegEnded(leg=leg)
                | LegVanished(leg=leg)
                | LegSilent(leg=leg)
                | LegApart(leg=leg)
                | KeyPressed(leg=leg)
                | LegHeld(leg=leg)
                | LegUnheld(leg=leg)
                | LegTransferred(leg=leg)
                | LegsTransferred(leg=leg)
            ):
                return self.floor.calls.get(self.floor.leg_owner.get(leg, CallId("")))
            case PlaybackEnded(playback=made) | RecordingEnded(recording=made):
                return self.floor.calls.get(call_id_of(made))
            case StaffCommanded():
                return talk_commands.call_meant(self.floor, fact)
            case _:
                return None

    def _dispatch(self, fact: Fact, call: Call | None) -> bool:
        floor = self.floor
        if not floor.switch_ready and not isinstance(fact, _AT_ANY_TIME):
            return False
        match fact:
            case CallArrived():
                if fact.leg in floor.leg_owner:
                    return False
                arrival.begin(floor, fact)
            case PhoneSeen():
                shifts.phone_seen(floor, fact.phone, fact.registered)
            case PhoneEngaged():
                shifts.phone_engaged(floor, fact.phone, fact.engaged)
            case StaffCommanded():
                return shifts.carry_out(floor, fact) is None or bool(floor.entries or floor.new_reasons)  # on record
            case DeadlinePassed():
                return self._pass_deadline(fact, call)
            case SwitchReady():
                self._meet_switch(fact)
            case SwitchLost():
                floor.switch_ready = False
                floor.switch_lost_at_ms = floor.switch_lost_at_ms or floor.at_ms
            case LegFound(leg=leg):
                if leg in floor.leg_owner:
                    return False
                floor.act(HangUp(call_id_of(leg), leg))
            case BridgeFound(bridge=bridge):
                if survey.is_needed(floor, bridge):
                    return False
                floor.act(TakeDownBridge(call_id_of(bridge), bridge))
            case PolicyLoaded():
                self._take_policy(fact.policy)
            case FallbackReported():
                return self._take_report(fact)
            case _ if isinstance(fact, AboutFiles):
                return recording_files.note(floor, fact)
            case LegAnswered(leg=leg) if leg not in floor.leg_owner:
                # a leg that we gave up lives on: whoever picked it up must not sit there alone
                floor.act(HangUp(call_id_of(leg), leg, ANSWERED_ELSEWHERE))
                return False
            case LegTransferred():
                return talk_commands.when_transferred(floor, call, fact)
            case LegsTransferred(other=leg):
                other = floor.calls.get(floor.leg_owner.get(leg, CallId("")))
                return talk_commands.when_joined(floor, call, other, fact)
            case LegRinging():
                return fact.leg in floor.leg_owner
            case _:
                return call is not None and calls.handle(floor, call, fact)
        return True

    def _pass_deadline(self, fact: DeadlinePassed, call: Call | None) -> bool:
        floor = self.floor
        if fact.person is not None:
            person = floor.people.get(fact.person)
            if person is None or person.until_ms != fact.until_ms or fact.until_ms > floor.at_ms:
                floor.touch(fact.person)  # come too early, it must come again
                return False
            shifts.when_late(floor, person, fact)
            return True
        if fact.booking is not None:
            booking = floor.bookings.get(fact.booking)
            if booking is None or booking.until_ms != fact.until_ms:
                return False
            if fact.until_ms > floor.at_ms:
                floor.arm(booking.until_ms, "booking", booking.booking)  # come too early, it must come again
                return False
            return call_backs.when_late(floor, booking)
        is_due = call is not None and call.until_ms == fact.until_ms <= floor.at_ms
        return call is not None and is_due and calls.handle(floor, call, fact)

    def _take_policy(self, policy: Policy) -> None:
        floor = self.floor
        before = floor.policies.get(floor.current_version or "")
        in_use = {call.policy_version for call in floor.calls.values()}
        floor.policies = {version: old for version, old in floor.policies.items() if version in in_use}
        floor.policies[policy.version] = policy
        floor.current_version = policy.version
        shifts.meet_policy(floor, policy, before)
        for call in floor.calls.values():
            if isinstance(call.state, Waiting):
                queueing.review_need(floor, call)
        seating.set_up(floor)

    def _take_report(self, fact: FallbackReported) -> bool:
        floor = self.floor
        if fact.since != floor.bookmark:
            return False
        floor.bookmark = fact.upto
        for told in fact.calls:
            try:
                fallback.put_on_record(floor, told)
            except Exception as error:  # the other calls of the report are on record all the same
                self._bug = error
        return True

    def _meet_switch(self, fact: SwitchReady) -> None:
        """Asterisk was surveyed: take what it says for true, then ask again for what may never have been done."""
        floor = self.floor
        lost_at_ms = floor.switch_lost_at_ms or floor.at_ms
        restarted = floor.switch not in ("", fact.switch)
        floor.switch_ready, floor.switch, floor.switch_lost_at_ms = True, fact.switch, None
        if restarted:
            floor.switch_met_at_ms = floor.at_ms
            shifts.phones_unasked(floor, fact.found.phones)
            for call in list(floor.calls.values()):
                self._attempt(call, survey.lose_to_switch, lost_at_ms)
        before = list(floor.calls.values())
        for difference in survey.differences(floor, fact.found, floor.at_ms):
            self._let_happen(difference, self._call_of(difference))
        for call in before:
            if call.call_id in floor.calls:
                self._attempt(call, survey.resume, fact.found)
        for call in floor.calls.values():
            floor.arm(call.until_ms, "call", call.call_id)
        for booking in floor.bookings.values():
            floor.arm(booking.until_ms, "booking", booking.booking)
        for person in floor.people:
            floor.touch(person)

    def _ring_the_ready(self) -> None:
        """Everybody who became ready rings for the next caller."""
        if not self.floor.switch_ready:
            return
        for person in seating.settle(self.floor):
            while (turn := queueing.next_turn(self.floor, person)) is not None:
                whose, rung = turn
                if isinstance(whose, Call):
                    self._attempt(whose, queueing.ring_for, rung)
                else:
                    self._summon(whose, rung)

    def _summon(self, booking: Booking, person: PersonRecord) -> None:
        try:
            call_backs.summon(self.floor, booking, person)
        except Exception as error:
            self._bug = error
            call_backs.give_up(self.floor, booking)

    # the way out -----------------------------------------------------------------------------------------------

    def _attempt(self, call: Call, rule: Callable[[Floor, Call, T], object], about: T) -> None:
        """Apply a rule to a call that the fact was not about: a bug in it ends that call, not the fact's."""
        try:
            rule(self.floor, call, about)
        except Exception as error:
            self._bug = error
            self._our_fault(call, error)

    def _arrived(self, fact: Fact) -> Call | None:
        """The call that came with ``fact``, as far as it was made; else its caller goes to the dialplan."""
        if not isinstance(fact, CallArrived):
            return None
        call_id = call_id_for(fact.leg, self.floor.at_ms)
        if call_id not in self.floor.calls:
            self.floor.act(SendToDialplan(call_id, fact.leg))
        return self.floor.calls.get(call_id)

    def _our_fault(self, call: Call | None, error: Exception) -> None:
        """A rule broke in the middle of its work: close the call; if even that breaks, forget it."""
        floor = self.floor
        if call is None or call.call_id not in floor.calls:
            return
        why = f"a bug of ours: {type(error).__name__}: {error}"
        try:
            if not isinstance(call.state, Ending):
                end(floor, call, Outcome.OUR_FAULT, why, cause=_OUR_FAULT_CAUSE)
                return
        except Exception as second:
            why = f"{why}, and then {type(second).__name__}: {second}"
        give_up(floor, call, why)

    def _note(self, fact: Fact, call: Call | None) -> None:
        """Entries for every call that this fact changed, and the deadlines of what is now."""
        floor = self.floor
        name = type(fact).__name__
        own = {call.call_id: None} if call is not None else {}
        floor.changed |= own | dict.fromkeys((*floor.new_reasons, *floor.gone))
        for call_id in floor.changed:
            noted = floor.calls.get(call_id) or floor.gone.get(call_id)
            if noted is None:
                continue
            segments.look(noted, floor.at_ms)
            steps = history_of(noted, name, floor.new_reasons.get(call_id, ()), floor.at_ms)
            if steps:
                floor.entries += steps
            if call_id in floor.new_reasons:
                floor.entries.append(record_of(noted))
            if call_id in floor.calls:
                floor.arm(noted.until_ms, "call", call_id)
        floor.note_people(name)
        for person_id in floor.touched:
            person = floor.people.get(person_id)
            if person is not None and person.until_ms is not None:
                floor.arm(person.until_ms, "person", person_id)

    # time ------------------------------------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Nothing lasts: no call lives, nobody is in wrap-up. Who is away until a time means that time of the day; who
        is to be called back does not mind the clock."""
        floor = self.floor
        return not floor.calls and all(person.settled for person in floor.people.values())

    def next_deadline_ms(self) -> int | None:
        """When ``due`` will next have something; ``None`` when nothing can become late: not while Asterisk is away."""
        return deadlines.next_ms(self.floor)

    def due(self, at_ms: int) -> list[DeadlinePassed]:
        """Deadlines that have come by ``at_ms``, each handed out once, to be put among the facts."""
        return deadlines.due(self.floor, at_ms)

    # state -----------------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Everything, as bytes: equal floors give equal bytes."""
        return snapshot.write(self.floor)

    @classmethod
    def restored(cls, written: bytes) -> Exchange:
        """The exchange as it was. Raises ``UnknownFormat`` for a snapshot that this version cannot read."""
        exchange = cls()
        exchange.floor = snapshot.read(written)
        return exchange

    def check(self) -> Sequence[str]:
        """Every promise about the state that does not hold right now; empty when all is well."""
        return broken_promises(self.floor)

    def check_changes(self) -> Sequence[str]:
        """The same for what the last fact changed alone: cheap enough to ask after every fact."""
        return broken_by_the_last_fact(self.floor)
