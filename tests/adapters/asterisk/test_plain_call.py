"""What a plain call costs: from a line, an operator free, they talk, one of them hangs up."""

from __future__ import annotations

import asyncio

import pytest

from switchboard.adapters.asterisk.link import Survey
from switchboard.adapters.asterisk.requests import Request
from switchboard.adapters.asterisk.rest import Answer
from switchboard.adapters.asterisk.telephony import AsteriskTelephony, Trunk
from switchboard.core.actions import Connect, LookUpCaller, Ring
from switchboard.core.call_state import Ending, Talking
from switchboard.core.caller import Client
from switchboard.core.exchange import Exchange
from switchboard.core.facts import (
    CallArrived,
    CallerFound,
    Entrance,
    Fact,
    Found,
    LegAnswered,
    LegBridged,
    LegEnded,
    LegLeft,
    PolicyLoaded,
    StaffCommanded,
    SwitchReady,
)
from switchboard.core.ids import LegId, PersonId, PhoneId
from switchboard.core.staff_commands import StaffCommand
from tests.core.policy import POLICY

CALLER, OLGA = LegId("1795476463.1"), PersonId("olga")
REQUESTS_AT_MOST = 6


class Consents:
    """An Asterisk that agrees to everything, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def request(self, request: Request) -> Answer:
        self.asked.append(f"{request.method} {request.template}")
        return Answer(204)

    async def survey(self) -> Survey:
        raise AssertionError("nobody asks")


class Line:
    """One exchange whose actions are performed at once; Asterisk's part of the story is told by hand."""

    def __init__(self) -> None:
        self.asterisk = Consents()
        self._telephony = AsteriskTelephony(self.asterisk, "switchboard", Trunk())
        self.exchange = Exchange()
        self._at_ms = 1_799_830_800_000

    def happens(self, fact: Fact) -> None:
        self._at_ms += 100
        for action in self.exchange.handle(fact, self._at_ms).actions:
            match action:
                case LookUpCaller(call=call):
                    client = Client("C-1", "Sample Client", client_class="retail", manager=PersonId("vera"))
                    self.happens(CallerFound(call, (client,)))
                case _:
                    asyncio.run(self._telephony.perform(action))
            match action:
                case Ring(leg=leg):
                    self.operator_leg = leg
                case Connect(legs=legs, bridge=bridge):
                    for leg in legs:
                        self.happens(LegBridged(leg, bridge))
                case _:
                    pass


@pytest.mark.parametrize("who", ["caller", "operator"])
def test_a_plain_call_needs_few_requests(who: str) -> None:
    line = Line()
    line.happens(PolicyLoaded(POLICY))
    line.happens(SwitchReady(Found((), (), (PhoneId("olga"),)), "one"))
    line.happens(StaffCommanded(OLGA, StaffCommand.SIGN_IN))
    before = len(line.asterisk.asked)
    line.happens(CallArrived(CALLER, Entrance.LINE, "+74951000001", POLICY.lines["orders"].numbers[0]))
    line.happens(LegAnswered(line.operator_leg))
    [call] = line.exchange.floor.calls.values()
    assert isinstance(call.state, Talking)
    first, second = (CALLER, line.operator_leg) if who == "caller" else (line.operator_leg, CALLER)
    for leg in (first, second):
        line.happens(LegLeft(leg))
        line.happens(LegEnded(leg, 16))
    assert isinstance(call.state, Ending)
    assert not line.exchange.floor.calls
    asked = line.asterisk.asked[before:]
    assert len(asked) <= REQUESTS_AT_MOST, asked
