"""Small days of the sample company: what its people do, for a service that is killed meanwhile.

Each ``SmallDay`` is one call, or a few that meet, scripted to the millisecond. ``live_through`` runs one with the
service dying at the points given, and says what became of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container
from pathlib import Path
from random import Random
from typing import Self

from msgspec import Struct, field

from switchboard.core.caller import Client
from switchboard.core.ids import LegId, PersonId, PhoneId
from switchboard.core.policy import Policy
from switchboard.engine.ports import Placed
from switchboard.engine.twins import MemoryDirectory
from switchboard.sim.company import DAY_MS, DISPATCH, ORDERS
from switchboard.sim.traffic import Traffic
from tests.core.policy import POLICIES, POLICY
from tests.tools import virtual_time
from tests.tools.crash_points import Points
from tests.tools.lives import CONNECT_MS, Lives
from tests.tools.undying_switch import Manners, UndyingSwitch

GAP_MS = 200
AT_MOST_SILENT_MS = 1_500
"""Of time in which the service is connected: looking up, ringing and connecting take no second together."""
AT_MOST_S = 240.0

KEY, RETAIL, DEBTOR, NOBODYS = "+74951000001", "+74951000002", "+74951000003", "+74951000004"

_NOBODY_BY_CHANCE = Traffic(Random(0), 0)


class Comes(Struct):
    """Somebody calls at ``at_ms``: from ``number`` outside, or from the ``phone`` of a person."""

    at_ms: int
    number: str = RETAIL
    dialled: str = ORDERS
    phone: str | None = None
    leaves_after_ms: int | None = None
    """When they give up if nobody talks with them."""
    presses: tuple[tuple[int, str], ...] = ()
    """Keys, each so long after they came."""


class SmallDay(Struct):
    comes: list[Comes]
    phones: tuple[str, ...] = ()
    """Which are registered."""
    manners: Manners = field(default_factory=Manners)
    policy: Policy = POLICY


DAYS: dict[str, SmallDay] = {
    "two callers, one operator": SmallDay(
        [Comes(0), Comes(700, "anonymous")], ("olga",), Manners({"olga": 1_500}, talks_ms=2_000)
    ),
    "the operator hangs up": SmallDay([Comes(0)], ("olga",), Manners({"olga": 900}, caller_ends_it=False)),
    "the operator is muted": SmallDay([Comes(0)], ("olga",), Manners({"olga": 900}, talks_ms=7_000, muted=("olga",))),
    "gone while it rings": SmallDay([Comes(0, leaves_after_ms=2_000)], ("olga", "pavel")),
    "gone in the moment of the answer": SmallDay(
        [Comes(0, leaves_after_ms=1_010)], ("olga",), Manners({"olga": 1_000})
    ),
    "gone from the queue": SmallDay(
        [Comes(0, leaves_after_ms=9_000), Comes(300, leaves_after_ms=2_500)], ("olga",), Manners({"olga": 800})
    ),
    "one operator does not answer, one refuses": SmallDay(
        [Comes(0)], ("olga", "pavel", "rita"), Manners({"rita": 700}, {"pavel": 600})
    ),
    "ring all": SmallDay(
        [Comes(0, DEBTOR)], ("fedor", "faina"), Manners({"fedor": 1_200, "faina": 1_215}, talks_ms=1_500)
    ),
    "to the manager": SmallDay([Comes(0, KEY)], ("anna",), Manners({"anna": 1_000})),
    "past the manager to the pool": SmallDay(
        [Comes(0, KEY)], ("anna", "boris", "hanna"), Manners({"hanna": 800}, {"anna": 500, "boris": 500})
    ),
    "a new client with a task": SmallDay([Comes(0, NOBODYS)], ("hanna",), Manners({"hanna": 1_000})),
    "a message": SmallDay([Comes(0, "anonymous", DISPATCH)]),
    "greeted, and answered in the midst of it": SmallDay(
        [Comes(0, "anonymous"), Comes(300, "anonymous")],
        ("olga",),
        Manners({"olga": 300}, talks_ms=1_200),
        POLICIES["quick voice"],
    ),
    "spoken to while waiting, in the language of the line": SmallDay(
        [Comes(0, NOBODYS, DISPATCH), Comes(200, NOBODYS, DISPATCH, leaves_after_ms=9_000)],
        ("rita",),
        Manners({"rita": 500}, talks_ms=7_000),
        POLICIES["quick voice"],
    ),
    "called back": SmallDay(
        [Comes(0, "anonymous"), Comes(300, RETAIL, presses=((700, "1"), (1_200, "1")))],
        ("olga",),
        Manners({"olga": 400, "": 900}, talks_ms=3_500),
        POLICIES["quick voice"],
    ),
    "called back on another number, not answered, and again": SmallDay(
        [
            Comes(0, "anonymous", leaves_after_ms=20_000),
            Comes(300, "anonymous", presses=tuple((700 + 100 * at, key) for at, key in enumerate("189161234567#1"))),
        ],
        ("olga",),
        Manners({"olga": 400}, {"": 900}, talks_ms=6_000),
        POLICIES["quick voice"],
    ),
    "a call back": SmallDay([Comes(0, KEY)]),
    "freight, in the language of the line": SmallDay([Comes(0, NOBODYS, DISPATCH)], ("rita",), Manners({"rita": 800})),
    "a code": SmallDay([Comes(0, "olga", "*20", "olga"), Comes(6_000, "olga", "*10", "olga")], ("olga",)),
    "do not disturb, forward, away": SmallDay(
        [
            Comes(0, "olga", "*25", "olga"),
            Comes(5_000, "anna", "*24202", "anna"),
            Comes(10_000, "olga", "201", "olga"),
            Comes(14_000, "boris", "*1301203", "boris"),
            Comes(22_000, KEY),
        ],
        ("olga", "anna", "boris", "vera"),
        Manners({"boris": 900, "vera": 700}),
    ),
    "in wrap-up a colleague calls, then more of it, then enough": SmallDay(
        [
            Comes(0),
            Comes(5_000, "pavel", "101", "pavel"),
            Comes(9_500, "olga", "*23", "olga"),
            Comes(14_000, "olga", "*22", "olga"),
            Comes(15_000, "anonymous"),
        ],
        ("olga", "pavel"),
        Manners({"olga": 600}, {"pavel": 300}, talks_ms=1_200),
    ),
    "picked up by a colleague": SmallDay(
        [Comes(0), Comes(1_500, "pavel", "*8101", "pavel")], ("olga", "pavel"), Manners({}, {}, talks_ms=1_500)
    ),
    "missed, and confirmed": SmallDay(
        [Comes(0), Comes(22_000, "olga", "*21", "olga"), Comes(26_000)],
        ("olga",),
        Manners(talks_ms=1_000),
        POLICIES["missed"],
    ),
    "at another phone": SmallDay(
        [Comes(0, "rita", "*12101*?", "rita"), Comes(5_000), Comes(16_000, "rita", "*10", "rita")],
        ("pavel", "rita"),
        Manners({"rita": 800}, {"pavel": 100}, talks_ms=1_000),
    ),
    "a wrong PIN": SmallDay(
        [Comes(0, "rita", "*12102*?", "rita"), Comes(4_000, "rita", "*12101*?", "rita")], ("rita",)
    ),
    "a colleague": SmallDay([Comes(0, "olga", "201", "olga")], ("olga", "anna"), Manners({"anna": 900})),
    "a colleague who refuses": SmallDay(
        [Comes(0, "olga", "201", "olga")], ("olga", "anna"), Manners({}, {"anna": 900})
    ),
    "a number outside": SmallDay([Comes(0, "olga", "989161234567", "olga")], ("olga",), Manners({"": 1_100})),
    "more than are taken on": SmallDay(
        [Comes(0), Comes(100), Comes(200)], ("olga",), Manners({"olga": 500}, talks_ms=1_000), POLICIES["two calls"]
    ),
}


class Lived(Struct):
    """What became of a story."""

    problems: list[str]
    points: list[str]
    """Names of all points passed."""
    deaths: list[str]
    outcomes: list[str]
    """Of the calls on record, in the order in which they came."""
    entries: list[Placed]
    """Everything that was ever to be stored, in order."""

    @classmethod
    def of(cls, lives: Lives, problems: list[str], points: Points) -> Self:
        records = lives.records
        outcomes = [str(records.calls[call].outcome) for call in sorted(records.calls)]
        entries = [records.offered[place] for place in sorted(records.offered)]
        return cls(problems, points.names, lives.deaths, outcomes, entries)


def live_through(day: SmallDay, folder: Path, fatal: Container[int] = (), gap_ms: int = GAP_MS) -> Lived:
    """The day, with the service dying at each ``fatal`` point; the same every time."""

    async def story() -> Lived:
        random = Random(0)
        switch = UndyingSwitch(
            _NOBODY_BY_CHANCE, random, DAY_MS, manners=day.manners, at_most_silent_ms=AT_MOST_SILENT_MS
        )
        switch.registered = dict.fromkeys(map(PhoneId, day.phones), True)
        points = Points(fatal)
        lives = Lives(folder, switch, _client_file(), day.policy, points, lambda: gap_ms)
        problems = await lives.story(_people(day, switch), AT_MOST_S)
        return Lived.of(lives, problems, points)

    return virtual_time.run(story())


async def _people(day: SmallDay, switch: UndyingSwitch) -> None:
    """They begin when the first service is connected; a caller whom nobody could take in tries again."""
    await asyncio.sleep((CONNECT_MS + 50) / 1000)
    began_ms = switch.now_ms
    for number, comes in enumerate(day.comes):
        await asyncio.sleep(max(0, began_ms + comes.at_ms - switch.now_ms) / 1000)
        while switch.away:  # the dialplan's guests: no matter of ours
            await asyncio.sleep(0.05)
        language = "ru" if comes.dialled == DISPATCH else "en"
        phone = PhoneId(comes.phone) if comes.phone is not None else None
        leg = switch.come_in(LegId(f"1767261600.{number}"), comes.number, comes.dialled, phone, language=language)
        if comes.leaves_after_ms is not None:
            switch.after(comes.leaves_after_ms, switch.leave, leg)
        for after_ms, key in comes.presses:
            switch.after(after_ms, switch.press, leg, key)


def _client_file() -> MemoryDirectory:
    directory = MemoryDirectory()
    directory.add(Client("kolos", "Kolos", "key", manager=PersonId("anna")), KEY)
    directory.add(Client("lavka", "Lavka", "retail", manager=PersonId("vera")), RETAIL)
    directory.add(Client("dolgi", "Dolgi", "retail", manager=PersonId("vera"), overdue_minor=100), DEBTOR)
    return directory
