"""Keys that staff press in a talk: codes like ``*6``, or ``*2`` with digits behind them and ``#``.

Each leg of the call that is a staff phone is read by itself. ``*`` begins a code, also in the midst of another. A code
without an argument counts as soon as it is complete, one with an argument when ``#`` ends it. Who pauses for longer
than a few seconds begins anew; what is no code is nobody's business: keys go to the other party too, for their
machines.
"""

from __future__ import annotations

from msgspec import Struct

from switchboard.core import recording, talk_commands, transfer
from switchboard.core.actions import Play
from switchboard.core.call_state import Call, Talking
from switchboard.core.facts import KeyPressed
from switchboard.core.floor import Floor
from switchboard.core.ids import LegId, PlaybackId
from switchboard.core.policy import Policy
from switchboard.core.staff_commands import StaffCommand
from switchboard.core.state_parts import Keyed, Party

WITHIN_MS = 4_000
"""From one key of a code to the next."""
_MOST_KEYS = 24
_BEGINS, _ENDS = "*", "#"


class Meant(Struct, frozen=True):
    """What a code stands for."""

    command: StaffCommand
    takes_argument: bool = False
    """Digits follow, and ``#``."""


def codes(policy: Policy) -> dict[str, Meant]:
    """What may be pressed in a talk. Codes that are empty cannot."""
    codes = policy.codes
    table = {
        codes.hand_over: Meant(StaffCommand.HAND_OVER, takes_argument=True),
        codes.consult: Meant(StaffCommand.CONSULT, takes_argument=True),
        codes.swap: Meant(StaffCommand.SWAP),
        codes.join: Meant(StaffCommand.JOIN),
        codes.complete: Meant(StaffCommand.COMPLETE),
        codes.call_off: Meant(StaffCommand.CALL_OFF),
        codes.park: Meant(StaffCommand.PARK),
    }
    if policy.recording.rules:
        table[policy.recording.pause_code] = Meant(StaffCommand.PAUSE_RECORDING)
    return {code: meant for code, meant in table.items() if code}


def when_pressed(floor: Floor, call: Call, fact: KeyPressed) -> bool:
    """A key in a talk; false when it is no part of a code."""
    side = _who(call, fact.leg)
    if side is None:
        return False
    table = codes(floor.policy_of(call))
    keys = _collected(floor, call, fact)
    asked = read(table, keys)
    if asked is None:
        return bool(keys)
    call.keyed.pop(fact.leg, None)
    _carry_out(floor, call, side, *asked)
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


def _who(call: Call, leg: LegId) -> Party | None:
    """The member of staff on ``leg``, if they talk in this call, or wait in it for whom they ask."""
    side = transfer.side_of(call, leg) if isinstance(call.state, Talking) else None
    if side is None and leg == call.lent:
        side = Party(leg, call.caller_person)
    return side if side is not None and side.person is not None else None


def _carry_out(floor: Floor, call: Call, side: Party, meant: Meant, argument: str) -> None:
    assert side.person is not None
    if meant.command is StaffCommand.PAUSE_RECORDING:
        recording.by_key(floor, call, side.leg, side.person)
        return
    why_not = talk_commands.do(floor, call, side, meant.command, argument)
    if why_not is not None:
        floor.because(call, "refused", f"{meant.command} by key: {why_not}", side.person)
        floor.act(Play(call.call_id, side.leg, PlaybackId(call.make_id()), floor.policy.prompts.refused))
