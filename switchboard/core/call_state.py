"""The states of one call: types that hold only what is true in them, and which may follow which.

    LookingUp ─► Ringing ─► Connecting ─► Talking ─► Ending ─► (gone)
        └──────► Waiting ──────┘                       ▲
                    │ └─► Saying (a message) ──────────┤
                    └─► Asking (for a number) ► Saying ┘
    LookingUp ─► Checking (a PIN) ─► Saying
    LookingUp ─► Telling (that it may be recorded) ─► Ringing | Waiting
    Summoning (an operator, for a call-back) ─► Ringing
    Talking ◄─► OnHold, Parked; from each of them to Ringing or Connecting again (a hand-over)
    LookingUp | Summoning ─► Listening (a supervisor, to a talk) ─► Saying
    Waiting, or a step ─► LeavingMessage ─► Saying (thanks), or Keeping ─► Ending

Every state has ``until_ms``: no state lasts for ever. Leave it and its deadline is void, there is nothing to cancel.
``FOLLOWS`` is the machine's table: ``Call.enter`` refuses what it does not allow; docs/call-states.md is drawn from it.
"""

from __future__ import annotations

from msgspec import Struct, field

from switchboard.core.caller import Client, Debt
from switchboard.core.entries import Direction, HandOver, Outcome, Reason, Segment
from switchboard.core.ids import BridgeId, CallId, LegId, PersonId, PhoneId, PlaybackId, RecordingId, nth_id
from switchboard.core.matching import Need
from switchboard.core.phone_number import PhoneNumber
from switchboard.core.policy import Box, Line, Plan
from switchboard.core.state_parts import Announced, Bug, Hears, Keyed, Offer, Party, Post, TalkRecording, Wish


class LookingUp(Struct, frozen=True, tag=True):
    """Where every call begins: we ask the directory who has the caller's number, if it is worth asking."""

    until_ms: int


class Ringing(Struct, frozen=True, tag=True):
    """A step rings people (or a number outside) directly."""

    offers: tuple[Offer, ...]
    candidates: tuple[PersonId, ...]
    """Who is next when these do not answer, in order."""
    each_ms: int
    step_until_ms: int
    asked_for: bool = False
    """A colleague asked for exactly these people."""
    waits_for: PersonId | None = None
    """Nobody rings yet: they gave the caller away, and are on the phone, maybe only for another moment."""

    @property
    def until_ms(self) -> int:
        return min((offer.until_ms for offer in self.offers), default=self.step_until_ms)


class Waiting(Struct, frozen=True, tag=True):
    """The caller stands in a queue; ``offers`` holds the operator being rung for them, if any (ring all: several)."""

    queue: str
    step_until_ms: int
    offers: tuple[Offer, ...] = ()
    since_ms: int = 0
    """When they joined this queue; 0 where the version before put them there."""
    need: Need = Need()
    only: PersonId | None = None
    """Kept for this person at first: the one they talked with the last time."""
    need_until_ms: int | None = None
    """When ``need`` or ``only`` changes; ``None``: never."""
    announced: Announced = Announced()

    @property
    def until_ms(self) -> int:
        # an operator who is being rung may ring out even when the caller's time in the queue is over
        if self.offers:
            waits_until_ms = min(offer.until_ms for offer in self.offers)
        else:
            changes_ms = self.need_until_ms
            waits_until_ms = self.step_until_ms if changes_ms is None else min(changes_ms, self.step_until_ms)
        said_at_ms = self.says_at_ms
        return waits_until_ms if said_at_ms is None else min(waits_until_ms, said_at_ms)

    @property
    def says_at_ms(self) -> int | None:
        """``announced.at_ms``, where it counts: nothing is begun to be said while an operator's phone rings."""
        return None if self.offers and self.announced.playback is None else self.announced.at_ms


class Asking(Struct, frozen=True, tag=True):
    """The caller asked to be called back while they waited, and is asked under which number."""

    back_to: Waiting
    """Where they go on waiting if they do not say."""
    playback: PlaybackId
    until_ms: int
    number: str | None
    """E.164: the number that they are to confirm; ``None``: they key one in."""
    keyed: str = ""
    tries: int = 1
    """How many times they were asked."""


class Summoning(Struct, frozen=True, tag=True):
    """The turn of somebody who is to be called back: an operator's phone rings first, as the call's own leg."""

    person: PersonId
    since_ms: int
    until_ms: int


class Connecting(Struct, frozen=True, tag=True):
    """Somebody picked up; both legs are on their way into the bridge."""

    offer: Offer
    bridge: BridgeId
    until_ms: int
    back_to: Ringing | Waiting
    """Where the call was, for the case that they cannot be connected."""
    bridged: tuple[LegId, ...] = ()
    asked_again: bool = False
    """Nothing was heard of it in time: asked for a second time."""
    third: Party | None = None
    """Who will talk with both of them."""


