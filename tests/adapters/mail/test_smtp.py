"""Letters reach a real mail server, or it is said why not."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from devkit.mail import MailServer
from devkit.ports import free_tcp_port
from switchboard.adapters.mail.smtp import SmtpServer
from switchboard.engine.letter import write
from switchboard.engine.ports import Refused
from tests.engine.test_letter import MESSAGE, sound


def a_letter() -> EmailMessage:
    return write(MESSAGE, sound(6), sender="switchboard@example.com", timezone="Europe/Moscow")


@pytest.fixture
def server() -> Iterator[tuple[MailServer, int]]:
    port = free_tcp_port()
    with MailServer(port) as server:
        yield server, port


async def test_a_letter_arrives_whole(server: tuple[MailServer, int]) -> None:
    mail, port = server
    await SmtpServer("127.0.0.1", port, "none", "", "").send(a_letter())
    [letter] = mail.letters
    assert letter["Subject"] == "Голосовое сообщение от Рынок «Север» (Заказы, 0:06)"
    assert letter["Message-ID"] == f"<{MESSAGE.message}@example.com>"
    assert mail.recipients == [["orders@example.com", "head@example.com"]]
    assert [part.get_content() for part in letter.iter_attachments()] == [sound(6)]


async def test_a_server_may_say_no(server: tuple[MailServer, int]) -> None:
    mail, port = server
    mail.refuse = "552 no room for +74950001006"
    with pytest.raises(Refused, match="552") as refused:
        await SmtpServer("127.0.0.1", port, "none", "", "").send(a_letter())
    assert "74950001006" not in refused.value.why


async def test_nothing_is_said_over_a_line_that_is_not_encrypted(server: tuple[MailServer, int]) -> None:
    mail, port = server
    for tls in ("starttls", "tls"):
        with pytest.raises(Refused):
            await SmtpServer("127.0.0.1", port, tls, "", "").send(a_letter())
    assert mail.letters == []


async def test_nobody_answers() -> None:
    with pytest.raises(Refused, match=r"mail server 127\.0\.0\.1"):
        await SmtpServer("127.0.0.1", free_tcp_port(), "none", "", "").send(a_letter())


async def test_a_wrong_password_is_refused_and_not_shown() -> None:
    port = free_tcp_port()
    asked: list[object] = []

    def authenticate(_server: object, _session: object, _envelope: object, _how: object, data: object) -> AuthResult:
        asked.append(data)
        return AuthResult(success=False, handled=False)

    controller = Controller(
        object(), hostname="127.0.0.1", port=port, authenticator=authenticate, auth_require_tls=False
    )  # fmt: skip
    controller.start()
    try:
        with pytest.raises(Refused) as refused:
            await SmtpServer("127.0.0.1", port, "none", "switchboard", "hidden").send(a_letter())
    finally:
        controller.stop()
    assert asked
    assert "hidden" not in refused.value.why
