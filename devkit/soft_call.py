"""One call on a softphone: what it said and heard, and everything one may do to it.

A call is a SIP dialogue. What is asked in it (`hold`, `refer`, …) is awaited to its answer; what the other side asks
is answered at once. Times `…_s` are monotonic.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import quote

from devkit import sip_text
from devkit.processes import Deadline, ProcessFailed
from devkit.sip_text import header, status_of, tag_in, uri_in
from devkit.voice import Frame, Stretch, Voice, stretches

if TYPE_CHECKING:
    from devkit.softphone import Softphone

T = TypeVar("T")
_ANSWERED_BY_OFFER = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


@dataclass(frozen=True)
class Progress:
    """What a NOTIFY told of a transfer. `status`: 100 trying, 200 done, 4xx … failed; `last`: nothing will follow."""

    at_s: float
    status: int
    last: bool


class SoftCall:
    """Made by `Softphone.place`, or by a caller's INVITE."""

    def __init__(self, phone: "Softphone", call_id: str, *, placed: bool, local: str, remote: str, target: str) -> None:
        self.phone = phone
        self.call_id = call_id
        self.placed = placed
        self.local, self.remote = local, remote
        """From and To of what we send, with their tags as far as they are known."""
        self.target = target
        self.voice = Voice(phone.address, phone.frames)
        self.statuses: list[int] = []
        """Of every answer to our INVITE, or that we gave to theirs."""
        self.rung_s: float | None = None
        self.answered_s: float | None = None
        self.ended_s: float | None = None
        self.ended_by: Literal["here", "there"] | None = None
        self.held = False
        """Whether we hold the other side."""
        self._silent = False
        """Whether they were told, and have agreed."""
        self._leaving = False
        self.progress: list[Progress] = []
        self.refer_status: int | None = None
        self.invite = ""
        """The INVITE that began it, as sent or as received."""
        self._cseq = 0
        self._description = 1
        self._headers: tuple[str, ...] = ()
        self._cancel_soon = False
        self._unacknowledged: asyncio.TimerHandle | None = None

    # ---- how it stands

    @property
    def answered(self) -> bool:
        return self.answered_s is not None

    @property
    def over(self) -> bool:
        return self.ended_s is not None

    @property
    def talks(self) -> bool:
        return self.answered and not self.over

    @property
    def rings(self) -> bool:
        return self.rung_s is not None and not self.answered and not self.over

    @property
    def final_code(self) -> int | None:
        return next((status for status in self.statuses if status >= 200), None)

    @property
    def frames(self) -> list[Frame]:
        return self.voice.frames

    def heard(self, since_s: float = 0) -> list[Stretch]:
        """What was heard, from this moment on."""
        return stretches([frame for frame in self.frames if frame.at_s >= since_s])

    async def until(self, look: Callable[["SoftCall"], T | None], awaited: str, timeout_s: float = 10) -> T:
        """Look again and again until there is something true. Raises TimeoutError naming what was awaited."""
        deadline = Deadline(timeout_s, f"{self.phone.name}: {awaited}")
        while not (found := look(self)):
            await deadline.pause(0.005)
        return found

    async def ringing(self, timeout_s: float = 10) -> "SoftCall":
        await self.until(lambda call: call.rung_s is not None or call.answered, "ringing", timeout_s)
        return self

    async def picked_up(self, timeout_s: float = 10) -> "SoftCall":
        """Wait for the answer. Raises ProcessFailed if it is refused instead."""
        await self.until(lambda call: call.answered or call.over, "an answer", timeout_s)
        if not self.answered:
            raise ProcessFailed(f"{self.phone.name}'s call was refused with {self.final_code}")
        return self

    async def ended(self, timeout_s: float = 30) -> "SoftCall":
        await self.until(lambda call: call.over, "the end of the call", timeout_s)
        return self

    async def hears(self, *tones: int, timeout_s: float = 5) -> float:
        """Wait until exactly these tones are heard in five packets in a row, from now on; when the first came."""
        at, wanted = len(self.frames), frozenset(tones)

        def look(_: "SoftCall") -> float | None:
            found = [
                one for one in stretches(self.frames[at:]) if one.tones == wanted and one.to_s - one.from_s >= 0.08
            ]
            return found[0].from_s if found else None

        return await self.until(look, f"hearing {sorted(tones) or 'silence'}", timeout_s)

    # ---- what one may do

    def ring(self) -> None:
        """Tell the caller that it rings here."""
        self.rung_s = self.rung_s or monotonic()
        self._answer_invite("180 Ringing")

    def answer(self) -> None:
        self.answered_s = monotonic()
        self._answer_invite("200 OK", self._sdp())

    def refuse(self, status: str = "486 Busy Here") -> None:
        self._answer_invite(status)
        self._end("here")

    def hang_up(self) -> None:
        """CANCEL, a refusal or BYE, whatever ends the call now; nothing if it is over."""
        if self.over:
            return
        if self.answered:
            self._end("here")
            self._leaving = True
            self._ask("BYE").add_done_callback(self._left)
        elif not self.placed:
            self.refuse("603 Decline")
        elif self.statuses:
            self._cancel()
        else:
            self._cancel_soon = True

    async def hold(self) -> int:
        """Put the other side on hold; the answer's status."""
        self.held = True
        return await self._reinvite()

    async def unhold(self) -> int:
        self.held = False
        return await self._reinvite()

    async def refer(
        self, to: str, *, referred_by: bool = True, refer_sub: bool | None = None, replaces: "SoftCall | None" = None
    ) -> int:
        """Ask the exchange to send the other side of this call to `to`; the answer's status, 202 if it is willing.

        `to` is a number, or a whole URI. `replaces` names a second call of this phone: the other side of this call gets
        the place that we have there (attended transfer; also while it still rings). `refer_sub` False: without NOTIFY.
        """
        uri = to if to.startswith("sip:") else f"sip:{to}@{self.phone.exchange}"
        if replaces is not None:
            uri += "?Replaces=" + quote(replaces.replaced_by(), safe="")
        head = [f"Refer-To: <{uri}>"]
        if referred_by:
            head += [f"Referred-By: <{self.phone.identity}>"]
        if refer_sub is not None:
            head += [f"Refer-Sub: {str(refer_sub).lower()}", "Supported: norefersub"]
        self.refer_status = status_of(await self._ask("REFER", head))
        return self.refer_status

    async def transfer(self, other: "SoftCall", *, referred_by: bool = True, refer_sub: bool | None = None) -> int:
        """Join the other sides of both calls: REFER with Replaces in this one."""
        return await self.refer(uri_in(other.target), referred_by=referred_by, refer_sub=refer_sub, replaces=other)

    async def transferred(self, timeout_s: float = 10) -> Progress:
        """Wait for the last NOTIFY of a transfer."""
        return await self.until(
            lambda call: next((one for one in call.progress if one.last), None), "the end of a transfer", timeout_s
        )

    async def press(self, keys: str) -> None:
        """Press these keys one after the other (RFC 4733)."""
        await self.voice.press(keys)

    def press_by_info(self, key: str) -> "asyncio.Future[str]":
        """The same for a phone that sends keys by SIP INFO; the future gets the answer."""
        body = f"Signal={key}\r\nDuration=160\r\n"
        return self._ask("INFO", body=body, kind="application/dtmf-relay")

    def replaced_by(self) -> str:
        """The value of Replaces that names this call, seen from its far end (RFC 3891)."""
        return f"{self.call_id};to-tag={tag_in(self.remote)};from-tag={tag_in(self.local)}"

    def speak(self) -> None:
        """Send one packet of what this phone says, where it may be heard; the phone calls this fifty times a second.

        It talks on until the exchange has agreed to a hold, or to its hanging up: only then does that exchange know.
        """
        if (self.talks or self._leaving) and not self._silent and self.voice.far_end is not None and self.phone.says:
            self.voice.say(self.phone.says)

    # ---- what comes from the far end

    def begin(self, headers: tuple[str, ...] = ()) -> None:
        """Dial. `headers` go into the INVITE as they are."""
        self._headers = headers
        self._invite()

    def hear_request(self, text: str) -> None:
        """A request inside this call, or the INVITE that begins it."""
        method = text.split(maxsplit=1)[0]
        match method:
            case "INVITE" if not self.invite:
                self.invite = text
                self._take_description(text)
                self.phone.behave_like_told(self)
            case "INVITE" | "UPDATE":
                self._take_description(text)
                described = method == "INVITE" or sip_text.voice_address(text) is not None
                answer = _ANSWERED_BY_OFFER.get(sip_text.direction_in(text), "sendonly" if self.held else "sendrecv")
                self._reply(text, "200 OK", self._sdp(answer) if described else "")
            case "ACK":
                if self._unacknowledged is not None:
                    self._unacknowledged.cancel()
                self._take_description(text)
            case "CANCEL":
                self._reply(text, "200 OK")
                if not self.answered and not self.over:
                    self._answer_invite("487 Request Terminated")
                    self._end("there")
            case "BYE":
                self._end("there")
                self._reply(text, "200 OK")
            case "NOTIFY":
                self._reply(text, "200 OK")
                self._learn(text)
            case _:
                self._reply(text, "200 OK")

    def _learn(self, text: str) -> None:
        fragment = sip_text.body_of(text)
        if not fragment.startswith("SIP/2.0 "):
            return
        last = header(text, "Subscription-State").lower().startswith("terminated")
        self.progress.append(Progress(monotonic(), status_of(fragment), last))
        if last and 200 <= status_of(fragment) < 300 and self.phone.leaves_when_transferred:
            self.hang_up()

    def _take_description(self, text: str) -> None:
        self.voice.far_end = sip_text.voice_address(text) or self.voice.far_end
        self.target = uri_in(header(text, "Contact")) or self.target

    # ---- INVITE

    def _invite(self, more: tuple[str, ...] = ()) -> None:
        self._cseq += 1
        text = self._request("INVITE", self._cseq, (*self._headers, *more), self._sdp())
        self.invite = text
        self.phone.send_request(text, self._hear_invite_answer)

    def _hear_invite_answer(self, text: str) -> None:
        status = status_of(text)
        if status in (401, 407) and status not in self.statuses:
            self._acknowledge(text)
            self.statuses.append(status)
            self._invite((self.phone.credentials(text, "INVITE", self.target),))
            return
        self.statuses.append(status)
        if status > 100:
            self.remote = header(text, "To")
        if status in (180, 183):
            self.rung_s = self.rung_s or monotonic()
        if status < 300:
            self._take_description(text)
        if status >= 200:
            self._acknowledge(text)
        if status >= 300:
            self._end("here" if self._cancel_soon else "there")
        elif status >= 200 and self.over:
            self._ask("BYE")  # the answer crossed our CANCEL
        elif status >= 200:
            self.answered_s = self.answered_s or monotonic()
        elif self._cancel_soon:
            self._cancel()

    def _cancel(self) -> None:
        self._cancel_soon = True
        via, cseq = header(self.invite, "Via"), header(self.invite, "CSeq").split()[0]
        head = [f"CANCEL {self.invite.split()[1]} SIP/2.0", f"Via: {via}", f"From: {self.local}"]
        head += [f"To: {header(self.invite, 'To')}", f"Call-ID: {self.call_id}", f"CSeq: {cseq} CANCEL"]
        self.phone.send_request(sip_text.with_body([*head, "Max-Forwards: 70"]), lambda _: None)

    def _acknowledge(self, answer: str) -> None:
        cseq = int(header(answer, "CSeq").split()[0])
        text = self._request("ACK", cseq, to=header(answer, "To"))
        if status_of(answer) >= 300:  # belongs to the INVITE's own transaction
            text = text.replace(sip_text.branch_of(text), sip_text.branch_of(answer))
            text = text.replace(f"ACK {self.target} ", f"ACK {self.invite.split()[1]} ", 1)
        self.phone.send(text)

    async def _reinvite(self) -> int:
        self._description += 1
        text = await self._ask("INVITE", body=self._sdp())
        self._take_description(text)
        self._acknowledge(text)
        self._silent = self.held
        return status_of(text)

    def _left(self, _: object) -> None:
        self._leaving = False

    def _answer_invite(self, status: str, body: str = "") -> None:
        self.statuses.append(int(status.split(maxsplit=1)[0]))
        self._reply(self.invite, status, body)
        if self.statuses[-1] >= 200:
            self._send_until_acknowledged(status, body, 0.5)

    def _send_until_acknowledged(self, status: str, body: str, wait_s: float) -> None:
        def again() -> None:
            self._reply(self.invite, status, body)
            if wait_s < 16:
                self._send_until_acknowledged(status, body, wait_s * 2)

        self._unacknowledged = asyncio.get_running_loop().call_later(wait_s, again)

    # ---- requests and answers

    def _ask(
        self, method: str, more: list[str] | None = None, body: str = "", kind: str = "application/sdp"
    ) -> "asyncio.Future[str]":
        """Send a request in this dialogue; the future gets its final answer."""
        self._cseq += 1
        return self.phone.ask(self._request(method, self._cseq, tuple(more or ()), body, kind=kind))

    def _request(
        self,
        method: str,
        cseq: int,
        more: tuple[str, ...] = (),
        body: str = "",
        *,
        to: str = "",
        kind: str = "application/sdp",
    ) -> str:
        phone = self.phone
        head = [f"{method} {self.target} SIP/2.0", f"Via: {phone.new_via()}", f"From: {self.local}"]
        head += [f"To: {to or self.remote}", f"Call-ID: {self.call_id}", f"CSeq: {cseq} {method}"]
        head += [f"Contact: <{phone.contact}>", "Max-Forwards: 70"]
        return sip_text.with_body([*head, *more], body, kind)

    def _reply(self, request: str, status: str, body: str = "") -> None:
        self.phone.reply(request, status, tag=tag_in(self.local), body=body)

    def _sdp(self, direction: str | None = None) -> str:
        direction = direction or ("sendonly" if self.held else "sendrecv")
        return sip_text.sdp(self.phone.address, self.voice.port, self._description, direction)

    def _end(self, by: Literal["here", "there"]) -> None:
        if not self.over:
            self.ended_s, self.ended_by = monotonic(), by
