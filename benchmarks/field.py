"""The field both sides play on: one company, its three operators, a thousand known callers, and the peer's queues.

The peer is Asterisk's own `Queue()` in the best configuration it has; its queue and extensions are added to this one
Asterisk and are no part of the product. The service is stopped while the peer plays, so that the peer pays for none of
the events that the service listens to.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from pathlib import Path
from time import monotonic

import aiohttp

from benchmarks import crowd, processor, voice
from benchmarks.speaker import Speaker
from devkit import phones, processes
from devkit.company import SAMPLE_CONFIG, Company
from devkit.crowd import PhoneBank
from devkit.peer import queue_at_its_best
from devkit.phones import SIPP_OPTIONS, Listener
from devkit.processes import Child, Deadline
from devkit.scenarios import FOREVER_MS, ScenarioFiles, caller_scenario
from devkit.sip_log import Message

OPERATORS = ("olga", "oleg", "irina")
CALLERS = 1_000
PATIENCE_MS = 30_000
_SIGN_ON_EACH_S = 120
"""Phones sign on for 300 s."""
_OPERATOR = Path(__file__).with_name("operator.xml")
_EXTENSIONS = {"free": "74950009901", "voice": "74950009901", "waiting": "74950009902"}
_EARS = 40
_COUNTED = re.compile(r'^switchboard_asterisk_(messages|requests)_total\{\w+="([^"]*)"\} (\S+)$', re.MULTILINE)

# Not answered before the operator is: like ours, the caller's 200 then means "somebody is there". `r`: ringing.
_DIALPLAN = f"""
[from-trunk]
exten => +{_EXTENSIONS["free"]},1,Queue(bench,r,,,300)
exten => +{_EXTENSIONS["waiting"]},1,Answer()
 same => n,Queue(bench,,,,300)
exten => +{crowd.PEER_RUSH},1,Queue(crowd,r,,,300)
exten => +{crowd.PEER_DRAIN},1,Answer()
 same => n,Queue(crowd,,,,300)
