"""SIPp phones: the staff's, and the carrier with its callers.

A phone of the staff has an address of its own on loopback, signs on with its password, and behaves as it is told:
answers at once or after ringing, is busy, declines, rings for ever, hangs up after a while. The carrier lives on
another loopback address, by which the exchange knows it; every caller from outside comes from there, and calls to the
outside arrive there. What happened is read from the message log (`sip_log`), in microseconds.

Anything may also be done by hand in the middle of a call: `hang_up()`, `answer()`. That is an INFO with the call's
Call-ID sent straight to the SIPp process, which its scenario takes as a command.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Self

from devkit import processes
from devkit.ports import free_udp_ports, is_taken
from devkit.processes import Child, Deadline, ProcessFailed
from devkit.scenarios import FOREVER_MS, ScenarioFiles, caller_scenario, phone_scenario, register_scenario
from devkit.sip_log import CallResult, MessageLog

_Choice = Callable[[CallResult], bool]
_serial = count(9000)  # two equal messages would be taken for one and its repetition
SIPP_OPTIONS = ("-nostdin", "-timer_resol", "1", "-default_behaviors", "all,-bye,-abortunexp")


@dataclass(frozen=True)
class Behaviour:
    """What a phone does when it is rung. `refusal`: "486 Busy Here" and the like, sent at once instead of ringing."""

    ring_ms: int = 0
    talk_ms: int = FOREVER_MS
    refusal: str | None = None


ANSWER = Behaviour()
"""Answers at once and waits for the other side to hang up."""
BUSY = Behaviour(refusal="486 Busy Here")
DECLINE = Behaviour(refusal="603 Decline")
RING_FOREVER = Behaviour(ring_ms=FOREVER_MS)


@dataclass
class Listener:
    """Something with an address that can be rung: base of the staff's phones, and the carrier's far end."""

    name: str
    folder: Path
    address: str
    port: int
    behaviour: Behaviour = ANSWER
    log: MessageLog = field(default_factory=MessageLog, repr=False)
    _child: Child | None = field(default=None, repr=False)
    _numbers: "count[int]" = field(default_factory=lambda: count(1), repr=False)

    async def behave(self, behaviour: Behaviour) -> None:
        """From now on do this when rung. Not in the middle of a call: its SIPp process would be gone."""
        await self.off()
        self.behaviour = behaviour
        scenario = phone_scenario(behaviour.ring_ms, behaviour.talk_ms, behaviour.refusal)
        files = ScenarioFiles(self.folder, f"{self.name}-{next(self._numbers)}", scenario)
        self.log.follow(files.messages)
        argv = ["sipp", *SIPP_OPTIONS, *files.options(), "-i", self.address, "-p", str(self.port)]
        self._child = await processes.start(f"phone {self.name}", argv)
        await _listening(self._child, self.address, self.port)

    async def off(self) -> None:
        """Switch it off: it answers nothing any more, and does not sign off either."""
        if self._child is not None:
            await self._child.kill()
            self._child = None

    def calls(self) -> list[CallResult]:
        """Every call it was rung for, oldest first."""
        return [call for call in self.log.calls() if not call.placed]

    async def rung(self, times: int = 1, timeout_s: float = 10) -> CallResult:
        """Wait until it has been rung (or refused) `times` times in its life; the latest of those calls."""
        return await self.log.wait_for(
            lambda: self.calls()[times - 1] if len(self.calls()) >= times else None,
            f"{self.name} to be rung ({times})",
            timeout_s,
        )

    async def answered(self, times: int = 1, timeout_s: float = 10) -> CallResult:
        """Wait until it has answered `times` calls; the latest of those."""

        def look() -> CallResult | None:
            calls = [call for call in self.calls() if call.answered]
            return calls[times - 1] if len(calls) >= times else None

        return await self.log.wait_for(look, f"{self.name} to answer ({times})", timeout_s)

    async def all_over(self, timeout_s: float = 10) -> list[CallResult]:
        """Wait until no call is left on it; all its calls."""
        return await self.log.wait_for(
            lambda: self.calls() if all(call.over for call in self.calls()) else None,
            f"{self.name}'s calls to end",
            timeout_s,
        )

    def answer(self) -> None:
        """Pick up the call that is ringing now."""
        self._command(lambda call: call.final_code is None)

    def hang_up(self) -> None:
        """Put down the call that is talking now."""
        self._command(lambda call: call.answered and not call.over)

    def _command(self, meant: _Choice) -> None:
        for call in self.calls():
            if meant(call):
                command(self.address, self.port, call.call_id)
                return
        raise RuntimeError(f"{self.name} has no such call")


@dataclass
class Phone(Listener):
    """A phone of the staff: `name` is its SIP user, `secret` its password, `exchange` host:port of Asterisk."""

    secret: str = field(default="", repr=False)
    exchange: str = ""
    extension: str = ""

    async def register(self) -> None:
        """Sign on with the exchange. Raises ProcessFailed if it is refused."""
        await register([self])

    async def unregister(self) -> None:
        """Sign off."""
        await register([self], expires_s=0)

    async def call(self, to: str, *, talk_ms: int = FOREVER_MS, patience_ms: int = FOREVER_MS) -> "Call":
        """Dial a colleague's extension, a service code such as *11, or an outside number."""
        identity = f"<sip:{self.name}@{self.exchange.partition(':')[0]}>"
        scenario = caller_scenario(
            to, identity, self.name, talk_ms=talk_ms, patience_ms=patience_ms, secret=self.secret
        )
        return await Call.place(f"{self.name}-call-{next(self._numbers)}", self, scenario, self.exchange)


