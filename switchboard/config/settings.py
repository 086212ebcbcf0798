"""Settings of one installation: where things are and how to get in. They come from the environment, nothing else does.

Rules and people are in the config folder; this is what differs between two machines that run the same company.
Every secret may also be given as a file (``SWITCHBOARD_ARI_PASSWORD_FILE=/run/secrets/ari``), which keeps it out of
process listings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PREFIX = "SWITCHBOARD_"
TLS_WAYS = ("starttls", "tls", "none")


class BadSettings(Exception):
    """The environment does not say enough. ``problems`` has one line for each variable concerned."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, kw_only=True)
class Smtp:
    host: str
    port: int
    tls: str
    """``starttls``, ``tls`` or ``none``."""
    user: str
    password: str = field(repr=False)
    sender: str
    """Address that letters come from."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Secrets do not show in ``repr``."""

    config: Path
    """Folder of the company's files."""
    data: Path
    """Folder of the log and of the copy of the client file; created when missing."""
    database_url: str = field(repr=False)
    ari_url: str
    """``http://host:port/ari``, without a slash at the end."""
    ari_user: str
    ari_password: str = field(repr=False)
    http_host: str
    http_port: int
    """Where ``/health`` and ``/metrics`` are; 0 takes a free port."""
    phone_secrets: Path | None
    """TOML file of the phones' passwords; ``None`` when only the service runs here."""
    pins: Path | None
    """TOML file of the staff's PINs, hashed; ``None``: nobody can sign in on another's phone."""
    recordings: Path | None
    """Folder of recordings, which must be there; ``None``: one in the data folder."""
    smtp: Smtp | None
    """The company's mail server; ``None``: messages are not mailed."""
    queue_log: Path | None
    """Asterisk's queue log; ``None``: calls that its own queue serves while we are away are not on record."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """From this process's environment unless told. Raises ``BadSettings`` with all that is missing or malformed."""
        read = _Reading(os.environ if environment is None else environment)
        database_url = read.url("DATABASE_URL", ("postgres", "postgresql"), secret=True)
        ari_url = read.url("ARI_URL", ("http", "https"))
        host, port = read.address("HTTP", "127.0.0.1:8080")
        phone_secrets = read.text("PHONE_SECRETS", default="")
        pins = read.text("PINS", default="")
        queue_log = read.text("QUEUE_LOG", default="")
        recordings = read.text("RECORDINGS", default="")
        settings = cls(
            config=Path(read.text("CONFIG", default="config")),
            data=Path(read.text("DATA")),
            database_url=database_url,
            ari_url=ari_url.rstrip("/"),
            ari_user=read.text("ARI_USER", default="switchboard"),
            ari_password=read.secret("ARI_PASSWORD"),
            http_host=host,
            http_port=port,
            phone_secrets=Path(phone_secrets) if phone_secrets else None,
            pins=Path(pins) if pins else None,
            recordings=Path(recordings) if recordings else None,
            queue_log=Path(queue_log) if queue_log else None,
            smtp=_smtp(read),
        )
        if read.problems:
            raise BadSettings(read.problems)
        return settings


def _smtp(read: _Reading) -> Smtp | None:
    if not read.given("SMTP"):
        return None
    host, port = read.address("SMTP", "mail.example.com:587")
    tls, user, sender = read.text("SMTP_TLS", "starttls"), read.text("SMTP_USER", default=""), read.text("SMTP_FROM")
    password = read.secret("SMTP_PASSWORD") if user else ""
    if tls not in TLS_WAYS:
        read.problems.append(f"{PREFIX}SMTP_TLS must be one of {', '.join(TLS_WAYS)}: {tls}")
    if sender and "@" not in sender:
        read.problems.append(f"{PREFIX}SMTP_FROM must be an address such as switchboard@example.com: {sender}")
    return Smtp(host=host, port=port, tls=tls, user=user, password=password, sender=sender)


class _Reading:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def given(self, name: str) -> bool:
        return bool(self._environment.get(PREFIX + name, "").strip())

    def text(self, name: str, default: str | None = None) -> str:
        value = self._environment.get(PREFIX + name, "").strip()
        if not value and default is None:
            self.problems.append(f"{PREFIX}{name} is not set")
        return value or default or ""

    def secret(self, name: str) -> str:
        variable, in_file = PREFIX + name, f"{PREFIX}{name}_FILE"
        direct, path = self._environment.get(variable, "").strip(), self._environment.get(in_file, "").strip()
        if direct and path:
            self.problems.append(f"{variable} and {in_file} are both set; use one")
        elif path:
            try:
                direct = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "it is not UTF-8 text"
                self.problems.append(f"{in_file}: {path} cannot be read: {why}")
            else:
                if not direct:
                    self.problems.append(f"{in_file}: {path} is empty")
        elif not direct:
            self.problems.append(f"{variable} is not set; set it, or {in_file} to a file that holds it")
        return direct

    def url(self, name: str, schemes: tuple[str, ...], *, secret: bool = False) -> str:
        value = self.secret(name) if secret else self.text(name)
        if value and urlsplit(value).scheme not in schemes:
            # a malformed secret is a secret all the same: not shown
            self.problems.append(f"{PREFIX}{name} must begin with {schemes[0]}://" + ("" if secret else f": {value}"))
        return value

    def address(self, name: str, default: str) -> tuple[str, int]:
        value = self.text(name, default)
        host, _, port = value.rpartition(":")
        if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
            self.problems.append(f"{PREFIX}{name} must be host:port, such as {default}: {value}")
            return "", 0
        return host.strip("[]"), int(port)
