"""The lines of Asterisk's queue log, as the stories of calls that its own queue had while the service was away. Pure.

    1795563330|switchboard-1795563330.0|fallback|NONE|AWAY|30539|+74951234567|+74950000001
    1795563331|switchboard-1795563330.0|fallback|PJSIP/irina-00000001|TAKEN|31042
    1795563395|switchboard-1795563330.0|fallback|NONE|LEFT|35248

Unix seconds, the caller's channel, the queue, who, what, and what belongs to it: first the milliseconds since the
minute began. AWAY, TAKEN, UNSERVED and LEFT are
written by dialplan/fallback.conf, which says what they mean; the rest is Asterisk's. A call is a story from its AWAY
on: what is said of others is about calls that the service has a record of, or not about calls at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from switchboard.core.fallback_call import FallbackCall
from switchboard.core.ids import LegId, PhoneId

_PHONE = re.compile(r"PJSIP/(.+)-[0-9a-f]{8}")
_MINUTE_MS = 60_000


class Line(Struct, frozen=True):
    """One line. ``who`` and ``what`` are Asterisk's words for an operator's channel and an event."""

    at_s: int
    leg: LegId
    who: str
    what: str
    about: tuple[str, ...]


class Told(Struct, frozen=True):
    """What some lines told."""

    over: tuple[FallbackCall, ...]
    """The calls that ended, in that order."""
    open: tuple[FallbackCall, ...]
    """Those that began and did not end."""
    at_s: int
    """Stamp of the last line; what it was before if there is none."""
    damaged: int
    """How many lines could not be read."""


def read_line(raw: bytes) -> Line | None:
    """The line; ``None`` when it is none."""
    fields = raw.decode(errors="replace").split("|")
    if len(fields) < 5:
        return None
    at_s, leg, _, who, what, *about = fields
    return Line(int(at_s), LegId(leg), who, what, tuple(about)) if _is_number(at_s) else None


def read_on(raw_lines: Iterable[bytes], open_before: Iterable[FallbackCall] = (), at_s: int = 0) -> Told:
    """Go on with the stories that were open, with these lines. Never raises."""
    stories = {call.leg: call for call in open_before}
    over: list[FallbackCall] = []
    damaged = 0
    for raw in raw_lines:
        line = read_line(raw)
        if line is not None and line.what == "QUEUESTART":  # Asterisk began: whatever was under way is no more
            over += [replace(call, lost=True, ended_at_ms=at_s * 1000) for call in stories.values()]
            stories.clear()
        story = None if line is None else _tell(stories.get(line.leg), line)
        if line is None or story is False:
            damaged += 1
            continue
        at_s = line.at_s
        if isinstance(story, FallbackCall):
            stories[line.leg] = story
            if story.ended_at_ms is not None:
                over.append(stories.pop(line.leg))
    return Told(tuple(over), tuple(stories.values()), at_s, damaged)


def _tell(story: FallbackCall | None, line: Line) -> FallbackCall | bool | None:
    """The story after this line; ``None``: says nothing of it, ``False``: is damaged."""
    match line.what, line.about:
        case "AWAY", (at, number, dialled):
            at_ms = _moment(at, line)
            return at_ms is not None and FallbackCall(line.leg, number, dialled, at_ms)
        case "AWAY", _:
            return False
        case _ if story is None:
            return None
        case "TAKEN", (at,):
            at_ms, phone = _moment(at, line), _PHONE.fullmatch(line.who)
            taken_by = PhoneId(phone[1]) if phone is not None else None
            return at_ms is not None and replace(story, answered_at_ms=at_ms, phone=taken_by)
        case "UNSERVED", _:
            return replace(story, unserved=True)
        case "LEFT", (at,):
            at_ms = _moment(at, line)
            return replace(story, ended_at_ms=line.at_s * 1000 if at_ms is None else at_ms)
        case "LEFT", _:
            return replace(story, ended_at_ms=line.at_s * 1000)
        case ("RINGNOANSWER" | "RINGCANCELED") as how, (ms, *_) if _is_number(ms):
            return replace(story, ring_ms=story.ring_ms + int(ms), ringing=how == "RINGCANCELED")
        case "CONNECT", (_, _, seconds, *_) if _is_number(seconds):
            return replace(story, ring_ms=story.ring_ms + int(seconds) * 1000)
        case _:
            return None


def _moment(text: str, line: Line) -> int | None:
    """Unix milliseconds, from those of the minute and the stamp, which is a moment off; ``None`` when they are none."""
    if not _is_number(text) or int(text) >= _MINUTE_MS:
        return None
    stamp_ms = line.at_s * 1000
    return stamp_ms + (int(text) - stamp_ms + _MINUTE_MS // 2) % _MINUTE_MS - _MINUTE_MS // 2


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10
