"""A mail server on loopback that keeps what it is sent: real SMTP, in a thread of its own."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.controller import Controller

from devkit.processes import Deadline


class MailServer:
    """`letters` are those it took, oldest first. `refuse` is what it answers instead, such as "451 try later"; `more`
    goes to its `Controller`: how it encrypts, who may log in."""

    def __init__(self, port: int, **more: Any) -> None:
        self.letters: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuse = ""
        self.refused = 0
        self._controller = Controller(self, hostname="127.0.0.1", port=port, **more)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  the library's name
        if self.refuse:
            self.refused += 1
            return self.refuse
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def letter(self, number: int, timeout_s: float = 20) -> EmailMessage:
        """The `number`-th letter (1 …). Raises TimeoutError when it does not come."""
        deadline = Deadline(timeout_s, f"letter {number}")
        while len(self.letters) < number:
            await deadline.pause(0.05)
        return self.letters[number - 1]


def sound_of(letter: EmailMessage) -> bytes:
    """The sound that comes with a letter. Raises LookupError when there is none."""
    for part in letter.iter_attachments():
        if part.get_content_maintype() == "audio":
            sound = part.get_content()
            assert isinstance(sound, bytes)
            return sound
    raise LookupError("the letter has no sound")
