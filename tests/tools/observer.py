"""What really happened to one caller: read from their own SIP messages and from whose tone they heard, by packets.

Nothing here comes from the service. Each phone speaks its own tone; the caller's packets, each with the moment at which
the kernel had it, say with whom they were in talk. What the phones did beside it says what silence or music meant:

    wait        nobody has talked with them yet
    talk        they hear one person
    conference  they hear two
    held        nobody; the person they talked with last has not hung up
    between     nobody, and that person is gone

A request of a phone counts from its answer on. While Asterisk joins two calls, for half a second, it leaves unread what
falls to the same of its 31 queues; nobody can know of that before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from devkit.sip_log import Message
from devkit.soft_call import SoftCall
from devkit.softphone import Softphone
from devkit.stamped import epoch_us
from devkit.voice import tones_heard

PACKET_US = 20_000
LONGEST_GAP_US = 150_000
"""Who is not heard for so long has stopped talking; less may be our own machine, which is late."""


@dataclass(frozen=True)
class Part:
    """A part of a visit; microseconds since the epoch. ``who``: with whom, or held by whom; sorted."""

    kind: str
    who: tuple[str, ...]
    from_us: int
    to_us: int

    def __str__(self) -> str:
        return f"{self.kind} {'+'.join(self.who)} {self.from_us / 1e6 % 1000:.3f}–{self.to_us / 1e6 % 1000:.3f}"

    @property
    def ms(self) -> float:
        return (self.to_us - self.from_us) / 1000


@dataclass(frozen=True)
class Visit:
    """One caller's dialogue, from INVITE to its end, cut into parts without a gap. ``ended_by``: the caller
    ("here"), the exchange ("there"); ``None``: it lives."""

    number: str
    arrived_us: int
    answered_us: int | None
    ended_us: int
    ended_by: str | None
    parts: tuple[Part, ...]

    def ms(self, *kinds: str, who: str | None = None) -> float:
        """How long all parts of these kinds lasted together."""
        return sum(part.ms for part in self.parts if part.kind in kinds and (who is None or who in part.who))


def visit_of(call: SoftCall, name_of: Callable[[int], str | None], staff: Iterable[Softphone], now_us: int) -> Visit:
    """What ``call``, a caller's, was. ``name_of`` says whose a tone is; ``now_us`` is the end of what still lives."""
    messages = [one.message for one in call.phone.trace if one.message.call_id == call.call_id]
    arrived_us = next(
        (one.at_us for one in messages if one.status is not None and one.status != 401), messages[0].at_us
    )
    ended_us, ended_by = _end_of(messages)
    until_us = ended_us if ended_us is not None else now_us
    heard = [
        (max(from_us, arrived_us), min(to_us, until_us), name)
        for tone, from_us, to_us in _heard(call)
        if (name := name_of(tone)) is not None and from_us < until_us
    ]
    mine = call.phone.tone
    calls = [
        each
        for phone in staff
        for each in phone.calls
        if any(mine in (tones or ()) for _, tones in tones_heard(each.frames))
    ]
    parts = tuple(_merged(_parts(heard, calls, arrived_us, until_us)))
    answered = next((one.at_us for one in messages if one.method == "INVITE" and one.status == 200), None)
    return Visit(call.phone.identity.partition("@")[0][4:], arrived_us, answered, until_us, ended_by, parts)


def _end_of(messages: Sequence[Message]) -> tuple[int | None, str | None]:
    for one in messages:
        if one.method == "BYE" and not one.sent:
            return one.at_us, "there" if one.status is None else "here"
        if one.method == "INVITE" and one.status is not None and one.status >= 300 and one.status != 401:
            return one.at_us, "here" if one.status == 487 else "there"
    return None, None


def _heard(call: SoftCall) -> Iterator[tuple[int, int, int]]:
    """Each tone, from when to when without a longer gap."""
    begun: dict[int, tuple[int, int]] = {}
    for frame, tones in tones_heard(call.frames):
        at_us = epoch_us(frame.at_s)
        for tone in tones or ():
            since_us, last_us = begun.get(tone, (at_us, at_us))
            if at_us - last_us > LONGEST_GAP_US:
                yield tone, since_us, last_us + PACKET_US
                since_us = at_us
            begun[tone] = since_us, at_us
    for tone, (since_us, last_us) in begun.items():
        yield tone, since_us, last_us + PACKET_US


def _parts(
    heard: Sequence[tuple[int, int, str]], calls: Sequence[SoftCall], from_us: int, to_us: int
) -> Iterator[Part]:
    """One between each two moments at which anything changes."""
    lasts = {name: _dialogue_ends(calls, name) for _, _, name in heard}
    moments = {from_us, to_us, *(at for one in heard for at in one[:2])}
    moments.update(at for ends in lasts.values() for _, at in ends if from_us < at < to_us)
    talked: tuple[int, str] | None = None
    for begin_us, end_us in pairwise(sorted(moments)):
        talking = sorted({name for since_us, until_us, name in heard if since_us <= begin_us < until_us})
        if talking:
            yield Part("talk" if len(talking) == 1 else "conference", tuple(talking), begin_us, end_us)
            if len(talking) == 1 or talked is None or talked[1] not in talking:
                talked = end_us, talking[0]
            else:
                talked = end_us, talked[1]
        elif talked is None:
            yield Part("wait", (), begin_us, end_us)
        elif any(since_us < talked[0] and begin_us < until_us for since_us, until_us in lasts[talked[1]]):
            yield Part("held", (talked[1],), begin_us, end_us)
        else:
            yield Part("between", (), begin_us, end_us)


def _dialogue_ends(calls: Sequence[SoftCall], name: str) -> list[tuple[int, int]]:
    """From when to when each answered call of this phone lasted, of those in which the caller was heard."""
    return [
        (epoch_us(call.answered_s), epoch_us(call.ended_s) if call.ended_s is not None else 2**62)
        for call in calls
        if call.phone.name == name and call.answered_s is not None
    ]


def _merged(parts: Iterable[Part]) -> Iterator[Part]:
    last: Part | None = None
    for part in parts:
        if last is not None and (last.kind, last.who) == (part.kind, part.who):
            last = replace(last, to_us=part.to_us)
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last


def without_short(parts: Sequence[Part], shorter_us: int) -> list[Part]:
    """The same without what was over so soon: who came before lasts on."""
    kept: list[Part] = []
    for part in parts:
        if part.to_us - part.from_us < shorter_us and kept:
            kept[-1] = replace(kept[-1], to_us=part.to_us)
        else:
            kept.append(part)
    return list(_merged(kept))
