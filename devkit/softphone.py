"""A softphone of ours: several calls at once, hold, transfers, tones, and every message kept.

SIPp plays a scenario to its end; this one does what a test tells it, in the middle of a call, as a person would:

    olga = Softphone("olga", "127.0.0.1", exchange, secret=…, tone=1)
    await olga.register()
    call = await olga.rung()                  # she is called; by default she answers at once
    await call.hold()
    second = await olga.place("102").picked_up()
    await call.transfer(second)               # REFER with Replaces
    await call.transferred()                  # the last NOTIFY; the phone hangs up by itself, as phones do

What it hears is known by the tones (`devkit.tones`) of those who speak. It must be made inside a running event loop.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from time import monotonic, time_ns
from typing import Self

from devkit import sip_text, stamped
from devkit.phones import ANSWER, Behaviour
from devkit.processes import Deadline, ProcessFailed
from devkit.scenarios import FOREVER_MS
from devkit.sip_log import Message
from devkit.sip_text import branch_of, header, status_of, uri_in
from devkit.soft_call import SoftCall
from devkit.tones import tone_frame
from devkit.voice import Frame

_numbers = count(1)
_REPLIES_KEPT = 200
"""For requests that come again."""
_FIRST_REPEAT_S, _GIVE_UP_S = 0.5, 10.0


@dataclass(frozen=True)
class Traced:
    """One SIP message as it passed. `at_us` since the epoch, `at_s` monotonic."""

    at_us: int
    at_s: float
    sent: bool
    text: str

    @property
    def message(self) -> Message:
        first, *lines = self.text.partition("\r\n\r\n")[0].split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), value.strip())
        return Message(self.at_us, self.sent, first, headers)


class _Asked:
    """A request of ours, sent again and again until it is answered."""

    def __init__(self, phone: "Softphone", text: str, hear: Callable[[str], None]) -> None:
        self._phone, self._text, self._hear = phone, text, hear
        self.began_s = monotonic()
        self._timer: asyncio.TimerHandle | None = None
        self._send(_FIRST_REPEAT_S)

    def _send(self, next_s: float) -> None:
        self._phone.send(self._text)
        self._timer = asyncio.get_running_loop().call_later(next_s, self._repeat, next_s)

    def _repeat(self, waited_s: float) -> None:
        if monotonic() - self.began_s > _GIVE_UP_S:
            self._hear(sip_text.reply(self._text, "408 Request Timeout", tag="none", contact=self._phone.contact))
        else:
            self._send(min(waited_s * 2, 4))

    def answered(self, text: str) -> None:
        self.stop()
        self._hear(text)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class Softphone:
    """One phone at `address`, known to `exchange` (host:port) as `name`; `secret` is its password.

    `tone` is what it says once a call is answered, None: nothing. `behaviour` is what it does when it is called; a
    `ring_ms` of FOREVER_MS waits to be told. With `leaves_when_transferred` it hangs up upon the last NOTIFY of a
    transfer that succeeded. `number` is shown to whom it calls, where that is not its name.
    """

    def __init__(
        self,
        name: str,
        address: str,
        exchange: str,
        *,
        secret: str = "",
        port: int = 0,
        tone: int | None = None,
        behaviour: Behaviour = ANSWER,
        number: str = "",
    ) -> None:
        self.name, self.address, self.exchange = name, address, exchange
        self.secret, self.tone, self.behaviour = secret, tone, behaviour
        self.says = tone_frame(tone) if tone is not None else b""
        """One packet, sent again and again once a call is answered."""
        self.frames: list[Frame] | None = None
        """Where all its calls put what they hear; None: each has its own."""
        self.leaves_when_transferred = True
        self.calls: list[SoftCall] = []
        """All calls, oldest first, those that are over included."""
        self.trace: list[Traced] = []
        self.number = number or name
        self._loop = asyncio.get_running_loop()
        self._socket = stamped.bound(address, port)
        self.port = int(self._socket.getsockname()[1])
        self._loop.add_reader(self._socket.fileno(), self._receive)
        self._peer = self._known(exchange)
        self._asked: dict[str, _Asked] = {}
        self._replied: dict[tuple[str, str], str] = {}
        self._speaking = self._loop.create_task(self._speak())
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # ---- as its owner uses it

    async def register(self, expires_s: int = 3600) -> None:
        """Sign on (or off, with 0). Raises ProcessFailed if it is refused."""
        call_id, tag = f"reg-{next(_numbers)}-{self.port}", f"r{next(_numbers)}"
        answer = ""
        for cseq in (1, 2):
            head = [f"REGISTER sip:{self.exchange} SIP/2.0", f"Via: {self.new_via()}"]
            head += [f"From: <{self.identity}>;tag={tag}", f"To: <{self.identity}>", f"Call-ID: {call_id}"]
            head += [
                f"CSeq: {cseq} REGISTER",
                f"Contact: <{self.contact}>",
                f"Expires: {expires_s}",
                "Max-Forwards: 70",
            ]
            if answer:
                head.append(self.credentials(answer, "REGISTER", f"sip:{self.exchange}"))
            answer = await self.ask(sip_text.with_body(head))
            if status_of(answer) != 401:
                break
        if status_of(answer) != 200:
            raise ProcessFailed(f"{self.name} could not sign on or off: {answer.splitlines()[0]}")

    def at_exchange(self, exchange: str) -> None:
        """From now on it belongs to another one."""
        self.exchange, self._peer = exchange, self._known(exchange)

    @staticmethod
    def _known(exchange: str) -> tuple[str, int]:
        host, _, port = exchange.partition(":")
        return host, int(port or 5060)

    def place(self, to: str, *, headers: tuple[str, ...] = ()) -> SoftCall:
        """Dial; returns at once."""
        serial, target = next(_numbers), f"sip:{to}@{self.exchange}"
        local = f"<{self.identity}>;tag=s{serial}p{self.port}"
        call_id = f"soft-{serial}-{self.port}-{self.name}"
        call = SoftCall(self, call_id, placed=True, local=local, remote=f"<{target}>", target=target)
        self.calls.append(call)
        call.begin(headers)
        return call

    async def rung(self, times: int = 1, timeout_s: float = 10) -> SoftCall:
        """Wait until it has been called `times` times in its life; the latest of those calls."""
        deadline = Deadline(timeout_s, f"{self.name} to be rung ({times})")
        while len(self.received) < times:
            await deadline.pause(0.005)
        return self.received[times - 1]

    def forget(self, before_s: float) -> None:
        """Let go of calls that ended before this moment (monotonic), and of the messages from before it."""
        gone = [call for call in self.calls if call.ended_s is not None and call.ended_s < before_s]
        self.calls = [call for call in self.calls if call not in gone]
        for call in gone:
            call.voice.close()
        self.trace = [one for one in self.trace if one.at_s >= before_s]
        self._asked = {key: asked for key, asked in self._asked.items() if asked.began_s >= before_s}
        self._replied = dict(list(self._replied.items())[-_REPLIES_KEPT:])

    @property
    def received(self) -> list[SoftCall]:
        return [call for call in self.calls if not call.placed]

    @property
    def alive(self) -> list[SoftCall]:
        """Its calls that are not over."""
        return [call for call in self.calls if not call.over]

    async def close(self) -> None:
        """Hang up everything and be gone."""
        for call in self.alive:
            call.hang_up()
        await asyncio.sleep(0.02)
        for task in (self._speaking, *self._tasks):
            task.cancel()
        await asyncio.gather(self._speaking, *self._tasks, return_exceptions=True)
        self.vanish()

    def vanish(self) -> None:
        """Be gone without a word, as when the cable is pulled."""
        self._speaking.cancel()
        for asked in self._asked.values():
            asked.stop()
        for call in self.calls:
            call.voice.close()
        if self._socket.fileno() != -1:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    # ---- for its calls

    @property
    def identity(self) -> str:
        return f"sip:{self.number}@{self.address}"

    @property
    def contact(self) -> str:
        return f"sip:{self.number}@{self.address}:{self.port}"

    def new_via(self) -> str:
        return f"SIP/2.0/UDP {self.address}:{self.port};rport;branch=z9hG4bKsoft{next(_numbers)}p{self.port}"

    def credentials(self, challenge: str, method: str, uri: str) -> str:
        """The header that answers a 401 or 407."""
        asked, ours = ("Proxy-Authenticate", "Proxy-Authorization") if status_of(challenge) == 407 else (
            "WWW-Authenticate", "Authorization"
        )  # fmt: skip
        said = sip_text.credentials(
            header(challenge, asked), user=self.name, secret=self.secret, method=method, uri=uri
        )
        return f"{ours}: {said}"

    def send(self, text: str, to: tuple[str, int] | None = None) -> None:
        """To the exchange; a stranger is answered where they are."""
        if self._socket.fileno() == -1:
            return
        self.trace.append(Traced(time_ns() // 1000, monotonic(), True, text))
        self._socket.sendto(text.encode(), to or self._peer)

    def send_request(self, text: str, hear: Callable[[str], None]) -> None:
        """Send until it is answered; `hear` gets every answer, or an own 408."""
        self._asked[branch_of(text) + header(text, "CSeq").split()[1]] = _Asked(self, text, hear)

    def ask(self, text: str) -> "asyncio.Future[str]":
        """Send a request; the future gets its final answer, or an own 408 after 10 s."""
        answered: asyncio.Future[str] = self._loop.create_future()

        def hear(answer: str) -> None:
            if status_of(answer) >= 200 and not answered.done():
                answered.set_result(answer)

        self.send_request(text, hear)
        return answered

    def reply(self, request: str, status: str, *, tag: str, body: str = "", to: tuple[str, int] | None = None) -> None:
        text = sip_text.reply(request, status, tag=tag, contact=self.contact, body=body)
        self._replied[branch_of(request), request.split(maxsplit=1)[0]] = text
        self.send(text, to)

    def behave_like_told(self, call: SoftCall) -> None:
        """Somebody calls."""
        told = self.behaviour
        if told.refusal is not None:
            call.refuse(told.refusal)
            return
        call.ring()
        if told.ring_ms == 0:
            call.answer()
        if told.ring_ms < FOREVER_MS or told.talk_ms < FOREVER_MS:
            task = self._loop.create_task(_ring_and_talk(call, told))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    # ---- the wire

    def _receive(self) -> None:
        for at_us, data, source in stamped.arrived(self._socket):
            text = data.decode(errors="replace")
            if not text.strip():
                continue  # a keep-alive
            self.trace.append(Traced(at_us, stamped.monotonic_of(at_us), False, text))
            if text.startswith("SIP/2.0 "):
                self._hear_answer(text)
            else:
                self._hear_request(text, source)

    def _hear_answer(self, text: str) -> None:
        method = header(text, "CSeq").split()[-1]
        asked = self._asked.get(branch_of(text) + method)
        if asked is not None:
            asked.answered(text)

    def _hear_request(self, text: str, source: tuple[str, int]) -> None:
        method, call_id = text.split(maxsplit=1)[0], header(text, "Call-ID")
        if (before := self._replied.get((branch_of(text), method))) is not None and method != "ACK":
            self.send(before, source)  # it came again: so does its answer
            return
        call = next((one for one in self.calls if one.call_id == call_id), None)
        if call is not None:
            call.hear_request(text)
        elif method == "INVITE":
            self._peer = source  # only who calls; whatever else strays in here leads nobody astray
            self._be_called(text)
        elif method in ("OPTIONS", "NOTIFY", "MESSAGE"):
            self.reply(text, "200 OK", tag="none", to=source)
        elif method != "ACK":
            self.reply(text, "481 Call/Transaction Does Not Exist", tag="none", to=source)

    def _be_called(self, text: str) -> None:
        local = f"{header(text, 'To')};tag=s{next(_numbers)}p{self.port}"
        remote, target = header(text, "From"), uri_in(header(text, "Contact"))
        call = SoftCall(self, header(text, "Call-ID"), placed=False, local=local, remote=remote, target=target)
        self.calls.append(call)
        call.hear_request(text)

    async def _speak(self) -> None:
        """Fifty packets a second into every call, on time even where one packet was late."""
        next_s = self._loop.time()
        while True:
            for call in self.calls:
                call.speak()
            next_s = max(next_s + 0.02, self._loop.time() - 0.2)
            await asyncio.sleep(max(0.0, next_s - self._loop.time()))


async def _ring_and_talk(call: SoftCall, told: Behaviour) -> None:
    """What a SIPp phone does by its scenario."""
    if not call.answered and told.ring_ms < FOREVER_MS:
        await asyncio.sleep(told.ring_ms / 1000)
        if call.rings:
            call.answer()
    if told.talk_ms < FOREVER_MS:
        await call.until(lambda one: one.answered or one.over, "an answer", timeout_s=FOREVER_MS)
        await asyncio.sleep(told.talk_ms / 1000)
        call.hang_up()
