"""Surveys: what lives in Asterisk, compared with what we believe, and the difference made good.

Events are lost while we are away, and a few at any time. So whenever the connection is made, and every few seconds
besides, Asterisk is asked what there is. ``differences`` turns what it says into facts like all others: this leg is
gone, this caller is nobody's, that phone was picked up. ``resume`` is for a new connection only: what was decided just
before the old one broke may never have been asked for, so it is asked for again; doing any of it twice does no harm.
That goes for calls that a difference has moved on as well: what their new state needs was asked for now, what the
old one had begun (ringing in the caller's ear, the end of a phone's ring) may be missing all the same.

Nothing that lives is ever ended: a leg that no call has is hung up only when there is nobody it could talk with.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from itertools import islice
from typing import assert_never

import msgspec

from switchboard.core import holding, hot_desk, listening, notice, phones, recording, transfer, voicemail
from switchboard.core.actions import Answer, Connect, HangUp, LookUpCaller, StopMusic
from switchboard.core.call_state import (
    Asking,
    Call,
    Checking,
    Connecting,
    Ending,
    Keeping,
    LeavingMessage,
    Listening,
    LookingUp,
    OnHold,
    Parked,
    Ringing,
    Saying,
    Summoning,
    Talking,
    Telling,
    Waiting,
)
from switchboard.core.ending import end, forget_if_gone, hang_up_everything
from switchboard.core.entries import Direction, Outcome
from switchboard.core.facts import (
    BridgeFound,
    Fact,
    Found,
    FoundLeg,
    FoundStandIn,
    LegAnswered,
    LegApart,
    LegBridged,
    LegFound,
    LegsTransferred,
    LegTransferred,
    LegVanished,
    PhoneEngaged,
    PhoneSeen,
)
from switchboard.core.floor import Floor
from switchboard.core.hearing import let_hear_again, set_language
from switchboard.core.ids import BridgeId, LegId, call_id_of
from switchboard.core.kept_places import keep
from switchboard.core.offering import hang_up_leg
from switchboard.core.policy import Whom, WhomKind
from switchboard.core.steps import open_task, say_again

PHONES_KNOWN_AFTER_MS = 6_000
"""So long after its start Asterisk has asked every phone whether it is there (``qualify_frequency`` in pjsip.conf is
5 s); before, it says of each that it is not."""


def differences(floor: Floor, found: Found, at_ms: int, made_before_ms: int | None = None) -> list[Fact]:
    """What ``found`` says at ``at_ms`` and we do not know, as facts in the order in which they should happen.

    A leg that was asked for a moment ago may not be there yet: with ``made_before_ms``, one that nobody has picked up
    can only have vanished if it is older than that. ``None``: all were asked for long ago, or never will be.
    """
    alive = {one.leg: one.bridge for one in found.legs}
    transfers = [fact for one in found.stand_ins for fact in _transfer_of(floor, one, alive)]
    members: dict[BridgeId, int] = {}
    for one in found.legs:
        if one.bridge is not None:
            members[one.bridge] = members.get(one.bridge, 0) + 1
    facts: list[Fact] = [
        *transfers,
        *(
            LegVanished(leg)
            for call in floor.calls.values()
            for leg, made_at_ms in _believed(call)
            if leg not in alive and (made_before_ms is None or (made_at_ms is not None and made_at_ms < made_before_ms))
        ),
    ]
    for one in found.legs:
        facts += _news_of(floor, one, alone=one.bridge is None or members[one.bridge] < 2)
    facts += [apart for call in floor.calls.values() for apart in _talk_apart(call, alive)]
    facts += [
        BridgeFound(bridge) for bridge in found.bridges if members.get(bridge, 0) < 2 and not is_needed(floor, bridge)
    ]
    phones_known = at_ms - floor.switch_met_at_ms >= PHONES_KNOWN_AFTER_MS
    registered, engaged = dict.fromkeys(found.phones), dict.fromkeys(found.engaged)
    for phone, user in phones.users(floor.people, floor.policy).items():
        record, is_there = floor.people[user], phone in registered
        if (record.unasked or not record.registered) if is_there else (record.registered and phones_known):
            facts.append(PhoneSeen(phone, is_there))
        if record.elsewhere is not (phone in engaged):
            facts.append(PhoneEngaged(phone, not record.elsewhere))
    return facts


def _transfer_of(floor: Floor, found: FoundStandIn, alive: Container[LegId]) -> Iterator[Fact]:
    """What a phone did while nobody listened. Its own leg is the one that is not in the bridge any more."""
    giver = _left_its_bridge(floor, found.bridge, alive)
    if giver is None or not _somebody_stays(floor, giver, alive):
        yield LegFound(found.legs[0])  # whomever it kept together is gone, or was told where to go
        return
    if found.dialled is not None:
        yield LegTransferred(giver, found.dialled, found.legs)
    elif (other := _left_its_bridge(floor, found.other, alive) or _gave_while_ringing(floor, giver, alive)) is not None:
        yield LegsTransferred(giver, other, found.legs)


def _somebody_stays(floor: Floor, giver: LegId, alive: Container[LegId]) -> bool:
    """Whether whom the giver talked with is still there: nobody is rung for who is gone."""
    call = floor.calls[floor.leg_owner[giver]]
    stays = transfer.other_side(call, giver)
    return stays is not None and stays.leg in alive


def _left_its_bridge(floor: Floor, bridge: BridgeId | None, alive: Container[LegId]) -> LegId | None:
    """Of the two who talked in a bridge the member of the staff who is gone; of two colleagues, whoever is gone."""
    for call in floor.calls.values():
        state = call.state
        if isinstance(state, Talking | OnHold) and state.bridge == bridge and bridge is not None:
            staff = [leg for leg, who in ((state.leg, state.person), (call.leg, call.caller_person)) if who is not None]
            return next((leg for leg in staff if leg not in alive), next(iter(staff), None))
    return None


def _gave_while_ringing(floor: Floor, giver: LegId, alive: Container[LegId]) -> LegId | None:
    """The leg by which the giver had called somebody who has not answered yet."""
    call = floor.calls[floor.leg_owner[giver]]
    person = call.caller_person if giver == call.leg else call.legs.get(giver)
    for other in floor.calls.values():
        asks = other is not call and person is not None and other.caller_person == person
        if asks and isinstance(other.state, Ringing | Waiting) and other.leg not in alive:
            return other.leg
    return None


def is_needed(floor: Floor, bridge: BridgeId) -> bool:
    """Whether a living call talks in this bridge, or is about to."""
    states = (call.state for call in floor.calls.values())
    return any(
        (isinstance(state, Talking | Connecting | OnHold) and state.bridge == bridge)
        or (isinstance(state, Listening) and any(post.bridge == bridge for post in state.posts))
        for state in states
    )


def _believed(call: Call) -> Iterator[tuple[LegId, int | None]]:
    """The legs that we believe to be alive, and since when we asked for them; 0: it was there, for it spoke to us.
    ``None``: told to end, and somebody waits for that."""
    state = call.state
    if call.caller_there:
        yield call.leg, state.since_ms if isinstance(state, Summoning) else 0
    since_ms = {offer.leg: offer.since_ms for offer in call.offers}
    if isinstance(state, Connecting):
        since_ms[state.offer.leg] = 0
    elif isinstance(state, Talking | OnHold):
        since_ms[state.leg] = 0
    elif isinstance(state, Listening):
        since_ms |= {post.snoop: post.since_ms for post in state.posts if post.snoop is not None}
    if isinstance(state, Talking | Connecting) and state.third is not None:
        since_ms[state.third.leg] = 0
    for leg in call.legs:
        yield leg, since_ms.get(leg)


def _news_of(floor: Floor, one: FoundLeg, *, alone: bool) -> Iterator[Fact]:
    call = floor.calls.get(floor.leg_owner[one.leg]) if one.leg in floor.leg_owner else None
    if call is None:
        if alone:
            yield LegFound(one.leg) if one.arrival is None else one.arrival
        return
    state = call.state
    if one.up and (isinstance(state, Summoning) or any(offer.leg == one.leg for offer in call.offers)):
        yield LegAnswered(one.leg)
    if isinstance(state, Listening) and state.coming is not None:
        if one.up and one.leg == state.coming.snoop and not state.coming.asked:
            yield LegAnswered(one.leg)
        if one.bridge == state.coming.bridge and one.leg not in state.coming.bridged:
            yield LegBridged(one.leg, state.coming.bridge)
    if isinstance(state, Connecting) and one.bridge == state.bridge and one.leg not in state.bridged:
        yield LegBridged(one.leg, state.bridge)


def _talk_apart(call: Call, alive: Mapping[LegId, BridgeId | None]) -> Iterator[Fact]:
    """One word for a talk, however many of its legs are elsewhere: all are connected again."""
    state = call.state
    if isinstance(state, Talking | OnHold) and state.bridge is not None:
        legs = (leg for leg in (call.leg, *_partners(state)) if alive.get(leg, state.bridge) != state.bridge)
        yield from (LegApart(leg, state.bridge) for leg in islice(legs, 1))


def resume(floor: Floor, call: Call, found: Found) -> None:
    """Ask again for whatever ``call`` needs and may never have got, and has not asked for in this very fact."""
    there = {one.leg: one for one in found.legs}
    caller = there.get(call.leg, FoundLeg(call.leg))
    state = call.state
    moved_on = call.call_id in floor.new_reasons
    needed: tuple[LegId, ...] = tuple(offer.leg for offer in call.offers)
    if call.caller_there and not isinstance(state, Talking | Ending):
        set_language(floor, call)
    match state:
        case LookingUp():
            _look_up_again(floor, call)
            let_hear_again(floor, call, up=caller.up)
        case Ringing() | Parked():
            let_hear_again(floor, call, up=caller.up)
        case Waiting() | Asking():
            waits = state.back_to if isinstance(state, Asking) else state
            let_hear_again(floor, call, floor.queue_of(call, waits.queue).music, up=caller.up)
        case Summoning():
            pass
        case Connecting() | Talking():
            needed = _resume_talk(floor, call, state, there, moved_on=moved_on)
        case OnHold(leg=partner, bridge=bridge):
            needed = (partner,)
            holding.believe_less(call)
            if bridge is None or moved_on:
                let_hear_again(floor, call, up=caller.up)
        case Telling():
            let_hear_again(floor, call, up=caller.up)
            if not moved_on:
                notice.say_again(floor, call, state)
        case Checking():
            let_hear_again(floor, call, up=caller.up)
            floor.because(call, "asked_again", "nobody heard whether the PIN was right")
            hot_desk.ask(floor, call, state.person, state.phone)
        case Listening():
            needed = listening.resume(floor, call, state, there)
        case Saying():
            let_hear_again(floor, call, up=caller.up)
            if not moved_on and state.prompts:
                say_again(floor, call, state)
        case LeavingMessage() | Keeping():
            voicemail.when_back(floor, call, state, up=caller.up)
        case Ending():
            needed = tuple(call.legs)
            if not moved_on:
                hang_up_everything(floor, call)
        case _:
            assert_never(state)
    _hang_up_all_but(floor, call, needed)


def _hang_up_all_but(floor: Floor, call: Call, needed: tuple[LegId, ...]) -> None:
    for leg in list(call.legs):
        if leg not in needed and not _is_hung_up_now(floor, leg):
            hang_up_leg(floor, call, leg)


def _resume_talk(
    floor: Floor, call: Call, state: Connecting | Talking, there: Mapping[LegId, FoundLeg], *, moved_on: bool
) -> tuple[LegId, ...]:
    """The legs of those who talk, or are about to; they are connected once more where they are not together."""
    caller = there.get(call.leg, FoundLeg(call.leg))
    partners = _partners(state)
    partner = partners[0]
    if partner in there and not there[partner].up and call_id_of(partner) != call.call_id:
        floor.ask_again(Answer(call.call_id, partner))  # they picked up by dialling, and were not answered yet
    if moved_on:
        let_hear_again(floor, call, up=caller.up)
    elif any(there.get(leg, FoundLeg(leg)).bridge != state.bridge for leg in (call.leg, *partners)):
        connect_again(floor, call, state, partners, up=caller.up)
    recording.resume(floor, call)
    return partners


def _partners(state: Connecting | Talking | OnHold) -> tuple[LegId, ...]:
    """The legs of those who talk with the call's own party, or are about to; the first had them first."""
    partner = state.offer.leg if isinstance(state, Connecting) else state.leg
    third = None if isinstance(state, OnHold) else state.third
    return (partner,) if third is None else (partner, third.leg)


