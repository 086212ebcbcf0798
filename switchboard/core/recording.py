"""Recording talks: what is recorded and why, when it begins and ends, and what is left out.

A part is one talk of a call: two people in a bridge. Whoever brings two together calls ``begin``, whoever parts them
``stop``; a call with several talks has several parts, numbered. It is the bridge that is recorded, so a talk that is
not recorded is not touched at all.

Nobody is recorded who was not told, where the rule asks for that. Callers are told before anybody is rung
(``notice``). Who could not be told then (called back, called by us, picked up by a colleague) hears it in the bridge,
as do staff, and recording begins behind it.

A recording that cannot be made never ends a talk: it is on record, with why, and an alarm (``engine.courier``).
"""

from __future__ import annotations

import msgspec

from switchboard.core.actions import GoOnRecording, PauseRecording, Play, PlayInBridge, StartRecording, StopRecording
from switchboard.core.call_state import Call, Talking
from switchboard.core.entries import Direction, RecordingPart
from switchboard.core.facts import ActionFailed, PlaybackEnded, RecordingEnded
from switchboard.core.floor import Floor
from switchboard.core.ids import BridgeId, LegId, PersonId, PlaybackId, RecordingId
from switchboard.core.policy import Policy
from switchboard.core.recording_rules import RecordingRule
from switchboard.core.state_parts import Offer, Party, TalkRecording

OVER_BEFORE = "the talk was over before it began"
_BROKE_OFF_MS = 3_000
"""A recording whose talk goes on for so long after its end broke off; what is less is the talk's own end."""


# which talks -----------------------------------------------------------------------------------------------------


def decide(policy: Policy, call: Call, person: PersonId | None) -> RecordingRule | None:
    """The rule for a talk of ``call`` with ``person``; ``None``: none fits, and it is not recorded."""
    staff = [one for one in (person, call.caller_person) if one is not None]
    line = call.line.name if call.line is not None else None
    for rule in policy.recording.rules:
        if (
            call.direction in rule.directions
            and (not rule.lines or line in rule.lines)
            and (not rule.queues or call.from_queue in rule.queues)
            and (not rule.people or any(one in rule.people for one in staff))
            and (not rule.departments or any(department_of(policy, one) in rule.departments for one in staff))
        ):
            return rule
    return None


def department_of(policy: Policy, person: PersonId) -> str | None:
    known = policy.people.get(person)
    return known.department if known is not None else None


# begin and stop --------------------------------------------------------------------------------------------------


def begin(floor: Floor, call: Call, bridge: BridgeId, person: PersonId | None, legs: tuple[LegId, ...]) -> None:
    """Two are in ``bridge``, ``legs``: the caller's, and that of ``person``. Record them, if a rule says so."""
    policy = floor.policy_of(call)
    if not policy.recording.rules or call.recording is not None:
        return
    rule = decide(policy, call, person)
    if rule is None or not rule.record:
        why = "no rule fits" if rule is None else f'rule "{rule.name}"'
        floor.because(call, "recording", f"not recorded: {why}", person)
        return
    part = TalkRecording(
        recording=RecordingId(call.make_id()),
        number=call.talks_recorded + 1,
        person=person,
        bridge=bridge,
        legs=legs,
        rule=rule.name,
        may_pause=rule.may_pause,
    )
    if rule.announce and not call.told_recorded and call.direction is not Direction.INTERNAL:
        _tell_in_bridge(floor, call, part)
    else:
        _start(floor, call, part)


def begin_of_three(floor: Floor, call: Call, bridge: BridgeId, first: Offer, third: Party) -> None:
    """Three are in ``bridge``. If one of the two who talk with the caller must not be recorded, nobody is."""
    policy = floor.policy_of(call)
    rule = decide(policy, call, third.person) if policy.recording.rules else None
    if rule is not None and not rule.record:
        floor.because(call, "recording", f'not recorded: rule "{rule.name}"', third.person)
        return
    begin(floor, call, bridge, first.person, (call.leg, first.leg, third.leg))


def _tell_in_bridge(floor: Floor, call: Call, part: TalkRecording) -> None:
    policy = floor.policy_of(call)
    playback = PlaybackId(call.make_id())
    floor.act(PlayInBridge(call.call_id, part.bridge, playback, policy.recording.announcement))
    until_ms = floor.at_ms + policy.limits.message_at_most_ms
    call.recording = msgspec.structs.replace(part, telling=playback, until_ms=until_ms)
    floor.because(call, "recording", f'rule "{part.rule}": both are told first', part.person)


