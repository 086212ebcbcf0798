"""Staff: what state a person is in, derived from a few facts, and whether they can be rung.

Nothing stores "busy": a person is ringing or talking exactly as long as a leg of theirs lives, be it ours or one of
Asterisk's own queue. A leg that we told to end keeps its person until Asterisk says it is gone, because the phone would
refuse another call before.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from switchboard.core.entries import PersonState
from switchboard.core.ids import CallId, LegId, PersonId


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

    @property
    def state(self) -> PersonState:
        doings = [engagement.doing for engagement in self.legs.values()]
        if Doing.TALKING in doings or self.elsewhere:
            return PersonState.TALKING
        if doings:
            return PersonState.RINGING
        if not self.registered or self.unasked:
            return PersonState.OFFLINE
        if not self.signed_in:
            return PersonState.AWAY
        if self.wrap_up_until_ms is not None:
            return PersonState.WRAP_UP
        return PersonState.PAUSED if self.pause is not None else PersonState.READY

    @property
    def until_ms(self) -> int | None:
        """The person's next deadline: end of wrap-up, or of patience with a leg that does not end."""
        deadlines = [at for at in (self.wrap_up_until_ms, self.release_until_ms) if at is not None]
        return min(deadlines, default=None)

    @property
    def on_shift(self) -> bool:
        """Will be able to take calls without doing anything but ending what they do now."""
        return self.registered and self.signed_in


_WHY_NOT = {
    PersonState.RINGING: "is being rung for another call",
    PersonState.TALKING: "is on a call",
    PersonState.WRAP_UP: "is in wrap-up",
    PersonState.AWAY: "is away (signed out)",
    PersonState.OFFLINE: "has no registered phone",
}


def why_not_now(person: PersonRecord) -> str | None:
    """Why this person cannot be rung for a client now; ``None`` when they can."""
    if person.state is PersonState.READY:
        return None
    if person.state is PersonState.PAUSED:
        return f"is paused ({person.pause})"
    return _WHY_NOT[person.state]


def why_not_by_colleague(person: PersonRecord) -> str | None:
    """The same for a colleague's direct call, which rings also somebody who is away, paused or in wrap-up."""
    if not person.registered or person.unasked:
        return _WHY_NOT[PersonState.OFFLINE]
    return _WHY_NOT[person.state] if person.legs or person.elsewhere else None
