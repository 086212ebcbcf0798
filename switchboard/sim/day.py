"""A seeded simulation: many calls through one exchange in an unkind world, every promise checked after every fact.

``run`` is a function of its arguments alone. What breaks is raised as ``BrokenPromise``, with the seed that
repeats it and the last facts about the call concerned.
"""

from __future__ import annotations

import re
from collections import deque
from random import Random
from time import perf_counter

import msgspec
from msgspec import Struct

from switchboard.core.entries import Outcome
from switchboard.core.exchange import Exchange, Handled
from switchboard.core.facts import CallArrived, Entrance, Fact, LegSilent, PhoneSeen, PolicyLoaded, StaffCommanded
from switchboard.core.ids import LegId, PersonId, PhoneId
from switchboard.core.policy import MayListen, Policy
from switchboard.core.silence import talking_legs
from switchboard.core.staff_commands import StaffCommand
from switchboard.core.survey import differences
from switchboard.engine.patrol import CONFIRM_AFTER_S, EVERY_S, YOUNG_MS
from switchboard.engine.vigil import EVERY_S as LISTENS_EVERY_S
from switchboard.sim.checks import Witness
from switchboard.sim.company import BOXES, DAY_MS, sample_policy, with_a_voice, with_recording
from switchboard.sim.leg import Leg
from switchboard.sim.traffic import SMALL_COMPANY, Customs, Traffic
from switchboard.sim.unkindness import Unkindness
from switchboard.sim.world import World

FULL_CHECK_EVERY = 500
"""Facts between two checks of everything; what a fact changed is checked after each."""
_RELOAD_EVERY_MS = 1_200_000
_LISTENS = 0.2
"""How often, 0–1, a head wants to listen to somebody when one of the staff does something at the desk."""
_MUTED = 0.02
"""How often, 0–1, one look finds somebody who talks silent."""


class BrokenPromise(AssertionError):
    """Says which promise, with which seed, and the last facts of the calls concerned."""


class Report(Struct):
    seed: int
    calls: int
    facts: int
    took_s: float
    outcomes: dict[Outcome, int]
    left_alone: int
    """How often somebody sat alone in a bridge or with a dead phone until they gave up."""

    def __str__(self) -> str:
        outcomes = ", ".join(f"{outcome} {count}" for outcome, count in sorted(self.outcomes.items()))
        speed = f"{self.calls / self.took_s:.0f} calls/s, {self.facts / self.took_s:.0f} facts/s"
        return f"seed {self.seed}: {self.calls} calls, {self.facts} facts, {speed}; {outcomes}"


class Company(Struct):
    """Whose day it is. Its admin goes from one of the policies to the next and back."""

    policies: list[Policy]
    customs: Customs


