"""What happened: everything the exchange is ever told, in the past tense.

Each fact names the call, leg or person it is about, so that a late or doubled one is recognised and dropped.
Facts are the log's content: adding a field needs a default, renaming one needs a migration of stored logs.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from switchboard.core.caller import Client
from switchboard.core.fallback_call import Bookmark, FallbackCall
from switchboard.core.ids import BridgeId, CallId, LegId, PersonId, PhoneId, PlaybackId, RecordingId
from switchboard.core.policy import Policy
from switchboard.core.staff_commands import StaffCommand


class Entrance(StrEnum):
    """Where a call came in."""

    LINE = "line"
    """From the trunk, to one of the company's numbers."""
    PHONE = "phone"
    """From a staff member's phone."""


class CallArrived(Struct, frozen=True, tag=True):
    leg: LegId
    entrance: Entrance
    number: str
    """The caller's number exactly as the network gave it; may be empty or nonsense."""
    dialled: str
    """What was dialled: the line's number, or whatever was typed on a phone; a PIN in it was replaced by ``?``."""
    phone: PhoneId | None = None
    """The staff phone it came from; set exactly when ``entrance`` is phone."""
    waited_ms: int = 0
    """How long ago that was, where nobody told us then and a survey found the caller."""


class CallerFound(Struct, frozen=True, tag=True):
    """The directory answered; no clients means the number is in nobody's file."""

    call: CallId
    clients: tuple[Client, ...]
    age_ms: int = 0
    """How old the directory's knowledge was: it may have answered from a copy."""


class LookUpFailed(Struct, frozen=True, tag=True):
    call: CallId
    why: str


class LegRinging(Struct, frozen=True, tag=True):
    """The far phone rings (180)."""

    leg: LegId


class LegAnswered(Struct, frozen=True, tag=True):
    """A leg that we made was picked up and can be bridged."""

    leg: LegId


class LegBridged(Struct, frozen=True, tag=True):
    """A leg is in the bridge: it hears whoever else is."""

    leg: LegId
    bridge: BridgeId


class LegHeld(Struct, frozen=True, tag=True):
    """A phone put the other side on hold; Asterisk plays music to that one."""

    leg: LegId


class LegUnheld(Struct, frozen=True, tag=True):
    """… and off hold again. Comes before every transfer too, held or not."""

    leg: LegId


class LegTransferred(Struct, frozen=True, tag=True):
    """A phone gave the other side away to what it ``dialled`` (REFER). ``leg`` has left its bridge, and leaves."""

    leg: LegId
    dialled: str
    stand_ins: tuple[LegId, ...] = ()
    """What Asterisk put in its place: nobody is there, it only keeps things together until we say what happens."""


class LegsTransferred(Struct, frozen=True, tag=True):
    """A phone with two calls gave their other sides to each other (REFER with Replaces)."""

    leg: LegId
    """Its leg of the one call …"""
    other: LegId
    """… and of the other."""
    stand_ins: tuple[LegId, ...] = ()


class LegLeft(Struct, frozen=True, tag=True):
    """A leg is no longer ours to steer: it hung up or went on in the dialplan. Its cause may follow."""

    leg: LegId


class LegEnded(Struct, frozen=True, tag=True):
    """A channel is gone. ``cause`` is Q.850 (0 unknown), ``sip_code`` the final response where there was one."""

    leg: LegId
    cause: int
    sip_code: int | None = None


class PlaybackEnded(Struct, frozen=True, tag=True):
    """A message was heard to its end, or could not be played (``heard`` is false)."""

    playback: PlaybackId
    heard: bool = True


class RecordingEnded(Struct, frozen=True, tag=True):
    """What was recorded lies in Asterisk as a file (``kept``), or could not be recorded."""

    recording: RecordingId
    kept: bool = True
    duration_ms: int = 0
    why: str = ""
    """What went wrong, where it was not kept."""
    known: bool = True
    """Asterisk began to record; false where it was asked, and has never heard of it."""
    talking_ms: int | None = None
    """How much of it was sound, in whole seconds; ``None`` where nobody counted."""


class RecordingFiled(Struct, frozen=True, tag=True):
    """A recording lies in the folder of recordings. Comes again after a crash."""

    recording: RecordingId
    file: str
    """Its place in the folder: ``2026/11/29/ID.wav``."""
    sha256: str
    size_bytes: int


class RecordingMissed(Struct, frozen=True, tag=True):
    """What was recorded is nowhere to be found."""

    recording: RecordingId
    why: str


class RecordingExpired(Struct, frozen=True, tag=True):
    """A recording is older than recordings are kept: its file is deleted now."""

    recording: RecordingId
    kept_days: int


AboutFiles = RecordingFiled | RecordingMissed | RecordingExpired
"""True whether or not Asterisk is there."""


class PhoneSeen(Struct, frozen=True, tag=True):
    """A staff phone registered, vanished, or was found so in a survey."""

    phone: PhoneId
    registered: bool


class PhoneEngaged(Struct, frozen=True, tag=True):
    """A survey found a staff phone on a call that is none of ours (one that Asterisk's own queue gave it while we were
    away), or no longer."""

    phone: PhoneId
    engaged: bool


class FoundLeg(Struct, frozen=True):
    """One living channel of ours, as a survey found it."""

    leg: LegId
    up: bool = False
    """It was answered."""
    bridge: BridgeId | None = None
    arrival: CallArrived | None = None
    """How it came to us; ``None`` for a leg that we made."""


