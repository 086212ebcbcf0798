"""The port ``MailServer`` over SMTP. A connection for each letter: they are few, a kept one would be closed by then."""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.utils import getaddresses

import aiosmtplib
import structlog

from switchboard.engine.ports import Refused

WITHIN_S = 30.0
"""For each step of the talk with the server."""
_DIGITS = re.compile(r"\d{7,}")

_log = structlog.get_logger()


class SmtpServer:
    def __init__(self, host: str, port: int, tls: str, user: str, password: str) -> None:
        """``tls`` is ``starttls``, ``tls`` or ``none``; with an empty ``user`` nobody logs in."""
        self._host, self._port, self._tls = host, port, tls
        self._user, self._password = user, password

    async def send(self, letter: EmailMessage) -> None:
        """See the port. With ``starttls`` nothing is said before the line is encrypted, or at all."""
        try:
            refused, _ = await aiosmtplib.send(
                letter.as_bytes(policy=letter.policy.clone(linesep="\r\n")),
                sender=str(letter["From"]),
                recipients=[address for _, address in getaddresses([str(letter["To"])])],
                hostname=self._host,
                port=self._port,
                username=self._user or None,
                password=self._password or None,
                use_tls=self._tls == "tls",
                start_tls=self._tls == "starttls",
                timeout=WITHIN_S,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Refused(f"mail server {self._host}:{self._port}: {_worded(error)}") from error
        if refused:
            _log.error("mail.refused_for_some", addresses=sorted(refused))


def _worded(error: Exception) -> str:
    """Without line breaks, and without the numbers that a server may quote from a subject."""
    return _DIGITS.sub("…", " ".join(f"{type(error).__name__}: {error}".split()))[:300]
