"""From message logs to figures: pure arithmetic over stamps that SIPp wrote, in microseconds.

A *part* is a stretch of one window under one load. Its counted time begins some seconds after the load does, by a
fixed rule, and ends when the load ends; what began inside is counted even if it ends a little later. Callers and
operators' legs are matched by the caller's number, which is used once in a part.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devkit.sip_log import CallResult, Message

_USER = re.compile(r"sips?:\+?(\d+)@")


@dataclass(frozen=True)
class Failures:
    """What went wrong in a part, the uncounted seconds included. All zero: every call was what it should be."""

    refused: int = 0
    """Callers who got a final answer other than 200, or gave up."""
    unfinished: int = 0
    """Callers who never got a final answer, or whose call did not end."""
    retransmissions: int = 0
    """Messages sent again because no answer came in time: on a loopback line, a sign of a dropped packet."""
    never_rung: int = 0
    """Operators who hung up while callers waited, and were not rung again in this part."""

    def __add__(self, other: Failures) -> Failures:
        return Failures(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def any(self) -> bool:
        return any(vars(self).values())


def wrong_with(calls: Sequence[CallResult], *logs: Sequence[Message]) -> Failures:
    """Of these callers' calls; ``logs``: all that went over the wire, theirs and the phones'."""
    return Failures(
        refused=sum(1 for call in calls if call.final_code not in (200, None)),
        unfinished=sum(1 for call in calls if call.final_code is None or (call.answered and not call.over)),
        retransmissions=sum(map(_repeated, logs)),
    )


@dataclass(frozen=True)
class Figures:
    """Of one part, times in ms. ``calls``: those that ended in the counted time."""

    calls: int
    reaction_ms: tuple[float, ...]
    """Operator's BYE → next INVITE to that operator, where a caller waited at the BYE."""
    set_up_ms: tuple[float, ...]
    """Caller's INVITE → 200, where an operator was free at the INVITE."""
    offer_ms: tuple[float, ...]
    """The first stretch of these: caller's INVITE → operator's INVITE."""
    pick_up_ms: tuple[float, ...]
    """The last stretch of these: operator's 200 → caller's 200."""
    nobody_waited: int
    """BYEs left out of ``reaction_ms``: no caller waited."""
    nobody_free: int
    """Calls left out of ``set_up_ms``: no operator was free."""
    failures: Failures


@dataclass(frozen=True)
class _Leg:
    """One call of one phone. Stamps in µs; None: did not happen."""

    number: str
    invited_us: int
    final_code: int | None
    final_us: int | None
    bye_us: int | None
    over_us: int | None
    """When the BYE was answered: from then on the phone is free."""


def figures(callers: Sequence[Message], phones: Mapping[str, Sequence[Message]], begin_us: int, end_us: int) -> Figures:
    """``callers`` and ``phones`` (by operator): everything logged in this part; counted: [begin_us, end_us)."""
    placed = _legs(callers, sent=True)
    rung = {name: _legs(messages, sent=False) for name, messages in phones.items()}
    reactions, nobody_waited, never_rung = _reactions(placed, rung, begin_us, end_us)
    free = [leg for leg in placed if begin_us <= leg.invited_us < end_us and _somebody_free(rung, leg.invited_us)]
    answered = [leg for leg in free if leg.final_code == 200]
    first_rung = _first_by_number(rung)
    offered = [(leg, first_rung[leg.number]) for leg in answered if leg.number in first_rung]
    return Figures(
        calls=sum(1 for leg in placed if leg.bye_us is not None and begin_us <= leg.bye_us < end_us),
        reaction_ms=tuple(reactions),
        set_up_ms=tuple(_ms(leg.invited_us, leg.final_us) for leg in answered),
        offer_ms=tuple(_ms(leg.invited_us, by.invited_us) for leg, by in offered),
        pick_up_ms=tuple(_ms(by.final_us, leg.final_us) for leg, by in offered if by.final_us is not None),
        nobody_waited=nobody_waited,
        nobody_free=sum(1 for leg in placed if begin_us <= leg.invited_us < end_us) - len(free),
        failures=Failures(
            refused=sum(1 for leg in placed if leg.final_code not in (200, None)),
            unfinished=sum(1 for leg in placed if leg.final_code is None or (leg.final_code == 200 and not leg.bye_us)),
            retransmissions=_repeated(callers) + sum(_repeated(messages) for messages in phones.values()),
            never_rung=never_rung,
        ),
    )


