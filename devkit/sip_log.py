"""What really went over the wire: SIPp's message log, read back as messages and as calls.

SIPp stamps each message with microseconds when it is sent or received; its own timers and statistics step by several
milliseconds, so everything measured or asserted comes from here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from devkit.processes import Deadline

T = TypeVar("T")

_HEADING = re.compile(
    rb"^-{20,} (\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d\.\d+)[^\n]*\nUDP message (sent|received)[^\n]*\n\n",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Message:
    """One SIP message. `at_us`: microseconds since the epoch; header names in lower case, the first of each."""

    at_us: int
    sent: bool
    first_line: str
    headers: dict[str, str]

    @property
    def call_id(self) -> str:
        return self.headers.get("call-id", self.headers.get("i", ""))

    @property
    def method(self) -> str:
        """INVITE, BYE, …; for an answer, of the request it answers."""
        return self.headers.get("cseq", " ").split()[-1]

    @property
    def status(self) -> int | None:
        """The answer's code; None: a request."""
        return int(self.first_line.split()[1]) if self.first_line.startswith("SIP/2.0 ") else None


@dataclass(frozen=True)
class CallResult:
    """One call as one phone saw it. Times in microseconds since the epoch; None: it did not happen (yet).

    `final_code` is the code of the last final answer to the INVITE; `from_header` and `to_user` are what was
    announced in it; `ended_by` says who sent the BYE: this phone ("here") or the exchange ("there").
    """

    call_id: str
    placed: bool
    to_user: str
    from_header: str
    identity_header: str
    invited_us: int
    ringing_us: int | None
    final_code: int | None
    final_us: int | None
    cancelled_us: int | None
    bye_us: int | None
    ended_by: Literal["here", "there"] | None

    @property
    def answered(self) -> bool:
        return self.final_code is not None and 200 <= self.final_code < 300

    @property
    def cancelled(self) -> bool:
        """The caller gave up; the phone may have answered all the same, if both crossed."""
        return self.cancelled_us is not None

    @property
    def over(self) -> bool:
        """Refused, given up, or hung up after the answer."""
        return self.bye_us is not None if self.answered else self.final_code is not None

    @property
    def setup_ms(self) -> float | None:
        """From INVITE to the final answer."""
        return None if self.final_us is None else (self.final_us - self.invited_us) / 1000

    @property
    def talk_ms(self) -> float | None:
        """From the answer to the BYE."""
        if not self.answered or self.final_us is None or self.bye_us is None:
            return None
        return (self.bye_us - self.final_us) / 1000


class MessageLog:
    """SIPp's message files of one phone, read as they grow. A phone has one file for each behaviour it has had."""

    def __init__(self) -> None:
        self._files: list[_GrowingFile] = []
        self._messages: list[Message] = []
        self._sorted = 0
        self._by_call: dict[str, list[Message]] = {}
        self._calls: dict[str, CallResult] = {}

    def follow(self, path: Path) -> None:
        """Read this file too from now on; it need not exist yet."""
        self._files.append(_GrowingFile(path))

    def messages(self) -> list[Message]:
        """All messages so far, in the order they were logged."""
        for file in self._files:
            self._messages.extend(file.more())
        return self._messages

    def calls(self) -> list[CallResult]:
        """All calls so far, oldest first. Only calls that something happened to since the last look are read anew."""
        new = self.messages()[self._sorted :]
        self._sorted += len(new)
        for message in new:
            self._by_call.setdefault(message.call_id, []).append(message)
        for call_id in {message.call_id for message in new}:
            if (call := _call_of(self._by_call[call_id])) is not None:
                self._calls[call_id] = call
        return sorted(self._calls.values(), key=lambda call: call.invited_us)

    async def wait_for(self, look: Callable[[], T | None], awaited: str, timeout_s: float) -> T:
        """Look again and again until there is something. Raises TimeoutError naming what was awaited."""
        deadline = Deadline(timeout_s, awaited)
        while (found := look()) is None:
            await deadline.pause()
        return found


class _GrowingFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._pending = b""

    def more(self) -> list[Message]:
        """Messages completed since the last look: one is complete when its body is there."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        self._pending += new
        messages, at = [], 0
        while found := _HEADING.search(self._pending, at):
            end = _end_of_message(self._pending, found.end())
            if end is None:
                break
            messages.append(_message_of(found, self._pending[found.end() : end]))
            at = end
        self._pending = self._pending[at:]
        return messages


def _end_of_message(text: bytes, start: int) -> int | None:
    head = re.compile(rb"\r?\n\r?\n").search(text, start)
    if head is None:
        return None
    length = re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)", text[start : head.end()])
    end = head.end() + (int(length[1]) if length else 0)
    return end if len(text) >= end else None


def _message_of(heading: re.Match[bytes], text: bytes) -> Message:
    first_line, *lines = re.split(r"\r?\n", text.decode(errors="replace"))
    headers: dict[str, str] = {}
    for line in lines:
        if not line:
            break
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    at = datetime.fromisoformat(f"{heading[1].decode()} {heading[2].decode()}")
    return Message(round(at.timestamp() * 1_000_000), heading[3] == b"sent", first_line, headers)


def _call_of(messages: list[Message]) -> CallResult | None:
    invite = next((m for m in messages if m.method == "INVITE" and m.status is None), None)
    if invite is None:
        return None
    answers = [m for m in messages if m.method == "INVITE" and m.status is not None and m.at_us >= invite.at_us]
    final = [m for m in answers if (m.status or 0) >= 200 and m.status != 401]
    ringing = next((m for m in answers if m.status in (180, 183)), None)
    cancel = next((m for m in messages if m.method == "CANCEL" and m.status is None), None)
    bye = next((m for m in messages if m.method == "BYE" and m.status is None), None)
    return CallResult(
        call_id=invite.call_id,
        placed=invite.sent,
        to_user=_user_of(invite.first_line.split()[1]),
        from_header=invite.headers.get("from", ""),
        identity_header=invite.headers.get("p-asserted-identity", ""),
        invited_us=invite.at_us,
        ringing_us=ringing.at_us if ringing else None,
        final_code=final[0].status if final else None,
        final_us=final[0].at_us if final else None,
        cancelled_us=cancel.at_us if cancel else None,
        bye_us=bye.at_us if bye else None,
        ended_by=("here" if bye.sent else "there") if bye else None,
    )


def _user_of(uri: str) -> str:
    """ "+7916" out of "sip:+7916@127.0.0.1:5060"; empty if there is none."""
    found = re.match(r"sips?:([^@;>]*)@", uri)
    return found[1] if found else ""