class Day:
    def __init__(self, seed: int, calls: int, unkind: Unkindness, company: Company | None = None) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.exchange = Exchange()
        self.witness = Witness(self.exchange)
        company = company or Company(
            [
                with_recording(with_a_voice(sample_policy("sample-0"))),
                _with_missed_calls(sample_policy("sample-1")),
            ],
            SMALL_COMPANY,
        )
        self.policies, self.customs = company.policies, company.customs
        self.traffic = Traffic(self.random, calls, self.customs)
        self.world = World(self.traffic, self.random, unkind, self._hand, DAY_MS)
        self.facts = self.came_in = 0
        self.recent: deque[tuple[int, Fact, Handled]] = deque(maxlen=4_000)

    def run(self) -> Report:
        started = perf_counter()
        world, traffic = self.world, self.traffic
        self._hand(PolicyLoaded(self.policies[0]))
        world.registered = {person.phone: True for person in self.policies[0].people.values()}
        world.survey()
        world.plan_outage()
        world.after(0, self._somebody_calls)
        world.after(self.customs.phone_away_every_ms, self._phone_goes)
        world.after(self.customs.staff_acts_every_ms, self._staff_act)
        world.after(_RELOAD_EVERY_MS, self._reload)
        world.after(int(EVERY_S * 1000), self._patrol)
        world.after(int(LISTENS_EVERY_S * 1000), self._listen)
        while not traffic.is_over or self.exchange.floor.calls:
            self._step()
        problems = [*self.exchange.check(), *self.witness.at_the_end(), *self._forgotten_messages()]
        if problems:
            self._fail(problems)
        took_s = perf_counter() - started
        return Report(self.seed, self.witness.arrived, self.facts, took_s, self.witness.outcomes, world.left_alone)

    def _forgotten_messages(self) -> list[str]:
        """What callers said to a box and nobody will ever hear of."""
        shortest_ms = min(box.shortest_ms for box in BOXES.values())
        known = self.witness.messages.left
        return [
            f"message {name} is not on record"
            for name in self.world.message_tapes.kept(shortest_ms)
            if name not in known
        ]

    def _step(self) -> None:
        """The next thing that happens, or the next deadline that comes before it."""
        next_ms, deadline_ms = self.world.next_ms(), self.exchange.next_deadline_ms()
        if deadline_ms is None or (next_ms is not None and next_ms < deadline_ms):
            self.world.go_on()
            return
        self.world.now_ms = max(self.world.now_ms, deadline_ms)
        for fact in self.exchange.due(self.world.now_ms):
            self.world.pass_deadline(fact)

    def _hand(self, fact: Fact) -> None:
        """Give a fact to the exchange and its actions to the world; look whether all is well."""
        handled = self.exchange.handle(fact, self.world.now_ms)
        self.facts += 1
        self.recent.append((self.world.now_ms, fact, handled))
        problems = self.witness.watch(fact, self.world.now_ms, handled)
        self.traffic.made = self.witness.arrived
        problems += self.exchange.check() if self.facts % FULL_CHECK_EVERY == 0 else self.exchange.check_changes()
        if problems:
            self._fail(problems)
        self.world.take(handled.actions)

    def _fail(self, problems: list[str]) -> None:
        concerned = set(re.findall(r"\b[0-9a-f]{24}\b", " ".join(problems)))
        names = {word for call in concerned for word in (call, *self._legs_of(call))}
        told = [
            f"{at_ms - DAY_MS:>12} {fact}\n{'':12} -> {handled.actions}"
            for at_ms, fact, handled in self.recent
            if not names or any(name in f"{fact}{handled.actions}" for name in names)
        ]
        lines = [f"seed {self.seed}, fact {self.facts}: {'; '.join(problems)}", *told[-40:]]
        raise BrokenPromise("\n".join(lines))

    def _legs_of(self, call: str) -> list[str]:
        """The caller's own leg: the facts about it do not name the call."""
        seen = self.witness.calls.get(call)  # type: ignore[call-overload]
        return [seen.leg] if seen is not None else []

    # what the engine does ------------------------------------------------------------------------------------------

    def _patrol(self) -> None:
        if not self.world.away:
            doubts = self._doubts()
            if doubts:
                self.world.after(int(CONFIRM_AFTER_S * 1000), self._repair, doubts)
        self.world.after(int(EVERY_S * 1000), self._patrol)

    def _repair(self, doubts: list[Fact]) -> None:
        if self.world.away:
            return
        for fact in self._doubts():
            if fact in doubts:
                self._hand(fact)

    def _doubts(self) -> list[Fact]:
        now_ms = self.world.now_ms
        return differences(self.exchange.floor, self.world.found(), now_ms, now_ms - YOUNG_MS)

    def _listen(self) -> None:
        """Most voices are heard, a few people are muted; from a phone that is gone nothing comes."""
        if not self.world.away:
            for leg, phone_gone in list(talking_legs(self.exchange.floor)):
                if phone_gone or self.random.random() < _MUTED:
                    self._hand(LegSilent(leg))
        self.world.after(int(LISTENS_EVERY_S * 1000), self._listen)

    # what people do ------------------------------------------------------------------------------------------------

    def _somebody_calls(self) -> None:
        if self.traffic.is_over:
            return
        if not self.world.away:  # else they are the dialplan's guests
            from_phone = self.random.random() < 0.1
            (self._staff_call if from_phone else self._client_calls)()
        self.world.after(self.traffic.next_call_in_ms(self.world.now_ms), self._somebody_calls)

    def _client_calls(self) -> None:
        leg = self._come_in(None)
        leg.arrival = CallArrived(leg.leg_id, Entrance.LINE, self.traffic.number(), self.traffic.line())
        self.world.tell(leg, leg.arrival)
        self.world.after(self.traffic.patience_ms(), self._lose_patience, leg)
        for after_ms, key in self.traffic.presses():
            self.world.after(after_ms, self.world.press, leg, key)

    def _staff_call(self) -> None:
        phone = self.random.choice(list(self.world.registered))
        if any(leg.phone == phone for leg in self.world.legs.values()):
            return
        leg = self._come_in(phone)
        leg.arrival = CallArrived(leg.leg_id, Entrance.PHONE, phone, self.traffic.dialled(), phone)
        self.world.tell(leg, leg.arrival)
        self.world.after(self.traffic.patience_ms(), self._lose_patience, leg)
        for after_ms, key in self.traffic.supervises(leg.arrival.dialled):
            self.world.after(after_ms, self.world.press, leg, key)

    def _come_in(self, phone: PhoneId | None) -> Leg:
        self.came_in += 1
        leg_id = LegId(f"{self.world.now_ms // 1000}.{self.came_in}")
        leg = self.world.legs[leg_id] = Leg(leg_id, phone, came_in=True)
        return leg

    def _lose_patience(self, leg: Leg) -> None:
        if leg.alive and leg.bridge is None:
            self.world.end_leg(leg.leg_id, 16)

    def _staff_act(self) -> None:
        """Somebody signs out or takes a break at the desk; more often somebody comes back."""
        if self.traffic.is_over:
            return
        person = PersonId(self.random.choice(list(self.policies[0].people)))
        back = self.random.random() < 0.75
        command = self.random.choice(
            (StaffCommand.SIGN_IN, StaffCommand.RESUME) if back else (StaffCommand.SIGN_OUT, StaffCommand.PAUSE)
        )
        self._hand(StaffCommanded(person, command, "" if back else "lunch"))
        if self.random.random() < _LISTENS:
            self._hand(self._wish_to_listen())
        talking = [leg for leg in self.world.legs.values() if leg.phone is not None and leg.bridge is not None]
        for key in "*6" if talking else "":  # card data: press it in a talk, and forget it, or press it again
            self.world.press(talking[0], key)
        self.world.after(int(self.random.expovariate(1 / self.customs.staff_acts_every_ms)), self._staff_act)

    def _wish_to_listen(self) -> StaffCommanded:
        """A head wants to hear somebody who talks, or does not."""
        people = self.policies[0].people
        heads = [one for one, person in people.items() if person.may_listen != MayListen()]
        if not heads:
            return StaffCommanded(next(iter(people)), StaffCommand.LISTEN)
        talking = [one for one, record in self.exchange.floor.people.items() if record.legs]
        command = self.random.choice((StaffCommand.LISTEN, StaffCommand.WHISPER, StaffCommand.BARGE_IN))
        return StaffCommanded(self.random.choice(heads), command, whom=self.random.choice(talking or list(people)))

    def _phone_goes(self) -> None:
        if self.traffic.is_over:
            return
        phone = self.random.choice(list(self.world.registered))
        self.world.registered[phone] = False
        if not self.world.away:
            self._hand(PhoneSeen(phone, registered=False))
        self.world.after(int(self.random.random() * 120_000), self._phone_comes, phone)
        self.world.after(int(self.random.expovariate(1 / self.customs.phone_away_every_ms)), self._phone_goes)

    def _phone_comes(self, phone: PhoneId) -> None:
        self.world.registered[phone] = True
        if not self.world.away:
            self._hand(PhoneSeen(phone, registered=True))

    def _reload(self) -> None:
        """An admin loads other rules; calls go on with those they arrived with."""
        if self.traffic.is_over:
            return
        self.policies.reverse()
        self._hand(PolicyLoaded(self.policies[0]))
        self.world.after(int(self.random.expovariate(1 / _RELOAD_EVERY_MS)), self._reload)


def _with_missed_calls(policy: Policy) -> Policy:
    limits = msgspec.structs.replace(policy.limits, missed_ms=30_000)
    return msgspec.structs.replace(policy, limits=limits)


def run(seed: int, calls: int, unkind: Unkindness | None = None, company: Company | None = None) -> Report:
    """Simulate at least ``calls`` calls, those between phones included. Raises ``BrokenPromise``."""
    return Day(seed, calls, unkind if unkind is not None else Unkindness(), company).run()