def _start(floor: Floor, call: Call, part: TalkRecording) -> None:
    part = msgspec.structs.replace(part, started_at_ms=floor.at_ms, telling=None, until_ms=None)
    floor.act(StartRecording(call.call_id, part.bridge, part.recording, part.legs))
    call.recording, call.talks_recorded = part, part.number
    floor.because(call, "recording", f'recorded: rule "{part.rule}"', part.person)
    _note(floor, call, part)


def stop(floor: Floor, call: Call) -> None:
    """The talk is over, or goes on in another bridge. May be called at any time."""
    part, call.recording = call.recording, None
    call.keyed = {}
    if part is None or part.started_at_ms is None:
        return
    if part.over_at_ms is None:
        floor.act(StopRecording(call.call_id, part.recording))
    elif floor.at_ms - part.over_at_ms >= _BROKE_OFF_MS and not part.trouble:
        part = _broken_off(part, part.over_at_ms)
    floor.unfiled[part.recording] = floor.at_ms
    _note(floor, call, _with_pause_over(part, floor.at_ms), floor.at_ms)


def _broken_off(part: TalkRecording, over_at_ms: int) -> TalkRecording:
    lasted_s = (over_at_ms - (part.started_at_ms or over_at_ms)) / 1000
    return msgspec.structs.replace(part, until_ms=None, trouble=f"broke off after {lasted_s:.0f} s in mid-talk")


def _with_pause_over(part: TalkRecording, at_ms: int) -> TalkRecording:
    if part.paused_at_ms is None:
        return part
    pauses = (*part.pauses, (part.paused_at_ms, at_ms))
    return msgspec.structs.replace(part, pauses=pauses, paused_at_ms=None, until_ms=None)


def _note(floor: Floor, call: Call, part: TalkRecording, ended_at_ms: int | None = None) -> None:
    assert part.started_at_ms is not None
    floor.entries.append(
        RecordingPart(
            recording=part.recording,
            call=call.call_id,
            number=part.number,
            person=part.person,
            started_at_ms=part.started_at_ms,
            ended_at_ms=ended_at_ms,
            paused_ms=sum(until_ms - since_ms for since_ms, until_ms in part.pauses),
            pauses=part.pauses,
            rule=part.rule,
            trouble=part.trouble,
        )
    )


# leaving something out -------------------------------------------------------------------------------------------


def why_not_paused(call: Call) -> str | None:
    """Why staff cannot leave anything out now; ``None``: they can."""
    part = call.recording
    if part is None or part.started_at_ms is None or part.over_at_ms is not None:
        return "the talk is not recorded"
    return None if part.may_pause else f'rule "{part.rule}" allows no pause'


def pause(floor: Floor, call: Call, leg: LegId, person: PersonId | None) -> None:
    """Leave out what is said from now on; ``leg`` hears when it is so. Only where ``why_not_paused`` says nothing."""
    part = call.recording
    if part is None or part.paused_at_ms is not None:
        return
    policy = floor.policy_of(call)
    prompts, playback = policy.prompts.recording_paused, PlaybackId(call.make_id())
    floor.act(PauseRecording(call.call_id, part.recording, leg, playback, prompts))
    until_ms = floor.at_ms + policy.recording.pause_at_most_ms
    call.recording = msgspec.structs.replace(part, paused_at_ms=floor.at_ms, until_ms=until_ms, paused_by=leg)
    floor.because(call, "recording", "paused", person)


def go_on(floor: Floor, call: Call, leg: LegId, person: PersonId | None, why: str = "goes on") -> None:
    """Record again; ``leg`` hears when it is so."""
    part = call.recording
    if part is None or part.paused_at_ms is None:
        return
    prompts, playback = floor.policy_of(call).prompts.recording_goes_on, PlaybackId(call.make_id())
    floor.act(GoOnRecording(call.call_id, part.recording, leg, playback, prompts))
    call.recording = _with_pause_over(part, floor.at_ms)
    floor.because(call, "recording", why, person)
    _note(floor, call, call.recording)


def by_key(floor: Floor, call: Call, leg: LegId, person: PersonId) -> None:
    """Pause, or go on; ``leg`` hears it, and also when it cannot be."""
    why_not = why_not_paused(call)
    if why_not is not None:
        floor.because(call, "refused", f"recording cannot be paused: {why_not}", person)
        _refuse(floor, call, leg)
    elif call.recording is not None and call.recording.paused_at_ms is not None:
        go_on(floor, call, leg, person)
    else:
        pause(floor, call, leg, person)


def _refuse(floor: Floor, call: Call, leg: LegId) -> None:
    floor.act(Play(call.call_id, leg, PlaybackId(call.make_id()), floor.policy_of(call).prompts.refused))


