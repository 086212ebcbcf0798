"""The steps of a plan: begin one, skip what cannot work now, fall through to the next.

A step that cannot work now (nobody on shift, phone not registered, on a call, refused this call before) is
skipped at once, and the record says why. The last step of every plan is one that always works.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import msgspec

from switchboard.core import kept_places, notice, queueing, stand_ins
from switchboard.core.actions import Play, StopMusic
from switchboard.core.announcing import hush
from switchboard.core.call_state import Call, Ringing, Saying
from switchboard.core.ending import end
from switchboard.core.entries import Direction, Outcome, PersonState, TaskOpened
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_music, let_hear_ringing, let_hear_voice
from switchboard.core.ids import PersonId, PlaybackId, task_id_for
from switchboard.core.leaving_message import begin, say_opening
from switchboard.core.offering import offer_outside, offer_to_person
from switchboard.core.outside import shown_outside
from switchboard.core.policy import (
    CallbackStep,
    EndStep,
    MessageStep,
    OutsideStep,
    Plan,
    QueueStep,
    ReturnStep,
    RingStep,
    Step,
    Strategy,
    VoicemailStep,
    Whom,
    WhomKind,
)
from switchboard.core.staff import why_not_again, why_not_by_colleague, why_not_now
from switchboard.core.state_parts import Bug
from switchboard.core.ways_out import why_not_joined

BUSY_CAUSE, NO_ANSWER_CAUSE, ABSENT_CAUSE, REFUSED_CAUSE = 17, 19, 20, 21
CONGESTION_CAUSE = 42  # 503 on the wire


def begin_plan(floor: Floor, call: Call, plan: Plan) -> None:
    call.plan = plan
    if plan.opens_task is not None:
        whom = next((step.whom for step in plan.steps if isinstance(step, RingStep)), ())
        open_task(floor, call, plan.opens_task, whom, f"plan {plan.name}")
    next_step(floor, call)


def next_step(floor: Floor, call: Call) -> None:
    """Go on with the first of the following steps that can work now."""
    assert call.plan is not None
    hush(floor, call)
    floor.leave_queue(call.call_id)
    while call.step + 1 < len(call.plan.steps):
        if notice.is_due(floor, call, call.plan.steps[call.step + 1]):
            notice.tell(floor, call)
            return
        call.step += 1
        if _begin(floor, call, call.plan.steps[call.step]):
            return
    raise Bug(f"plan {call.plan.name} has no end")


def _begin(floor: Floor, call: Call, step: Step) -> bool:
    match step:
        case QueueStep():
            kept_places.take_back(floor, call, step.queue)
            if step.at_head:
                call.waits_since_ms = 0
            why_not = why_not_joined(floor, call, step)
            if why_not is not None:
                floor.because(call, "skipped", why_not)
                return False
            queueing.join(floor, call, step)
            return True
        case RingStep():
            return _begin_ringing(floor, call, step)
        case ReturnStep():
            return _begin_return(floor, call, step)
        case OutsideStep():
            offer = offer_outside(floor, call, step.number, shown_outside(floor.policy_of(call), call), step.at_most_ms)
            let_hear_ringing(floor, call)
            call.enter(Ringing((offer,), (), step.at_most_ms, floor.at_ms + step.at_most_ms))
            return True
        case MessageStep():
            floor.because(call, "step", "nobody could take the call: says so")
            say(floor, call, step.prompts + say_opening(floor, call, step.opens), Outcome.MESSAGE)
            return True
        case VoicemailStep():
            box = floor.box_of(call, step.box)
            if box is None:
                raise Bug(f"there is no box {step.box}")
            begin(floor, call, box, step.prompts + say_opening(floor, call, step.opens))
            return True
        case CallbackStep():
            floor.because(call, "step", "nobody could take the call: a task to call back")
            open_task(floor, call, "call_back", step.whom, "nobody could take the call")
            say(floor, call, step.prompts, Outcome.CALLBACK)
            return True
        case EndStep():
            _end_placed_call(floor, call, step)
            return True
        case _:
            assert_never(step)


# ringing people ------------------------------------------------------------------------------------------------


def _begin_ringing(floor: Floor, call: Call, step: RingStep) -> bool:
    candidates = find_people(floor, call, step.whom)
    until_ms = floor.at_ms + step.at_most_ms
    call.enter(Ringing((), tuple(candidates), step.each_ms, until_ms, asked_for=step.asked_for))
    return ring_next(floor, call, at_once=step.strategy is Strategy.ALL)


def ring_next(floor: Floor, call: Call, *, at_once: bool = False) -> bool:
    """Ring the next candidate who can be rung (all of them, if ``at_once``); false when there is none left."""
    state = call.state
    assert isinstance(state, Ringing)
    offers = list(state.offers)
    candidates = list(state.candidates)
    ring_ms = min(state.each_ms, state.step_until_ms - floor.at_ms)
    while candidates and ring_ms > 0 and (at_once or not offers):
        meant = candidates.pop(0)
        person = stand_ins.whom_to_ring(floor, call, meant)
        if person is None:
            call.last_cause = ABSENT_CAUSE
            continue
        why_not = _why_not(floor, call, person)
        if why_not is not None:
            floor.because(call, "skipped", why_not, person)
            continue
        offer = offer_to_person(floor, call, person, ring_ms, "rings")
        offers.append(offer if person == meant else msgspec.structs.replace(offer, meant=meant))
    if not offers:
        return False
    let_hear_ringing(floor, call)
    call.enter(msgspec.structs.replace(state, offers=tuple(offers), candidates=tuple(candidates)))
    return True


def _why_not(floor: Floor, call: Call, person: PersonId) -> str | None:
    """Why ``person`` is not rung for ``call`` now; also sets the cause a colleague's call would end with."""
    record = floor.people.get(person)
    if person == call.caller_person:
        return "is the caller"
    if record is None:
        return "is no longer among the staff"
    if person in call.not_again:
        return "did not take this call before"
    asked_for = isinstance(call.state, Ringing) and call.state.asked_for
    if call.direction is not Direction.INTERNAL and not asked_for:
        return why_not_now(record)
    call.last_cause = BUSY_CAUSE if record.legs or record.do_not_disturb else ABSENT_CAUSE
    return why_not_by_colleague(record)


