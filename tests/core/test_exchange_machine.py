"""The exchange as hypothesis sees it: any history of arrivals, answers, hang-ups, codes, breaks and reloads.

Every rule goes through a ``Story``, so ``check()`` and the witness speak after every single fact; at the end of
each history everybody goes and nothing may be left.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from switchboard.core import facts
from switchboard.core.call_state import Checking, Connecting, Ending, Keeping, LookingUp, Saying
from switchboard.core.caller import Client
from switchboard.core.exchange import Exchange
from switchboard.core.facts import Entrance
from switchboard.core.ids import CallId, LegId, PersonId, PhoneId
from switchboard.core.staff_commands import StaffCommand
from switchboard.sim.company import DISPATCH, ORDERS
from tests.core.every_fact import CODES, every_fact
from tests.core.policy import POLICIES, POLICY
from tests.core.story import EVERYBODY, KOLOS, NUMBER, PETROV, Story, begin, ready

PEOPLE = sorted(POLICY.people)
PHONES = ("olga", "pavel", "rita", "anna", "vera")
DIALLED = ("201", "101", "989161234567") * 4
pick = st.integers(0, 10_000)


class Switchboard(RuleBasedStateMachine):
    @initialize(phones=st.lists(st.sampled_from(PEOPLE), max_size=5, unique=True))
    def open(self, phones: list[str]) -> None:
        self.story: Story = begin(tuple(sorted(phones)))
        self.legs_made = 0

    def _leg(self) -> LegId:
        self.legs_made += 1
        return LegId(f"7.{self.legs_made}")

    @property
    def _calls(self) -> list[CallId]:
        return list(self.story.exchange.floor.calls)

    def _legs(self) -> list[LegId]:
        return list(self.story.exchange.floor.leg_owner)

    # what can happen -------------------------------------------------------------------------------------------

    @rule(number=st.sampled_from((NUMBER, "anonymous", "+79160000006")), line=st.sampled_from((ORDERS, DISPATCH)))
    def arrive(self, number: str, line: str) -> None:
        self.story.tell(facts.CallArrived(self._leg(), Entrance.LINE, number, line), 5)

    @rule(who=st.sampled_from(PHONES), dialled=st.sampled_from((*DIALLED, *CODES)))
    def dial(self, who: str, dialled: str) -> None:
        self.story.tell(facts.CallArrived(self._leg(), Entrance.PHONE, who, dialled, PhoneId(who)), 5)

    @precondition(lambda self: self._in(LookingUp))
    @rule(found=st.sampled_from(((), (KOLOS,), (PETROV,))))
    def find(self, found: tuple[Client, ...]) -> None:
        self.story.tell(facts.CallerFound(self._in(LookingUp)[0], found), 5)

    @precondition(lambda self: any(call.offers for call in self.story.exchange.floor.calls.values()))
    @rule(which=pick, cause=st.sampled_from((None, None, None, 17, 19, 21)))
    def take_or_refuse(self, which: int, cause: int | None) -> None:
        legs = [offer.leg for call in self.story.exchange.floor.calls.values() for offer in call.offers]
        leg = legs[which % len(legs)]
        self.story.tell(facts.LegAnswered(leg) if cause is None else facts.LegEnded(leg, cause), 5)

    @precondition(lambda self: self._in(Connecting))
    @rule(works=st.sampled_from((True, True, True, False)))
    def connect(self, works: bool) -> None:
        call = self.story.exchange.floor.calls[self._in(Connecting)[0]]
        state = call.state
        assert isinstance(state, Connecting)
        if works:
            self.story.tell(facts.LegBridged(call.leg, state.bridge), 5)
            self.story.tell(facts.LegBridged(state.offer.leg, state.bridge), 5)
        else:
            self.story.tell(facts.ActionFailed(call.call_id, "Connect", "409"), 5)

    @precondition(lambda self: self._legs())
    @rule(which=pick, left=st.booleans())
    def end_some_leg(self, which: int, left: bool) -> None:
        leg = self._legs()[which % len(self._legs())]
        self.story.tell(facts.LegLeft(leg) if left else facts.LegEnded(leg, 16), 5)

    @precondition(lambda self: self._in(Saying))
    @rule()
    def hear_it(self) -> None:
        state = self.story.exchange.floor.calls[self._in(Saying)[0]].state
        assert isinstance(state, Saying)
        self.story.tell(facts.PlaybackEnded(state.playback), 5)

    @rule(who=st.sampled_from(PEOPLE), there=st.booleans())
    def see_phone(self, who: str, there: bool) -> None:
        self.story.tell(facts.PhoneSeen(PhoneId(who), there), 5)

    @rule(
        who=st.sampled_from(PEOPLE),
        command=st.sampled_from(list(StaffCommand)),
        whom=st.sampled_from(PEOPLE),
        ms=st.integers(1, 60_000),
    )
    def command(self, who: str, command: StaffCommand, whom: str, ms: int) -> None:
        asked = facts.StaffCommanded(
            PersonId(who), command, "coffee", PersonId(whom), ms, self.story.at_ms + 5 + ms, PhoneId(whom)
        )
        self.story.tell(asked, 5)

    @precondition(lambda self: self._in(Checking))
    @rule(right=st.booleans())
    def check(self, right: bool) -> None:
        self.story.tell(facts.PinChecked(self._in(Checking)[0], right), 5)

    @rule(which=st.sampled_from(sorted(POLICIES)))
    def reload(self, which: str) -> None:
        self.story.tell(facts.PolicyLoaded(POLICIES[which]), 5)

    @rule(without=pick)
    def survey(self, without: int) -> None:
        legs = self._legs()
        alive = [leg for index, leg in enumerate(legs) if index != without % (len(legs) + 1)]
        self.story.tell(ready(tuple(alive), EVERYBODY), 5)

    @rule(which=pick)
    def something_foreign(self, which: int) -> None:
        known = every_fact(self.story)
        foreign = known[which % len(known)]
        self.story.tell(foreign, 5)
        if isinstance(foreign, facts.SwitchLost):
            self.survey(which)  # what happened in between nobody would hear, and the next survey must not contradict it

    @precondition(lambda self: self.story.exchange.next_deadline_ms() is not None)
    @rule()
    def wait(self) -> None:
        self.story.wait_for_deadline()

    @rule()
    def restart(self) -> None:
        """Another process goes on from the snapshot."""
        state = self.story.exchange.snapshot()
        restored = Exchange.restored(state)
        assert restored.snapshot() == state
        self.story.go_on_with(restored)

    # what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_overdue_for_ever(self) -> None:
        if hasattr(self, "story") and self._calls and self.story.exchange.floor.switch_ready:
            assert self.story.exchange.next_deadline_ms() is not None

    def _in(self, state: type) -> list[CallId]:
        calls = self.story.exchange.floor.calls
        return [call_id for call_id, call in calls.items() if isinstance(call.state, state)]

    def teardown(self) -> None:
        if not hasattr(self, "story"):
            return
        self.story.tell(ready((), ()), 5)
        for call_id in self._in(Keeping):
            state = self.story.exchange.floor.calls[call_id].state
            assert isinstance(state, Keeping)
            self.story.tell(facts.RecordingEnded(state.recording, kept=False, known=False), 5)
        assert self._calls == self._in(Ending) == []
        assert self.story.witness.at_the_end() == []


TestSwitchboard = Switchboard.TestCase
TestSwitchboard.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
