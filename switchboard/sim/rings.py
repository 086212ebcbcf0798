"""Rings of phones as the ``Witness`` sees them: how long each was promised to last, and what stopped it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from switchboard.core.actions import HangUp
from switchboard.core.facts import Fact, PhoneSeen
from switchboard.core.ids import PersonId, PhoneId

_ANSWERED_ELSEWHERE = 26


class Rung(Struct):
    """One ring of one phone, as seen from outside."""

    phone: PhoneId | None
    until_ms: int
    person: PersonId | None = None
    over: bool = False
    silent: bool = False
    """The phone does not ring any more, for whatever reason."""
    stopped: bool = False
    """Told to end, or ended: whoever picks it up now has nobody to talk to."""
    withdrawn: bool = False
    """Stopped because somebody else took the call, or nobody knows why: may be rung again."""


def vanish(rung: Rung) -> None:
    """Nobody knows how it ended, so whoever was rung may be rung again."""
    rung.over = rung.silent = rung.stopped = rung.withdrawn = True


def without_phone(fact: Fact, rung: Rung) -> bool:
    """Whether this is the news that the phone is not there any more."""
    return isinstance(fact, PhoneSeen) and fact.phone == rung.phone and not fact.registered


def see_stop(rung: Rung, action: HangUp, at_ms: int, over: bool) -> Iterator[str]:
    rung.silent = rung.stopped = True
    if rung.over:
        return
    rung.over = True
    rung.withdrawn = action.cause == _ANSWERED_ELSEWHERE
    if at_ms < rung.until_ms and not rung.withdrawn and not over:
        yield f"{rung.phone} stops ringing {rung.until_ms - at_ms} ms early for call {action.call}"
