"""Letters: what stands in them, and that what a caller or a client file says cannot break them."""

from __future__ import annotations

import io
import wave
from email import message_from_bytes, policy
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from switchboard.core.ids import CallId, RecordingId
from switchboard.engine.letter import duration_ms, write
from switchboard.engine.ports import VoicemailToSend

MESSAGE = VoicemailToSend(
    message=RecordingId("a" * 32),
    call=CallId("c" * 24),
    box="orders",
    title="Заказы",
    left_at_ms=1_790_000_000_123,
    duration_ms=12_000,
    line="orders",
    caller_number="+74950001006",
    client_id="D-08",
    client_name="Рынок «Север»",
    language="ru",
    mail_to=("orders@example.com", "head@example.com"),
    tries=0,
    file="2026/09/21/a.wav",
)


def sound(seconds: float) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\x01\x02" * round(seconds * 8000))
    return made.getvalue()


def sent(message: VoicemailToSend, content: bytes | None) -> EmailMessage:
    """As a mail client gets it."""
    letter = write(message, content, sender="switchboard@example.com", timezone="Europe/Moscow")
    read = message_from_bytes(letter.as_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_a_letter_in_russian() -> None:
    letter = sent(MESSAGE, sound(12.4))
    assert letter["Subject"] == "Голосовое сообщение от Рынок «Север» (Заказы, 0:12)"
    assert letter["Message-ID"] == f"<{'a' * 32}@example.com>"
    assert letter["To"] == "orders@example.com, head@example.com"
    assert letter["Date"] == "Mon, 21 Sep 2026 17:13:20 +0300"
    assert text_of(letter) == (
        "Звонил: +74950001006\nКлиент: Рынок «Север» (D-08)\nОставлено: 2026-09-21 17:13\nЛиния: orders\n"
        f"Длительность: 0:12\nЗвонок: {'c' * 24}\n"
    )
    [attached] = letter.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == ("audio/wav", "orders-2026-09-21-171320.wav")
    assert attached.get_content() == sound(12.4)


def test_of_a_lost_sound_the_letter_says_so() -> None:
    letter = sent(
        replace(MESSAGE, language="en", caller_number=None, client_id=None, client_name=None, line=None), None
    )
    assert letter["Subject"] == "Voicemail from number withheld (Заказы, 0:12)"
    assert list(letter.iter_attachments()) == []
    assert "was lost. Please call back." in text_of(letter)


def test_sent_twice_it_is_the_same_letter() -> None:
    assert sent(MESSAGE, sound(1))["Message-ID"] == sent(replace(MESSAGE, tries=3), None)["Message-ID"]


@given(st.text(max_size=300), st.text(max_size=60))
def test_no_name_breaks_a_letter(name: str, title: str) -> None:
    letter = sent(replace(MESSAGE, client_name=f"{name}\r\nBcc: thief@example.com", title=title), sound(0.1))
    assert letter["Bcc"] is None
    assert letter["To"] == "orders@example.com, head@example.com"
    assert len(list(letter.iter_attachments())) == 1


def test_how_long_a_sound_is() -> None:
    assert duration_ms(sound(2)) == 2_000
    for content in (b"", b"RIFF", b"not a sound at all, and longer than any header would be"):
        assert duration_ms(content) >= 0
