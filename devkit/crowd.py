"""A crowd: dozens of operators behind one SIPp process, hundreds of callers from another, in a company made for it.

`devkit.phones` has one process for each phone and each caller, which a test of one situation wants; a load of many
calls wants few processes, or the processes are the load. What happened is read from the same message logs.

    async with Company(folder, config=crowded(SAMPLE_CONFIG, into, CROWD), banks=CROWD) as company:
        await import_clients(company)
        callers = Callers(company, numbers(100), per_s=5, talk_ms=2_000)
        await callers.start()
        calls = await callers.all_over()
"""

import re
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from devkit import phones, processes
from devkit.phones import SIPP_OPTIONS, Listener, Phone, command
from devkit.ports import free_udp_ports, loopback
from devkit.processes import Child
from devkit.scenarios import FOREVER_MS, ScenarioFiles, caller_scenario
from devkit.short_waits import plain
from devkit.sip_log import CallResult, MessageLog

if TYPE_CHECKING:
    from devkit.company import Company

_serial = count(1)

# ---- the company -------------------------------------------------------------------------------------------------


BYSTANDERS = "bystanders"
"""The bank of those who have a phone and serve no queue."""


def crowded(config: Path, into: Path, banks: Mapping[str, Collection[str]], *, ring_for: str, wrap_up: str) -> Path:
    """A copy of `config` in which everybody named in `banks` exists and serves the operators' queue, signed in; the
    bystanders have a phone and nothing to do.

    People whom `config` has keep their roles. Who waits hears music only. `ring_for` and `wrap_up` are those of every
    queue.
    """
    into.mkdir(parents=True, exist_ok=True)
    texts = {file.name: plain(file.read_text()) for file in sorted(config.glob("*.toml"))}
    there = set(re.findall(r"^\[person\.(\w+)\]", texts["staff.toml"], re.MULTILINE))
    new = [name for names in banks.values() for name in names if name not in there]
    operators = re.findall(r'^\[person\.(\w+)\]\nname = ".*"\nrole = "operator"', texts["staff.toml"], re.MULTILINE)
    serving = [name for name in new if name not in banks.get(BYSTANDERS, ())]
    people = ", ".join(f'"{name}"' for name in (*operators, *serving))
    texts["queues.toml"] = re.sub(
        r"^people = \[.*\]", f"people = [{people}]", texts["queues.toml"], count=1, flags=re.MULTILINE
    )
    for key, value in (("ring_for", ring_for), ("wrap_up", wrap_up)):
        line = re.compile(rf'^{key} = "\w+"', re.MULTILINE)
        texts["queues.toml"] = line.sub(f'{key} = "{value}"', texts["queues.toml"])
    # who misses a call in a load has not left their desk
    texts["company.toml"] = re.sub(
        r'^missed_for = "\w+"', 'missed_for = "0s"', texts["company.toml"], flags=re.MULTILINE
    )
    texts["staff.toml"] = texts["staff.toml"].replace('role = "operator"', 'role = "operator"\nsigned_in = true')
    texts["company.toml"] = texts["company.toml"].replace("extension_digits = [3, 3]", "extension_digits = [3, 4]")
    texts["staff.toml"] += "".join(
        f'\n[person.{name}]\nname = "Crowd {name}"\nrole = "{"operator" if name in serving else "finance"}"\n'
        f'extension = "{1000 + nth}"\nsigned_in = true\n'
        for nth, name in enumerate(new)
    )
    for name, text in texts.items():
        (into / name).write_text(text)
    return into


CLASSES = ("retail", "market", "regional", "own_point", "retail", "market", "key", None)
"""Of every eight numbers; `None` is in nobody's file."""
_FIRST_NUMBER = 74950020000


def numbers(many: int, first: int = 0) -> list[str]:
    """So many callers' numbers, each another one, from the `first` on (0 … 70 000)."""
    return [f"+{_FIRST_NUMBER + nth}" for nth in range(first, first + many)]


def class_of(number: str) -> str:
    """What the company must take this caller for."""
    return CLASSES[(int(number) - _FIRST_NUMBER) % len(CLASSES)] or "new"


async def import_clients(company: "Company", many: int = 4_000) -> None:
    """Put those of the first `many` numbers into the client file who belong there."""
    managers = ("kirill", "karina", "maxim")
    file = company.folder / "crowd-clients.csv"
    head = "client_id;name;class;manager;department;credit_limit;price_column;last_order_on;phones\n"
    rows = (
        f"CROWD-{number[-5:]};Crowd {number[-5:]};{class_of(number)};{managers[nth % 3]};wholesale;;;;{number}\n"
        for nth, number in enumerate(numbers(many))
        if class_of(number) != "new"
    )
    file.write_text(head + "".join(rows))
    await company.service.command("clients", "import", str(file))


# ---- its phones --------------------------------------------------------------------------------------------------


