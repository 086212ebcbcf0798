"""Random visits: callers are held, given away, asked about and brought together, in no order that anybody planned.

A visitor knows whom they talk with only by whose tone they hear, and then that person does something by chance (all of
it from the seed): holds, transfers by REFER, by keys or by command, consults and completes or comes back, hangs up.
Nobody but the script ends a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from devkit.soft_call import SoftCall
from devkit.soft_company import SoftCompany
from devkit.voice import tones_heard
from switchboard.core.ids import PersonId
from tests.transfers.ways import Giver, Way

_PATIENCE_S = 60
_SHORTEST_S, _LONGEST_S = 0.5, 1.5
_NOW_S = 0.15
_LOOKS_WITH, _LOOKS_WITHOUT = 30, 5
_LONG_AGO_S = 120
_HARDLY_S = 0.3
TAKERS = ("kirill", "karina", "maxim", "marina", "viktor", "roman", "fedor", "faina")


@dataclass
class Visitor:
    """One caller, and what chance has done with them."""

    company: SoftCompany
    number: str
    chance: Random
    ways: list[Way]
    done: list[str] = field(default_factory=list)
    lost: str = ""
    left: bool = False
    """Whether somebody hung up on purpose."""
    call: SoftCall = field(init=False)

    async def live(self) -> None:
        """Call, and stay until somebody has hung up."""
        self.call = self.company.caller(self.number).place(self.company.line)
        for _ in range(self.chance.randint(1, 5)):
            partner = await self.partner()
            if partner is None:
                break
            await self._think()
            acts = (self._hold, self._give, self._ask, self._ask, self._early, self._park)
            await self.chance.choice(acts)(partner)
        await self._end()

    async def _end(self) -> None:
        if self.call.over and not self.left:
            self.lost = f"lost after {self.done or 'nothing'}, by {self.call.ended_by}"
            return
        partner = await self.partner()
        if partner is not None and self.chance.random() < 0.5:
            self.done.append(f"{partner.phone.name} hangs up")
            self.left = True
            partner.call.hang_up()
            await self._over_or_given_back(partner)
        else:
            self._hang_up()
        await self.call.ended()

    def _hang_up(self) -> None:
        self.done.append("caller hangs up")
        self.left = True
        self.call.hang_up()

    async def _over_or_given_back(self, left: Giver) -> None:
        """A phone's own transfer lets two people hear each other a moment before they are connected. Who hangs up in
        that moment has not taken the caller, who goes back to whoever gave them."""
        if await self.partner() is None:
            return
        heard_s = [
            frame.at_s for frame, tones in tones_heard(left.call.frames) if self.call.phone.tone in (tones or ())
        ]
        if heard_s[-1] - heard_s[0] < _HARDLY_S:
            self._hang_up()
        else:
            self.lost = f"not let go after {self.done}"

    async def forget(self) -> None:
        """Let go of what was heard: a thousand callers hear a lot."""
        await self.call.phone.close()
        self.company.callers.remove(self.call.phone)
        for phone in self.company.staff.values():
            over_s = asyncio.get_running_loop().time() - _LONG_AGO_S
            phone.forget(over_s)

    async def _think(self) -> None:
        await asyncio.sleep(self.chance.uniform(_SHORTEST_S, _LONGEST_S))

    # ---- what somebody may do

    async def _hold(self, giver: Giver) -> None:
        self.done.append(f"{giver.phone.name} holds")
        await giver.call.hold()
        await self._think()
        if giver.call.talks:
            await giver.call.unhold()

    async def _give(self, giver: Giver) -> None:
        to, way = self._whom(giver), self.chance.choice(self.ways)
        self.done.append(f"{giver.phone.name} gives to {to} {way}")
        await way.give(giver, to)
        await self._gone(giver)

    async def _ask(self, giver: Giver) -> None:
        to, way = self._whom(giver), self.chance.choice(self.ways)
        self.done.append(f"{giver.phone.name} asks {to} {way}")
        await way.ask(giver, to)
        if not await self._reached(giver):
            self.done.append("in vain")
            await self._back(way.go_back, giver)
            return
        await self._think()
        if giver.call.talks and not self.call.over:
            await self.chance.choice((self._complete, self._complete, self._come_back, self._swap, self._join))(
                way, giver
            )

    async def _complete(self, way: Way, giver: Giver) -> None:
        self.done.append("completes")
        await way.complete(giver)
        await self._gone(giver)

    async def _come_back(self, way: Way, giver: Giver) -> None:
        self.done.append("comes back")
        await self._back(way.call_off, giver)

    async def _swap(self, way: Way, giver: Giver) -> None:
        self.done.append("swaps")
        await way.swap(giver)
        await self._think()
        if giver.call.talks and (giver.asked is None or giver.asked.talks):
            self.done.append("swaps again")
            await way.swap(giver)
            await self._think()
        if giver.call.talks:
            await self._complete(way, giver)

    async def _join(self, way: Way, giver: Giver) -> None:
        if not await way.join(giver):
            await self._complete(way, giver)
            return
        self.done.append("joins them")
        await self._think()
        if await self.partner() is not None:
            who = self.chance.choice(self._partners())
            self.done.append(f"{who.phone.name} leaves")
            who.call.hang_up()

    async def _park(self, giver: Giver) -> None:
        codes, way = self.company.policy.codes, self.chance.choice(self.ways)
        self.done.append(f"{giver.phone.name} parks {way}")
        await way.give(giver, codes.park)
        await self._gone(giver)
        await self._think()
        idle = [name for name in TAKERS if not self.company.staff[name].alive]
        if not idle:
            return
        fetcher = self.company.staff[self.chance.choice(idle)]
        self.done.append(f"{fetcher.name} fetches them")
        fetcher.place(codes.retrieve + self.company.policy.people[PersonId(giver.phone.name)].extension)

    async def _early(self, giver: Giver) -> None:
        to, way = self._whom(giver), self.chance.choice(self.ways)
        self.done.append(f"{giver.phone.name} asks {to} {way} and completes early")
        await way.ask(giver, to)
        await asyncio.sleep(self.chance.uniform(0.3, 0.8))
        if (giver.asked is not None and giver.asked.over) or await self._hears_the_caller(giver):
            self.done.append("in vain")
            await self._back(way.go_back, giver)
            return
        await way.complete(giver)
        await self._gone(giver)

    async def _hears_the_caller(self, giver: Giver) -> bool:
        """Whether they do, after all: Asterisk may be busy with another join for half a second, and only then take who
        asks out of the talk; and one look may fall into a stall of the machine."""
        looks_with = looks_without = 0
        while looks_with < _LOOKS_WITH and looks_without < _LOOKS_WITHOUT:
            hears = self.call.phone.tone in self._now(giver.call)
            looks_with, looks_without = looks_with + hears, 0 if hears else looks_without + 1
            await asyncio.sleep(0.05)
        return looks_without < _LOOKS_WITHOUT

    @staticmethod
    async def _back(go: Callable[[Giver], Awaitable[None]], giver: Giver) -> None:
        if giver.call.talks:
            await go(giver)

    async def _gone(self, giver: Giver) -> None:
        """Their phone hangs up, or is hung up."""
        await giver.call.ended(_PATIENCE_S)

    async def _reached(self, giver: Giver) -> bool:
        """Whether who was asked has answered, in the patience of somebody who asks."""
        call, since = giver.asked or giver.call, len((giver.asked or giver.call).frames)
        for _ in range(300):
            if call.over or self.call.over:
                return False
            if any(tones and tones != {self.call.phone.tone} for _, tones in tones_heard(call.frames[since:][-5:])):
                return True
            await asyncio.sleep(0.02)
        return False

    # ---- whom they talk with

    async def partner(self, patience_s: float = _PATIENCE_S) -> Giver | None:
        """Wait until they hear somebody of the staff who hears them; None: the call is over, or they are ``lost``."""
        for _ in range(round(patience_s * 50)):
            if self.call.over:
                return None
            partners = self._partners()
            if partners:
                return partners[0]
            await asyncio.sleep(0.02)
        self.lost = f"hears nobody after {self.done}"
        return None

    def _partners(self) -> list[Giver]:
        """Who of the staff hears them and is heard, at this moment."""
        heard = self._now(self.call)
        phones = [phone for phone in self.company.staff.values() if phone.tone in heard]
        return [
            Giver(phone, call) for phone in phones for call in phone.alive if self.call.phone.tone in self._now(call)
        ]

    @staticmethod
    def _now(call: SoftCall) -> frozenset[int]:
        """Whose tones are heard at this moment."""
        newest = [(frame, tones) for frame, tones in tones_heard(call.frames[-4:])]
        since_s = asyncio.get_running_loop().time() - _NOW_S
        return frozenset(tone for frame, tones in newest if frame.at_s > since_s for tone in tones or ())

    def _whom(self, giver: Giver) -> str:
        names = [name for name in TAKERS if name != giver.phone.name]
        return self.company.policy.people[PersonId(self.chance.choice(names))].extension