class Talking(Struct, frozen=True, tag=True):
    """The caller and whoever picked up are in the bridge, both."""

    leg: LegId
    person: PersonId | None
    bridge: BridgeId
    until_ms: int
    third: Party | None = None
    """Whom who picked up called in: all three hear one another."""


class OnHold(Struct, frozen=True, tag=True):
    """Who talked with the caller holds them, and they hear music."""

    leg: LegId
    """The leg of who talks with the caller."""
    person: PersonId | None
    by: LegId
    """Who holds: ``leg``, or the call's own leg where it was they who called."""
    since_ms: int
    until_ms: int
    """When the caller comes back by themselves."""
    bridge: BridgeId | None = None
    """Where the phone holds, both stay in the bridge and Asterisk plays the music; ``None``: we hold."""
    other: CallId | None = None
    """The call in which they consult meanwhile; ``by`` is a leg of that one then."""
    sure: bool = True
    """False: the connection was away since, and nobody would have told us that the hold is over."""


class Parked(Struct, frozen=True, tag=True):
    """The caller hears music until somebody retrieves them."""

    by: PersonId
    since_ms: int
    until_ms: int


class Listening(Struct, frozen=True, tag=True):
    """A supervisor, the caller of this call, hears a talk, or will in a moment."""

    person: PersonId
    """To whom they listen."""
    talk: CallId
    to: LegId
    """That person's leg."""
    until_ms: int
    longest_until_ms: int
    post: Post | None = None
    """Where they hear from; ``None``: not yet."""
    coming: Post | None = None
    """Where they will in a moment."""

    @property
    def posts(self) -> tuple[Post, ...]:
        return tuple(post for post in (self.post, self.coming) if post is not None)


class Saying(Struct, frozen=True, tag=True):
    """The caller hears a message; then the call ends with ``outcome``."""

    playback: PlaybackId
    outcome: Outcome
    until_ms: int
    prompts: tuple[str, ...] = ()
    """Unknown (empty) where the version before began to say it."""


class LeavingMessage(Struct, frozen=True, tag=True):
    """The caller hears the greeting of a box, and a tone, and speaks; Asterisk was asked for all of it at once."""

    box: Box
    playback: PlaybackId
    recording: RecordingId
    until_ms: int
    """When Asterisk is asked whether it still records; once that failed: when we believe that the caller is there."""
    ends_ms: int
    """It cannot last longer."""
    since_ms: int | None = None
    """When the greeting was over; ``None``: it is being said, as far as we know."""
    failed: str = ""
    """Why nothing was recorded."""
    tries: int = 1


class Keeping(Struct, frozen=True, tag=True):
    """The caller is gone, or told to end; Asterisk is asked what it has of their message."""

    box: Box
    recording: RecordingId
    spoke: bool
    """The greeting was over."""
    left_ms: int
    until_ms: int
    tries: int = 1


class Checking(Struct, frozen=True, tag=True):
    """Somebody dialled a PIN to be ``person`` on this phone; we ask whether it is right."""

    person: PersonId
    phone: PhoneId
    until_ms: int


class Telling(Struct, frozen=True, tag=True):
    """The caller hears that the talk may be recorded; then their plan goes on."""

    playback: PlaybackId
    until_ms: int


class Ending(Struct, frozen=True, tag=True):
    """The record is closed; legs that were told to end have not all said so."""

    until_ms: int
    tries: int = 1


CallState = (
    LookingUp | Ringing | Waiting | Asking | Summoning | Connecting | Talking | Saying | Ending | Checking | OnHold
    | Parked | Listening | Telling | LeavingMessage | Keeping
)  # fmt: skip

_STEP: tuple[type[CallState], ...] = (Ringing, Waiting, Saying, Telling, Ending, LeavingMessage)
FOLLOWS: dict[type[CallState], tuple[type[CallState], ...]] = {
    LookingUp: (*_STEP, LookingUp, Checking, Listening),
    Checking: (Saying, Ending, Checking),
    Telling: _STEP,
    Ringing: (*_STEP, Connecting),
    Waiting: (*_STEP, Connecting, Asking),
    Asking: (Asking, Waiting, Saying, Ending),
    Summoning: (Ringing, Ending, Listening, Saying),
    Connecting: (Ringing, Waiting, Ending, Talking, Connecting),
    Talking: (Ringing, Connecting, Talking, OnHold, Parked, Ending),
    OnHold: (Ringing, Connecting, Talking, OnHold, Parked, Ending),
    Parked: (Ringing, Connecting, Ending),
    Listening: (Listening, Saying, Ending),
    Saying: (Ending, Saying),
    LeavingMessage: (LeavingMessage, Saying, Keeping, Ending),
    Keeping: (Keeping, Ending),
    Ending: (Ending,),
}


