"""What staff do while they talk: hold, give callers away by their phones or at the desk, ask colleagues, park."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from switchboard.core.facts import (
    CallArrived,
    Entrance,
    FoundStandIn,
    LegHeld,
    LegLeft,
    LegsTransferred,
    LegTransferred,
    LegUnheld,
    StaffCommanded,
)
from switchboard.core.ids import BridgeId, LegId, PersonId
from switchboard.core.staff_commands import StaffCommand

if TYPE_CHECKING:
    from switchboard.sim.leg import Leg
    from switchboard.sim.world import World

_BUSY_HANDS = 0.25
"""How many talks have somebody in them who does more than talk, 0–1."""
_GIVEN_TO = ("101", "102", "103", "201", "202", "203", "401", "70", "71", "*28", "989161234567", "999", "5")
_COMMANDS = (
    StaffCommand.HAND_OVER,
    StaffCommand.CONSULT,
    StaffCommand.CONSULT,
    StaffCommand.SWAP,
    StaffCommand.JOIN,
    StaffCommand.COMPLETE,
    StaffCommand.CALL_OFF,
    StaffCommand.HOLD,
    StaffCommand.TALK_ON,
    StaffCommand.PARK,
)
_WHILE_ASKING = (StaffCommand.SWAP, StaffCommand.JOIN, StaffCommand.COMPLETE, StaffCommand.CALL_OFF)


class StandIn(Struct):
    """What Asterisk keeps in the place of a phone that transferred, until somebody ends it."""

    bridge: BridgeId
    dialled: str | None
    other: BridgeId | None = None


class Talkers:
    def __init__(self, world: World) -> None:
        self.world = world
        self.stand_ins: dict[LegId, StandIn] = {}
        self._made = 0

    def begin(self, together: list[Leg], bridge: BridgeId) -> None:
        """Some talk begins in ``bridge``."""
        staff = [leg for leg in together if leg.phone is not None]
        if not staff or self.world.random.random() > _BUSY_HANDS:
            return
        leg = staff[int(self.world.random.random() * len(staff))]
        way = self.world.random.choice((self._hold, self._transfer, self._ask_by_phone, self._command, self._command))
        self._later(6_000, way, leg, bridge)

    def found(self) -> tuple[FoundStandIn, ...]:
        """As a survey shows them."""
        shown = [FoundStandIn((leg,), one.bridge, one.dialled, one.other) for leg, one in self.stand_ins.items()]
        return tuple(sorted(shown, key=lambda one: one.legs))

    def _later(self, at_most_ms: int, what: object, *about: object) -> None:
        self.world.after(200 + int(self.world.random.random() * at_most_ms), what, *about)  # type: ignore[arg-type]

    def _in(self, leg: Leg, bridge: BridgeId) -> bool:
        return leg.alive and leg.bridge == bridge and leg in self.world.bridges.get(bridge, [])

    # hold ------------------------------------------------------------------------------------------------------

    def _hold(self, leg: Leg, bridge: BridgeId) -> None:
        if self._in(leg, bridge):
            self.world.tell(leg, LegHeld(leg.leg_id))
            self._later(8_000, self._unhold, leg, bridge)

    def _unhold(self, leg: Leg, bridge: BridgeId) -> None:
        if self._in(leg, bridge):
            self.world.tell(leg, LegUnheld(leg.leg_id))

    # by the phone ------------------------------------------------------------------------------------------------

    def _transfer(self, leg: Leg, bridge: BridgeId) -> None:
        if not self._in(leg, bridge):
            return
        dialled = self.world.random.choice(_GIVEN_TO)
        stand_in = self._stand_in(bridge, dialled)
        self._leave(leg, bridge)
        self.world.tell(leg, LegUnheld(leg.leg_id))
        self.world.tell(leg, LegTransferred(leg.leg_id, dialled, (stand_in,)))
        self._end_replaced(leg)

    def _ask_by_phone(self, leg: Leg, bridge: BridgeId) -> None:
        """The phone holds the one and calls another; then it gives them to each other."""
        if not self._in(leg, bridge) or leg.phone is None:
            return
        self.world.tell(leg, LegHeld(leg.leg_id))
        dialled = self.world.random.choice(_GIVEN_TO[:9])
        self._made += 1
        second = self.world.let_call_in(LegId(f"{self.world.now_ms // 1000}.t{self._made}"), leg.phone)
        second.arrival = CallArrived(second.leg_id, Entrance.PHONE, leg.phone, dialled, leg.phone)
        self.world.tell(second, second.arrival)
        self._later(9_000, self._join, leg, bridge, second)

    def _join(self, leg: Leg, bridge: BridgeId, second: Leg) -> None:
        if not self._in(leg, bridge) or not second.alive:
            return
        stand_in = self._stand_in(bridge, None, second.bridge)
        for one in (leg, second):
            if one.bridge is not None:
                self._leave(one, one.bridge)
        self.world.tell(leg, LegsTransferred(leg.leg_id, second.leg_id, (stand_in,)))
        second.last_told_ms = max(second.last_told_ms, leg.last_told_ms)
        self._end_replaced(leg)
        self._end_replaced(second)

    def _end_replaced(self, leg: Leg) -> None:
        """A phone has given its call away: that its leg leaves is all that is heard of it, no cause."""
        if leg.alive:
            leg.alive = False
            self.world.tell(leg, LegLeft(leg.leg_id))
            self.world.legs.pop(leg.leg_id, None)

    def _stand_in(self, bridge: BridgeId, dialled: str | None, other: BridgeId | None = None) -> LegId:
        self._made += 1
        stand_in = LegId(f"{self.world.now_ms // 1000}.s{self._made}")
        self.stand_ins[stand_in] = StandIn(bridge, dialled, other)
        return stand_in

    def _leave(self, leg: Leg, bridge: BridgeId) -> None:
        if leg in self.world.bridges.get(bridge, []):
            self.world.bridges[bridge].remove(leg)
        leg.bridge = None

    # at the desk -------------------------------------------------------------------------------------------------

    def _command(self, leg: Leg, bridge: BridgeId) -> None:
        """Most of what follows makes sense, some of it does not."""
        if not self._in(leg, bridge) or leg.phone is None:
            return
        person = PersonId(leg.phone)
        asks = self.world.random.random() < 0.5
        for _ in range(1 + int(self.world.random.random() * 4)):
            self._later(12_000, self._say, person, _WHILE_ASKING if asks else _COMMANDS)
        self._say(person, (StaffCommand.CONSULT,) if asks else _COMMANDS)

    def _say(self, person: PersonId, commands: tuple[StaffCommand, ...]) -> None:
        command = self.world.random.choice(commands)
        self.world.deliver(StaffCommanded(person, command, to=self.world.random.choice(_GIVEN_TO)))
