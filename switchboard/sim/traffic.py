"""Who calls, and what the staff do all day: callers of every class, impatient ones, calls between phones, breaks.

A day has a busy part and a night. Every second number is in the client file; some clients owe, some have no
manager yet, some share a phone, some callers hide theirs.
"""

from __future__ import annotations

from random import Random

from msgspec import Struct

from switchboard.core.caller import Client
from switchboard.core.ids import PersonId
from switchboard.core.phone_number import PhoneNumber
from switchboard.sim.company import CLASSES, DISPATCH, ORDERS

_DAY_MS, _HOUR_MS = 24 * 3_600_000, 3_600_000
_MOSCOW_MS = 3 * _HOUR_MS
_CODES = ("*10", "*11", "*20", "*201", "*21")
_MORE_CODES = (
    "*22", "*23", "*232", "*24", "*24202", "*24103", "*25", "*131", "*1301203", "*8101", "*8102", "*8103", "*8201",
    "*8401", "*12101*?", "*12103*?", "*12202*?", "*12999*?", "*28", "*29", "*29101", "*26103", "*2670",
    "*90101", "*91102", "*92103", "*90201", "*92999",
)  # fmt: skip


class Customs(Struct, frozen=True, kw_only=True):
    """Who calls a company, where, and how often; and what its staff do beside taking calls."""

    lines: tuple[tuple[str, float], ...]
    """Numbers that are dialled, each with how often."""
    managers: tuple[PersonId, ...]
    dialled: tuple[str, ...]
    """On phones, beside codes."""
    clients: int
    """Numbers that call; every second is in the client file."""
    classes: tuple[str, ...]
    busy_every_ms: int
    """Between two calls from nine to six, on average."""
    quiet_every_ms: int
    phone_away_every_ms: int
    staff_acts_every_ms: int


SMALL_COMPANY = Customs(
    lines=((DISPATCH, 0.15), (ORDERS, 0.845), ("+74959999999", 0.005)),
    managers=tuple(map(PersonId, ("anna", "boris", "vera", "gleb"))),
    dialled=("101", "102", "103", "201", "202", "301", "401", "989161234567", "99", "112", "*99", "984952000001"),
    clients=400,
    classes=CLASSES,
    busy_every_ms=6_000,
    quiet_every_ms=40_000,
    phone_away_every_ms=400_000,
    staff_acts_every_ms=30_000,
)
"""In its busy hours about one in three callers has to wait."""


class Traffic:
    """The seeded source of everything that people decide. ``calls`` is how many come in from outside or phones."""

    def __init__(self, random: Random, calls: int, customs: Customs = SMALL_COMPANY) -> None:
        self.random = random
        self.calls = calls
        self.customs = customs
        self.made = 0
        self._lines, self._weights = zip(*customs.lines, strict=True)
        self.numbers = [f"+7495{7_000_000 + number}" for number in range(customs.clients)]
        self._files = {number: self._clients(index) for index, number in enumerate(self.numbers) if index % 2}

    @property
    def is_over(self) -> bool:
        return self.made >= self.calls

    def next_call_in_ms(self, now_ms: int) -> int:
        """Busy from nine to six, quiet at night."""
        hour = (now_ms + _MOSCOW_MS) % _DAY_MS // _HOUR_MS
        every_ms = self.customs.busy_every_ms if 9 <= hour < 18 else self.customs.quiet_every_ms
        return 1 + int(self.random.expovariate(1 / every_ms))

    def number(self) -> str:
        dice = self.random.random()
        if dice < 0.05:
            return "anonymous"
        if dice < 0.06:
            return "garbage"
        return self.random.choice(self.numbers)

    def line(self) -> str:
        line: str = self.random.choices(self._lines, self._weights)[0]
        return line

    def presses(self) -> list[tuple[int, str]]:
        """What a caller presses while they wait, and when: one in three tries what it does."""
        dice = self.random.random()
        if dice > 0.3:
            return []
        at_ms = 1_000 + int(self.random.random() * 15_000)
        if dice > 0.2:
            return [(at_ms, self.random.choice("2345#"))]
        answers = self.random.choice(("1", "", "29161234567#1", "2495#1", "2495#495#495#", "1"))
        times = [at_ms + (number + 1) * (500 + int(self.random.random() * 3_000)) for number in range(len(answers))]
        return [(at_ms, "1"), *zip(times, answers, strict=True)]

    def supervises(self, dialled: str) -> list[tuple[int, str]]:
        """The keys that somebody presses who listens, and when."""
        if not dialled.startswith("*9"):
            return []
        return [(int(self.random.random() * 15_000), self.random.choice("4567")) for _ in range(3)]

    def patience_ms(self) -> int:
        """How long a caller waits for a person. One in twenty-five is gone before anything could happen."""
        if self.random.random() < 0.04:
            return int(self.random.random() * 200)
        return 2_000 + int(self.random.expovariate(1 / 45_000))

    def dialled(self) -> str:
        """What somebody dials on their phone: colleagues and numbers outside as often as codes."""
        dice = self.random.random()
        return self.random.choice(self.customs.dialled if dice < 0.4 else _CODES if dice < 0.7 else _MORE_CODES)

    def clients_of(self, number: PhoneNumber) -> tuple[Client, ...]:
        return self._files.get(number.e164 or "", ())

    def _clients(self, index: int) -> tuple[Client, ...]:
        return tuple(self._client(f"c{index:03d}{letter}") for letter in ("ab" if index % 17 == 0 else "a"))

    def _client(self, client_id: str) -> Client:
        chance = self.random.random
        manager = self.random.choice(self.customs.managers) if chance() < 0.9 else None
        return Client(
            client_id=client_id,
            name=client_id.title(),
            client_class=self.random.choice(self.customs.classes),
            manager=PersonId("nobody") if chance() < 0.01 else manager,
            department=self.random.choice(("wholesale", "regional", None)),
            credit_limit_minor=100_000 if chance() < 0.5 else None,
            receivable_minor=int(chance() * 120_000),
            overdue_minor=5_000 if chance() < 0.1 else 0,
            main_number=chance() < 0.5,
        )
