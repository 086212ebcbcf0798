"""The grammar of journeys: each line that can happen, and the facts that it means."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING
from unittest import mock

import msgspec

from switchboard.core import facts
from switchboard.core.call_state import Talking
from switchboard.core.facts import Entrance, Fact
from switchboard.core.ids import PersonId, PhoneId, RecordingId
from switchboard.core.staff_commands import StaffCommand
from tests.core.policy import POLICIES, POLICY

if TYPE_CHECKING:
    from tests.journeys.runner import Runner

Make = Callable[..., list[Fact]]
_LINES = {line.name: line.numbers[0] for line in POLICY.lines.values()}
_ENDS = {
    "refuses": (21, 603),
    "is busy": (17, 486),
    "rings out": (19, 480),
    "cannot be reached": (20, 404),
    "hangs up": (16, None),
    "is gone": (16, None),
    "fails with congestion": (34, 503),
}


def _calls(run: Runner, name: str, dialled: str, number: str) -> list[Fact]:
    said = "anonymous" if number == "withheld" else number
    return [facts.CallArrived(run.new_leg(name), Entrance.LINE, said, _LINES.get(dialled, dialled))]


def _dials(run: Runner, name: str, dialled: str) -> list[Fact]:
    return [facts.CallArrived(run.new_leg(name), Entrance.PHONE, name, dialled, PhoneId(name))]


def _found(run: Runner, name: str, whom: str, minutes: str = "0") -> list[Fact]:
    clients = () if whom == "nobody" else tuple(run.clients[one] for one in whom.split(" or "))
    return [facts.CallerFound(run.calls[name], clients, int(minutes) * 60_000)]


def _ends(run: Runner, name: str, how: str) -> list[Fact]:
    cause, sip_code = _ENDS[how]
    leg, ended = run.legs[name], facts.LegEnded(run.legs[name], cause, sip_code)
    return [facts.LegLeft(leg), ended] if how == "hangs up" else [ended]


def _bridged(run: Runner, who: str, caller: str) -> list[Fact]:
    connect = run.bridges[caller]
    return [facts.LegBridged(leg, connect.bridge) for leg in connect.legs if who == "both" or run.names[leg] == who]


def _surveyed(run: Runner, missing: str = "", restarted: bool = False, phones_known: bool = True) -> list[Fact]:
    """Asterisk is back, and everything is there as we believe it to be, but for the legs of the ``missing``."""
    floor = run.exchange.floor
    gone = {run.legs[name] for name in missing.replace(" and ", " ").split()}
    there = []
    for leg, call_id in floor.leg_owner.items():
        call = floor.calls[call_id]
        bridge = call.state.bridge if isinstance(call.state, Talking) else None
        if leg not in gone and not restarted:
            there.append(facts.FoundLeg(leg, call.answered if leg == call.leg else bridge is not None, bridge))
    phones = tuple(PhoneId(name) for name in sorted(run.registered if phones_known else ()))
    found = facts.Found(tuple(sorted(there, key=lambda one: one.leg)), (), phones)
    return [facts.SwitchReady(found, "two" if restarted else floor.switch)]


def _surveyed_after(run: Runner, name: str, dialled: str) -> list[Fact]:
    """While nobody listened, a phone gave its caller away."""
    (ready,) = _surveyed(run, name)
    assert isinstance(ready, facts.SwitchReady)
    bridge = next(one.bridge for one in ready.found.legs if one.bridge is not None)
    stand_in = facts.FoundStandIn((run.new_stand_in(),), bridge, dialled)
    found = msgspec.structs.replace(ready.found, stand_ins=(stand_in,))
    return [msgspec.structs.replace(ready, found=found)]


def _phone(run: Runner, name: str, how: str) -> list[Fact]:
    if how == "appears":
        run.registered.append(name)
    else:
        run.registered.remove(name)
    return [facts.PhoneSeen(PhoneId(name), how == "appears")]


def _plant(run: Runner, where: str) -> list[Fact]:
    """From now on a rule of the core is broken."""
    module, _, name = where.rpartition(".")
    planted = mock.patch.object(import_module(f"switchboard.core.{module}"), name, side_effect=RuntimeError("planted"))
    run.stack.enter_context(planted)
    run.planted = True
    return []


def _failed(run: Runner, action: str, name: str, gone: str = "") -> list[Fact]:
    left = run.legs[gone] if gone else None
    if action in ("Ring", "RingOutside", "Snoop"):
        leg = run.legs[name]
        return [facts.ActionFailed(run.exchange.floor.leg_owner[leg], action, "404", leg, gone=left)]
    playback = run.playbacks[name] if action in ("Play", "PlayInBridge") else None
    recording = run.recordings[name] if action == "RecordMessage" else None
    return [facts.ActionFailed(run.calls[name], action, "404", gone=left, playback=playback, recording=recording)]


def _said(run: Runner, name: str, heard: bool) -> list[Fact]:
    return [facts.PlaybackEnded(run.playbacks[name], heard)]


def _transfers(run: Runner, name: str, dialled: str) -> list[Fact]:
    """By the phone: Asterisk puts a stand-in in its place, and its leg leaves."""
    leg = run.legs[name]
    return [facts.LegTransferred(leg, dialled, (run.new_stand_in(),)), facts.LegLeft(leg)]


def _joins(run: Runner, name: str) -> list[Fact]:
    """The phone gives the other sides of its two calls to each other."""
    first, second = run.legs_of[name][-2:]
    return [
        facts.LegUnheld(first),
        facts.LegsTransferred(first, second, (run.new_stand_in(),)),
        facts.LegLeft(second),
        facts.LegLeft(first),
    ]


def _recorded(run: Runner, name: str, s: str = "0", sound_s: str | None = None, known: bool = True) -> list[Fact]:
    recording, ms = run.recordings[name], int(s) * 1000
    talking_ms = int(sound_s) * 1000 if sound_s is not None else None
    return [facts.RecordingEnded(recording, kept=known, known=known, duration_ms=ms, talking_ms=talking_ms)]


def _commands(
    run: Runner,
    name: str,
    command: str,
    why: str,
    whom: str | None = None,
    s: str | None = None,
    phone: str | None = None,
    to: str | None = None,
) -> list[Fact]:
    """``s`` counts from now: how much longer, or until when."""
    ms = round(float(s) * 1000) if s is not None else None
    asked = facts.StaffCommanded(
        PersonId(name),
        StaffCommand(command),
        why,
        PersonId(whom) if whom is not None else None,
        ms,
        run.now_ms + ms if ms is not None else None,
        PhoneId(phone) if phone is not None else None,
        to or "",
    )
    return [asked]


def _file(recording: RecordingId, *, filed: bool) -> Fact:
    if filed:
        return facts.RecordingFiled(recording, f"2026/01/01/{recording}.wav", "0" * 64, 44)
    return facts.RecordingMissed(recording, "404")


_ACTIONS = (
    "Ring|RingOutside|Connect|Answer|Play|AskWhetherThere|CheckPin|PlayInBridge|StartRecording|PauseRecording"
    "|GoOnRecording|Snoop|Join|RecordMessage"
)
_GRAMMAR: list[tuple[str, Make]] = [
    (r"(\w+) calls (\S+) from (.+)", _calls),
    (r"(\w+) dials (\S+)", _dials),
    (r"(\w+) is known too late as (.+)", _found),
    (r"look-up of (\w+) fails", lambda run, name: [facts.LookUpFailed(run.calls[name], "no database")]),
    (r"(\w+) answers", lambda run, name: [facts.LegAnswered(run.legs[name])]),
    (r"(\w+) has joined", lambda run, name: [facts.LegBridged(run.joins[name].leg, run.joins[name].bridge)]),
    (r"(\w+) talks with \w+", lambda run, name: _bridged(run, "both", name)),
    (r"(\w+) is in the bridge with (\w+)", _bridged),
    (rf"(\w+) ({'|'.join(_ENDS)})", _ends),
    (r"(\w+)\.1 hangs up", lambda run, name: [facts.LegLeft(run.legs_of[name][-2])]),
    (r"(\w+) holds", lambda run, name: [facts.LegHeld(run.legs[name])]),
    (r"(\w+) holds no more", lambda run, name: [facts.LegUnheld(run.legs[name])]),
    (r"(\w+)\.1 holds no more", lambda run, name: [facts.LegUnheld(run.legs_of[name][-2])]),
    (r"(\w+) transfers to (\S+)", _transfers),
    (r"(\w+) joins both calls", _joins),
    (r"(\w+) leaves", lambda run, name: [facts.LegLeft(run.legs[name])]),
    (r"(\w+)'s phone (appears|vanishes)", _phone),
    (r"(\w+) presses (\S+)", lambda run, name, keys: [facts.KeyPressed(run.legs[name], key) for key in keys]),
    (r"(\w+) has heard it", lambda run, name: _said(run, name, True)),
    (r"(\w+) cannot hear it", lambda run, name: _said(run, name, False)),
    (rf"({_ACTIONS}) fails for (\w+)", _failed),
    (rf"({_ACTIONS}) fails for (\w+) since (\w+) left", _failed),
    (
        r"the recording of (\w+) (ends|fails)",
        lambda run, name, how: [facts.RecordingEnded(run.recordings[name], how == "ends", why="no room")],
    ),
    (
        r"the recording of (\w+) is (filed|missing)",
        lambda run, name, how: [_file(run.recordings[name], filed=how == "filed")],
    ),
    (r"the message of (\w+) is over: (\d+)s, (\d+)s of it sound", _recorded),
    (r"the message of (\w+) is over, nothing there", _recorded),
    (r"Asterisk has a message of (\w+) of (\d+)s", _recorded),
    (r"Asterisk has no message of (\w+)", lambda run, name: _recorded(run, name, known=False)),
    (r"desk: (\w+) (sign_in|sign_out|pause|resume)(?!_) ?(.*)", _commands),
    (
        rf"desk: (\w+) ({'|'.join(StaffCommand)})()(?: whom (\w+))?(?: ([\d.]+)s)?(?: phone (\w+))?(?: to (\S+))?",
        _commands,
    ),
    (
        r"the PIN of (\w+) is (right|wrong)",
        lambda run, name, how: [facts.PinChecked(run.calls[name], how == "right")],
    ),
    (
        r"a survey finds (\w+) on a call elsewhere",
        lambda run, name: [facts.PhoneEngaged(PhoneId(name), engaged=True)],
    ),
    (
        r"a survey finds (\w+) off that call",
        lambda run, name: [facts.PhoneEngaged(PhoneId(name), engaged=False)],
    ),
    (r"switch lost", lambda run: [facts.SwitchLost("connection reset")]),
    (r"switch ready", _surveyed),
    (r"switch ready after (\w+) transferred to (\S+)", _surveyed_after),
    (r"switch ready without (.+)", _surveyed),
    (r"switch ready after a restart", lambda run: _surveyed(run, restarted=True)),
    (
        r"switch ready after a restart, its phones not asked yet",
        lambda run: _surveyed(run, restarted=True, phones_known=False),
    ),
    (r"a survey does not find (\w+)", lambda run, name: [facts.LegVanished(run.legs[name])]),
    (r"a survey finds (\w+) alone", lambda run, name: [facts.LegFound(run.legs[name])]),
    (r"(\w+) is silent", lambda run, name: [facts.LegSilent(run.legs[name])]),
    (r"policy (.+) is loaded", lambda run, name: [facts.PolicyLoaded(POLICIES[name])]),
    (r"a bug is planted in (\S+)", _plant),
    (
        r"the deadline of (\w+) at ([\d.]+)s comes again",
        lambda run, name, at_s: [facts.DeadlinePassed(run.start_ms + round(float(at_s) * 1000), call=run.calls[name])],
    ),
    (r"again", lambda run: run.last_facts),
    (r"(\w+) is (.+) as known (\d+) min ago", _found),
    (r"(\w+) is (.+)", _found),
]


def facts_of(run: Runner, what: str) -> list[Fact] | None:
    """The facts that a line means; ``None`` when it means nothing."""
    for pattern, make in _GRAMMAR:
        if found := re.fullmatch(pattern, what):
            return make(run, *found.groups())
    return None