"""


class Side(StrEnum):
    PEER = "Asterisk's Queue()"
    OURS = "Switchboard"


class Load(StrEnum):
    FREE = "free"
    """Callers come so seldom that an operator is always free."""
    WAITING = "waiting"
    """More callers than operators at any moment: as one leaves, the next comes."""
    VOICE = "voice"
    """As ``FREE``, and the operators speak."""


TALKS_MS = {Load.FREE: (149, 151), Load.WAITING: (200, 1_200), Load.VOICE: (300, 300)}
"""Shortest and longest talk. With an operator free at most one of them talks; while callers wait the talks spread over
a whole second, so that a queue that polls each second is met at every moment of it."""


class Field:
    """`company` is open; `side` is who serves its callers now."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.side = Side.OURS
        self.callers = company.folder / "bench-callers.csv"
        self.staying_callers = company.folder / "bench-staying.csv"
        self.ears = voice.Ears(company.carrier.address, _EARS)
        self.ear_of: dict[str, int] = {}
        """The port at which each caller listens, by number, digits only."""
        self._postgres_pid: int | None = None
        self._signed_on_at = monotonic()
        self._operators: list[Child] = []
        self._speakers: list[Speaker] = []
        self._present: Sequence[str] = OPERATORS
        """Whose phones are on."""
        self._crowd_read = 0
        self._serial = 0

    async def prepare(self) -> None:
        """Callers into the client file, the peer's queue into Asterisk; phones that take no part are switched off."""
        await self._import_callers()
        await self._open_peer()
        others = [name for name in self.company.phones if name not in OPERATORS]
        await self.company.leave(*others)
        await self._crowd.unregister()
        await self._crowd.off()
        for idle in (*map(self.company.phones.__getitem__, others), self.company.carrier):
            await idle.off()
        [row] = await self.company.query("SELECT pg_backend_pid() AS pid")
        self._postgres_pid = processor.parent_of(row["pid"], "postgres")

    async def let_serve(self, side: Side) -> None:
        """From now on the callers of this side are served; the phones are signed on for another while."""
        if side is not self.side:
            if side is Side.OURS:
                await self.company.service.start()
                await self.company.wait_people("ready", *self._present)
            else:
                await self.company.service.stop()
            self.side = side
        if monotonic() - self._signed_on_at > _SIGN_ON_EACH_S:
            await self._sign_on()

    async def let_talk(self, load: Load) -> None:
        """The operators' phones behave as this load needs. Not in the middle of a call."""
        await self.close()
        for phone in map(self.company.phones.__getitem__, OPERATORS):
            if load is Load.VOICE:
                await phone.off()
                self._speakers.append(await Speaker.start(phone.address, phone.port, TALKS_MS[load][1]))
            else:
                await self._pick_up_with(phone, TALKS_MS[load])

    async def let_crowd_talk(self, talk_ms: tuple[int, int]) -> None:
        """The crowd's phones are there from now on, and the others' are off."""
        await self.close()
        await self._pick_up_with(self._crowd, talk_ms)
        self._present = crowd.OPERATORS
        await self._sign_on()
        if self.side is Side.OURS:
            await self.company.wait_people("ready", *self._present)

    async def _sign_on(self) -> None:
        names = self._present
        banked = {phone.name: phone for phone in self._crowd.owners}
        await phones.register([banked.get(name) or self.company.phones[name] for name in names])
        self._signed_on_at = monotonic()

    def answered_us(self) -> Mapping[str, int]:
        """When the operators who speak answered each caller, by the caller's number."""
        return {number: at_us for speaker in self._speakers for number, at_us in speaker.answered_us.items()}

    async def _pick_up_with(self, phone: Listener, talk_ms: tuple[int, int]) -> None:
        await phone.off()
        self._serial += 1
        words = {
            "@least_ms@": str(talk_ms[0]),
            "@most_ms@": str(talk_ms[1]),
            "@staying@": crowd.STAYING,
        }
        scenario = _OPERATOR.read_text()
        for name, value in words.items():
            scenario = scenario.replace(name, value)
        files = ScenarioFiles(phone.folder, f"bench-{phone.name}-{self._serial}", scenario)
        phone.log.follow(files.messages)
        argv = ["sipp", *SIPP_OPTIONS, *files.options(), "-i", phone.address, "-p", str(phone.port)]
        self._operators.append(await processes.start(f"phone {phone.name}", argv))

    @property
    def _crowd(self) -> PhoneBank:
        return self.company.banks["crowd"]

    def crowd_messages(self) -> Sequence[Message]:
        """What the crowd's phones sent and received since the last time."""
        messages = self._crowd.log.messages()
        new, self._crowd_read = messages[self._crowd_read :], len(messages)
        return new

    def crowd_talks(self) -> int:
        """How many of the crowd's phones talk right now."""
        return len(self._crowd.talking())

    async def counted(self) -> Mapping[str, float]:
        """``messages`` and ``requests`` between the service and Asterisk since the service began; without what only
        asks how things are (GET) and its answers: the vigil does so every two seconds, whatever calls there are."""
        address = self.company.env["SWITCHBOARD_HTTP"]
        async with aiohttp.ClientSession() as session, session.get(f"http://{address}/metrics") as response:
            shown = await response.text()
        counts = {"messages": 0.0, "requests": 0.0}
        for what, kind, number in _COUNTED.findall(shown):
            if kind.startswith("GET "):
                counts["messages"] -= float(number)
            else:
                counts[what] += float(number)
        return counts

    async def close(self) -> None:
        """End the operators' phones."""
        for child in self._operators:
            await child.kill()
        for speaker in self._speakers:
            speaker.close()
        self._operators, self._speakers = [], []

    def scenario(self, load: Load) -> str:
        """What a caller does: dial this side, talk until the operator hangs up."""
        line = next(iter(self.company.policy.lines.values())).numbers[0]
        to = line if self.side is Side.OURS else "+" + _EXTENSIONS[load]
        identity = f"<sip:[field0]@{self.company.carrier.address}>"
        scenario = caller_scenario(to, identity, "[field0]", talk_ms=FOREVER_MS, patience_ms=PATIENCE_MS)
        return scenario.replace("[auto_media_port]", "[field1]") if load is Load.VOICE else scenario

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

    async def closed_books(self, placed: int) -> Mapping[str, int]:
        """The same, once so many calls are on record and over; after 15 s as they are."""
        deadline = Deadline(15, "every call's end to be on record")
        books = await self.books()
        with suppress(TimeoutError):
            while "open" in books or sum(books.values()) < placed:
                await deadline.pause(0.1)
                books = await self.books()
        return books

    async def _import_callers(self) -> None:
        numbers = [f"+7495000{5000 + index}" for index in range(CALLERS)]
        ports = {number: voice.port_of(self.ears.ports, nth) for nth, number in enumerate(numbers)}
        self.ear_of = {number.lstrip("+"): port for number, port in ports.items()}
        self.callers.write_text("SEQUENTIAL\n" + "".join(f"{number};{ports[number]};\n" for number in numbers))
        staying = (f"+{crowd.STAYING}{index:05}" for index in range(len(crowd.OPERATORS)))
        self.staying_callers.write_text("SEQUENTIAL\n" + "".join(f"{number};\n" for number in staying))
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
        asterisk.add("queues.conf", queue_at_its_best("crowd", crowd.OPERATORS))
        await asterisk.rx("dialplan reload")
        await asterisk.rx("queue reload all")


@asynccontextmanager
async def open_field(folder: Path) -> AsyncIterator[Field]:
    """The company, open and prepared; gone at the end."""
    config = crowd.bench_config(SAMPLE_CONFIG, folder.with_name(f"{folder.name}-config"))
    async with Company(folder, config=config, banks={"crowd": crowd.OPERATORS}) as company:
        field = Field(company)
        with field.ears:
            try:
                await field.prepare()
                yield field
            finally:
                await field.close()


async def sleep_until(at_s: float) -> None:
    """``at_s`` on the monotonic clock."""
    await asyncio.sleep(max(0.0, at_s - monotonic()))


def now_us() -> int:
    """On the clock that SIPp stamps with."""
    return time.time_ns() // 1_000
