"""Letters reach a real mail server, or it is said why not."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme
from aiosmtpd.smtp import AuthResult, LoginPassword

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


class _Doorkeeper:
    """Lets in who knows the password."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __call__(self, _server: object, _session: object, _envelope: object, _how: object, said: object) -> AuthResult:
        assert isinstance(said, LoginPassword)
        self.asked.append((said.login.decode(), said.password.decode()))
        return AuthResult(success=self.asked[-1] == ("switchboard", "hidden"), handled=False)


async def test_a_wrong_password_is_refused_and_not_shown() -> None:
    port, doorkeeper = free_tcp_port(), _Doorkeeper()
    with (
        MailServer(port, authenticator=doorkeeper, auth_require_tls=False) as mail,
        pytest.raises(Refused) as refused,
    ):
        await SmtpServer("127.0.0.1", port, "none", "switchboard", "guessed").send(a_letter())
    assert set(doorkeeper.asked) == {("switchboard", "guessed")}  # one way of saying it after the other
    assert mail.letters == []
    assert "guessed" not in refused.value.why


_LOGIN_OVER_TLS = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
"""The library knows only STARTTLS as TLS, and warns of the other kind."""


# encrypted -------------------------------------------------------------------------------------------------------


@contextmanager
def encrypted(tls: str, known_as: str = "127.0.0.1") -> Iterator[tuple[MailServer, int, trustme.CA, _Doorkeeper]]:
    """A server that wants a login, and says so to nobody over a line that is not encrypted."""
    authority, port, doorkeeper = trustme.CA(), free_tcp_port(), _Doorkeeper()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(known_as).configure_cert(context)
    how = {"ssl_context": context} if tls == "tls" else {"tls_context": context, "require_starttls": True}
    with MailServer(port, authenticator=doorkeeper, auth_required=True, auth_require_tls=tls != "tls", **how) as mail:
        yield mail, port, authority, doorkeeper


def trust(authority: trustme.CA, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the machine of an admin who runs an authority of their own."""
    authority.cert_pem.write_to_path(folder / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))


@_LOGIN_OVER_TLS
@pytest.mark.parametrize("tls", ["tls", "starttls"])
async def test_a_letter_arrives_with_a_login_over_an_encrypted_line(
    tls: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with encrypted(tls) as (mail, port, authority, doorkeeper):
        trust(authority, tmp_path, monkeypatch)
        await SmtpServer("127.0.0.1", port, tls, "switchboard", "hidden").send(a_letter())
    assert doorkeeper.asked == [("switchboard", "hidden")]
    [letter] = mail.letters
    assert [part.get_content() for part in letter.iter_attachments()] == [sound(6)]


@_LOGIN_OVER_TLS
@pytest.mark.parametrize("tls", ["tls", "starttls"])
@pytest.mark.parametrize("why", ["nobody vouches for it", "it is somebody else"])
async def test_nobody_tells_a_password_to_a_server_that_cannot_prove_who_it_is(
    tls: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_as = "127.0.0.1" if why == "nobody vouches for it" else "mail.example.com"
    with encrypted(tls, known_as) as (mail, port, authority, doorkeeper):
        trust(authority if known_as == "mail.example.com" else trustme.CA(), tmp_path, monkeypatch)
        with pytest.raises(Refused, match=r"(?i)certificate verify failed"):
            await SmtpServer("127.0.0.1", port, tls, "switchboard", "hidden").send(a_letter())
    assert (doorkeeper.asked, mail.letters) == ([], [])
