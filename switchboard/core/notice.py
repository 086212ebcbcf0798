"""What callers are told before anybody is rung for them: that the talk may be recorded.

They hear it once, before the first step of their plan that may lead to a recorded talk, and go on when it is over.
Who is not told, because it cannot be played or they were put through past it, is told in the bridge (``recording``).
"""

from __future__ import annotations

from typing import assert_never

from switchboard.core.actions import Play, StopMusic, StopPlaying
from switchboard.core.call_state import Call, Telling
from switchboard.core.entries import Direction
from switchboard.core.facts import PlaybackEnded
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_voice
from switchboard.core.ids import PersonId, PlaybackId
from switchboard.core.policy import QueueStep, RingStep, Step, WhomKind
from switchboard.core.recording import department_of
from switchboard.core.recording_rules import RecordingRule


def is_due(floor: Floor, call: Call, step: Step) -> bool:
    """Whether the caller must be told before ``step``: somebody it may lead to could be recorded, by the rules."""
    if call.direction is not Direction.INBOUND or call.notice_tried or not isinstance(step, QueueStep | RingStep):
        return False
    rules = floor.policy_of(call).recording
    for rule in rules.rules:
        fits = _may_fit(floor, call, step, rule)
        if fits is not False and rule.record and rule.announce:
            return bool(rules.announcement)
        if fits:
            return False
    return False


def _may_fit(floor: Floor, call: Call, step: QueueStep | RingStep, rule: RecordingRule) -> bool | None:
    """``None``: that depends on who picks up."""
    line = call.line.name if call.line is not None else None
    queue = step.queue if isinstance(step, QueueStep) else None
    if call.direction not in rule.directions or (rule.lines and line not in rule.lines):
        return False
    if rule.queues and queue not in rule.queues:
        return False
    if not rule.people and not rule.departments:
        return True
    people = floor.queue_of(call, queue).everybody if queue is not None else _meant_by(floor, call, step)
    suited = [_is_meant(floor, call, rule, person) for person in people]
    return None if any(suited) and not all(suited) else bool(suited) and all(suited)


def _meant_by(floor: Floor, call: Call, step: QueueStep | RingStep) -> list[PersonId]:
    """Whom a step rings, but for those who stand in for them."""
    policy, client = floor.policy_of(call), call.client
    people: list[PersonId] = []
    for meant in step.whom if isinstance(step, RingStep) else ():
        match meant.kind:
            case WhomKind.OWN_MANAGER:
                people += [client.manager] if client is not None and client.manager is not None else []
            case WhomKind.DEPARTMENT_HEAD:
                own = client.department if client is not None else None
                name = own if own in policy.departments else call.line.department if call.line is not None else None
                people += [policy.departments[name].head] if name is not None else []
            case WhomKind.HEAD_OF:
                people.append(policy.departments[meant.name].head)
            case WhomKind.POOL:
                people += policy.pools[meant.name].people
            case WhomKind.PERSON:
                people.append(PersonId(meant.name))
            case _:
                assert_never(meant.kind)
    return people


def _is_meant(floor: Floor, call: Call, rule: RecordingRule, person: PersonId) -> bool:
    department = department_of(floor.policy_of(call), person)
    return (not rule.people or person in rule.people) and (not rule.departments or department in rule.departments)


def tell(floor: Floor, call: Call) -> None:
    call.notice_tried = True
    let_hear_voice(floor, call)
    policy = floor.policy_of(call)
    playback = PlaybackId(call.make_id())
    floor.act(Play(call.call_id, call.leg, playback, policy.recording.announcement))
    floor.because(call, "recording", "is told that the talk may be recorded")
    call.enter(Telling(playback, floor.at_ms + policy.limits.message_at_most_ms))


def when_said(floor: Floor, call: Call, state: Telling, fact: PlaybackEnded) -> bool:
    """True: it is over, heard or not, and the plan goes on."""
    if fact.playback != state.playback:
        return False
    call.told_recorded = fact.heard
    if not fact.heard:
        floor.because(call, "recording", "could not be told that the talk may be recorded")
    return True


def when_late(floor: Floor, call: Call, state: Telling) -> None:
    """Its end was not heard of; nobody knows whether the caller heard it."""
    floor.act(StopPlaying(call.call_id, call.leg, state.playback))
    floor.because(call, "recording", "could not be told that the talk may be recorded: it took too long")


def say_again(floor: Floor, call: Call, state: Telling) -> None:
    """Nobody knows whether it was said."""
    policy = floor.policy_of(call)
    floor.ask_again(StopMusic(call.call_id, call.leg))
    floor.ask_again(Play(call.call_id, call.leg, state.playback, policy.recording.announcement))
    call.enter(Telling(state.playback, floor.at_ms + policy.limits.message_at_most_ms))
    floor.because(call, "asked_again", "nobody knows whether the announcement was heard")
