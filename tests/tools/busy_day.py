"""A busy day of the sample company on which the service is killed over and over, at points that chance chooses.

Several calls are under way at any time: callers of every class, staff who call each other, out, or dial codes. A third
of the crashes come within a few points of the one before, most of those in the middle of the recovery. Now and then
Asterisk is killed with the service, or the machine's clock is an hour slow when the service starts again.

``live_through`` is a function of its arguments alone; a failure is repeated with its seed.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

from switchboard.core.caller import Client
from switchboard.core.ids import LegId, PhoneId
from switchboard.core.phone_number import PhoneNumber
from switchboard.sim.company import DAY_MS, DISPATCH
from switchboard.sim.traffic import Traffic
from switchboard.sim.unkindness import Unkindness
from tests.core.policy import POLICY
from tests.tools import virtual_time
from tests.tools.crash_points import Points
from tests.tools.lives import CONNECT_MS, Lives
from tests.tools.small_days import AT_MOST_SILENT_MS, Lived
from tests.tools.undying_switch import UndyingSwitch

BETWEEN_CALLS_MS = 1_500
"""On average."""
_UNKIND = Unkindness(late=0.0, double=0.02, lose=0.0, refuse=0.0, outage_every_ms=0)
_SOON = 0.3
"""Share of crashes that come within ``_SOON_POINTS`` of the one before."""
_SOON_POINTS, _LATER_POINTS = (1, 14), (20, 200)
_LONGEST_GAP_MS = 1_000
_SWITCH_DIES, _CLOCK_IS_SLOW = 0.04, 0.15
_SLOW_MS = 3_600_000
_AT_MOST_S = 4 * 3_600.0


class TrafficDirectory:
    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    async def find(self, number: PhoneNumber) -> tuple[Client, ...]:
        return self._traffic.clients_of(number)

    def find_at_once(self, number: PhoneNumber) -> tuple[Client, ...] | None:
        """For every other number: a day has look-ups of both kinds."""
        return self._traffic.clients_of(number) if number.raw[-1:] in tuple("02468") else None

    def age_ms(self) -> int:
        return 0


def live_through(seed: int, crashes: int, folder: Path) -> Lived:
    """The day that ``seed`` gives, with so many ``crashes``."""

    async def story() -> Lived:
        people, fate = Random(f"people {seed}"), Random(f"fate {seed}")
        traffic = Traffic(people, 0)
        switch = UndyingSwitch(traffic, people, DAY_MS, unkind=_UNKIND, at_most_silent_ms=AT_MOST_SILENT_MS)
        switch.registered = {person.phone: True for person in POLICY.people.values()}
        points = Points(_fatal(fate, crashes))

        def gap_ms() -> int:
            if fate.random() < _SWITCH_DIES:
                switch.restart()
            return fate.randint(10, _LONGEST_GAP_MS)

        def clock_jumps_ms() -> int:
            return -_SLOW_MS if fate.random() < _CLOCK_IS_SLOW else 0

        lives = Lives(folder, switch, TrafficDirectory(traffic), POLICY, points, gap_ms, clock_jumps_ms)
        problems = await lives.story(_people(switch, traffic, people, lives, crashes), _AT_MOST_S)
        return Lived.of(lives, problems, points)

    return virtual_time.run(story())


def _fatal(fate: Random, crashes: int) -> set[int]:
    number, chosen = 0, set()
    for _ in range(crashes):
        number += fate.randint(*(_SOON_POINTS if fate.random() < _SOON else _LATER_POINTS))
        chosen.add(number)
    return chosen


async def _people(switch: UndyingSwitch, traffic: Traffic, people: Random, lives: Lives, crashes: int) -> None:
    """They call until the last crash; who calls while the service is away is the dialplan's guest."""
    await asyncio.sleep((CONNECT_MS + 50) / 1000)
    number = 0
    while len(lives.deaths) < crashes:
        await asyncio.sleep(people.expovariate(1_000 / BETWEEN_CALLS_MS))
        if switch.away:
            continue
        number += 1
        leg_id = LegId(f"{switch.now_ms // 1000}.{number}")
        if people.random() < 0.15:
            phone: PhoneId = people.choice(list(switch.registered))
            if any(leg.phone == phone for leg in switch.legs.values()):
                continue
            leg = switch.come_in(leg_id, phone, traffic.dialled(), phone, language="en")
        else:
            line = traffic.line()
            language = "ru" if line == DISPATCH else "en"
            leg = switch.come_in(leg_id, traffic.number(), line, language=language)
        switch.after(traffic.patience_ms(), switch.leave, leg)
