"""Codes: what staff dial to say something of themselves, read into the same commands that the desk gives.

All of a code is dialled at once: ``*201`` is a pause with the reason 1, ``*8101`` picks up for extension 101. What
follows the second ``*`` is a PIN; it stays at the edge, where it was replaced by ``?`` (see ``hot_desk``).
"""

from __future__ import annotations

import re

from msgspec import Struct

from switchboard.core.facts import StaffCommanded
from switchboard.core.floor import Floor
from switchboard.core.ids import PersonId
from switchboard.core.policy import Policy
from switchboard.core.shifts import UNSPECIFIED
from switchboard.core.staff_commands import StaffCommand

HIDDEN = "?"
"""Stands where a PIN was dialled."""
_HOUR_MS, _MINUTE_MS = 3_600_000, 60_000
_AWAY = re.compile(r"(\d{1,2})|(\d\d)(\d{2,})")
"""Hours alone, or two digits of hours and a deputy's extension."""


class HotDesk(Struct, frozen=True):
    """Somebody dialled an extension and a PIN, to be that person on this phone."""

    extension: str
    person: PersonId | None
    """``None``: nobody has this extension."""


def read_hot_desk(policy: Policy, dialled: str) -> HotDesk | None:
    """``None`` for any other code."""
    code = policy.codes.hot_desk
    found = re.fullmatch(rf"{re.escape(code)}(\d+)\*{re.escape(HIDDEN)}", dialled) if code else None
    return HotDesk(found[1], person_with(policy, found[1])) if found is not None else None


def for_the_record(policy: Policy, dialled: str) -> str:
    """What was dialled, but for what may be a PIN because the ``*`` before it was forgotten."""
    code = policy.codes.hot_desk
    if not code or not dialled.startswith(code) or dialled == code or read_hot_desk(policy, dialled) is not None:
        return dialled
    return f"{code}{HIDDEN}"


def read_code(floor: Floor, person: PersonId, dialled: str) -> StaffCommanded | str:
    """What ``person`` asks for with what they dialled; a string says why it means nothing."""
    codes = floor.policy.codes
    plain = {
        codes.sign_in: StaffCommand.SIGN_IN,
        codes.sign_out: StaffCommand.SIGN_OUT,
        codes.resume: StaffCommand.RESUME,
        codes.wrap_up_end: StaffCommand.END_WRAP_UP,
        codes.wrap_up_extend: StaffCommand.EXTEND_WRAP_UP,
        codes.forward: StaffCommand.END_FORWARD,
        codes.park: StaffCommand.PARK,
        codes.retrieve: StaffCommand.RETRIEVE,
    }
    if dialled in plain and dialled:
        return StaffCommanded(person, plain[dialled])
    if dialled == codes.pause:
        return StaffCommanded(person, StaffCommand.PAUSE, UNSPECIFIED)
    if dialled == codes.do_not_disturb and dialled:
        is_on = floor.people[person].do_not_disturb
        return StaffCommanded(person, StaffCommand.DISTURB if is_on else StaffCommand.DO_NOT_DISTURB)
    return _read_with_digits(floor, person, dialled) or "no such code"


def _read_with_digits(floor: Floor, person: PersonId, dialled: str) -> StaffCommanded | str | None:
    policy = floor.policy
    codes = policy.codes
    if (reason := codes.pause_reasons.get(_behind(codes.pause, dialled))) is not None:
        return StaffCommanded(person, StaffCommand.PAUSE, reason)
    if re.fullmatch(r"\d{1,2}", minutes := _behind(codes.wrap_up_extend, dialled)):
        return StaffCommanded(person, StaffCommand.EXTEND_WRAP_UP, for_ms=int(minutes) * _MINUTE_MS)
    if (away := _AWAY.fullmatch(_behind(codes.away, dialled))) is not None:
        until_ms = floor.at_ms + int(away[1] or away[2]) * _HOUR_MS
        if away[3] is None:
            return StaffCommanded(person, StaffCommand.AWAY, until_ms=until_ms)
        deputy = person_with(policy, away[3])
        return StaffCommanded(person, StaffCommand.AWAY, until_ms=until_ms, whom=deputy) if deputy else _nobody(away[3])
    if to := _behind(codes.hand_over, dialled):
        return StaffCommanded(person, StaffCommand.HAND_OVER, to=to)
    for code, command in (
        (codes.listen, StaffCommand.LISTEN),
        (codes.whisper, StaffCommand.WHISPER),
        (codes.barge_in, StaffCommand.BARGE_IN),
    ):
        if extension := _behind(code, dialled):  # also in vain it goes into the audit
            whom = person_with(policy, extension)
            return StaffCommanded(person, command, "" if whom is not None else _nobody(extension), whom)
    with_extension = (
        (codes.forward, StaffCommand.FORWARD),
        (codes.pick_up, StaffCommand.PICK_UP),
        (codes.retrieve, StaffCommand.RETRIEVE),
    )
    for code, command in with_extension:
        if extension := _behind(code, dialled):
            whom = person_with(policy, extension)
            return StaffCommanded(person, command, whom=whom) if whom is not None else _nobody(extension)
    return None


def _behind(code: str, dialled: str) -> str:
    """The digits that follow ``code``; empty when there are none, or it is not this code."""
    rest = dialled.removeprefix(code) if code and dialled.startswith(code) else ""
    return rest if rest.isascii() and rest.isdigit() else ""


def _nobody(extension: str) -> str:
    return f"nobody has extension {extension}"


def person_with(policy: Policy, extension: str) -> PersonId | None:
    return next((one.person_id for one in policy.people.values() if extension and one.extension == extension), None)


def confirmation(policy: Policy, command: StaffCommand) -> tuple[str, ...]:
    """What is said when ``command`` was carried out."""
    prompts = policy.prompts
    return {
        StaffCommand.SIGN_IN: prompts.signed_in,
        StaffCommand.SIGN_OUT: prompts.signed_out,
        StaffCommand.PAUSE: prompts.paused,
        StaffCommand.RESUME: prompts.resumed,
        StaffCommand.END_WRAP_UP: prompts.wrap_up_ended,
        StaffCommand.EXTEND_WRAP_UP: prompts.wrap_up_extended,
        StaffCommand.DO_NOT_DISTURB: prompts.do_not_disturb_on,
        StaffCommand.DISTURB: prompts.do_not_disturb_off,
        StaffCommand.FORWARD: prompts.forward_on,
        StaffCommand.END_FORWARD: prompts.forward_off,
        StaffCommand.AWAY: prompts.away,
        StaffCommand.TAKE_PHONE: prompts.signed_in,
        StaffCommand.HAND_OVER: prompts.handed_over,
        StaffCommand.PARK: prompts.parked,
        StaffCommand.PAUSE_RECORDING: prompts.recording_paused,
        StaffCommand.GO_ON_RECORDING: prompts.recording_goes_on,
    }.get(command, ())  # after the others they hear somebody
