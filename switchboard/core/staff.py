"""Staff: what state a person is in, derived from a few facts, and whether they can be rung.

Nothing stores "busy": a person is ringing or talking exactly as long as a leg of theirs lives, be it ours or one of
Asterisk's own queue. A leg that we told to end keeps its person until Asterisk says it is gone, because the phone would
refuse another call before.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from switchboard.core.entries import PersonState
from switchboard.core.ids import CallId, LegId, PersonId, PhoneId


class Doing(StrEnum):
    RINGING = "ringing"
    TALKING = "talking"


class Engagement(Struct, frozen=True):
    """One leg of a person's phone."""

    call: CallId
    doing: Doing
    ending: bool = False
    """The leg was told to end."""


class Tally(Struct):
    """What somebody did for one queue in this shift; the strategies go by it."""

    taken: int = 0
    talk_ms: int = 0
    rung_at_ms: int = 0


class Tries(Struct, frozen=True):
    """Wrong PINs, for one extension or from one phone."""

    count: int = 0
    last_ms: int = 0
    locked_until_ms: int = 0


class PersonRecord(Struct, kw_only=True):
    """What we know of one person. ``idle_since_ms`` orders the ready ones: longest idle first."""

    person_id: PersonId
    signed_in: bool
    registered: bool = False
    pause: str | None = None
    """Why they paused; ``None`` when they did not."""
    wrap_up_until_ms: int | None = None
    release_until_ms: int | None = None
    """When a leg that was told to end is told again."""
    misses: int = 0
    """Offers from queues that they did not take since they last took a call, or came back from a pause."""
    unasked: bool = False
    """Asterisk was restarted and has not asked their phone yet whether it is there: it cannot be rung, but soon can."""
    elsewhere: bool = False
    """Their phone is on a call that is none of ours."""
    legs: dict[LegId, Engagement] = field(default_factory=dict)
    idle_since_ms: int = 0
    noted: PersonState | None = None
    """The state last put on record."""
    tallies: dict[str, Tally] = field(default_factory=dict)
    """By queue."""
    noted_why: str = ""
    noted_until_ms: int | None = None
    wrap_up_left_ms: int | None = None
    """Wrap-up that has not begun, or whose clock stands still, because a leg of theirs lives."""
    wrap_up_of: str = ""
    """The queue whose call it follows."""
    missed_until_ms: int | None = None
    do_not_disturb: bool = False
    forward_to: PersonId | None = None
    away_until_ms: int | None = None
    deputy: PersonId | None = None
    """Who stands in for them until then."""
    seat: PhoneId | None = None
    """The phone of somebody else that they use; ``None``: their own, unless somebody else sits there."""
    own_phone_there: bool = False
    """Whether their own phone is registered, while they do not use it."""
    tries_as: Tries = Tries()
    """Wrong PINs dialled for this person, on whatever phone."""
    tries_from: Tries = Tries()
    """Wrong PINs dialled on this person's own phone, for whomever."""

    @property
    def state(self) -> PersonState:
        doings = [engagement.doing for engagement in self.legs.values()]
        if Doing.TALKING in doings or self.elsewhere:
            return PersonState.TALKING
        if doings:
            return PersonState.RINGING
        if not self.registered or self.unasked:
            return PersonState.OFFLINE
        if not self.signed_in or self.away_until_ms is not None:
            return PersonState.AWAY
        if self.wrap_up_until_ms is not None:
            return PersonState.WRAP_UP
        if self.why_paused is not None:
            return PersonState.PAUSED
        return PersonState.MISSED if self.missed_until_ms is not None else PersonState.READY

    @property
    def why_paused(self) -> str | None:
        """Why they take no calls of clients for now; what they said last does not undo what they said before."""
        if self.forward_to is not None:
            return f"forwards to {self.forward_to}"
        return "do not disturb" if self.do_not_disturb else self.pause

    @property
    def state_until_ms(self) -> int | None:
        """When the present state ends by itself, as far as that is known."""
        match self.state:
            case PersonState.WRAP_UP:
                return self.wrap_up_until_ms
            case PersonState.MISSED:
                return self.missed_until_ms
            case PersonState.AWAY:
                return self.away_until_ms
            case _:
                return None

    def why(self, otherwise: str) -> str:
        """The reason of the present state, as it stands on record."""
        match self.state:
            case PersonState.PAUSED:
                return self.why_paused or otherwise
            case PersonState.WRAP_UP if self.wrap_up_of:
                return f"after a call of queue {self.wrap_up_of}"
            case PersonState.MISSED:
                return f"did not answer a call, {self.misses} not taken in a row"
            case PersonState.AWAY if self.away_until_ms is not None:
                return f"for a while, deputy {self.deputy}" if self.deputy is not None else "for a while"
            case _:
                return otherwise

    @property
    def until_ms(self) -> int | None:
        """The person's next deadline: the end of wrap-up, of patience with a leg that does not end, and so on."""
        deadlines = (self.wrap_up_until_ms, self.release_until_ms, self.missed_until_ms, self.away_until_ms)
        return min((at for at in deadlines if at is not None), default=None)

    @property
    def settled(self) -> bool:
        """Nothing of theirs is over in minutes."""
        return self.wrap_up_until_ms is None and self.release_until_ms is None and self.missed_until_ms is None

    @property
    def on_shift(self) -> bool:
        """Will be able to take calls without doing anything but ending what they do now."""
        return self.registered and self.signed_in and self.away_until_ms is None


_WHY_NOT = {
    PersonState.RINGING: "is being rung for another call",
    PersonState.TALKING: "is on a call",
    PersonState.WRAP_UP: "is in wrap-up",
    PersonState.AWAY: "is away (signed out)",
    PersonState.MISSED: "has just missed a call",
    PersonState.OFFLINE: "has no registered phone",
}


def why_not_now(person: PersonRecord) -> str | None:
    """Why this person cannot be rung for a client now; ``None`` when they can."""
    if person.state is PersonState.READY:
        return None
    if person.state is PersonState.PAUSED:
        return f"is paused ({person.why_paused})"
    if person.state is PersonState.AWAY and person.away_until_ms is not None:
        return "is away for a while"
    return _WHY_NOT[person.state]


def why_not_by_colleague(person: PersonRecord) -> str | None:
    """The same for a colleague's direct call, which rings also somebody who is away, paused or in wrap-up."""
    if not person.registered or person.unasked:
        return _WHY_NOT[PersonState.OFFLINE]
    if person.do_not_disturb:
        return "does not want to be disturbed"
    return _WHY_NOT[person.state] if person.legs or person.elsewhere else None


def why_not_again(person: PersonRecord, call: CallId) -> str | None:
    """The same for somebody who gave ``call`` away and is to have it back: a leg that they leave does not count."""
    others = [engaged for engaged in person.legs.values() if engaged.call != call or not engaged.ending]
    if person.registered and not person.unasked and not person.do_not_disturb and not others and not person.elsewhere:
        return None
    return why_not_by_colleague(person)