def _reactions(
    placed: Sequence[_Leg], rung: Mapping[str, Sequence[_Leg]], begin_us: int, end_us: int
) -> tuple[list[float], int, int]:
    """Samples; BYEs when nobody waited; BYEs with no INVITE behind them although somebody waited."""
    invited = sorted(leg.invited_us for leg in placed)
    offered = sorted(leg.invited_us for leg in _first_by_number(rung).values())
    samples: list[float] = []
    nobody_waited = never_rung = 0
    for legs in rung.values():
        for leg, following in zip(legs, [*legs[1:], None], strict=False):  # no legs, no pairs
            if leg.bye_us is None or not begin_us <= leg.bye_us < end_us:
                continue
            if bisect_right(invited, leg.bye_us) <= bisect_right(offered, leg.bye_us):
                nobody_waited += 1
            elif following is None:
                never_rung += 1
            else:
                samples.append(_ms(leg.bye_us, following.invited_us))
    return samples, nobody_waited, never_rung


def _somebody_free(rung: Mapping[str, Sequence[_Leg]], at_us: int) -> bool:
    return any(
        not any(leg.invited_us <= at_us and (leg.over_us is None or at_us < leg.over_us) for leg in legs)
        for legs in rung.values()
    )


def _first_by_number(rung: Mapping[str, Sequence[_Leg]]) -> dict[str, _Leg]:
    first: dict[str, _Leg] = {}
    for leg in sorted((leg for legs in rung.values() for leg in legs), key=lambda leg: leg.invited_us):
        first.setdefault(leg.number, leg)
    return first


def _legs(messages: Sequence[Message], *, sent: bool) -> list[_Leg]:
    """The calls that this side placed (``sent``) or was rung for, by the time of their INVITE."""
    by_call: dict[str, list[Message]] = {}
    for message in messages:
        by_call.setdefault(message.call_id, []).append(message)
    legs = [leg for leg in (_leg(of_one, sent) for of_one in by_call.values()) if leg is not None]
    return sorted(legs, key=lambda leg: leg.invited_us)


def _leg(messages: Sequence[Message], sent: bool) -> _Leg | None:
    invite = _first(messages, "INVITE")
    if invite is None or invite.sent is not sent:
        return None
    final = next((m for m in messages if m.method == "INVITE" and m.status is not None and m.status >= 200), None)
    bye = _first(messages, "BYE")
    over = next((m for m in messages if m.method == "BYE" and m.status is not None), None)
    number = _USER.search(invite.headers.get("from", ""))
    return _Leg(
        number=number[1] if number else "",
        invited_us=invite.at_us,
        final_code=final.status if final else None,
        final_us=final.at_us if final else None,
        bye_us=bye.at_us if bye else None,
        over_us=over.at_us if over else None,
    )


def _first(messages: Sequence[Message], method: str) -> Message | None:
    return next((m for m in messages if m.method == method and m.status is None), None)


def _repeated(messages: Sequence[Message]) -> int:
    """Requests and final answers that went over the wire more than once."""
    seen = Counter(
        (m.sent, m.call_id, m.headers.get("cseq"), m.first_line)
        for m in messages
        if (m.status is None or m.status >= 200) and m.method != "OPTIONS"
    )
    return sum(times - 1 for times in seen.values())


def _ms(begin_us: int, end_us: int | None) -> float:
    assert end_us is not None
    return (end_us - begin_us) / 1000
