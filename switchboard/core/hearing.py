"""What the caller hears: ringing or music or a voice, never silence (duty D1)."""

from __future__ import annotations

from switchboard.core.actions import Answer, SetLanguage, SoundRinging, StartMusic, StopMusic, StopRinging
from switchboard.core.call_state import Call
from switchboard.core.entries import Direction
from switchboard.core.floor import Floor
from switchboard.core.state_parts import Hears

DEFAULT_LANGUAGE = "en"


def let_hear_ringing(floor: Floor, call: Call, music: str = "default") -> None:
    """Ringing, as long as the call is not answered; music afterwards: a second ring tone would confuse. Who asks a
    colleague in mid-call hears that their phone rings."""
    if call.answered and not call.is_question:
        let_hear_music(floor, call, music)
    elif call.hears is not Hears.RINGING:
        stop_what_is_heard(floor, call)
        floor.act(SoundRinging(call.call_id, call.leg))
        call.hears = Hears.RINGING


def let_hear_music(floor: Floor, call: Call, music: str = "default") -> None:
    if call.hears is not Hears.MUSIC:
        stop_what_is_heard(floor, call)
    answer(floor, call)
    if call.hears is not Hears.MUSIC:
        floor.act(StartMusic(call.call_id, call.leg, music))
        call.hears = Hears.MUSIC


def let_hear_voice(floor: Floor, call: Call) -> None:
    """Make way for a person or a message."""
    stop_what_is_heard(floor, call)
    answer(floor, call)
    call.hears = Hears.VOICE


def stop_what_is_heard(floor: Floor, call: Call, on_behalf_of: Call | None = None) -> None:
    """End music, and ringing after the answer; ``on_behalf_of``: of the call that the leg goes over to."""
    by = call if on_behalf_of is None else on_behalf_of
    if call.hears is Hears.MUSIC:
        floor.act(StopMusic(by.call_id, call.leg))
    elif call.hears is Hears.RINGING and call.answered:
        floor.act(StopRinging(by.call_id, call.leg))
    call.hears = Hears.NOTHING


def answer(floor: Floor, call: Call) -> None:
    if not call.answered:
        floor.act(Answer(call.call_id, call.leg))
        call.answered = True


def let_hear_again(floor: Floor, call: Call, music: str = "default", *, up: bool) -> None:
    """Ask once more for what the caller should be hearing; ``up``: Asterisk says that their leg is answered."""
    if call.answered and not up:
        floor.ask_again(Answer(call.call_id, call.leg))
    if call.hears is Hears.RINGING:
        floor.ask_again(SoundRinging(call.call_id, call.leg))
    elif call.hears is Hears.MUSIC:
        floor.ask_again(StartMusic(call.call_id, call.leg, music))


def set_language(floor: Floor, call: Call) -> None:
    """Messages are spoken in the language of the line."""
    if call.direction is not Direction.CALLBACK and call.line is not None and call.line.language != DEFAULT_LANGUAGE:
        floor.ask_again(SetLanguage(call.call_id, call.leg, call.line.language))
