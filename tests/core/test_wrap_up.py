"""Wrap-up is exact over every interleaving of what else goes on at the phone, and through every restart."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.core import facts
from switchboard.core.entries import PersonChanged, PersonState
from switchboard.core.exchange import Exchange
from switchboard.core.facts import Entrance
from switchboard.core.ids import LegId, PersonId, PhoneId
from switchboard.core.staff import PersonRecord
from switchboard.core.staff_commands import StaffCommand
from tests.core.policy import POLICY
from tests.core.reaching import talking, waiting_rung
from tests.core.story import Story

OLGA, PAVEL = PersonId("olga"), PersonId("pavel")
MOST_MS = POLICY.limits.wrap_up_at_most_ms
WAYS = ("wait", "colleague", "code", "elsewhere", "offline", "extend", "extend by code", "end", "pause", "disturb",
        "restart", "away from the hook")  # fmt: skip


class Owed:
    """The oracle: what is left, counted by nothing but rest at the phone."""

    def __init__(self, story: Story, left_ms: int) -> None:
        self.story, self.left_ms, self.numbers = story, left_ms, 0

    @property
    def olga(self) -> PersonRecord:
        return self.story.exchange.floor.people[OLGA]

    def pass_ms(self, ms: int) -> None:
        """Time passes, deadlines at their moments."""
        until_ms = self.story.at_ms + ms
        while (next_ms := self.story.exchange.next_deadline_ms()) is not None and next_ms <= until_ms:
            self._count(max(0, next_ms - self.story.at_ms))
            self.story.wait_for_deadline()
        self._count(until_ms - self.story.at_ms)
        self.story.at_ms = until_ms

    def _count(self, ms: int) -> None:
        if not self.olga.legs and not self.olga.elsewhere:
            self.left_ms = max(0, self.left_ms - ms)

    def tell(self, fact: facts.Fact) -> None:
        self.story.tell(fact)

    def new_leg(self) -> LegId:
        self.numbers += 1
        return LegId(f"8.{self.numbers}")

    def agrees(self) -> None:
        floor = self.story.exchange.floor
        at_rest = not self.olga.legs and not self.olga.elsewhere
        if at_rest:
            expected = self.story.at_ms + self.left_ms if self.left_ms else None
            assert self.olga.wrap_up_until_ms == expected
        else:
            assert (self.olga.wrap_up_left_ms or 0) == self.left_ms
        if at_rest and self.olga.registered:
            shown = self.olga.state is PersonState.WRAP_UP
            assert shown == (self.left_ms > 0)
            noted = [
                entry for entry in self.story.entries if isinstance(entry, PersonChanged) and entry.person == OLGA
            ][-1]
            assert (noted.state is PersonState.WRAP_UP) == shown
            assert not shown or noted.until_ms == floor.people[OLGA].wrap_up_until_ms


def do(owed: Owed, way: str, ms: int) -> None:
    story, before_ms = owed.story, owed.left_ms
    match way:
        case "wait":
            owed.pass_ms(ms)
        case "colleague" | "away from the hook":
            caller = owed.new_leg()
            owed.tell(facts.CallArrived(caller, Entrance.PHONE, "anna", "101", PhoneId("anna")))
            [ring] = [leg for leg, engaged in owed.olga.legs.items()]
            owed.pass_ms(min(ms, 4_000))
            owed.tell(facts.LegEnded(ring, 21) if way == "colleague" else facts.LegAnswered(ring))
            owed.tell(facts.LegEnded(caller, 16))
            owed.pass_ms(min(ms, 4_000))
            if ring in owed.olga.legs:
                owed.tell(facts.LegEnded(ring, 16))
        case "code" | "extend by code":
            leg = owed.new_leg()
            dialled = "*201" if way == "code" else "*232"
            owed.tell(facts.CallArrived(leg, Entrance.PHONE, "olga", dialled, PhoneId("olga")))
            if way == "extend by code" and before_ms:
                owed.left_ms = max(before_ms, min(before_ms + 120_000, MOST_MS))
            owed.pass_ms(min(ms, 4_000))
            owed.tell(facts.LegEnded(leg, 16))
        case "elsewhere":
            owed.tell(facts.PhoneEngaged(PhoneId("olga"), engaged=True))
            owed.pass_ms(ms)
            owed.tell(facts.PhoneEngaged(PhoneId("olga"), engaged=False))
        case "offline":
            owed.tell(facts.PhoneSeen(PhoneId("olga"), registered=False))
            owed.pass_ms(ms)
            owed.tell(facts.PhoneSeen(PhoneId("olga"), registered=True))
        case "extend":
            owed.tell(facts.StaffCommanded(OLGA, StaffCommand.EXTEND_WRAP_UP, for_ms=ms))
            if before_ms and ms:
                owed.left_ms = max(before_ms, min(before_ms + ms, MOST_MS))
        case "end":
            owed.tell(facts.StaffCommanded(OLGA, StaffCommand.END_WRAP_UP))
            owed.left_ms = 0
        case "pause" | "disturb":
            command = StaffCommand.PAUSE if way == "pause" else StaffCommand.DO_NOT_DISTURB
            owed.tell(facts.StaffCommanded(OLGA, command, "coffee"))
            owed.tell(facts.StaffCommanded(OLGA, StaffCommand.DISTURB))
        case "restart":
            story.go_on_with(Exchange.restored(story.exchange.snapshot()))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(WAYS), st.integers(0, 12_000)), max_size=14),
    st.integers(0, 4_000),
    st.booleans(),
)
def test_wrap_up_is_exact(ways: list[tuple[str, int]], lingers_ms: int, caller_first: bool) -> None:
    story = talking(waiting_rung)
    story.tell(facts.StaffCommanded(PAVEL, StaffCommand.SIGN_OUT))
    story.tell(facts.PhoneSeen(PhoneId("anna"), registered=True))
    [own] = story.exchange.floor.people[OLGA].legs
    first, last = (LegId("1.1"), own) if caller_first else (own, LegId("1.1"))
    story.tell(facts.LegEnded(first, 16), 1_000)
    story.at_ms += lingers_ms
    owed = Owed(story, POLICY.queues["operators"].wrap_up_ms)
    if not caller_first:
        owed.left_ms -= lingers_ms  # it began with the end of their own leg
    story.tell(facts.LegEnded(last, 16))
    owed.agrees()
    for way, ms in ways:
        do(owed, way, ms)
        owed.agrees()
    owed.tell(facts.StaffCommanded(OLGA, StaffCommand.RESUME))
    assert owed.olga.state is PersonState.READY