def _look_up_again(floor: Floor, call: Call) -> None:
    within_ms = floor.policy_of(call).limits.look_up_ms
    call.enter(LookingUp(floor.at_ms + within_ms))
    floor.because(call, "asked_again", "nobody heard the answer to the look-up")
    floor.act(LookUpCaller(call.call_id, call.number, within_ms))


def _is_hung_up_now(floor: Floor, leg: LegId) -> bool:
    return any(isinstance(action, HangUp) and action.leg == leg for action in floor.actions)


def connect_again(
    floor: Floor, call: Call, state: Connecting | Talking, partners: tuple[LegId, ...], *, up: bool
) -> None:
    """Ask once more for caller and ``partners`` to talk; ``up``: the caller's leg is known to be answered."""
    if not up:
        floor.act(Answer(call.call_id, call.leg))
    floor.act(StopMusic(call.call_id, call.leg))
    floor.act(Connect(call.call_id, state.bridge, (call.leg, *partners)))
    if isinstance(state, Connecting):  # its time may have passed while nobody could hear of it
        until_ms = floor.at_ms + floor.policy_of(call).limits.settle_ms
        call.enter(msgspec.structs.replace(state, until_ms=until_ms))
        floor.because(call, "asked_again", "nobody knows whether they were connected", state.offer.person)