class FoundStandIn(Struct, frozen=True):
    """A transfer that a phone made: a pair that stands in for its leg, or its two legs."""

    legs: tuple[LegId, ...]
    bridge: BridgeId | None
    """Where the first of them is; the phone's leg was there."""
    dialled: str | None = None
    """Given away to this; ``None``: to the other side of the phone's other call, which is in ``other``."""
    other: BridgeId | None = None


class Found(Struct, frozen=True):
    """What a survey found in Asterisk."""

    legs: tuple[FoundLeg, ...] = ()
    """Every living channel that is ours to steer, sorted by id."""
    bridges: tuple[BridgeId, ...] = ()
    """Every bridge that we made, sorted."""
    phones: tuple[PhoneId, ...] = ()
    """Every registered staff phone, sorted."""
    engaged: tuple[PhoneId, ...] = ()
    """Staff phones on a call that is none of ours, sorted."""
    stand_ins: tuple[FoundStandIn, ...] = ()
    """What phones did while nobody listened, and what follows is still to be decided, sorted."""


class LegVanished(Struct, frozen=True, tag=True):
    """A survey does not find this leg: it ended, and nobody heard when or why."""

    leg: LegId


class LegFound(Struct, frozen=True, tag=True):
    """A survey found a leg that we made and that no call has: whoever is there is alone."""

    leg: LegId


class BridgeFound(Struct, frozen=True, tag=True):
    """A survey found a bridge of ours that no call has, with nobody talking in it."""

    bridge: BridgeId


class LegApart(Struct, frozen=True, tag=True):
    """A survey finds somebody outside ``bridge``, in which they talk: they hear nobody, or somebody else."""

    leg: LegId
    bridge: BridgeId


class LegSilent(Struct, frozen=True, tag=True):
    """Somebody who talks has sent no voice for seconds: gone without a word, or muted. Comes again while it lasts."""

    leg: LegId


class SwitchReady(Struct, frozen=True, tag=True):
    """Asterisk is connected and surveyed: this is what lives there right now, and all there is."""

    found: Found
    switch: str = ""
    """Names this run of Asterisk: another one means that it was restarted, and that no call lived through it."""


class SwitchLost(Struct, frozen=True, tag=True):
    """The connection to Asterisk broke, or is still to be made. Calls go on there; nothing is known until the next
    ``SwitchReady``, and nothing happens to them here."""

    why: str


class ActionFailed(Struct, frozen=True, tag=True):
    """The world refused an action (Asterisk said 404, 409, …, or did not answer)."""

    call: CallId
    action: str
    """Tag of the action, e.g. ``Ring``."""
    why: str
    leg: LegId | None = None
    """The leg that the action was about, when there is one."""
    away: bool = False
    """There was no connection: nobody knows whether it was done, the next survey will say."""
    gone: LegId | None = None
    """The leg that Asterisk no longer has, where that is why; what it says of its end is on its way to us."""
    playback: PlaybackId | None = None
    """The message that the action was to say, if any."""
    recording: RecordingId | None = None
    """What the action was to record, if anything."""
    bridge: BridgeId | None = None
    """Where the action was to connect legs, if it was."""


class DeadlinePassed(Struct, frozen=True, tag=True):
    """The moment ``until_ms`` came. Exactly one of the others is set; stale if its state moved on."""

    until_ms: int
    call: CallId | None = None
    person: PersonId | None = None
    booking: CallId | None = None


class KeyPressed(Struct, frozen=True, tag=True):
    """Somebody pressed a key on their phone in the midst of a call."""

    leg: LegId
    key: str
    """One of ``0123456789*#`` (or A–D, which no phone has)."""


class StaffCommanded(Struct, frozen=True, tag=True):
    """A person (or their head, at the desk) asked for another state."""

    person: PersonId
    command: StaffCommand
    reason: str = ""
    whom: PersonId | None = None
    for_ms: int | None = None
    until_ms: int | None = None
    phone: PhoneId | None = None
    to: str = ""
    """What they would dial."""


class PinChecked(Struct, frozen=True, tag=True):
    """The answer to ``CheckPin``: whether the PIN that was dialled is the person's. The PIN itself nobody tells us."""

    call: CallId
    right: bool


class PolicyLoaded(Struct, frozen=True, tag=True):
    policy: Policy


class FallbackReported(Struct, frozen=True, tag=True):
    """Asterisk's queue log was read on from ``since`` to ``upto``: these calls were found there, and are over.

    Counts only when ``since`` is where the exchange stands, so that nothing is counted twice or left out.
    """

    since: Bookmark | None
    """``None``: it was never read before."""
    upto: Bookmark
    calls: tuple[FallbackCall, ...] = ()


Fact = (
    CallArrived
    | CallerFound
    | LookUpFailed
    | LegRinging
    | LegAnswered
    | LegBridged
    | LegHeld
    | LegUnheld
    | LegTransferred
    | LegsTransferred
    | LegLeft
    | LegEnded
    | PlaybackEnded
    | PhoneSeen
    | PhoneEngaged
    | LegVanished
    | LegFound
    | BridgeFound
    | SwitchReady
    | SwitchLost
    | ActionFailed
    | DeadlinePassed
    | KeyPressed
    | StaffCommanded
    | PinChecked
    | PolicyLoaded
    | FallbackReported
    | LegSilent
    | LegApart
    | RecordingEnded
    | RecordingFiled
    | RecordingMissed
    | RecordingExpired
)