_ANOTHER_MOMENT_MS = 1_000
"""A phone that hangs up all its calls ends them one after the other."""


def _begin_return(floor: Floor, call: Call, step: ReturnStep) -> bool:
    """Ring who gave the caller away, if nothing but the leg that they leave keeps them busy, or in a moment."""
    record = floor.people.get(step.person)
    if record is None or step.person == call.caller_person or why_not_again(record, call.call_id) is None:
        return ring_again(floor, call)
    if not record.legs or not record.registered:
        return ring_again(floor, call)
    let_hear_music(floor, call)
    call.enter(Ringing((), (), step.ring_ms, floor.at_ms + _ANOTHER_MOMENT_MS, waits_for=step.person))
    return True


def ring_again(floor: Floor, call: Call) -> bool:
    """Ring who gave the caller away, by the present step; false where they cannot be rung."""
    step = call.plan.steps[call.step] if call.plan is not None else None
    assert isinstance(step, ReturnStep)
    record = floor.people.get(step.person)
    why_not = why_not_again(record, call.call_id) if record is not None else "is no longer among the staff"
    if step.person == call.caller_person:
        why_not = "is the caller"
    if why_not is not None:
        floor.because(call, "skipped", why_not, step.person)
        return False
    call.not_again = [person for person in call.not_again if person != step.person]
    offer = offer_to_person(floor, call, step.person, step.ring_ms, f"rings: {step.sign}", step.sign)
    let_hear_ringing(floor, call)
    call.enter(Ringing((offer,), (), step.ring_ms, floor.at_ms + step.ring_ms))
    return True