def wait_for_the_bridge_again(floor: Floor, call: Call, state: Connecting) -> None:
    """Nothing was heard of the two. They may be talking, and the news of it was lost: so nobody is hung up yet, but
    Asterisk asked once more, whose answer is news in either case."""
    connect_again(floor, call, msgspec.structs.replace(state, asked_again=True), _partners(state), up=True)


def when_apart(floor: Floor, call: Call, fact: LegApart) -> bool:
    """Somebody who talks is not in the bridge, whatever Asterisk made of it: they are put there once more."""
    state = call.state
    if not isinstance(state, Talking | OnHold) or fact.bridge != state.bridge:
        return False
    if isinstance(state, Talking):
        connect_again(floor, call, state, _partners(state), up=True)
    else:
        floor.act(Connect(call.call_id, fact.bridge, (call.leg, state.leg)))  # whoever hears music goes on hearing it
    floor.because(call, "connected_again", "somebody was not in the bridge of their talk", state.person)
    return True


def lose_to_switch(floor: Floor, call: Call, lost_at_ms: int) -> None:
    """Asterisk was restarted: every leg of ``call`` is gone since ``lost_at_ms``. Who was not served is called back."""
    for leg in list(call.legs):
        floor.drop_leg(call, leg)
    call.caller_there = False
    if call.caller_person is not None:
        floor.release(call.caller_person, call.leg)
    if isinstance(call.state, Ending):
        forget_if_gone(floor, call)
        return
    if voicemail.outlives_the_switch(floor, call, lost_at_ms):
        return
    if isinstance(call.state, Waiting):
        keep(floor, call, call.state)
    unserved = call.direction is Direction.INBOUND and call.answered_at_ms is None
    if unserved and call.number.e164 is not None and not isinstance(call.state, Saying):
        open_task(floor, call, "call_back", (Whom(WhomKind.DEPARTMENT_HEAD),), "the line broke before anybody answered")
    end(floor, call, Outcome.SWITCH_LOST, "Asterisk was restarted")
    call.ended_at_ms = max(lost_at_ms, call.answered_at_ms or call.arrived_at_ms)