@dataclass
class Carrier(Listener):
    """The telephone company: callers from outside, and the far end of calls to the outside."""

    exchange: str = ""
    placed: "list[Call]" = field(default_factory=list, repr=False)

    async def call(
        self,
        number: str,
        to: str,
        *,
        talk_ms: int = FOREVER_MS,
        patience_ms: int = FOREVER_MS,
        withheld: bool = False,
        asserted: str | None = None,
    ) -> "Call":
        """A caller with this number dials a line of the company.

        `withheld`: From is anonymous and Privacy asks for silence; `asserted` is the number in P-Asserted-Identity,
        if the carrier sends one.
        """
        user = "anonymous" if withheld else number
        host = "anonymous.invalid" if withheld else self.address
        headers = f"P-Asserted-Identity: <sip:{asserted}@{self.address}>\n" if asserted else ""
        headers += "Privacy: id\n" if withheld else ""
        scenario = caller_scenario(
            to, f"<sip:{user}@{host}>", user, talk_ms=talk_ms, patience_ms=patience_ms, headers=headers
        )
        call = await Call.place(f"caller-{next(self._numbers)}", self, scenario, self.exchange)
        self.placed.append(call)
        return call

    @property
    def invites(self) -> int:
        """How many calls came to the company from outside: for the books."""
        return sum(1 for call in self.placed if call.log.calls())

    async def off(self) -> None:
        """End every caller and the far end."""
        for call in self.placed:
            await call.close()
        await super().off()


