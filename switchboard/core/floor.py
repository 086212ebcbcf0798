"""The floor: every living call, every person, who waits where; and the outbox of what came out of one fact.

All rules work on a ``Floor``; none keeps anything of its own. What must survive a restart is in ``calls``,
``people``, ``policies`` and what is known of the switch; everything else is an index derived from them, or the outbox.
Dictionaries keep their order and sets are not iterated, so that the same facts always give the same floor.
"""

from __future__ import annotations

import heapq

import msgspec

from switchboard.core import phones, wrap_up
from switchboard.core.actions import Action
from switchboard.core.booking import Booking, KeptPlace
from switchboard.core.call_state import Call, Connecting, Listening, Waiting
from switchboard.core.entries import Entry, PersonChanged, PersonState, Reason
from switchboard.core.fallback_call import Bookmark
from switchboard.core.ids import BridgeId, CallId, LegId, PersonId, PhoneId, RecordingId
from switchboard.core.matching import Board
from switchboard.core.pace import Pace
from switchboard.core.policy import Box, Person, Policy
from switchboard.core.queue_rules import Queue
from switchboard.core.service_level import ServiceLevel
from switchboard.core.staff import Doing, Engagement, PersonRecord
from switchboard.core.state_parts import Bug, LastTalk


class Floor:
    def __init__(self) -> None:
        self.calls: dict[CallId, Call] = {}
        self.people: dict[PersonId, PersonRecord] = {}
        self.policies: dict[str, Policy] = {}
        """By version: the current one and those that living calls arrived with."""
        self.current_version: str | None = None
        self.switch_ready = False
        """While it is not, nothing happens to calls: nobody knows what is true, the next survey will say."""
        self.switch: str = ""
        """Names the run of Asterisk that was last surveyed."""
        self.switch_met_at_ms = 0
        """When that run was surveyed first; 0 for one that we found running when we began."""
        self.switch_lost_at_ms: int | None = None
        """Since when it has been away; ``None`` while it is ready."""
        self.next_arrival_us = 0
        """When the next caller would come if they kept exactly to the rate that is taken on; see ``admission``."""
        self.next_overflow_us = 0
        """The same for those who go to Asterisk's own queue."""
        self.bookings: dict[CallId, Booking] = {}
        """Who is to be called back, in the order in which they asked."""
        self.places: dict[str, KeptPlace] = {}
        """By number, of callers who were cut off while they waited; the newest last."""
        self.pace: dict[str, Pace] = {}
        """Per queue, how fast callers were answered lately."""
        self.bookmark: Bookmark | None = None
        """Up to where Asterisk's queue log is on record; ``None`` while it was never read."""
        self.service: dict[str, ServiceLevel] = {}
        """By queue, for those with a backup group."""
        self.last_talks: dict[str, LastTalk] = {}
        """By the caller's number (E.164), newest last; only where a queue asks for the same operator."""
        self.unfiled: dict[RecordingId, int] = {}
        """Recordings that are over and not in the folder yet, by when they ended (Unix milliseconds)."""
        self._begin_indexes()
        self._begin_outbox()

    def _begin_indexes(self) -> None:
        """What is derived from all that."""
        self.leg_owner: dict[LegId, CallId] = {}
        self.waiting: dict[str, dict[CallId, None]] = {}
        """Per queue, the calls that stand in it, whether or not somebody is being rung for them."""
        self.queues: dict[str, Queue] = {}
        """As they are today, and those that were closed while callers wait in them."""
        self.tiers: dict[str, dict[PersonId, int]] = {}
        """By queue, everybody who serves it, with their tier."""
        self.board = Board()
        """Of those, the ones for whom nobody is being rung, and who is ready for them; see ``seating``."""
        self.listeners: dict[CallId, None] = {}
        """Calls by which a supervisor listens to another."""
        self.called_back: dict[CallId, None] = {}
        """Bookings whose call-back is being made."""
        self.deadlines: list[tuple[int, str, str]] = []
        """Heap of (until, kind, id); an entry whose owner has moved on is skipped."""
        self.armed: dict[tuple[str, str], int] = {}
        """The last deadline put on the heap for each owner."""

    def _begin_outbox(self) -> None:
        """What comes out of the fact being handled."""
        self.actions: list[Action] = []
        self.entries: list[Entry] = []
        self.new_reasons: dict[CallId, list[Reason]] = {}
        """The decisions of this fact, by call."""
        self.to_give_back: dict[CallId, BridgeId | None] = {}
        """Calls that ended in this fact, with a leg that was lent to them; and the bridge that leg is in."""
        self.gone: dict[CallId, Call] = {}
        """Calls forgotten in this fact."""
        self.touched: dict[PersonId, None] = {}
        """People whose state may have changed."""
        self.changed: dict[CallId, None] = {}
        """Calls that the last fact was about or did something to."""
        self.at_ms = 0

    # policy ------------------------------------------------------------------------------------------------

    @property
    def policy(self) -> Policy:
        """The current policy. Raises ``Bug`` before the first one was loaded."""
        if self.current_version is None:
            raise Bug("no policy was loaded")
        return self.policies[self.current_version]

    def policy_of(self, call: Call) -> Policy:
        """The policy that ``call`` arrived with: it keeps it to its end."""
        return self.policies[call.policy_version]

    def phone_of(self, call: Call, person: PersonId) -> PhoneId:
        """The phone the person uses today, or had when ``call`` arrived, for somebody who left since; none ("") for who
        came and left since."""
        record = self.people.get(person)
        if record is not None and record.seat is not None:
            return record.seat
        known = self._person_of(call, person)
        return known.phone if known is not None else PhoneId("")

    def extension_of(self, call: Call, person: PersonId) -> str:
        """As today, or when ``call`` arrived, or none (""), likewise."""
        known = self._person_of(call, person)
        return known.extension if known is not None else ""

    def _person_of(self, call: Call, person: PersonId) -> Person | None:
        return self.policy.people.get(person) or self.policy_of(call).people.get(person)

    # calls and legs ----------------------------------------------------------------------------------------

    def add_call(self, call: Call) -> None:
        self.calls[call.call_id] = call
        self.leg_owner[call.leg] = call.call_id

    def forget_call(self, call: Call) -> None:
        """The call is over and all its legs are gone."""
        for leg in (call.leg, *call.legs):
            if self.leg_owner.get(leg) == call.call_id:  # or it went on to another call
                del self.leg_owner[leg]
        people = [self.people.get(one) for one in (call.caller_person, *call.legs.values()) if one is not None]
        for person in filter(None, people):
            for leg in [leg for leg, engaged in person.legs.items() if engaged.call == call.call_id]:
                self.release(person.person_id, leg)
        call.legs.clear()
        call.caller_there = False
        self.leave_queue(call.call_id)
        self.calls.pop(call.call_id, None)
        self.gone[call.call_id] = call

    def add_leg(self, call: Call, leg: LegId, person: PersonId | None) -> None:
        call.legs[leg] = person
        self.leg_owner[leg] = call.call_id
        if person is not None:
            self.engage(person, leg, call.call_id, Doing.RINGING)

    def drop_leg(self, call: Call, leg: LegId) -> None:
        """The leg is gone from Asterisk."""
        person = call.legs.pop(leg, None)
        self.leg_owner.pop(leg, None)
        if person is not None:
            self.release(person, leg)

    def move_leg(self, leg: LegId, source: Call, target: Call, person: PersonId | None) -> None:
        """A leg of ``source`` that talks is ``target``'s from now on: one that it made, or its caller's own."""
        if leg == source.leg:
            source.caller_there = False
        else:
            source.legs.pop(leg, None)
        target.legs[leg] = person
        self.leg_owner[leg] = target.call_id
        if person is not None:
            self.engage(person, leg, target.call_id, Doing.TALKING)

    # queues ------------------------------------------------------------------------------------------------

    def join_queue(self, call: Call, queue: str) -> None:
        self.waiting.setdefault(queue, {})[call.call_id] = None

    def leave_queue(self, call: CallId) -> None:
        self.board.leave(call)
        for line_up in self.waiting.values():
            line_up.pop(call, None)

    def queue_of(self, call: Call, queue: str) -> Queue:
        """The queue as it is today: an admin changes it while callers wait. As it was, if it was closed since; one that
        was made and closed again since ``call`` arrived has nobody in it."""
        known = self.policy.queues.get(queue) or self.policy_of(call).queues.get(queue)
        return known or Queue(queue, queue, people=(), ring_ms=0, wrap_up_ms=0)

    def box_of(self, call: Call, box: str) -> Box | None:
        """The box as it is today, or was when ``call`` arrived."""
        return self.policy.boxes.get(box) or self.policy_of(call).boxes.get(box)

    # people ------------------------------------------------------------------------------------------------

    def touch(self, person: PersonId) -> None:
        self.touched[person] = None

    def engage(self, person: PersonId, leg: LegId, call: CallId, doing: Doing) -> None:
        """A leg of this person's phone now rings or talks."""
        record = self.people.get(person)
        if record is not None:
            wrap_up.hold(record, self.at_ms)
            record.legs[leg] = Engagement(call, doing)
            self.touch(person)

    def let_go(self, person: PersonId, leg: LegId) -> None:
        """A leg of this person's phone was told to end; they are free when it is gone, or did not say so in time. Being
        told again does not make that longer."""
        record = self.people.get(person)
        if record is not None and leg in record.legs and not record.legs[leg].ending:
            record.legs[leg] = msgspec.structs.replace(record.legs[leg], ending=True)
            record.release_until_ms = self.at_ms + self.policy.limits.settle_ms
            self.touch(person)

    def release(self, person: PersonId, leg: LegId) -> None:
        """A leg of this person's phone is gone."""
        record = self.people.get(person)
        if record is None or record.legs.pop(leg, None) is None:
            return
        if not any(engaged.ending for engaged in record.legs.values()):
            record.release_until_ms = None
        if not record.legs:
            record.idle_since_ms = self.at_ms
            wrap_up.go_on(record, self.at_ms)
            if person not in self.policy.people:
                self.dismiss(person)
            elif record.seat is not None and not record.signed_in:
                phones.leave_seat(self.people, self.policy, record)
                self.touched |= dict.fromkeys(self.people)
        self.touch(person)

    def dismiss(self, person: PersonId) -> None:
        """Somebody who is no longer among the staff has no legs left either: forget them."""
        if self.people[person].seat is not None:
            phones.leave_seat(self.people, self.policy, self.people[person])
        del self.people[person]
        self.entries.append(
            PersonChanged(person=person, at_ms=self.at_ms, state=PersonState.OFFLINE, reason="left the staff")
        )

    def note_people(self, reason: str) -> None:
        """Put the new state of every touched person on record, if it is new, with its own reason where it has one."""
        for person in self.touched:
            record = self.people.get(person)
            if record is None:
                continue
            state, until_ms, own_why = record.state, record.state_until_ms, record.why("")
            if (state, until_ms, own_why) == (record.noted, record.noted_until_ms, record.noted_why):
                continue
            record.noted, record.noted_until_ms, record.noted_why = state, until_ms, own_why
            self.entries.append(
                PersonChanged(
                    person=person,
                    at_ms=self.at_ms,
                    state=state,
                    reason=own_why or reason,
                    call=next((engaged.call for engaged in record.legs.values()), None),
                    until_ms=until_ms,
                    misses=record.misses,
                )
            )

    # outbox ------------------------------------------------------------------------------------------------

    def act(self, action: Action) -> None:
        self.actions.append(action)

    def ask_again(self, action: Action) -> None:
        """Act, unless this very fact has asked for the same already."""
        if action.call not in self.new_reasons or action not in self.actions:
            self.act(action)

    def because(
        self, call: Call, what: str, why: str, person: PersonId | None = None, at_ms: int | None = None
    ) -> None:
        """Store a decision with its reason, of now or of ``at_ms``; also the text of the step in the call's history."""
        reason = Reason(self.at_ms if at_ms is None else at_ms, what, why, person)
        call.reasons.append(reason)
        self.new_reasons.setdefault(call.call_id, []).append(reason)

    def arm(self, until_ms: int, kind: str, owner: str) -> None:
        """Let ``DeadlinePassed`` come at ``until_ms`` for a ``call``, a ``person`` or a ``booking``."""
        if self.armed.get((kind, owner)) != until_ms:
            self.armed[kind, owner] = until_ms
            heapq.heappush(self.deadlines, (until_ms, kind, owner))

    def clear_outbox(self, at_ms: int) -> None:
        self.at_ms = at_ms
        self.actions, self.entries = [], []
        self.new_reasons, self.touched, self.gone, self.changed = {}, {}, {}, {}
        self.to_give_back = {}

    def rebuild(self) -> None:
        """Make everything derived again, from what was restored."""
        for call in self.calls.values():
            for leg in (call.leg, *call.legs):
                self.leg_owner[leg] = call.call_id
            self.arm(call.until_ms, "call", call.call_id)
            queue = call.state.back_to if isinstance(call.state, Connecting) else call.state
            if isinstance(queue, Listening):
                self.listeners[call.call_id] = None
            if isinstance(queue, Waiting):
                self.join_queue(call, queue.queue)
        for person in self.people.values():
            if person.until_ms is not None:
                self.arm(person.until_ms, "person", person.person_id)
        for booking in self.bookings.values():
            self.arm(booking.until_ms, "booking", booking.booking)
            if booking.call is not None:
                self.called_back[booking.booking] = None
