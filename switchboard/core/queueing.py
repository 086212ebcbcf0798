"""The operators' queue: who waits, and the moment somebody is free for somebody who waits.

Event-driven in both directions. A caller who comes (or whose operator did not answer) looks for a person; a
person who becomes ready looks for a caller in every queue they serve. Nothing polls. Who suits whom is chosen by the
board (``matching``); what a caller asks for weakens with time: more people may be rung, less skill will do.
"""

from __future__ import annotations

import msgspec

from switchboard.core import announcing, backup, seating, strategies
from switchboard.core.booking import Booking
from switchboard.core.call_state import Call, Waiting
from switchboard.core.entries import PersonState
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_music, let_hear_ringing
from switchboard.core.ids import PersonId
from switchboard.core.matching import Need, covers
from switchboard.core.offering import offer_to_person
from switchboard.core.policy import QueueStep
from switchboard.core.queue_rules import Queue, QueueStrategy
from switchboard.core.staff import PersonRecord
from switchboard.core.sticky import same_operator


def why_nobody_serves(floor: Floor, call: Call, queue: str) -> str | None:
    """Why waiting in ``queue`` would be in vain; ``None`` when somebody on shift may be rung, now or later."""
    on_shift = _on_shift(floor, call, queue)
    if not on_shift:
        return f"nobody who serves queue {queue} is signed in"
    lasting = _lasting_skills(_step_of(call, queue))
    able = [person for person in on_shift if _is_able(floor, person.person_id, lasting)]
    if not able:
        needed = ", ".join(f"{skill} {level}" for skill, level in lasting)
        return f"nobody who serves queue {queue} and is signed in has {needed}"
    if all(person.person_id in call.not_again for person in able):
        return f"nobody left to ring in queue {queue}: all who are signed in did not take this call before"
    return None


def _on_shift(floor: Floor, call: Call, name: str) -> list[PersonRecord]:
    """Who may be rung, now or later; of the backup group while it stands in, or when there is nobody else."""
    queue = floor.queue_of(call, name)
    people = [floor.people[person] for person in queue.everybody if person in floor.people]
    there = [person for person in people if person.on_shift]
    if queue.backup is None or backup.stands_in(floor, name):
        return there
    return [person for person in there if person.person_id not in queue.backup.people] or there


def _is_able(floor: Floor, person_id: PersonId, skills: tuple[tuple[str, int], ...]) -> bool:
    person = floor.policy.people.get(person_id)
    return covers(person.skills if person is not None else {}, skills)


# joining, and what is asked for ----------------------------------------------------------------------------------


def join(floor: Floor, call: Call, step: QueueStep) -> None:
    """Let the caller wait in the step's queue, and look for somebody at once."""
    call.flag = step.flag or call.flag
    queue = floor.queue_of(call, step.queue)
    announced = announcing.at_first(floor, call, step)
    call.enter(Waiting(step.queue, floor.at_ms + step.at_most_ms, since_ms=floor.at_ms, announced=announced))
    floor.join_queue(call, step.queue)
    if step.queue not in floor.queues:  # closed since the call came
        seating.set_up(floor)
    floor.because(call, "step", f"waits in queue {step.queue}, at most {step.at_most_ms / 1000:g} s")
    keep_for_same_operator(floor, call, queue)
    find_person(floor, call)


def keep_for_same_operator(floor: Floor, call: Call, queue: Queue) -> None:
    """Who talked with an operator lately is theirs for a few seconds, if the queue is so configured."""
    person = same_operator(floor, call, queue)
    if person is not None:
        first_s = queue.same_operator_first_ms / 1000
        floor.because(call, "kept", f"talked with them the last time: theirs for {first_s:g} s", person)
        call.enter(msgspec.structs.replace(_waiting(call), only=person))


def review_need(floor: Floor, call: Call) -> None:
    """What the caller asks for by now, and when that changes next."""
    state = _waiting(call)
    queue, step = floor.queue_of(call, state.queue), _step_of(call, state.queue)
    waited_ms = floor.at_ms - state.since_ms
    only = state.only if waited_ms < queue.same_operator_first_ms and state.only not in call.not_again else None
    relaxed = waited_ms // step.relax_every_ms if step.relax_every_ms else 0
    skills = seating.skills_asked_for(step, relaxed)
    need = Need(sum(tier.after_ms <= waited_ms for tier in queue.tiers), skills)
    changes_ms = [tier.after_ms for tier in queue.tiers]
    changes_ms += [queue.same_operator_first_ms] if only is not None else []
    changes_ms += [queue.music_after_ms] if not call.answered else []
    changes_ms += [(relaxed + 1) * step.relax_every_ms] if skills and step.relax_every_ms else []
    until_ms = min((state.since_ms + at_ms for at_ms in changes_ms if at_ms > waited_ms), default=None)
    if queue.backup is not None and (late_ms := call.arrived_at_ms + queue.backup.within_ms + 1) > floor.at_ms:
        until_ms = min(late_ms, until_ms or late_ms)
    call.enter(msgspec.structs.replace(state, need=need, only=only, need_until_ms=until_ms))
    floor.changed[call.call_id] = None  # also where new rules are the cause, and no fact about the call


def _waiting(call: Call) -> Waiting:
    assert isinstance(call.state, Waiting)
    return call.state