class Call(Struct, kw_only=True):
    """One caller's visit. The only mutable thing about a call; everything in it is a value."""

    call_id: CallId
    direction: Direction
    leg: LegId
    """The caller's own leg."""
    caller_there: bool = True
    number: PhoneNumber
    dialled: str
    line: Line | None = None
    caller_person: PersonId | None = None
    """Who calls, when it is one of the staff."""
    policy_version: str
    arrived_at_ms: int
    state: CallState
    noted_state: str = "New"
    """Name of the state in the last step of the history."""
    answered: bool = False
    """The caller's leg was answered (200 OK sent), be it for music or for a person."""
    hears: Hears = Hears.NOTHING
    client: Client | None = None
    client_class: str | None = None
    debt: Debt | None = None
    rule: str | None = None
    plan: Plan | None = None
    step: int = -1
    flag: str | None = None
    reasons: list[Reason] = field(default_factory=list)
    not_again: list[PersonId] = field(default_factory=list)
    """Who refused or missed this call: nobody is rung twice for a call they did not take."""
    legs: dict[LegId, PersonId | None] = field(default_factory=dict)
    """Every leg that we made for this call and that has not ended yet."""
    ids_made: int = 0
    steps_noted: int = 0
    ringing_since_ms: int | None = None
    ring_ms: int = 0
    last_cause: int = 19
    """Q.850 cause of the last person or number that did not answer."""
    answered_at_ms: int | None = None
    answered_by: PersonId | None = None
    from_queue: str | None = None
    """The queue it was answered from."""
    ended_at_ms: int | None = None
    outcome: Outcome | None = None
    greeted: bool = False
    """The line's greeting was said."""
    call_back_of: CallId | None = None
    """The call whose caller is called back by this one."""
    listens: Wish | None = None
    """What a supervisor wants by this call."""
    waits_since_ms: int | None = None
    """When they first called, if they were cut off and got their place back; 0: before everybody else."""
    first_plan: Plan | None = None
    """The plan that was routed, where a hand-over took its place."""
    consults_for: CallId | None = None
    """The call whose party is on hold while this one goes on, by the same person."""
    is_question: bool = False
    """It was made to ask somebody about the caller of another call."""
    lent: LegId | None = None
    """The leg of that person: it is this call's for now, and goes back to the other one."""
    placed_by: PersonId | None = None
    """Who placed the call and left it to whom they had reached: ``leg`` is that party's now."""
    shown: str = ""
    """What is shown of the party on ``leg``, where it is not the caller's number."""
    talk_since_ms: int | None = None
    """When the present talk began, holds in it included."""
    talk_queue: str | None = None
    """The queue from which the present talk came."""
    segments: list[Segment] = field(default_factory=list)
    """What is over of the visit."""
    segment: Segment | None = None
    """What is going on, from its beginning to where it was looked at last; see ``segments``."""
    hand_overs: list[HandOver] = field(default_factory=list)

    recording: TalkRecording | None = None
    talks_recorded: int = 0
    notice_tried: bool = False
    """That the talk may be recorded was said, or could not be."""
    told_recorded: bool = False
    """They heard it."""
    keyed: dict[LegId, Keyed] = field(default_factory=dict)

    def make_id(self) -> str:
        self.ids_made += 1
        return nth_id(self.call_id, self.ids_made)

    def enter(self, state: CallState) -> None:
        """Change the state. Raises ``Bug`` when the table does not allow it."""
        if type(state) not in FOLLOWS[type(self.state)]:
            raise Bug(f"{type(self.state).__name__} must not become {type(state).__name__}")
        self.state = state

    @property
    def until_ms(self) -> int:
        """The next deadline: of the state, or of what goes on beside it."""
        beside_ms = self.recording.until_ms if self.recording is not None else None
        return self.state.until_ms if beside_ms is None else min(self.state.until_ms, beside_ms)

    @property
    def place_since_ms(self) -> int:
        """Since when their place in a queue counts."""
        return self.arrived_at_ms if self.waits_since_ms is None else self.waits_since_ms

    @property
    def is_handed_over(self) -> bool:
        """On its way from one person to another."""
        return bool(self.hand_overs) and self.hand_overs[-1].result is None

    @property
    def partner(self) -> Party | None:
        """Who talks with the party on ``leg``, or holds them or is held by them."""
        state = self.state
        return Party(state.leg, state.person) if isinstance(state, Talking | OnHold) else None

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Who is being rung for this call right now."""
        return self.state.offers if isinstance(self.state, Ringing | Waiting) else ()
