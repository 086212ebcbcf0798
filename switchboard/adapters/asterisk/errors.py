"""How Asterisk, or the way to it, says no.

Messages name the request, the status and Asterisk's own text, never the query: numbers and names of callers
travel there. The two that end the service are not refusals of a request: ``AriReplaced`` and ``AriUnusable``.
"""

from __future__ import annotations


class AriError(Exception):
    """A request came to nothing. ``why`` is for people to read."""

    def __init__(self, request: str, why: str, status: int = 0) -> None:
        super().__init__(f"{request}: {why}" if request else why)
        self.request = request
        self.why = why
        self.status = status
        """HTTP status; 0 when Asterisk did not answer."""


class AriRefused(AriError):
    """Asterisk answered with a status of 400 or more (or would have: the request was too large to send)."""


class AriNotFound(AriRefused):
    """404: the channel, bridge or playback is not there (any more)."""


class AriConflict(AriRefused):
    """409: not in Stasis, being recorded, or an id that exists. Can be false: look before believing it."""


class AriNotInStasis(AriRefused):
    """422: the channel exists, but is not (yet, or no longer) ours."""


class AriUnavailable(AriError):
    """There is no connection now, or Asterisk said 503. If the request had gone out, it may have been done."""


class AriTimeout(AriError):
    """No answer in time. The request may have been done: ask before doing anything about it."""


class AriReplaced(Exception):
    """Another process connected under our application's name. Stop: two would steal it from each other for ever."""


class AriUnusable(Exception):
    """This Asterisk can never serve us (too old, wrong password, no rights). A person must mend it."""


def refusal(request: str, status: int, why: str) -> AriError:
    """The error for an answer with ``status`` ≥ 400."""
    kinds: dict[int, type[AriError]] = {
        404: AriNotFound,
        409: AriConflict,
        422: AriNotInStasis,
        503: AriUnavailable,
    }
    return kinds.get(status, AriRefused)(request, f"{status} {why}", status)
