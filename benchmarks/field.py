"""The field both sides play on: one company, its three operators, a thousand known callers, and the peer's queue.

The peer is Asterisk's own `Queue()` in the best configuration it has; its queue and extensions are added to this one
Asterisk and are no part of the product. The service is stopped while the peer plays, so that the peer pays for none of
the events that the service listens to.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from time import monotonic

from benchmarks import processor
from devkit import phones, processes
from devkit.company import SAMPLE_CONFIG, Company
from devkit.peer import queue_at_its_best
from devkit.phones import SIPP_OPTIONS
from devkit.processes import Child
from devkit.scenarios import FOREVER_MS, ScenarioFiles, caller_scenario
from devkit.short_waits import plain

OPERATORS = ("olga", "oleg", "irina")
CALLERS = 1_000
PATIENCE_MS = 30_000
_SIGN_ON_EACH_S = 120
"""Phones sign on for 300 s."""
_OPERATOR = Path(__file__).with_name("operator.xml")
_EXTENSIONS = {"free": "74950009901", "waiting": "74950009902"}

# Not answered before the operator is: like ours, the caller's 200 then means "somebody is there". `r`: ringing.
_DIALPLAN = f"""
[from-trunk]
exten => +{_EXTENSIONS["free"]},1,Queue(bench,r,,,300)
exten => +{_EXTENSIONS["waiting"]},1,Answer()
 same => n,Queue(bench,,,,300)
"""


class Side(StrEnum):
    PEER = "Asterisk's Queue()"
    OURS = "Switchboard"


class Load(StrEnum):
    FREE = "free"
    """Callers come so seldom that an operator is always free."""
    WAITING = "waiting"
    """More callers than operators at any moment: as one leaves, the next comes."""


TALKS_MS = {Load.FREE: (149, 151), Load.WAITING: (200, 1_200)}
"""Shortest and longest talk. With an operator free at most one of them talks; while callers wait the talks spread over
a whole second, so that a queue that polls each second is met at every moment of it."""


class Field:
    """`company` is open; `side` is who serves its callers now."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.side = Side.OURS
        self.callers = company.folder / "bench-callers.csv"
        self._postgres_pid: int | None = None
        self._signed_on_at = monotonic()
        self._operators: list[Child] = []
        self._serial = 0

    async def prepare(self) -> None:
        """Callers into the client file, the peer's queue into Asterisk; phones that take no part are switched off."""
        await self._import_callers()
        await self._open_peer()
        others = [name for name in self.company.phones if name not in OPERATORS]
        await self.company.leave(*others)
        for idle in (*map(self.company.phones.__getitem__, others), self.company.carrier):
            await idle.off()
        [row] = await self.company.query("SELECT pg_backend_pid() AS pid")
        self._postgres_pid = processor.parent_of(row["pid"], "postgres")

    async def let_serve(self, side: Side) -> None:
        """From now on the callers of this side are served; the phones are signed on for another while."""
        if side is not self.side:
            if side is Side.OURS:
                await self.company.service.start()
                await self.company.wait_people("ready", *OPERATORS)
            else:
                await self.company.service.stop()
            self.side = side
        if monotonic() - self._signed_on_at > _SIGN_ON_EACH_S:
            await phones.register([self.company.phones[name] for name in OPERATORS])
            self._signed_on_at = monotonic()

    async def let_talk(self, load: Load) -> None:
        """The operators' phones behave as this load needs. Not in the middle of a call."""
        await self.close()
        least_ms, most_ms = TALKS_MS[load]
        scenario = _OPERATOR.read_text().replace("@least_ms@", str(least_ms)).replace("@most_ms@", str(most_ms))
        for name in OPERATORS:
            phone = self.company.phones[name]
            await phone.off()
            self._serial += 1
            files = ScenarioFiles(phone.folder, f"bench-{name}-{self._serial}", scenario)
            phone.log.follow(files.messages)
            argv = ["sipp", *SIPP_OPTIONS, *files.options(), "-i", phone.address, "-p", str(phone.port)]
            self._operators.append(await processes.start(f"phone {name}", argv))

    async def close(self) -> None:
        """End the operators' phones."""
        for child in self._operators:
            await child.kill()
        self._operators = []

    def scenario(self, load: Load) -> str:
        """What a caller does: dial this side, talk until the operator hangs up."""
        line = next(iter(self.company.policy.lines.values())).numbers[0]
        to = line if self.side is Side.OURS else "+" + _EXTENSIONS[load]
        identity = f"<sip:[field0]@{self.company.carrier.address}>"
        return caller_scenario(to, identity, "[field0]", talk_ms=FOREVER_MS, patience_ms=PATIENCE_MS)

    def processor_time(self) -> processor.Reading:
        """Of every process that has a part in a call."""
        roots = {"Asterisk": self.company.asterisk.pid}
        if self.side is Side.OURS:
            roots["service"] = self.company.service.pid
        if self._postgres_pid is not None:
            roots["Postgres"] = self._postgres_pid
        return processor.read(roots, {"sipp": "SIPp"})

    async def books(self) -> Mapping[str, int]:
        """How many calls from outside are on record, by outcome."""
        rows = await self.company.query(
            "SELECT coalesce(outcome::text, 'open') AS outcome, count(*) AS calls FROM call"
            " WHERE direction = 'inbound' GROUP BY 1 ORDER BY 1"
        )
        return {row["outcome"]: row["calls"] for row in rows}

    async def _import_callers(self) -> None:
        numbers = [f"+7495000{5000 + index}" for index in range(CALLERS)]
        self.callers.write_text("SEQUENTIAL\n" + "".join(f"{number};\n" for number in numbers))
        clients = self.company.folder / "bench-clients.csv"
        head = "client_id;name;class;manager;department;credit_limit;price_column;last_order_on;phones\n"
        rows = (
            f"BENCH-{number[-4:]};Bench {number[-4:]};retail;maxim;wholesale;;wholesale 1;;{number}\n"
            for number in numbers
        )
        clients.write_text(head + "".join(rows))
        await self.company.service.command("clients", "import", str(clients))

    async def _open_peer(self) -> None:
        asterisk = self.company.asterisk
        asterisk.add("extensions.conf", _DIALPLAN)
        asterisk.add("queues.conf", queue_at_its_best("bench", OPERATORS))
        await asterisk.rx("dialplan reload")
        await asterisk.rx("queue reload all")


@asynccontextmanager
async def open_field(folder: Path) -> AsyncIterator[Field]:
    """The company, open and prepared; gone at the end."""
    config = without_wrap_up(SAMPLE_CONFIG, folder.with_name(f"{folder.name}-config"))
    async with Company(folder, config=config) as company:
        field = Field(company)
        try:
            await field.prepare()
            yield field
        finally:
            await field.close()


def without_wrap_up(config: Path, into: Path) -> Path:
    """A copy of ``config`` that is like the peer: an operator is free again as soon as they hang up, and who waits
    hears music only."""
    into.mkdir(parents=True, exist_ok=True)
    for file in sorted(config.glob("*.toml")):
        text = re.sub(r'^wrap_up = "\w+"', 'wrap_up = "0s"', plain(file.read_text()), flags=re.MULTILINE)
        (into / file.name).write_text(text)
    return into


async def sleep_until(at_s: float) -> None:
    """``at_s`` on the monotonic clock."""
    await asyncio.sleep(max(0.0, at_s - monotonic()))


def now_us() -> int:
    """On the clock that SIPp stamps with."""
    return time.time_ns() // 1_000
