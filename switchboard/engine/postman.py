"""The postman: sends messages that callers left to whom their boxes name, by mail; and tells which are old.

A worker beside the calls; none of them ever waits for it. What is not sent yet stands in Postgres, so a restart forgets
nothing. A letter is marked as sent when the mail server has taken it: dying in between sends it once more, under the
same Message-ID. One that is refused is tried again, later and later, for days; then it is given up, loudly. The task
that each message has opened is there in any case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from switchboard.core.facts import Fact, RecordingExpired
from switchboard.core.policy import Policy
from switchboard.engine import letter
from switchboard.engine.ports import (
    Clock,
    MailServer,
    Refused,
    VoicemailPost,
    VoicemailToSend,
    VoicemailWaiting,
)
from switchboard.engine.rounds import go_rounds

EVERY_S = 3.0
_AT_ONCE = 20
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 10_000, 3_600_000
_GIVE_UP_AFTER_MS = 5 * 24 * 3_600_000
_LATE_MS = 10 * 60_000
_LOOK_FOR_OLD_EVERY = 100
"""Rounds."""

_log = structlog.get_logger()


class Postman:
    """``run`` is a task."""

    def __init__(
        self,
        post: VoicemailPost,
        mail: MailServer | None,
        tell: Callable[[Fact], None],
        policy: Callable[[], Policy | None],
        clock: Clock,
        *,
        folder: Path,
        sender: str,
        every_s: float = EVERY_S,
    ) -> None:
        """``mail`` is ``None`` where no mail server is set; ``folder`` is that of recordings; ``tell`` hands a fact in,
        or raises ``InboxFull``."""
        self._post = post
        self._mail = mail
        self._tell = tell
        self._policy = policy
        self._clock = clock
        self._folder = folder
        self._sender = sender
        self._every_s = every_s
        self._rounds = 0
        self._waiting: VoicemailWaiting | None = None
        self.sent_total = 0
        self.failures_total = 0
        """Letters that a mail server did not take, each time."""

    @property
    def waiting(self) -> int:
        """Messages that are to be sent, by the last look."""
        return self._waiting.count if self._waiting is not None else 0

    def problem(self) -> str | None:
        """What is not as it should be, for people; ``None``: nothing."""
        waiting = self._waiting
        if waiting is None or self._clock.now_ms() - waiting.oldest_left_at_ms < _LATE_MS:
            return None
        minutes = (self._clock.now_ms() - waiting.oldest_left_at_ms) // 60_000
        return f"{waiting.count} messages wait to be mailed, for {minutes} min: {waiting.trouble or 'no sound yet'}"

    async def run(self) -> None:
        """Until cancelled; nothing that goes wrong ends it."""
        await go_rounds("voicemail", self.one_round, self._every_s)

    async def one_round(self) -> None:
        """Send what can be sent now. Raises ``Refused`` when nobody knows what that is."""
        policy = self._policy()
        if policy is None:
            return
        self._rounds += 1
        if self._rounds % _LOOK_FOR_OLD_EVERY == 1:
            await self._expire()
        elif not policy.boxes and self._waiting is None:
            return
        for message in await self._post.to_send(self._clock.now_ms(), _AT_ONCE):
            await self._send(message, policy.timezone)
        self._waiting = await self._post.waiting()

    async def _send(self, message: VoicemailToSend, timezone: str) -> None:
        try:
            if self._mail is None:
                raise Refused("no mail server is set (SWITCHBOARD_SMTP)")
            sound = await asyncio.to_thread(self._sound_of, message)
            await self._mail.send(letter.write(message, sound, sender=self._sender, timezone=timezone))
        except Refused as refused:
            await self._fail(message, refused.why)
        except Exception as error:  # a bug of ours, or of a library: the other letters are sent all the same
            _log.exception("voicemail.letter_failed", message=message.message)
            await self._fail(message, f"bug: {type(error).__name__}")
        else:
            self.sent_total += 1
            await self._post.sent(message.message, self._clock.now_ms())
            _log.info("voicemail.sent", message=message.message, box=message.box, tries=message.tries + 1)

    def _sound_of(self, message: VoicemailToSend) -> bytes | None:
        if message.file is None:
            return None
        try:
            return (self._folder / message.file).read_bytes()
        except FileNotFoundError:
            if not self._folder.is_dir():
                raise Refused("the folder of recordings is missing") from None
            return None  # deleted since
        except OSError as error:
            raise Refused(f"its file cannot be read: {error.strerror}") from error

    async def _fail(self, message: VoicemailToSend, why: str) -> None:
        now_ms = self._clock.now_ms()
        self.failures_total += 1
        if now_ms - message.left_at_ms > _GIVE_UP_AFTER_MS:
            _log.error("voicemail.given_up", message=message.message, box=message.box, reason=why)
            await self._post.give_up(message.message, now_ms, why)
            return
        pause_ms = min(_FIRST_PAUSE_MS * 2 ** min(message.tries, 20), _LONGEST_PAUSE_MS)
        _log.warning("voicemail.put_off", message=message.message, reason=why, again_in_s=pause_ms // 1000)
        await self._post.put_off(message.message, now_ms + pause_ms, why)

    async def _expire(self) -> None:
        """The courier deletes what is told to be old."""
        now_ms = self._clock.now_ms()
        for old in await self._post.old(now_ms, _AT_ONCE):
            self._tell(RecordingExpired(old.message, old.kept_days))
            await self._post.expired(old.message, now_ms)
            _log.info("voicemail.expired", message=old.message, kept_days=old.kept_days)
