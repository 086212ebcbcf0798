"""Keys that staff press in a talk: codes like ``*6``, or ``*2`` with digits behind them and ``#``.

Each leg of the call that is a staff phone is read by itself. ``*`` begins a code, also in the midst of another. A code
without an argument counts as soon as it is complete, one with an argument when ``#`` ends it. Who pauses for longer
than a few seconds begins anew; what is no code is nobody's business: keys go to the other party too, for their
machines.
"""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from msgspec import Struct

from switchboard.core import recording
from switchboard.core.call_state import Call, Keyed, Talking
from switchboard.core.facts import KeyPressed
from switchboard.core.floor import Floor
from switchboard.core.ids import LegId, PersonId

WITHIN_MS = 4_000
"""From one key of a code to the next."""
_MOST_KEYS = 24
_BEGINS, _ENDS = "*", "#"


class TalkCommand(StrEnum):
    PAUSE_RECORDING = "pause_recording"
    """Or go on recording, where it is paused."""


class Meant(Struct, frozen=True):
    """What a code stands for."""

    command: TalkCommand
    takes_argument: bool = False
    """Digits follow, and ``#``."""


def codes(floor: Floor, call: Call) -> dict[str, Meant]:
    """What may be pressed in this call. Codes that are empty cannot."""
    policy = floor.policy_of(call)
    table = {policy.recording.pause_code: Meant(TalkCommand.PAUSE_RECORDING)} if policy.recording.rules else {}
    return {code: meant for code, meant in table.items() if code}


def when_pressed(floor: Floor, call: Call, fact: KeyPressed) -> bool:
    """A key in a talk; false when it is no part of a code."""
    person = _who(call, fact.leg)
    table = codes(floor, call)
    if person is None or not table:
        return False
    keys = _collected(floor, call, fact)
    asked = read(table, keys)
    if asked is None:
        return bool(keys)
    call.keyed.pop(fact.leg, None)
    _carry_out(floor, call, fact.leg, person, *asked)
    return True


def read(table: dict[str, Meant], keys: str) -> tuple[Meant, str] | None:
    """The command that ``keys`` are, with its argument; ``None`` while they are none."""
    meant = table.get(keys)
    if meant is not None and not meant.takes_argument and not any(_goes_on(code, keys) for code in table):
        return meant, ""
    if not keys.endswith(_ENDS):
        return None
    dialled = keys.removesuffix(_ENDS)
    for code in sorted(table, key=len, reverse=True):
        argument = dialled.removeprefix(code)
        if dialled.startswith(code) and (table[code].takes_argument or not argument):
            return table[code], argument
    return None


def _goes_on(code: str, keys: str) -> bool:
    return code != keys and code.startswith(keys)


def _collected(floor: Floor, call: Call, fact: KeyPressed) -> str:
    """What was keyed up to now, this key included; empty when it is no part of a code."""
    before = call.keyed.get(fact.leg)
    keys = before.keys if before is not None and floor.at_ms - before.at_ms <= WITHIN_MS else ""
    over = keys.endswith(_ENDS) or len(keys) >= _MOST_KEYS
    if fact.key == _BEGINS:
        keys = _BEGINS
    elif keys and not over:
        keys += fact.key
    else:
        keys = ""
    if keys:
        call.keyed[fact.leg] = Keyed(keys, floor.at_ms)
    else:
        call.keyed.pop(fact.leg, None)
    return keys


def _who(call: Call, leg: LegId) -> PersonId | None:
    """The member of staff at ``leg``, if they talk in this call."""
    state = call.state
    if isinstance(state, Talking) and leg == state.leg:
        return state.person
    return call.caller_person if isinstance(state, Talking) and leg == call.leg else None


def _carry_out(floor: Floor, call: Call, leg: LegId, person: PersonId, meant: Meant, _argument: str) -> None:
    match meant.command:
        case TalkCommand.PAUSE_RECORDING:
            recording.by_key(floor, call, leg, person)
        case _:
            assert_never(meant.command)