@dataclass
class PhoneBank(Listener):
    """Many phones on one address and port, all behaving alike; each signs on under its own name."""

    owners: list[Phone] = field(default_factory=list)
    _off_at_us: int = 0
    """When it was last switched off: calls of before are over, whatever their last message was."""

    async def register(self) -> None:
        """Sign all of them on. Raises ProcessFailed."""
        await phones.register(self.owners)

    async def unregister(self) -> None:
        """Sign all of them off."""
        await phones.register(self.owners, expires_s=0)

    def talking(self) -> list[CallResult]:
        """The calls that were answered and are not over, oldest first."""
        return [call for call in self._living() if call.answered]

    def ringing(self) -> list[CallResult]:
        """The calls that ring and were not answered, oldest first."""
        return [call for call in self._living() if call.final_code is None]

    def _living(self) -> list[CallResult]:
        return [call for call in self.calls() if call.invited_us > self._off_at_us and not call.over]

    async def off(self) -> None:
        """Switch all of them off: nobody says goodbye."""
        await super().off()
        self._off_at_us = time.time_ns() // 1_000

    def act_on(self, call: CallResult) -> None:
        """Pick this call up while it rings; put it down while it talks."""
        command(self.address, self.port, call.call_id)


def bank(name: str, folder: Path, exchange: str, owners: Mapping[str, str]) -> PhoneBank:
    """Phones for these people, by name with their passwords; switched off."""
    address = loopback()
    [port] = free_udp_ports(1)
    return PhoneBank(
        name,
        folder,
        address,
        port,
        owners=[
            Phone(owner, folder, address, port, secret=secret, exchange=exchange) for owner, secret in owners.items()
        ],
    )


# ---- its callers -------------------------------------------------------------------------------------------------


@dataclass
class Callers:
    """People outside who dial the company's first line (or `to`), one after the other, `per_s` of them a second.

    Each talks `talk_ms` and hangs up, unless the other side does before; who is not answered gives up after
    `patience_ms`. A queue answers at once, with music: patience is for those who hear ringing.
    """

    company: "Company"
    who: Sequence[str]
    per_s: float
    talk_ms: int = FOREVER_MS
    patience_ms: int = 60_000
    to: str | None = None
    log: MessageLog = field(default_factory=MessageLog, repr=False)
    _child: Child | None = field(default=None, repr=False)
    _port: int = 0

    async def start(self) -> None:
        """Begin to call; returns at once, the calls go on by themselves."""
        carrier = self.company.carrier
        scenario = caller_scenario(
            self.to or next(iter(self.company.policy.lines.values())).numbers[0],
            f"<sip:[field0]@{carrier.address}>",
            "[field0]",
            talk_ms=self.talk_ms,
            patience_ms=self.patience_ms,
        )
        files = ScenarioFiles(carrier.folder, f"crowd-{next(_serial)}", scenario)
        self.log.follow(files.messages)
        table = files.scenario.with_suffix(".csv")
        table.write_text("SEQUENTIAL\n" + "".join(f"{number};\n" for number in self.who))
        [self._port] = free_udp_ports(1, carrier.address)
        argv = [
            "sipp",
            *SIPP_OPTIONS,
            *files.options(),
            "-inf",
            str(table),
            "-m",
            str(len(self.who)),
            "-l",
            str(len(self.who)),
        ]
        argv += ["-i", carrier.address, "-p", str(self._port), *_pace(self.per_s), self.company.settings.sip]
        self._child = await processes.start("callers", argv)

    def stop_calling(self) -> None:
        """Nobody new calls; who is there stays."""
        if self._child is not None and self._child.running:
            self._child.process.send_signal(signal.SIGUSR1)

    @property
    def address(self) -> tuple[str, int]:
        """Where all of them are called back, once they have begun."""
        return self.company.carrier.address, self._port

    async def close(self) -> None:
        """End all of them at once, as if their network had died: nobody says goodbye."""
        if self._child is not None:
            await self._child.kill()

    def calls(self) -> list[CallResult]:
        """What they saw so far, oldest first."""
        return self.log.calls()

    def living(self) -> list[CallResult]:
        """The calls that are not over."""
        return [call for call in self.calls() if not call.over]

    def hang_up(self, call: CallResult) -> None:
        """Let this caller put the phone down: CANCEL before the answer, BYE after it."""
        command(self.company.carrier.address, self._port, call.call_id)

    def hang_up_all(self) -> None:
        """Let everybody put the phone down who still holds it."""
        self.stop_calling()
        for call in self.living():
            self.hang_up(call)

    async def placed(self, many: int, timeout_s: float = 30) -> list[CallResult]:
        """Wait until so many have dialled; all calls so far."""
        return await self._until(lambda calls: len(calls) >= many, f"{many} calls", timeout_s)

    async def answered(self, many: int, timeout_s: float = 30) -> list[CallResult]:
        """Wait until so many were answered, by music or a person; all calls so far."""
        return await self._until(
            lambda calls: sum(call.answered for call in calls) >= many, f"{many} answered calls", timeout_s
        )

    async def all_over(self, timeout_s: float = 60) -> list[CallResult]:
        """Wait until everybody has called and is gone; all calls."""
        return await self._until(
            lambda calls: self._child is not None and not self._child.running and all(call.over for call in calls),
            "the last callers to leave",
            timeout_s,
        )

    async def _until(
        self, meant: Callable[[list[CallResult]], bool], awaited: str, timeout_s: float
    ) -> list[CallResult]:
        deadline = processes.Deadline(timeout_s, awaited)
        while not meant(calls := self.calls()):
            await deadline.pause(0.05)
        return calls


def _pace(per_s: float) -> Iterator[str]:
    """SIPp's words for a rate: whole calls per period."""
    period_ms = 1_000
    while per_s * period_ms / 1_000 != int(per_s * period_ms / 1_000) and period_ms < 10_000:
        period_ms += 1_000
    yield from ("-r", str(max(1, int(per_s * period_ms / 1_000))), "-rp", str(period_ms))