def _step_of(call: Call, queue: str) -> QueueStep:
    """The step by which the call waits in ``queue``."""
    step = call.plan.steps[call.step] if call.plan is not None and call.step >= 0 else None
    return step if isinstance(step, QueueStep) and step.queue == queue else QueueStep(queue, 0)


def _lasting_skills(step: QueueStep) -> tuple[tuple[str, int], ...]:
    """What is asked for however long the caller waits."""
    return () if step.relax_every_ms else tuple(sorted(step.skills.items()))


# finding ---------------------------------------------------------------------------------------------------------


def find_person(floor: Floor, call: Call) -> None:
    """Ring whoever is to be rung for a call that waits, if there is anybody."""
    seating.settle(floor)
    queue = floor.queue_of(call, _waiting(call).queue)
    backup.review_for(floor, call, queue.name)
    review_need(floor, call)
    people = [person for person in _choose(floor, call, queue) if not _is_due_to_another(floor, call, person)]
    if not people:
        _let_wait(floor, call, queue)
        floor.board.wait(seating.as_waiting(floor, call))
        announcing.say_if_due(floor, call)
    for person in people:
        ring_for(floor, call, floor.people[person])


def _choose(floor: Floor, call: Call, queue: Queue) -> list[PersonId]:
    caller = seating.as_waiting(floor, call)
    if queue.strategy not in (QueueStrategy.ALL, QueueStrategy.RANDOM_WEIGHTED) or caller.only is not None:
        person = floor.board.person_for(caller, lambda one: _is_ready(floor, one))
        return [person] if person is not None else []
    suited = [one for one in queue.everybody if _is_ready(floor, one) and floor.board.suits(one, caller)]
    if queue.strategy is QueueStrategy.ALL or not suited:
        return suited
    tiers = floor.tiers[queue.name]
    first = min(tiers[one] for one in suited)
    return [strategies.draw(queue, [one for one in suited if tiers[one] == first], call)]


def _is_due_to_another(floor: Floor, call: Call, person: PersonId) -> bool:
    """Whether somebody waits whose turn with this person comes first. Then the person became ready, or the backup group
    opened, in this very moment, and will ring for whoever is first in line."""
    first = floor.board.caller_for(person)
    mine = (seating.place_of(floor, call, _waiting(call).queue), call.call_id)
    if first is None or (first.place_ms, first.call) >= mine:
        return False
    floor.touch(person)
    return True


def _is_ready(floor: Floor, person: PersonId) -> bool:
    record = floor.people.get(person)
    return record is not None and record.state is PersonState.READY


def wait_again(floor: Floor, call: Call, name: str) -> None:
    """The call waits, and nobody refused it: whoever is ready rings for the first in line, which may be another."""
    queue = floor.queue_of(call, name)
    _let_wait(floor, call, queue)
    review_need(floor, call)
    floor.board.wait(seating.as_waiting(floor, call))
    for person in queue.everybody:
        floor.touch(person)


def _let_wait(floor: Floor, call: Call, queue: Queue) -> None:
    """Music, or ringing to begin with: who is served within a second or two need not be answered by a machine first."""
    if floor.at_ms - _waiting(call).since_ms < queue.music_after_ms:
        let_hear_ringing(floor, call, queue.music)
    else:
        let_hear_music(floor, call, queue.music)


def next_turn(floor: Floor, person: PersonRecord) -> tuple[Call | Booking, PersonRecord] | None:
    """A turn that must be taken before this person may stay ready: a caller, or somebody to be called back, and who is
    rung for them; ``None`` when there is none.

    Mostly that is the first in line for this person, and this person. But when many become ready in one moment, another
    may come before them by tier or strategy, for whom somebody else is first in line, and so on.
    """
    if person.state is not PersonState.READY:
        return None
    caller = floor.board.caller_for(person.person_id)
    if caller is None:
        joined = _rings_for_all(floor, person)
        return (joined, person) if joined is not None else None
    rung = person.person_id
    while (best := floor.board.person_for(caller, lambda one: _is_ready(floor, one)) or rung) != rung:
        rung = best
        caller = floor.board.caller_for(rung) or caller  # the same, or one whose place comes before it
    return floor.calls.get(caller.call) or floor.bookings[caller.call], floor.people[rung]


def _rings_for_all(floor: Floor, person: PersonRecord) -> Call | None:
    """Somebody for whom all who are ready are being rung: one more may join in."""
    for name in floor.board.queues_of(person.person_id):
        if floor.queues[name].strategy is not QueueStrategy.ALL:
            continue
        for call_id in floor.waiting.get(name, ()):
            call = floor.calls[call_id]
            if call.offers and floor.board.suits(person.person_id, seating.as_waiting(floor, call)):
                return call
    return None


def ring_for(floor: Floor, call: Call, person: PersonRecord) -> None:
    """Ring a person who is ready for a call that waits."""
    state = _waiting(call)
    queue = floor.queue_of(call, state.queue)
    why = strategies.explain(queue, person, floor.at_ms)
    if state.only is not None:
        why = f"queue {queue.name}: talked with the caller the last time"
    floor.board.leave(call.call_id)
    strategies.count_ring(floor, person, queue.name)
    offer = offer_to_person(floor, call, person.person_id, queue.ring_ms, why)
    let_hear_ringing(floor, call, queue.music)
    call.enter(msgspec.structs.replace(state, offers=(*state.offers, offer)))
