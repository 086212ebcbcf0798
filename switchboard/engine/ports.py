"""The ports: what the engine needs of the world, as small Protocols.

Each has an in-memory twin and a real adapter, and both pass the same contract tests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from email.message import EmailMessage
from typing import Protocol

from msgspec import Struct

from switchboard.core.actions import Action
from switchboard.core.caller import Client
from switchboard.core.entries import Entry
from switchboard.core.facts import Fact, Found
from switchboard.core.ids import CallId, LegId, PersonId, RecordingId
from switchboard.core.phone_number import PhoneNumber


class Refused(Exception):
    """The world said no. Becomes an ``ActionFailed`` fact; ``why`` is for people to read."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class SwitchAway(Refused):
    """There is no connection to the switch. Whether it was done, the next survey will say."""


class LegGone(Refused):
    """``leg`` is not in the switch any more: whoever had it just hung up."""

    def __init__(self, why: str, leg: LegId) -> None:
        super().__init__(why)
        self.leg = leg


class InboxFull(Exception):
    """More facts wait than the engine may hold. Whoever hands them in must resynchronise, not drop one."""


class Clock(Protocol):
    def now_ms(self) -> int:
        """Unix milliseconds that never jump: wall time at start plus monotonic time since."""


class Telephony(Protocol):
    async def perform(self, action: Action) -> Fact | None:
        """Do it, or raise ``Refused``. Returns when the switch accepted it, not when its effect is there; with what the
        switch answered, where the action is a question.

        Except for ``Connect`` and ``Join``: they return when the legs are in the bridge.
        """


class Surveyor(Protocol):
    async def survey(self) -> Found:
        """What lives in the switch right now. Raises ``Refused``."""


class VoiceMeter(Protocol):
    async def voice_packets(self, leg: LegId) -> int | None:
        """How many packets of voice came from this leg's far end so far; ``None`` where nobody counts them, or the leg
        is not there. Raises ``Refused``."""


MOST_CLIENTS = 100
"""A number that more clients share tells nothing about who calls (a switchboard's, a made-up one)."""


class Directory(Protocol):
    async def find(self, number: PhoneNumber) -> tuple[Client, ...]:
        """All clients that have this number, ordered by client id; empty when nobody has.

        Raises ``Refused``, also when more than ``MOST_CLIENTS`` share it.
        """

    def find_at_once(self, number: PhoneNumber) -> tuple[Client, ...] | None:
        """What ``find`` would return, where that takes no waiting; ``None``: ask ``find``. Raises as that does."""

    def age_ms(self) -> int:
        """How old the knowledge is that ``find`` answers from; 0 when it asks whoever knows."""


def few_enough(number: PhoneNumber, found: Sequence[Client]) -> tuple[Client, ...]:
    """What was found, for ``Directory.find`` to return. Raises ``Refused`` when too many share the number."""
    if len(found) > MOST_CLIENTS:
        raise Refused(f"look-up: more than {MOST_CLIENTS} clients share {number}, so it says nothing")
    return tuple(found)


class Pins(Protocol):
    async def is_right(self, person: PersonId, leg: LegId) -> bool:
        """Whether the PIN that was dialled on ``leg`` is that of ``person``; false for somebody without one.

        Raises ``Refused`` when it cannot be told. What was dialled is forgotten with the answer.
        """


class Batch(Struct, frozen=True):
    """Facts in their order. The first has position ``first``, the next ``first + 1`` …; all got one time."""

    first: int
    at_ms: int
    facts: tuple[Fact, ...]


class Placed(Struct, frozen=True):
    """An entry with its place in the log: the position of the fact that caused it, and its number there (0 …)."""

    position: int
    index: int
    entry: Entry


class Log(Protocol):
    """One order of facts, durable. The embedded one is SQLite; a replicated one fits the same shape."""

    def submit(self, fact: Fact) -> None:
        """Hand a fact in. Raises ``InboxFull``; never blocks."""

    @property
    def waiting(self) -> int:
        """How many facts wait to be ordered."""

    def ordered(self) -> AsyncIterator[Batch]:
        """Batches of new facts, in the one order, stamped when they are ordered."""

    async def keep(self, batch: Batch, entries: Sequence[Placed]) -> None:
        """Make the batch and what it caused durable, together; return when they are.

        It may have grown at its end since it was ordered: by facts that were known at once, see ``Loop``.
        """

    async def restore(self) -> tuple[int, bytes | None]:
        """The newest snapshot and the position it stands at: ``(0, None)`` when there is none."""

    def stored(self, after: int) -> AsyncIterator[Batch]:
        """The batches kept behind position ``after``, in order: what to replay."""

    async def snapshot(self, position: int, state: bytes) -> None:
        """Store the exchange's state as of ``position``; facts up to there need not be replayed."""

    async def undelivered(self, after: tuple[int, int], limit: int) -> Sequence[Placed]:
        """Entries behind place ``after`` (position, index), in order, at most ``limit``."""

    async def forget(self, delivered: tuple[int, int]) -> None:
        """Entries up to this place are delivered, facts behind the snapshot are not needed: drop both."""


