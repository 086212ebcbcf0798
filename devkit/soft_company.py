"""A company of our softphones: who is heard by whom can be told, and anybody can hold and transfer.

    async with SoftCompany(folder) as company:
        caller = company.caller("+7 916 …")
        call = caller.place(company.line)
        olga = await company.staff["olga"].rung()

Everybody has a tone: the staff in the order of the staff file, then who is called outside, then the callers in turn.
"""

import asyncio
from itertools import count
from pathlib import Path
from typing import Any

from devkit.company import SAMPLE_CONFIG, Company
from devkit.ports import loopback
from devkit.softphone import Softphone
from devkit.tones import HOW_MANY
from switchboard.core.policy import Role


class SoftCompany(Company):
    """`Company`, but for its phones: `phones`, `banks` and `carrier` are none of its parts."""

    staff: dict[str, Softphone]
    outside: Softphone
    """Where calls to the outside arrive, whatever their number."""

    def __init__(self, folder: Path, *, config: Path = SAMPLE_CONFIG, **more: Any) -> None:
        super().__init__(folder, config=config, **more)
        self.callers: list[Softphone] = []
        self._next_caller = count()

    @property
    def line(self) -> str:
        """The first line's number."""
        return next(iter(self.policy.lines.values())).numbers[0]

    @property
    def everybody(self) -> list[Softphone]:
        return [*self.staff.values(), self.outside, *self.callers]

    def caller(self, number: str) -> Softphone:
        """Somebody outside with this number, who may call."""
        first = len(self.staff) + 1
        tone = first + next(self._next_caller) % (HOW_MANY - first)
        made = Softphone(f"caller {number[-4:]}", self.settings.trunk_host, self.settings.sip, tone=tone, number=number)
        self.callers.append(made)
        return made

    def name_of(self, tone: int) -> str | None:
        """Who of the staff, or "outside", has this tone; None: a caller."""
        return next((one.name for one in (*self.staff.values(), self.outside) if one.tone == tone), None)

    async def open_shift(self) -> None:
        operators = [person.phone for person in self.policy.people.values() if person.role is Role.OPERATOR]
        await self.sign_in(*operators)
        await self.wait_ready()

    async def dial_code(self, code: str, *names: str) -> None:
        async def dial(name: str) -> None:
            call = self.staff[name].place(code)
            await call.picked_up()
            await call.ended()

        await asyncio.gather(*(dial(name) for name in names))

    async def forget_callers(self) -> None:
        """Let go of all callers so far."""
        await asyncio.gather(*(caller.close() for caller in self.callers))
        self.callers.clear()

    async def _start_phones(self) -> None:
        self.phones, self.banks = {}, {}
        people = [person.phone for person in self.policy.people.values()]
        self.staff = {
            name: Softphone(name, loopback(), self.settings.sip, secret=self._secrets[name], tone=tone)
            for tone, name in enumerate(people)
        }
        host, port = self.settings.trunk_host, self.settings.trunk_port
        self.outside = Softphone("outside", host, self.settings.sip, port=port, tone=len(people))
        for phone in self.everybody:
            self._closing.push_async_callback(phone.close)
        self._closing.push_async_callback(self.forget_callers)
        await self.register_phones()

    async def register_phones(self) -> None:
        await asyncio.gather(*(phone.register() for phone in self.staff.values()))
