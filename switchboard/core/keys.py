"""Keys that a caller presses while they wait: to another queue, plan or box, or to be called back instead of waiting.

Who asks to be called back says under which number: the one they call from (1), or one that they key in, ended by #.
Meanwhile they have no turn, and then the old place again. Keys do nothing while an operator's phone rings: the
caller's turn has come. A number counts only if the number plan reads it as a public one, it is no line of our own and
begins as ``allowed`` says: nobody outside makes us dial what costs us money.
"""

from __future__ import annotations

import msgspec

from switchboard.core import queueing
from switchboard.core.actions import StopPlaying
from switchboard.core.announcing import hush, say_with_music_behind, told_later
from switchboard.core.call_backs import book, why_not_booked
from switchboard.core.call_state import Asking, Call, Waiting
from switchboard.core.entries import Direction, Outcome
from switchboard.core.facts import KeyPressed
from switchboard.core.floor import Floor
from switchboard.core.leaving_message import begin
from switchboard.core.lines import find_line
from switchboard.core.phone_number import NumberKind, PhoneNumber, read_number
from switchboard.core.policy import Policy, QueueStep
from switchboard.core.queue_rules import WayKind
from switchboard.core.speech import say_digits
from switchboard.core.steps import begin_plan, say
from switchboard.core.ways_out import why_not_joined

_MOST_DIGITS = 20
_CONFIRMS, _ANOTHER, _ENDS, _AGAIN = "1", "2", "#", "*"


def when_pressed(floor: Floor, call: Call, fact: KeyPressed) -> bool:
    state = call.state
    if fact.leg != call.leg:
        return False
    if isinstance(state, Asking):
        return _hear_answer(floor, call, state, fact.key)
    if not isinstance(state, Waiting) or state.offers or call.direction is not Direction.INBOUND:
        return False
    queue = floor.queue_of(call, state.queue)
    way = queue.keys.get(fact.key)
    if way is None:
        return False
    match way.kind:
        case WayKind.CALLBACK:
            _begin_to_ask(floor, call, state)
        case WayKind.QUEUE:
            _go_to_queue(floor, call, state, way.name)
        case WayKind.PLAN:
            _go_to_plan(floor, call, fact.key, way.name)
        case WayKind.VOICEMAIL:
            _leave_message(floor, call, fact.key, way.name)
    return True


def _go_to_plan(floor: Floor, call: Call, key: str, name: str) -> None:
    """A call keeps the plans that it arrived with; the keys of its queue are those of today."""
    plan = floor.policy_of(call).plans.get(name)
    if plan is None:
        floor.because(call, "key", f"waits on: there is no plan {name} in the rules that it arrived with")
        return
    floor.because(call, "key", f"pressed {key}: plan {name}")
    call.step = -1
    begin_plan(floor, call, plan)


def _leave_message(floor: Floor, call: Call, key: str, name: str) -> None:
    box = floor.box_of(call, name)
    if box is None:
        floor.because(call, "key", f"waits on: there is no box {name}")
        return
    floor.because(call, "key", f"pressed {key}: box {name}")
    hush(floor, call)
    floor.leave_queue(call.call_id)
    begin(floor, call, box)


def _go_to_queue(floor: Floor, call: Call, state: Waiting, queue: str) -> None:
    """With the time that is left of the step, and the place of when they called; who cannot wait there stays."""
    step = QueueStep(queue, max(state.step_until_ms - floor.at_ms, 1_000))
    why_not = "they wait there already" if queue == state.queue else why_not_joined(floor, call, step)
    if why_not is not None:
        floor.because(call, "key", f"stays in queue {state.queue}: {why_not}")
        return
    floor.because(call, "key", f"asked for queue {queue}")
    hush(floor, call)
    floor.leave_queue(call.call_id)
    queueing.join(floor, call, step)


# asking for a number -------------------------------------------------------------------------------------------


def why_not_called(policy: Policy, number: PhoneNumber) -> str | None:
    """Why this number is not called back; ``None``: it may be (toll fraud)."""
    if number.kind is not NumberKind.PUBLIC or number.e164 is None:
        return "not a public number"
    if find_line(policy, number.e164) is not None:
        return "a line of our own"
    allowed = policy.callback.allowed
    if allowed and not number.e164.startswith(allowed):
        return "not among the numbers that may be called back"
    return None