def find_people(floor: Floor, call: Call, whom: Sequence[Whom]) -> list[PersonId]:
    """Whom a step means, in the order they are rung: as written, within a pool longest idle first.

    Says in the record when there is nobody to mean (a client without a manager).
    """
    policy = floor.policy_of(call)
    found: dict[PersonId, None] = {}
    for meant in whom:
        people: list[PersonId] = []
        match meant.kind:
            case WhomKind.OWN_MANAGER:
                manager = call.client.manager if call.client is not None else None
                if manager in policy.people and manager is not None:
                    people = [manager]
                else:
                    floor.because(call, "skipped", _no_manager(manager))
            case WhomKind.DEPARTMENT_HEAD:
                department = call.client.department if call.client is not None else None
                if department not in policy.departments:
                    department = call.line.department if call.line is not None else None
                people = [policy.departments[department].head] if department is not None else []
            case WhomKind.HEAD_OF:
                people = [policy.departments[meant.name].head]
            case WhomKind.POOL:
                people = sorted(policy.pools[meant.name].people, key=lambda person: _idle_order(floor, person))
            case WhomKind.PERSON:
                people = [PersonId(meant.name)]
            case _:
                assert_never(meant.kind)
        found |= dict.fromkeys(people)
    return list(found)


def _no_manager(manager: PersonId | None) -> str:
    return "has no manager of their own" if manager is None else f"their manager {manager} is not among the staff"


def _idle_order(floor: Floor, person: PersonId) -> tuple[bool, int, str]:
    record = floor.people.get(person)
    ready = record is not None and record.state is PersonState.READY
    return (not ready, record.idle_since_ms if record is not None else 0, person)


# messages and tasks --------------------------------------------------------------------------------------------


def say(floor: Floor, call: Call, prompts: tuple[str, ...], outcome: Outcome) -> None:
    """Let the caller hear a message; the call ends after it."""
    let_hear_voice(floor, call)
    playback = PlaybackId(call.make_id())
    floor.act(Play(call.call_id, call.leg, playback, prompts))
    until_ms = floor.at_ms + floor.policy_of(call).limits.message_at_most_ms
    call.enter(Saying(playback, outcome, until_ms, prompts))


def say_again(floor: Floor, call: Call, state: Saying) -> None:
    """Nobody knows whether the caller has heard the message, or any of it. If it is being said right now, Asterisk says
    it behind that, and the end of the first ends the call."""
    floor.ask_again(StopMusic(call.call_id, call.leg))
    floor.ask_again(Play(call.call_id, call.leg, state.playback, state.prompts))
    until_ms = floor.at_ms + floor.policy_of(call).limits.message_at_most_ms
    call.enter(Saying(state.playback, state.outcome, until_ms, state.prompts))
    floor.because(call, "asked_again", "nobody knows whether the message was heard")


def open_task(floor: Floor, call: Call, kind: str, whom: Sequence[Whom], reason: str) -> None:
    """Open a task for the first person meant, or their deputy; for nobody when ``whom`` means nobody."""
    meant = next(iter(find_people(floor, call, whom)), None)
    if meant is None:
        return
    person = stand_ins.whose_task(floor, meant)
    if person != meant:
        floor.because(call, "deputy", f"gets the tasks of {meant}", person)
    client_id = call.client.client_id if call.client is not None else None
    floor.entries.append(
        TaskOpened(
            task=task_id_for(call.call_id, kind),
            kind=kind,
            call=call.call_id,
            person=person,
            about=client_id or call.number.e164 or call.call_id,
            opened_at_ms=floor.at_ms,
            client_id=client_id,
            caller_number=call.number.e164,
            reason=reason,
        )
    )
    floor.because(call, "task", f"task {kind}", person)


# calls that staff place ----------------------------------------------------------------------------------------

_PLACED_OUTCOME = {BUSY_CAUSE: Outcome.BUSY, REFUSED_CAUSE: Outcome.REFUSED}
_UNANSWERED_CAUSES = (18, NO_ANSWER_CAUSE, ABSENT_CAUSE, 27)


def _end_placed_call(floor: Floor, call: Call, step: EndStep) -> None:
    """The colleague or the number outside did not answer: pass the cause on to the phone that called."""
    cause = call.last_cause if step.cause == NO_ANSWER_CAUSE else step.cause
    outcome = _PLACED_OUTCOME.get(cause)
    if outcome is None:
        outcome = Outcome.NO_ANSWER if cause in _UNANSWERED_CAUSES else Outcome.CARRIER_FAULT
    end(floor, call, outcome, step.reason, cause=cause)
