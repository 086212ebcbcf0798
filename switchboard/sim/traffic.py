"""Who calls, and what the staff do all day: callers of every class, impatient ones, calls between phones, breaks.

A day has a busy part and a night. Every second number is in the client file; some clients owe, some have no
manager yet, some share a phone, some callers hide theirs.
"""

from __future__ import annotations

from random import Random

from switchboard.core.caller import Client
from switchboard.core.ids import PersonId
from switchboard.core.phone_number import PhoneNumber
from switchboard.sim.company import CLASSES, DISPATCH, ORDERS

_DAY_MS, _HOUR_MS = 24 * 3_600_000, 3_600_000
_MOSCOW_MS = 3 * _HOUR_MS
_MANAGERS = ("anna", "boris", "vera", "gleb")
_DIALLED = ("101", "102", "103", "201", "202", "301", "401", "989161234567", "99", "112", "*99", "984952000001")
_CODES = ("*10", "*11", "*20", "*201", "*21")


class Traffic:
    """The seeded source of everything that people decide. ``calls`` is how many come in from outside or phones."""

    def __init__(self, random: Random, calls: int) -> None:
        self.random = random
        self.calls = calls
        self.made = 0
        self.numbers = [f"+7495{7_000_000 + number}" for number in range(400)]
        self._files = {number: self._clients(index) for index, number in enumerate(self.numbers) if index % 2}

    @property
    def is_over(self) -> bool:
        return self.made >= self.calls

    def next_call_in_ms(self, now_ms: int) -> int:
        """Busy from nine to six, when about one in three callers has to wait; quiet at night."""
        hour = (now_ms + _MOSCOW_MS) % _DAY_MS // _HOUR_MS
        return 1 + int(self.random.expovariate(1 / (6_000 if 9 <= hour < 18 else 40_000)))

    def number(self) -> str:
        dice = self.random.random()
        if dice < 0.05:
            return "anonymous"
        if dice < 0.06:
            return "garbage"
        return self.random.choice(self.numbers)

    def line(self) -> str:
        dice = self.random.random()
        return DISPATCH if dice < 0.15 else ORDERS if dice < 0.995 else "+74959999999"

    def patience_ms(self) -> int:
        """How long a caller waits for a person. One in twenty-five is gone before anything could happen."""
        if self.random.random() < 0.04:
            return int(self.random.random() * 200)
        return 2_000 + int(self.random.expovariate(1 / 45_000))

    def dialled(self) -> str:
        """What somebody dials on their phone: colleagues and numbers outside as often as codes."""
        return self.random.choice(_DIALLED if self.random.random() < 0.5 else _CODES)

    def clients_of(self, number: PhoneNumber) -> tuple[Client, ...]:
        return self._files.get(number.e164 or "", ())

    def _clients(self, index: int) -> tuple[Client, ...]:
        return tuple(self._client(f"c{index:03d}{letter}") for letter in ("ab" if index % 17 == 0 else "a"))

    def _client(self, client_id: str) -> Client:
        chance = self.random.random
        manager = PersonId(self.random.choice(_MANAGERS)) if chance() < 0.9 else None
        return Client(
            client_id=client_id,
            name=client_id.title(),
            client_class=self.random.choice(CLASSES),
            manager=PersonId("nobody") if chance() < 0.01 else manager,
            department=self.random.choice(("wholesale", "regional", None)),
            credit_limit_minor=100_000 if chance() < 0.5 else None,
            receivable_minor=int(chance() * 120_000),
            overdue_minor=5_000 if chance() < 0.1 else 0,
            main_number=chance() < 0.5,
        )
