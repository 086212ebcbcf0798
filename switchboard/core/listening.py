"""Listening: a supervisor hears the talk of one of the staff, whispers to them, or barges in (duty D24).

The listening is a call of its own (direction ``listen``) whose caller is the supervisor. They hear from a *post*: a
bridge of their own with a leg of Asterisk's that spies on the leg of whom they listen to (``Snoop``). While they only
listen, that leg has no way to let a sound out. A whisper is spoken into what goes to the phone of the staff member and
nowhere else, so neither the caller nor a recording of the talk has it. Who barges in joins the bridge of the talk.

Another mode is another post, and the old one is left when the new one is reached: what cannot be done changes nothing.
The talk never depends on any of this, and listening ends with the talk: by ``end_with_talks``, after every fact.
Keys: 4 listens, 5 whispers, 6 barges in.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from switchboard.core.actions import Answer, Connect, Join, Snoop, TakeDownBridge
from switchboard.core.call_state import Call, Connecting, Listening, OnHold, Talking
from switchboard.core.ending import end
from switchboard.core.entries import Outcome
from switchboard.core.facts import (
    ActionFailed,
    DeadlinePassed,
    Fact,
    FoundLeg,
    KeyPressed,
    LegAnswered,
    LegBridged,
    LegEnded,
    LegLeft,
    LegVanished,
    StaffCommanded,
)
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_voice
from switchboard.core.ids import BridgeId, LegId
from switchboard.core.listeners import Heard, is_there, note_attempt, note_end, talk_of, why_not_heard
from switchboard.core.offering import hang_up_leg
from switchboard.core.staff_commands import StaffCommand
from switchboard.core.state_parts import Mode, Post
from switchboard.core.steps import say

KEYS = {"4": Mode.LISTEN, "5": Mode.WHISPER, "6": Mode.BARGE_IN}
_DONE = {Mode.LISTEN: "listens", Mode.WHISPER: "whispers", Mode.BARGE_IN: "has barged in"}


def handle(floor: Floor, call: Call, state: Listening, fact: Fact) -> bool | None:
    """Let ``fact`` happen to somebody who listens; ``None``: it is about their own leg, as in any call."""
    match fact:
        case LegAnswered(leg=leg):
            return when_answered(floor, call, state, leg)
        case LegBridged():
            return when_bridged(floor, call, state, fact)
        case LegLeft(leg=leg) | LegEnded(leg=leg) | LegVanished(leg=leg) if leg in call.legs:
            floor.drop_leg(call, leg)
            when_leg_gone(floor, call, state, fact)
            return True
        case KeyPressed(leg=leg, key=key):
            return leg == call.leg and when_pressed(floor, call, state, key)
        case ActionFailed(away=False, gone=gone) if gone != call.leg:
            return when_refused(floor, call, state, fact)
        case DeadlinePassed():
            when_late(floor, call, state)
            return True
        case _:
            return None


def begin(floor: Floor, call: Call) -> None:
    """Bring them to where they can hear whom they wish to."""
    assert call.listens is not None
    wish = call.listens
    talk = talk_of(floor, wish.person, call.caller_person)
    if isinstance(talk, str):
        floor.because(call, "refused", talk, call.caller_person)
        note_end(floor, call, None, talk)
        say(floor, call, floor.policy_of(call).prompts.refused, Outcome.REFUSED)
        return
    floor.listeners[call.call_id] = None
    limits = floor.policy_of(call).limits
    let_hear_voice(floor, call)
    state = Listening(
        person=wish.person,
        talk=talk.call.call_id,
        to=talk.leg,
        until_ms=floor.at_ms + limits.settle_ms,
        longest_until_ms=floor.at_ms + limits.longest_call_ms,
        coming=_make_post(floor, call, talk, wish.mode),
    )
    call.enter(state)
    floor.because(call, "listening", f"to {wish.person} in call {talk.call.call_id}", call.caller_person)


# posts ---------------------------------------------------------------------------------------------------------


def _make_post(floor: Floor, call: Call, talk: Heard, mode: Mode, *, again: bool = False) -> Post:
    if mode is Mode.BARGE_IN:
        floor.act(Join(call.call_id, call.leg, talk.bridge))
        return Post(mode, talk.bridge, None, asked=True, again=again)
    snoop = LegId(call.make_id())
    floor.add_leg(call, snoop, None)
    floor.act(Snoop(call.call_id, snoop, talk.leg, whisper=mode is Mode.WHISPER))
    return Post(mode, BridgeId(call.make_id()), snoop, since_ms=floor.at_ms, again=again)


def _go_to(floor: Floor, call: Call, post: Post) -> None:
    """Ask for them to be put there; also once more, which does no harm."""
    if post.snoop is None:
        floor.act(Join(call.call_id, call.leg, post.bridge))
    else:
        floor.act(Connect(call.call_id, post.bridge, (call.leg, post.snoop)))


def _leave(floor: Floor, call: Call, post: Post | None) -> None:
    """Nobody hears from there any more. The bridge of a talk is not ours to take down."""
    if post is not None and post.snoop is not None:
        hang_up_leg(floor, call, post.snoop)
        if post.asked:
            floor.act(TakeDownBridge(call.call_id, post.bridge))


def when_answered(floor: Floor, call: Call, state: Listening, leg: LegId) -> bool:
    """The leg that spies is there."""
    coming = state.coming
    if coming is None or coming.snoop != leg:
        if state.post is None or state.post.snoop != leg:
            hang_up_leg(floor, call, leg)
        return False
    if coming.asked:
        return False
    _go_to(floor, call, coming)
    call.enter(replace(state, coming=replace(coming, asked=True)))
    return True


def when_bridged(floor: Floor, call: Call, state: Listening, fact: LegBridged) -> bool:
    """Both at the new post: the old one is left."""
    coming = state.coming
    if coming is None or fact.bridge != coming.bridge or fact.leg in coming.bridged:
        return False
    if fact.leg not in (call.leg, coming.snoop):
        return False
    bridged = (*coming.bridged, fact.leg)
    if call.leg not in bridged or (coming.snoop is not None and coming.snoop not in bridged):
        call.enter(replace(state, coming=replace(coming, bridged=bridged)))
        return True
    _leave(floor, call, state.post)
    if call.answered_at_ms is None:
        call.answered_at_ms = floor.at_ms
    call.enter(replace(state, post=coming, coming=None, until_ms=state.longest_until_ms))
    floor.because(call, "listening", f"{_DONE[coming.mode]}: {state.person}", call.caller_person)
    return True


# another mode --------------------------------------------------------------------------------------------------


def when_pressed(floor: Floor, call: Call, state: Listening, key: str) -> bool:
    mode = KEYS.get(key)
    if mode is None or mode is _mode(state):
        return False
    change(floor, call, state, mode)
    return True


def change(floor: Floor, call: Call, state: Listening, mode: Mode) -> str | None:
    """Go on in another mode, or say why not. Whether they may is asked again: rules may have been loaded since."""
    who = call.caller_person
    assert who is not None
    talk = talk_of(floor, state.person, who)
    why_not = why_not_heard(floor.policy, who, state.person) or (talk if isinstance(talk, str) else None)
    asked = StaffCommanded(who, StaffCommand(mode), whom=state.person)
    note_attempt(floor, call.call_id, asked, why_not, _mode(state))
    if why_not is not None:
        floor.because(call, "refused", why_not, who)
        return why_not
    if mode is _mode(state) or isinstance(talk, str):
        return None
    _leave(floor, call, state.coming)
    floor.because(call, "mode", mode, who)
    if state.post is not None and state.post.mode is mode:
        _stay(floor, call, state)
        return None
    until_ms = min(floor.at_ms + floor.policy_of(call).limits.settle_ms, state.longest_until_ms)
    call.enter(replace(state, coming=_make_post(floor, call, talk, mode), until_ms=until_ms))
    return None


def _mode(state: Listening) -> Mode | None:
    """The one that they have, or are about to have."""
    return state.posts[-1].mode if state.posts else None


def _stay(floor: Floor, call: Call, state: Listening) -> None:
    """At the old post, which they may have left in part already."""
    assert state.post is not None
    if state.coming is not None and state.coming.asked:
        _go_to(floor, call, state.post)
    call.enter(replace(state, coming=None, until_ms=state.longest_until_ms))


# what goes wrong -----------------------------------------------------------------------------------------------


def when_leg_gone(floor: Floor, call: Call, state: Listening, fact: LegLeft | LegEnded | LegVanished) -> None:
    """A leg that spies ends with the leg that it spies on, or because it was told to."""
    if state.post is not None and state.post.snoop == fact.leg:
        over(floor, call, state, "the leg that was listened to is gone")
    elif state.coming is not None and state.coming.snoop == fact.leg:
        _not_there(floor, call, state, "it ended at once", once_more=isinstance(fact, LegVanished))


def when_refused(floor: Floor, call: Call, state: Listening, fact: ActionFailed) -> bool:
    if fact.action not in ("Snoop", "Connect", "Join") or (state.post is not None and fact.leg == state.post.snoop):
        return False
    if fact.action == "Snoop" and fact.leg in call.legs:
        floor.drop_leg(call, fact.leg)  # it was never made
    if state.coming is not None and (fact.action != "Snoop" or fact.leg == state.coming.snoop):
        _not_there(floor, call, state, fact.why)
    elif fact.action != "Snoop":
        over(floor, call, state, f"cannot hear any more: {fact.why}")
    return True


def when_late(floor: Floor, call: Call, state: Listening) -> None:
    if state.coming is not None and floor.at_ms < state.longest_until_ms:
        _not_there(floor, call, state, "nothing was heard of it in time", once_more=True)
    else:
        over(floor, call, state, "longest call reached")


def _not_there(floor: Floor, call: Call, state: Listening, why: str, *, once_more: bool = False) -> None:
    """The new post was not reached: once more, where nobody knows why; else they stay at the old one, if any."""
    coming = state.coming
    assert coming is not None
    talk = talk_of(floor, state.person, call.caller_person)
    _leave(floor, call, coming)
    if once_more and not coming.again and not isinstance(talk, str):
        until_ms = min(floor.at_ms + floor.policy_of(call).limits.settle_ms, state.longest_until_ms)
        again = _make_post(floor, call, talk, coming.mode, again=True)
        call.enter(replace(state, coming=again, until_ms=until_ms))
        floor.because(call, "asked_again", f"{coming.mode}: {why}", call.caller_person)
        return
    floor.because(call, "lost", f"{coming.mode}: {why}", call.caller_person)
    if state.post is None:
        over(floor, call, replace(state, coming=None), f"could not be done: {why}")
        return
    note_end(floor, call, coming.mode, why, state.post.mode)
    _stay(floor, call, state)


# the end -------------------------------------------------------------------------------------------------------


def over(floor: Floor, call: Call, state: Listening, why: str) -> None:
    """There is nothing to hear any more: who listened is hung up, as the other two are. Whom nobody has put there yet
    is told that nothing comes of it.

    No sound for the others: Asterisk lets it be lost, now and then for ever, where the bridge around a leg is taken
    down in the same moment.
    """
    floor.because(call, "listening", f"is over: {why}", call.caller_person)
    if any(post.asked for post in state.posts):
        end(floor, call, Outcome.REFUSED if call.answered_at_ms is None else Outcome.LISTENED, why)
        return
    for post in state.posts:
        _leave(floor, call, post)
    note_end(floor, call, _mode(state), why)
    say(floor, call, floor.policy_of(call).prompts.refused, Outcome.REFUSED)


def when_supervisor_left(floor: Floor, call: Call) -> None:
    heard = call.answered_at_ms is not None
    end(floor, call, Outcome.LISTENED if heard else Outcome.NO_ANSWER, "the supervisor hung up")


def without_talk(floor: Floor) -> Iterator[tuple[Call, str]]:
    """Whoever listens to a talk that is over, or that the staff member is no longer in; and why it is."""
    for call_id in list(floor.listeners):
        call = floor.calls.get(call_id)
        if call is None or not isinstance(call.state, Listening):
            del floor.listeners[call_id]
            continue
        if (why := _why_over(floor, call, call.state)) is not None:
            yield call, why


def _why_over(floor: Floor, call: Call, state: Listening) -> str | None:
    """A hold is no end for who listens; it is for who has barged in, where they are out of the bridge by it."""
    talk, record = floor.calls.get(state.talk), floor.people.get(state.person)
    engaged = record.legs.get(state.to) if record is not None else None
    if talk is None or not is_there(talk, state.to) or engaged is None or engaged.call != state.talk:
        other = talk_of(floor, state.person, call.caller_person)
        return other if isinstance(other, str) else f"{state.person} talks with somebody else"
    assert isinstance(talk.state, Talking | OnHold | Connecting)
    if any(post.snoop is None and post.bridge != talk.state.bridge for post in state.posts):
        return "the talk goes on elsewhere"
    return None


def end_with_talk(floor: Floor, call: Call, why: str) -> None:
    if isinstance(call.state, Listening):
        over(floor, call, call.state, why)


# after a gap ---------------------------------------------------------------------------------------------------


def resume(floor: Floor, call: Call, state: Listening, there: dict[LegId, FoundLeg]) -> tuple[LegId, ...]:
    """Asterisk was surveyed: ask again for what may never have been done. Returns the legs that spy and are needed.

    Those that are gone were told of before.
    """
    needed = tuple(post.snoop for post in state.posts if post.snoop is not None)
    if _why_over(floor, call, state) is not None:
        return needed  # it ends with this very fact
    supervisor = there.get(call.leg, FoundLeg(call.leg))
    if not supervisor.up:
        floor.ask_again(Answer(call.call_id, call.leg))
    post = state.posts[-1]
    spies = there.get(post.snoop) if post.snoop is not None else None
    at_post = supervisor.bridge == post.bridge and (spies is None or spies.bridge == post.bridge)
    if post.asked and not at_post:
        _go_to(floor, call, post)
    if state.coming is not None:
        until_ms = min(floor.at_ms + floor.policy_of(call).limits.settle_ms, state.longest_until_ms)
        call.enter(replace(state, until_ms=until_ms))
        floor.because(call, "asked_again", "nobody knows whether they hear", call.caller_person)
    return needed