class Call:
    """One call being placed: a SIPp process of its own."""

    def __init__(self, child: Child, address: str, port: int, log: MessageLog) -> None:
        self.log = log
        self._child = child
        self._address = address
        self._port = port

    @classmethod
    async def place(cls, name: str, by: Listener, scenario: str, exchange: str) -> Self:
        """Start dialling; returns at once, the call goes on by itself."""
        port = free_udp_ports(1, by.address)[0]
        files = ScenarioFiles(by.folder, name, scenario)
        log = MessageLog()
        log.follow(files.messages)
        argv = ["sipp", *SIPP_OPTIONS, *files.options(), "-m", "1", "-i", by.address, "-p", str(port), exchange]
        return cls(await processes.start(name, argv), by.address, port, log)

    @property
    def result(self) -> CallResult | None:
        """How it stands; None: nothing sent yet."""
        calls = self.log.calls()
        return calls[0] if calls else None

    async def ringing(self, timeout_s: float = 10) -> CallResult:
        """Wait for ringing or an answer."""
        return await self._until(lambda call: call.ringing_us is not None or call.answered, "ringing", timeout_s)

    async def answered(self, timeout_s: float = 10) -> CallResult:
        """Wait for the answer. Raises ProcessFailed if the call is refused instead."""
        result = await self.final(timeout_s)
        if not result.answered:
            raise ProcessFailed(f"the call to {result.to_user} was refused with {result.final_code}")
        return result

    async def final(self, timeout_s: float = 10) -> CallResult:
        """Wait for an answer or a refusal."""
        return await self._until(lambda call: call.final_code is not None, "an answer", timeout_s)

    async def ended(self, timeout_s: float = 30) -> CallResult:
        """Wait until it is over, whichever way."""
        return await self._until(lambda call: call.over, "the call to end", timeout_s)

    def hang_up(self) -> None:
        """Put the phone down: CANCEL before the answer, BYE after it."""
        result = self.result
        if result is None:
            raise RuntimeError("nothing dialled yet")
        command(self._address, self._port, result.call_id)

    async def close(self) -> None:
        """End its process, whatever it is doing."""
        if self._child.running:
            await self._child.kill()

    async def _until(self, meant: _Choice, awaited: str, timeout_s: float) -> CallResult:
        def look() -> CallResult | None:
            result = self.result
            return result if result is not None and meant(result) else None

        return await self.log.wait_for(look, awaited, timeout_s)


async def register(phones: list[Phone], expires_s: int = 3600) -> None:
    """Sign these phones on (or off, with 0) in one go. They share one exchange. Raises ProcessFailed."""
    if not phones:
        return
    first = phones[0]
    files = ScenarioFiles(first.folder, f"register-{first.name}-{next(_serial)}", register_scenario())
    rows = [
        f"{phone.name};[authentication username={phone.name} password={phone.secret}];"
        f"{phone.address}:{phone.port};{expires_s}"
        for phone in phones
    ]
    table = files.scenario.with_suffix(".csv")
    table.touch(mode=0o600)
    table.write_text("SEQUENTIAL\n" + "\n".join(rows) + "\n")
    argv = ["sipp", *SIPP_OPTIONS, *files.options(), "-inf", str(table), "-m", str(len(phones)), "-r", "200"]
    argv += [
        "-i",
        first.address,
        "-p",
        str(free_udp_ports(1, first.address)[0]),
        "-timeout",
        "10",
        first.exchange,
    ]
    child = await processes.start("register", argv)
    try:
        async with asyncio.timeout(15):
            await child.process.wait()
    except TimeoutError:
        pass  # what it complained about says more
    finally:
        await child.kill()
    if child.process.returncode != 0:
        names = ", ".join(phone.name for phone in phones)
        raise ProcessFailed(f"signing on or off failed for {names}:\n{files.errors_text()}")


def command(address: str, port: int, call_id: str) -> None:
    """Tell one SIPp process to get on with it: "answer" while ringing, "hang up" otherwise."""
    lines = ["INFO sip:command SIP/2.0", "From: <sip:hand>", "To: <sip:phone>", f"Call-ID: {call_id}"]
    lines += [f"CSeq: {next(_serial)} INFO", "Content-Length: 0", "", ""]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto("\r\n".join(lines).encode(), (address, port))


async def _listening(child: Child, address: str, port: int) -> None:
    """Wait until the process owns its port."""
    deadline = Deadline(10, f"{child.name} to listen")
    while not is_taken(address, port):
        child.check()
        await deadline.pause(0.005)