def _begin_to_ask(floor: Floor, call: Call, state: Waiting) -> None:
    why_not = why_not_booked(floor)
    if why_not is not None:
        floor.because(call, "key", f"cannot be called back: {why_not}")
        return
    hush(floor, call)
    state = call.state if isinstance(call.state, Waiting) else state
    floor.leave_queue(call.call_id)
    usable = why_not_called(floor.policy_of(call), call.number) is None
    floor.because(call, "key", "asks to be called back")
    _ask(floor, call, state, call.number.e164 if usable else None, 1)


def _ask(
    floor: Floor, call: Call, back_to: Waiting, number: str | None, tries: int, before: tuple[str, ...] = ()
) -> None:
    rules = floor.policy_of(call).callback
    if number is not None:
        prompts = (*before, *rules.confirm_before, *say_digits(number), *rules.confirm_behind)
    else:
        prompts = (*before, *rules.enter)
    playback = say_with_music_behind(floor, call, back_to.queue, prompts)
    call.enter(Asking(back_to, playback, floor.at_ms + rules.answer_within_ms, number, tries=tries))


def _hear_answer(floor: Floor, call: Call, state: Asking, key: str) -> bool:
    if state.number is not None:
        if key == _CONFIRMS:
            _book(floor, call, state, call.number if state.number == call.number.e164 else None)
        elif key == _ANOTHER:
            _cut_short(floor, call, state)
            _ask(floor, call, state.back_to, None, state.tries)
        else:
            return False
        return True
    if key == _ENDS:
        _take_number(floor, call, state)
        return True
    if key == _AGAIN:
        keyed = ""
    elif key.isdigit() and key.isascii() and len(state.keyed) < _MOST_DIGITS:
        keyed = state.keyed + key
    else:
        return False
    if not state.keyed and keyed:
        _cut_short(floor, call, state)
    until_ms = floor.at_ms + floor.policy_of(call).callback.answer_within_ms
    call.enter(msgspec.structs.replace(state, keyed=keyed, until_ms=until_ms))
    return True


def _take_number(floor: Floor, call: Call, state: Asking) -> None:
    """A number was keyed in: it is read back, to be confirmed."""
    policy = floor.policy_of(call)
    number = read_number(state.keyed, policy.number_plan)
    why_not = why_not_called(policy, number)
    _cut_short(floor, call, state)
    if why_not is None:
        _ask(floor, call, state.back_to, number.e164, state.tries)
    else:
        floor.because(call, "key", f"cannot be called back there: {why_not}")
        _ask_again(floor, call, state, policy.callback.not_possible)


def _ask_again(floor: Floor, call: Call, state: Asking, before: tuple[str, ...] = ()) -> None:
    if state.tries >= floor.policy_of(call).callback.ask_at_most:
        _wait_on(floor, call, state, "did not say where to be called back")
    else:
        _ask(floor, call, state.back_to, None if before else state.number, state.tries + 1, before)


def _book(floor: Floor, call: Call, state: Asking, number: PhoneNumber | None) -> None:
    policy = floor.policy_of(call)
    _cut_short(floor, call, state)
    number = number or read_number(state.number or "", policy.number_plan)
    why_not = why_not_called(policy, number) or why_not_booked(floor)
    if why_not is not None:
        _wait_on(floor, call, state, why_not)
        return
    book(floor, call, state.back_to.queue, number)
    say(floor, call, policy.callback.booked, Outcome.CALLBACK_BOOKED)


def _wait_on(floor: Floor, call: Call, state: Asking, why: str) -> None:
    """Back to the old place; the time in the queue went on."""
    floor.because(call, "key", f"waits on: {why}")
    call.enter(told_later(floor, call, state.back_to))
    floor.join_queue(call, state.back_to.queue)
    queueing.wait_again(floor, call, state.back_to.queue)


def _cut_short(floor: Floor, call: Call, state: Asking) -> None:
    floor.act(StopPlaying(call.call_id, call.leg, state.playback))


def when_late(floor: Floor, call: Call, state: Asking) -> None:
    """They did not answer in time."""
    _cut_short(floor, call, state)
    _ask_again(floor, call, state)
