"""The ways in which a person gives a caller away: their phone's REFER, keys in the talk, or a command from the desk."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from devkit.soft_call import SoftCall
from devkit.softphone import Softphone
from switchboard.core.facts import StaffCommanded
from switchboard.core.ids import PersonId
from switchboard.core.policy import Codes
from switchboard.core.staff_commands import StaffCommand
from tests.tools.command_door import tell

JOINED_WITHIN_S = 0.6
"""So long Asterisk takes to join two calls of a phone; whoever hangs up meanwhile is kept waiting, and nobody told."""


@dataclass
class Giver:
    """Somebody who talks with a caller. ``asked``: the second call of their phone, where it has one."""

    phone: Softphone
    call: SoftCall
    asked: SoftCall | None = None


class Way(Protocol):
    @property
    def by_phone(self) -> bool:
        """Whether the phone holds, and asks by a second call of its own."""

    async def give(self, giver: Giver, to: str) -> None:
        """Give the caller to what ``to`` would dial."""

    async def ask(self, giver: Giver, to: str) -> None:
        """Hold the caller, and ring whom ``to`` would dial."""

    async def complete(self, giver: Giver) -> None:
        """Leave the two to each other."""

    async def go_back(self, giver: Giver) -> None:
        """Talk with the caller again, once who was asked is gone."""

    async def call_off(self, giver: Giver) -> None:
        """Talk with the caller again, and let go of who was asked."""

    async def leave(self, giver: Giver) -> None:
        """Hang up, in the middle of it."""

    async def swap(self, giver: Giver) -> None:
        """Talk with the other of the two."""

    async def join(self, giver: Giver) -> bool:
        """Let all three talk; False: this phone cannot."""


@dataclass(frozen=True)
class ByRefer:
    referred_by: bool = True
    refer_sub: bool | None = None
    by_phone: bool = True

    def __str__(self) -> str:
        return (
            "by REFER"
            + ("" if self.referred_by else " without Referred-By")
            + (" without NOTIFY" if self.refer_sub is False else "")
        )

    async def give(self, giver: Giver, to: str) -> None:
        self._accepted(giver, await giver.call.refer(to, referred_by=self.referred_by, refer_sub=self.refer_sub))

    def _accepted(self, giver: Giver, status: int) -> None:
        """Asterisk leaves it to the phone to hang up; one that wants no NOTIFY does so by itself."""
        assert status == (202 if self.refer_sub is None else 200)
        if self.refer_sub is False:
            giver.call.hang_up()

    async def ask(self, giver: Giver, to: str) -> None:
        status = await giver.call.hold()
        assert status == 200, f"hold: {status}"
        giver.asked = giver.phone.place(to)

    async def complete(self, giver: Giver) -> None:
        assert giver.asked is not None
        status = await giver.call.transfer(giver.asked, referred_by=self.referred_by, refer_sub=self.refer_sub)
        await asyncio.sleep(JOINED_WITHIN_S)
        self._accepted(giver, status)

    async def go_back(self, giver: Giver) -> None:
        assert giver.asked is not None
        giver.asked.hang_up()
        status = await giver.call.unhold()
        assert status == 200, f"unhold: {status}"

    async def call_off(self, giver: Giver) -> None:
        await self.go_back(giver)

    async def leave(self, giver: Giver) -> None:
        if giver.asked is not None:
            giver.asked.hang_up()
        giver.call.hang_up()

    async def swap(self, giver: Giver) -> None:
        assert giver.asked is not None
        first, second = (giver.call, giver.asked) if giver.asked.held else (giver.asked, giver.call)
        await first.hold()
        await second.unhold()

    async def join(self, giver: Giver) -> bool:
        return False


@dataclass(frozen=True)
class ByKeys:
    codes: Codes
    by_phone: bool = False

    def __str__(self) -> str:
        return "by keys"

    async def give(self, giver: Giver, to: str) -> None:
        await giver.call.press(f"{self.codes.hand_over}{to}#")

    async def ask(self, giver: Giver, to: str) -> None:
        await giver.call.press(f"{self.codes.consult}{to}#")

    async def complete(self, giver: Giver) -> None:
        await giver.call.press(self.codes.complete)

    async def go_back(self, giver: Giver) -> None:
        """They are back by themselves."""

    async def call_off(self, giver: Giver) -> None:
        await giver.call.press(self.codes.call_off)

    async def leave(self, giver: Giver) -> None:
        giver.call.hang_up()

    async def swap(self, giver: Giver) -> None:
        await giver.call.press(self.codes.swap)

    async def join(self, giver: Giver) -> bool:
        await giver.call.press(self.codes.join)
        return True


@dataclass(frozen=True)
class ByCommand:
    door: Path
    by_phone: bool = False

    def __str__(self) -> str:
        return "by command"

    async def give(self, giver: Giver, to: str) -> None:
        self._tell(giver, StaffCommand.HAND_OVER, to)

    async def ask(self, giver: Giver, to: str) -> None:
        self._tell(giver, StaffCommand.CONSULT, to)

    async def complete(self, giver: Giver) -> None:
        self._tell(giver, StaffCommand.COMPLETE)

    async def go_back(self, giver: Giver) -> None:
        """They are back by themselves."""

    async def call_off(self, giver: Giver) -> None:
        self._tell(giver, StaffCommand.CALL_OFF)

    async def leave(self, giver: Giver) -> None:
        giver.call.hang_up()

    async def swap(self, giver: Giver) -> None:
        self._tell(giver, StaffCommand.SWAP)

    async def join(self, giver: Giver) -> bool:
        self._tell(giver, StaffCommand.JOIN)
        return True

    def _tell(self, giver: Giver, command: StaffCommand, to: str = "") -> None:
        tell(self.door, StaffCommanded(PersonId(giver.phone.name), command, to=to))
