"""What to do: everything the exchange ever asks of the world, in the imperative.

Every action names its call: the actions of one call are performed in order, calls run side by side. An action
that fails comes back as ``ActionFailed``; one that succeeds says nothing, its effect arrives as a fact of its own.
"""

from __future__ import annotations

from msgspec import Struct

from switchboard.core.ids import BridgeId, CallId, LegId, PersonId, PhoneId, PlaybackId, RecordingId
from switchboard.core.phone_number import PhoneNumber


class LookUpCaller(Struct, frozen=True, tag=True):
    """Ask the directory who has this number; answered by ``CallerFound`` or ``LookUpFailed`` within ``within_ms``."""

    call: CallId
    number: PhoneNumber
    within_ms: int


class SoundRinging(Struct, frozen=True, tag=True):
    """Let a caller hear ringing: by 180 who was not answered yet, by its tone who asks a colleague in mid-call."""

    call: CallId
    leg: LegId


class StopRinging(Struct, frozen=True, tag=True):
    """The end of ringing in the ear of somebody who was answered: it would go on among voices."""

    call: CallId
    leg: LegId


class Answer(Struct, frozen=True, tag=True):
    call: CallId
    leg: LegId


class SetLanguage(Struct, frozen=True, tag=True):
    """Prompts of this leg are spoken in ``language`` (``en``, ``ru``)."""

    call: CallId
    leg: LegId
    language: str


class StartMusic(Struct, frozen=True, tag=True):
    call: CallId
    leg: LegId
    music: str


class StopMusic(Struct, frozen=True, tag=True):
    call: CallId
    leg: LegId


class Play(Struct, frozen=True, tag=True):
    """Say ``prompts`` one after the other; ends with ``PlaybackEnded``."""

    call: CallId
    leg: LegId
    playback: PlaybackId
    prompts: tuple[str, ...]


class StopPlaying(Struct, frozen=True, tag=True):
    """Cut a message short, if it is still being said; ``PlaybackEnded`` follows all the same."""

    call: CallId
    leg: LegId
    playback: PlaybackId


class RecordMessage(Struct, frozen=True, tag=True):
    """Record what a caller says, behind whatever is being said to them, after a tone, until they press # or are silent
    for ``silence_ms``; ends with ``RecordingEnded``. Asterisk does it alone: it needs nobody meanwhile."""

    call: CallId
    leg: LegId
    recording: RecordingId
    longest_ms: int
    silence_ms: int


class AskAboutRecording(Struct, frozen=True, tag=True):
    """Nobody has heard of its end: answered by ``RecordingEnded``, or by nothing while it goes on."""

    call: CallId
    recording: RecordingId


class DropRecording(Struct, frozen=True, tag=True):
    """Nobody needs this file of Asterisk's."""

    call: CallId
    recording: RecordingId


class Ring(Struct, frozen=True, tag=True):
    """Make ``leg`` and ring a staff phone, at most ``ring_ms`` (a backstop: we stop it ourselves)."""

    call: CallId
    leg: LegId
    phone: PhoneId
    caller_number: str
    """Shown on the phone."""
    caller_name: str
    like: LegId | None
    """The leg whose codecs to offer first: the other party's; ``None`` where there is none yet."""
    ring_ms: int


class RingOutside(Struct, frozen=True, tag=True):
    """Make ``leg`` and ring ``number`` outside, through the trunk."""

    call: CallId
    leg: LegId
    number: str
    """``+`` and digits, or digits; nothing else ever gets here."""
    caller_number: str
    like: LegId
    ring_ms: int


class Connect(Struct, frozen=True, tag=True):
    """Make ``bridge`` and put the legs into it: they talk. A leg that is in another bridge leaves that one."""

    call: CallId
    bridge: BridgeId
    legs: tuple[LegId, ...]
    """Two, or three; the call's own first."""


class TakeDownBridge(Struct, frozen=True, tag=True):
    call: CallId
    bridge: BridgeId


class Snoop(Struct, frozen=True, tag=True):
    """Make ``leg``, which hears what ``of`` says and hears, unnoticed. With ``whisper``, the phone of ``of`` hears
    whoever is connected with it, and nobody else does. It ends when ``of`` does."""

    call: CallId
    leg: LegId
    of: LegId
    whisper: bool


class Join(Struct, frozen=True, tag=True):
    """Put ``leg`` into a bridge in which others talk: all hear each other, but not the keys that are pressed on it."""

    call: CallId
    leg: LegId
    bridge: BridgeId


class HangUp(Struct, frozen=True, tag=True):
    """End a leg. ``cause`` is Q.850: 16 normal, 26 answered elsewhere, 17 busy, 21 refused …"""

    call: CallId
    leg: LegId
    cause: int = 16


class SendToDialplan(Struct, frozen=True, tag=True):
    """Give a caller back to Asterisk's own fallback queue: the last resort when we cannot go on ourselves."""

    call: CallId
    leg: LegId
    context: str = "fallback"


class AskWhetherThere(Struct, frozen=True, tag=True):
    """Send the far end of a leg that talks a request which changes nothing. Whoever does not know the call (any more)
    says so, and whoever does not answer at all is given up in the end: either way the leg ends like any other."""

    call: CallId
    leg: LegId


class CheckPin(Struct, frozen=True, tag=True):
    """Compare the PIN that was dialled on ``leg`` with that of ``person``; answered by ``PinChecked``."""

    call: CallId
    leg: LegId
    person: PersonId


class PlayInBridge(Struct, frozen=True, tag=True):
    """Say ``prompts`` to all who are in the bridge; ends with ``PlaybackEnded``."""

    call: CallId
    bridge: BridgeId
    playback: PlaybackId
    prompts: tuple[str, ...]


class StartRecording(Struct, frozen=True, tag=True):
    """Record what is said in the bridge. Being asked again changes nothing."""

    call: CallId
    bridge: BridgeId
    recording: RecordingId
    legs: tuple[LegId, ...]
    """Who is in the bridge: if one of them is gone, that is why it could not be."""


class PauseRecording(Struct, frozen=True, tag=True):
    """Leave out what is said from now on. Then, and only then, ``leg`` hears ``prompts``; nobody else does."""

    call: CallId
    recording: RecordingId
    leg: LegId | None = None
    playback: PlaybackId | None = None
    prompts: tuple[str, ...] = ()


class GoOnRecording(Struct, frozen=True, tag=True):
    """The end of a pause. Then, and only then, ``leg`` hears ``prompts``."""

    call: CallId
    recording: RecordingId
    leg: LegId | None = None
    playback: PlaybackId | None = None
    prompts: tuple[str, ...] = ()


class StopRecording(Struct, frozen=True, tag=True):
    """End the recording, if it has not ended by itself. Its file stays."""

    call: CallId
    recording: RecordingId


Action = (
    LookUpCaller
    | SoundRinging
    | StopRinging
    | Answer
    | SetLanguage
    | StartMusic
    | StopMusic
    | Play
    | StopPlaying
    | Ring
    | RingOutside
    | Connect
    | TakeDownBridge
    | HangUp
    | SendToDialplan
    | AskWhetherThere
    | CheckPin
    | Snoop
    | Join
    | RecordMessage
    | AskAboutRecording
    | DropRecording
    | PlayInBridge
    | StartRecording
    | PauseRecording
    | GoOnRecording
    | StopRecording
)