class Records(Protocol):
    """Where entries end up: Postgres, or its twin."""

    async def cursor(self) -> tuple[int, int]:
        """Place of the last entry stored; ``(0, -1)`` when none is. Raises ``Refused`` when it cannot be asked."""

    async def store(self, entries: Sequence[Placed]) -> None:
        """Store them and move the cursor, in one transaction; storing one twice changes nothing. Raises ``Refused``."""


class FiledRecording(Struct, frozen=True):
    """A recording that lies in the folder of recordings, whole and durable."""

    recording: RecordingId
    file: str
    """Its place in the folder: ``2026/11/29/ID.wav``."""
    sha256: str
    """Of the file, 64 hex digits."""
    size_bytes: int


class RecordingMissing(Refused):
    """Neither the switch nor the folder has this recording."""


class RecordingStore(Protocol):
    """Recordings, from the switch into a folder. One of a call lies where its id says, so nothing need be remembered.

    None of it is in a call's way, and all of it may be done again: after a crash the same gives the same.
    """

    async def lying(self) -> tuple[RecordingId, ...]:
        """Recordings of ours that the switch holds, sorted; also those still being made. Raises ``Refused``."""

    async def fetch(self, recording: RecordingId) -> FiledRecording | None:
        """Copy it into the folder; ``None`` while it is still being made. The switch keeps its own copy.

        Raises ``RecordingMissing``, and ``Refused`` when the switch or the folder cannot be used.
        """

    async def release(self, recording: RecordingId) -> None:
        """Delete the switch's copy, if there is one. Raises ``Refused``."""

    async def older_than(self, at_ms: int, limit: int) -> tuple[RecordingId, ...]:
        """Recordings in the folder of days that were over at ``at_ms``, oldest days first. Raises ``Refused``."""

    async def delete(self, recording: RecordingId) -> None:
        """Delete the file from the folder, if it is there. Raises ``Refused``."""

    async def check(self) -> str | None:
        """What is wrong with the folder or with the switch's own, for people; ``None``: nothing."""


class VoicemailToSend(Struct, frozen=True, kw_only=True):
    """A message whose sound lies in the folder of recordings, or never will."""

    message: RecordingId
    call: CallId
    box: str
    title: str
    left_at_ms: int
    duration_ms: int
    line: str | None
    caller_number: str | None
    client_id: str | None
    client_name: str | None
    language: str
    mail_to: tuple[str, ...]
    tries: int
    """How many times its sending failed."""
    file: str | None
    """Its place in the folder; ``None`` where its sound is lost."""


class VoicemailWaiting(Struct, frozen=True):
    """What is not sent yet."""

    count: int
    oldest_left_at_ms: int
    trouble: str
    """Why the oldest could not be sent the last time; empty where nothing was in the way, or its sound is awaited."""


class OldVoicemail(Struct, frozen=True):
    message: RecordingId
    kept_days: int


class VoicemailPost(Protocol):
    """Which messages are to be sent by mail, and which are old. Durable: it is all the postman remembers.

    Each raises ``Refused`` when it cannot be asked. A message that is sent, or given up, is none of these any more.
    """

    async def to_send(self, now_ms: int, limit: int) -> tuple[VoicemailToSend, ...]:
        """Those that may be tried now, oldest first."""

    async def sent(self, message: RecordingId, at_ms: int) -> None: ...

    async def put_off(self, message: RecordingId, until_ms: int, why: str) -> None:
        """It could not be sent; not before ``until_ms`` again."""

    async def give_up(self, message: RecordingId, at_ms: int, why: str) -> None: ...

    async def waiting(self) -> VoicemailWaiting | None:
        """``None``: all is sent."""

    async def old(self, now_ms: int, limit: int) -> tuple[OldVoicemail, ...]:
        """Messages that were kept for as long as their boxes say, and that nobody was told of yet."""

    async def expired(self, message: RecordingId, at_ms: int) -> None: ...


class MailServer(Protocol):
    async def send(self, letter: EmailMessage) -> None:
        """Hand it over; return when the server has it for all, or for some, of those it is to. Raises ``Refused``."""
