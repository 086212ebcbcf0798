"""What a waiting caller is told: a greeting, then now and again their place, the expected wait and a message.

Music follows each message by itself: ``StartMusic`` is asked for right behind ``Play``, and Asterisk begins it when
the message is over. So nobody stands in silence, whatever becomes of the news that it is over, and of us.

An operator never waits for a message: their phone rings while it is said, and it is cut off when they pick up. None
is begun while a phone rings. What got worse since it was told last (a place after others came with more right to be
served, a wait) is left out: it would be true, but only to be told again costs the caller's patience.
"""

from __future__ import annotations

import msgspec

from switchboard.core import pace, seating
from switchboard.core.actions import Play, StartMusic, StopPlaying
from switchboard.core.call_state import Call, Ringing, Waiting
from switchboard.core.floor import Floor
from switchboard.core.hearing import DEFAULT_LANGUAGE, let_hear_music
from switchboard.core.ids import PlaybackId
from switchboard.core.policy import QueueStep
from switchboard.core.queue_rules import Hearing, Voice
from switchboard.core.speech import say_place, say_wait
from switchboard.core.state_parts import Announced

_MINUTE_MS = 60_000


def at_first(floor: Floor, call: Call, step: QueueStep) -> Announced:
    """What a caller who joins the step's queue will be told, and when."""
    hears = _hears(floor, call, step.queue)
    if _greeting(call, hears):
        return Announced(floor.at_ms, to_greet=True)
    return Announced(floor.at_ms + hears.first_after_ms if _says_anything(hears) else None)


def note_answer(floor: Floor, waited: Ringing | Waiting) -> None:
    """Somebody was answered; if they waited in a queue, it moves on."""
    if isinstance(waited, Waiting):
        pace.note_answer(floor.pace, waited.queue, waited.since_ms, floor.at_ms, floor.policy.queues)


def say_if_due(floor: Floor, call: Call) -> None:
    """The caller has to wait, for nobody is rung for them (any more)."""
    if isinstance(call.state, Waiting) and is_due(floor, call.state):
        say_next(floor, call, call.state)


def is_due(floor: Floor, state: Waiting) -> bool:
    """Whether it is time to say something, and not the end of anything else."""
    at_ms = state.says_at_ms
    if at_ms is None or at_ms > floor.at_ms:
        return False
    if state.offers:
        return all(offer.until_ms > floor.at_ms for offer in state.offers)
    return state.step_until_ms > floor.at_ms


def say_next(floor: Floor, call: Call, state: Waiting) -> None:
    """Say what is next; or, where the end of what was said never came, let it be over."""
    if state.announced.playback is not None:
        floor.act(StopPlaying(call.call_id, call.leg, state.announced.playback))
        _be_silent(floor, call, state)
        return
    hears = _hears(floor, call, state.queue)
    if state.announced.to_greet:
        greeting, call.greeted = _greeting(call, hears), True
        _say(floor, call, state, msgspec.structs.replace(state.announced, to_greet=False), greeting)
        return
    told, prompts = _what_to_say(floor, call, state, hears)
    if prompts:
        _say(floor, call, state, told, prompts)
    else:
        call.enter(msgspec.structs.replace(state, announced=_later(floor, hears, told)))


def when_said(floor: Floor, call: Call, state: Waiting, playback: PlaybackId) -> bool:
    """A message is over, heard or not."""
    if state.announced.playback != playback:
        return False
    _be_silent(floor, call, state)
    return True


def hush(floor: Floor, call: Call) -> None:
    """Somebody else is to be heard now: cut off what is being said."""
    state = call.state
    if isinstance(state, Waiting) and state.announced.playback is not None:
        floor.act(StopPlaying(call.call_id, call.leg, state.announced.playback))
        _be_silent(floor, call, state)


def place_of(floor: Floor, call: Call, queue: str) -> int:
    """The caller's place among those who wait in ``queue`` and those who are to be called back; 1 is next."""
    mine, rules = (seating.place_of(floor, call, queue), call.call_id), floor.queue_of(call, queue)
    others = (floor.calls[other] for other in floor.waiting.get(queue, ()) if other != call.call_id)
    waiting = (other for other in others if isinstance(other.state, Waiting))
    before = sum((seating.place_of(floor, other, queue), other.call_id) < mine for other in waiting)
    for booking in floor.bookings.values():
        stands = booking.queue == queue and booking.call is None and not booking.rests
        before += stands and (seating.place_of_booking(rules, booking), booking.booking) < mine
    return 1 + before


def _what_to_say(floor: Floor, call: Call, state: Waiting, hears: Hearing) -> tuple[Announced, tuple[str, ...]]:
    language = call.line.language if call.line is not None else DEFAULT_LANGUAGE
    told = state.announced
    prompts: tuple[str, ...] = ()
    place = place_of(floor, call, state.queue) if hears.place or hears.expected_wait else 0
    if hears.place and (told.place is None or place <= told.place):
        prompts = say_place(place, language) or ()
        told = msgspec.structs.replace(told, place=place)
    wait_ms = pace.expected_wait_ms(floor.pace.get(state.queue), place, floor.at_ms)
    if wait_ms is not None and hears.expected_wait:
        wait_min = -(-wait_ms // _MINUTE_MS)
        if told.wait_min is None or wait_min <= told.wait_min:
            voice = floor.policy_of(call).voices.get(language, Voice())
            prompts += say_wait(wait_ms, language, voice) or ()
            told = msgspec.structs.replace(told, wait_min=wait_min)
    if hears.messages:
        prompts += hears.messages[told.turn % len(hears.messages)]
    return msgspec.structs.replace(told, turn=told.turn + 1), prompts


def _say(floor: Floor, call: Call, state: Waiting, told: Announced, prompts: tuple[str, ...]) -> None:
    playback = say_with_music_behind(floor, call, state.queue, prompts)
    until_ms = floor.at_ms + floor.policy_of(call).limits.message_at_most_ms
    told = msgspec.structs.replace(told, at_ms=until_ms, playback=playback)
    call.enter(msgspec.structs.replace(state, announced=told))


def say_with_music_behind(floor: Floor, call: Call, queue: str, prompts: tuple[str, ...]) -> PlaybackId:
    music = floor.queue_of(call, queue).music
    let_hear_music(floor, call, music)
    playback = PlaybackId(call.make_id())
    floor.act(Play(call.call_id, call.leg, playback, prompts))
    floor.act(StartMusic(call.call_id, call.leg, music))
    return playback


def _be_silent(floor: Floor, call: Call, state: Waiting) -> None:
    call.enter(told_later(floor, call, state))


def told_later(floor: Floor, call: Call, state: Waiting) -> Waiting:
    """The same, with nothing being said, and the usual time until something is."""
    hears = _hears(floor, call, state.queue)
    return msgspec.structs.replace(state, announced=_later(floor, hears, state.announced))


def _later(floor: Floor, hears: Hearing, told: Announced) -> Announced:
    pause_ms = hears.every_ms if told.turn else hears.first_after_ms
    at_ms = floor.at_ms + pause_ms if _says_anything(hears) else None
    return msgspec.structs.replace(told, at_ms=at_ms, playback=None)


def _hears(floor: Floor, call: Call, queue: str) -> Hearing:
    return floor.queue_of(call, queue).hears


def _greeting(call: Call, hears: Hearing) -> tuple[str, ...]:
    of_line = call.line.greeting if call.line is not None and not call.greeted else ()
    return of_line + hears.greeting


def _says_anything(hears: Hearing) -> bool:
    return bool(hears.place or hears.expected_wait or hears.messages)