def at_the_desk(floor: Floor, person: PersonId, *, pauses: bool) -> str | None:
    """The same for whoever asks at the desk: in the talk that they have now."""
    for leg, engaged in floor.people[person].legs.items():
        call = floor.calls.get(engaged.call)
        if call is not None and isinstance(call.state, Talking) and leg in (call.leg, call.state.leg):
            if (why_not := why_not_paused(call)) is None:
                (pause if pauses else go_on)(floor, call, leg, person)
                floor.changed[call.call_id] = None
            return why_not
    return "does not talk with anybody"


# what happens to it ----------------------------------------------------------------------------------------------


def is_due(floor: Floor, call: Call) -> bool:
    """Whether a deadline of the recording has come: of a pause, of what both are told, of the talk's own end."""
    return call.recording is not None and call.recording.until_ms is not None and call.recording.until_ms <= floor.at_ms


def when_late(floor: Floor, call: Call) -> None:
    part = call.recording
    assert part is not None
    if part.telling is not None:
        _not_told(floor, call, part, "it took too long")
    elif part.over_at_ms is not None:
        call.recording = _broken_off(part, part.over_at_ms)
        floor.because(call, "recording", call.recording.trouble, part.person)
        _note(floor, call, call.recording)
    elif part.paused_by is not None:
        go_on(floor, call, part.paused_by, None, "goes on: the pause took too long")


def when_told(floor: Floor, call: Call, fact: PlaybackEnded) -> bool:
    """Both heard that they are recorded, or could not."""
    part = call.recording
    if part is None or part.telling is None or part.telling != fact.playback:
        return False
    if fact.heard:
        call.told_recorded = True
        _start(floor, call, part)
    else:
        _not_told(floor, call, part, "it could not be played")
    return True


def _not_told(floor: Floor, call: Call, part: TalkRecording, why: str) -> None:
    floor.because(call, "recording", f"not recorded: nobody was told that they would be ({why})", part.person)
    call.recording = None
    trouble = msgspec.structs.replace(part, started_at_ms=floor.at_ms, trouble=f"the announcement: {why}")
    _note(floor, call, trouble, floor.at_ms)


def when_ended(floor: Floor, call: Call, fact: RecordingEnded) -> bool:
    """Asterisk says that it is over. In the midst of a talk it broke off; at the end this may come first."""
    part = call.recording
    if part is None or part.recording != fact.recording or part.over_at_ms is not None:
        return False
    part = msgspec.structs.replace(_with_pause_over(part, floor.at_ms), over_at_ms=floor.at_ms)
    if fact.kept:
        part = msgspec.structs.replace(part, until_ms=floor.at_ms + _BROKE_OFF_MS)
    if not fact.kept:
        part = msgspec.structs.replace(part, trouble=fact.why or "Asterisk could not record")
        floor.because(call, "recording", f"broke off: {part.trouble}", part.person)
        _note(floor, call, part)
    call.recording = part
    return True


def when_refused(floor: Floor, call: Call, fact: ActionFailed) -> bool:
    part = call.recording
    if part is None:
        return False
    match fact.action:
        case "StartRecording" if part.started_at_ms is not None:
            why = OVER_BEFORE if fact.gone is not None else fact.why
            floor.because(call, "recording", f"not recorded: {why}", part.person)
            call.recording = None
            _note(floor, call, msgspec.structs.replace(part, trouble=why), floor.at_ms)
        case "PauseRecording" if part.paused_at_ms is not None and part.paused_by is not None:
            floor.because(call, "recording", f"could not be paused: {fact.why}", part.person)
            call.recording = msgspec.structs.replace(part, paused_at_ms=None, until_ms=None)
            _refuse(floor, call, part.paused_by)
        case "GoOnRecording" if part.pauses and part.paused_at_ms is None and part.over_at_ms is None:
            floor.because(call, "recording", f"did not go on: {fact.why}", part.person)
            call.recording = msgspec.structs.replace(part, over_at_ms=floor.at_ms, trouble=f"did not go on: {fact.why}")
            _note(floor, call, call.recording)
        case "PlayInBridge" if part.telling is not None and fact.playback == part.telling:
            _not_told(floor, call, part, fact.why)
        case _:
            return False
    return True


def resume(floor: Floor, call: Call) -> None:
    """Nobody knows whether Asterisk was asked: ask again for what should be."""
    part = call.recording
    if part is None or part.over_at_ms is not None:
        return
    if part.telling is not None:
        announcement = floor.policy_of(call).recording.announcement
        floor.ask_again(PlayInBridge(call.call_id, part.bridge, part.telling, announcement))
        return
    floor.ask_again(StartRecording(call.call_id, part.bridge, part.recording, part.legs))
    kind = GoOnRecording if part.paused_at_ms is None else PauseRecording
    if kind is PauseRecording or part.pauses:
        floor.ask_again(kind(call.call_id, part.recording))
