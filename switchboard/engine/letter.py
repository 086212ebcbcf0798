"""A message as a letter: who left it, when and where, and its sound. Pure.

Its Message-ID is made from the message's own id: a letter that is sent twice, because nobody heard that it had arrived,
is the same letter to a mail client.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.contentmanager import raw_data_manager
from email.header import Header
from email.message import EmailMessage
from email.policy import compat32
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from switchboard.engine.ports import VoicemailToSend

_HEADER_BYTES = 44
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class Words(Struct, frozen=True):
    subject: str
    caller: str
    unknown: str
    client: str
    left: str
    line: str
    lasts: str
    call: str
    no_sound: str


_WORDS = {
    "en": Words(
        subject="Voicemail from {who} ({box}, {lasts})",
        caller="Caller",
        unknown="number withheld",
        client="Client",
        left="Left",
        line="Line",
        lasts="Length",
        call="Call",
        no_sound="The sound of this message was lost. Please call back.",
    ),
    "ru": Words(
        subject="Голосовое сообщение от {who} ({box}, {lasts})",
        caller="Звонил",
        unknown="номер скрыт",
        client="Клиент",
        left="Оставлено",
        line="Линия",
        lasts="Длительность",
        call="Звонок",
        no_sound="Звук этого сообщения утрачен. Пожалуйста, перезвоните.",
    ),
}


def write(message: VoicemailToSend, sound: bytes | None, *, sender: str, timezone: str) -> EmailMessage:
    """``sound`` is a WAV file; ``None`` where there is none any more."""
    words = _WORDS.get(message.language, _WORDS["en"])
    number = message.caller_number or words.unknown
    left = datetime.fromtimestamp(message.left_at_ms / 1000, tz=ZoneInfo(timezone))
    lasts = _clock(message.duration_ms if sound is None else duration_ms(sound))
    letter = EmailMessage(compat32)  # the newer policies of Python 3.11 lose spaces between encoded words
    who = message.client_name or number
    letter["Subject"] = Header(_clean(words.subject.format(who=who, box=message.title, lasts=lasts)), "utf-8")
    letter["From"] = sender
    letter["To"] = ", ".join(message.mail_to)
    letter["Date"] = format_datetime(left)
    letter["Message-ID"] = f"<{message.message}@{sender.rpartition('@')[2].rstrip('>')}>"
    letter["Auto-Submitted"] = "auto-generated"
    client = f"{message.client_name or '–'} ({message.client_id})" if message.client_id is not None else "–"
    rows = [
        (words.caller, number),
        (words.client, client),
        (words.left, left.strftime("%Y-%m-%d %H:%M")),
        (words.line, message.line or "–"),
        (words.lasts, lasts),
        (words.call, message.call),
    ]
    text = "\n".join([f"{name}: {_clean(value)}" for name, value in rows] + ([words.no_sound] if sound is None else []))
    letter.set_content(f"{text}\n", content_manager=raw_data_manager)
    if sound is not None:
        name = f"{message.box}-{left.strftime('%Y-%m-%d-%H%M%S')}.wav"
        letter.add_attachment(sound, maintype="audio", subtype="wav", filename=name, content_manager=raw_data_manager)
    return letter


def duration_ms(sound: bytes) -> int:
    """Of a WAV file with a header of the usual size; by how many bytes a second it says it has."""
    a_second = int.from_bytes(sound[28:32], "little") or 16_000
    return max(len(sound) - _HEADER_BYTES, 0) * 1000 // a_second


def _clock(ms: int) -> str:
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes}:{seconds:02d}"


def _clean(text: str) -> str:
    """Without what ends a header's line: a client file may have anything in a name."""
    return _UNFIT.sub(" ", text)
