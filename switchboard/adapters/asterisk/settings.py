"""Where Asterisk is, who we are there, and how patient we are."""

from __future__ import annotations

from base64 import b64encode

from msgspec import Struct


class AriSettings(Struct, frozen=True, kw_only=True):
    url: str
    """Of Asterisk's HTTP server, ``http://127.0.0.1:8088``."""
    user: str
    password: str
    app: str = "switchboard"
    """Calls come to this application."""
    watch_app: str = "switchboard-watch"
    """Phones are watched by this one: on ``app`` every call's events would come twice."""
    phones: tuple[str, ...] = ()
    """SIP names of the staff's phones, to be watched."""
    handshake_s: float = 5.0
    request_s: float = 5.0
    """Longest wait for one answer."""
    heartbeat_s: float = 1.9
    """A ping after this much silence; the connection is lost half as long after an unanswered one: after 3 s in all."""
    back_off_s: tuple[float, float] = (0.1, 1.5)
    """First and longest pause between two attempts to connect: we serve within 2 s of Asterisk's return."""
    steady_s: float = 5.0
    """A connection that held this long makes the next pause the first one again."""
    buffer_events: int = 20_000
    """Events that may wait to be handed over: some 15 MB."""

    @property
    def ari_url(self) -> str:
        return f"{self.url.rstrip('/')}/ari"

    @property
    def authorization(self) -> str:
        """The header's value. Built by hand: as a query parameter the password would end up in logs."""
        return "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()

    def __repr__(self) -> str:
        """Without the password."""
        return f"AriSettings(url={self.url!r}, user={self.user!r}, app={self.app!r})"
