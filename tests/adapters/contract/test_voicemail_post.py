"""What every ``VoicemailPost`` promises: nothing is sent twice, nothing forgotten, all in the order it was left."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from switchboard.adapters.postgres.recorder import PostgresRecords, open_records_pool
from switchboard.adapters.postgres.voicemail import PostgresVoicemailPost
from switchboard.core.ids import RecordingId
from switchboard.engine.memory_voicemail import MemoryVoicemailPost
from switchboard.engine.ports import OldVoicemail, Records, Refused, VoicemailPost, VoicemailWaiting
from switchboard.engine.twins import MemoryRecords
from tests.adapters.contract.entries import AT_MS, file, gone, placed, voicemail

KINDS = ["memory", pytest.param("postgres", marks=pytest.mark.postgres)]
ONE, TWO, THREE = (RecordingId(name) for name in ("c1v", "c2v", "c3v"))
DAY_MS = 24 * 3_600_000


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest) -> str | None:
    """A database, or ``None`` for the twin. Not asynchronous: a server is started with a loop of its own."""
    if request.param == "memory":
        return None
    database_url: str = request.getfixturevalue("database_url")
    return database_url


@pytest.fixture
async def both(url: str | None) -> AsyncIterator[tuple[Records, VoicemailPost]]:
    if url is None:
        memory = MemoryRecords()
        yield memory, MemoryVoicemailPost(memory)
        return
    pool = await open_records_pool(url)
    yield PostgresRecords(pool, "a log"), PostgresVoicemailPost(pool)
    pool.terminate()


@pytest.fixture
async def post(both: tuple[Records, VoicemailPost]) -> VoicemailPost:
    """Three were left: the second is lost, the third is for nobody's mail."""
    records, post = both
    left = [voicemail(ONE), voicemail(TWO, left_at_ms=AT_MS + 1), voicemail(THREE, left_at_ms=AT_MS + 2, mail_to=())]
    await records.store(placed(*left, file(ONE), gone(TWO, "404"), file(THREE)))
    return post


async def names(post: VoicemailPost, now_ms: int = AT_MS, limit: int = 9) -> list[RecordingId]:
    return [message.message for message in await post.to_send(now_ms, limit)]


async def test_what_is_to_be_sent(post: VoicemailPost) -> None:
    one, two = await post.to_send(AT_MS, 9)
    assert (one.message, two.message) == (ONE, TWO)
    assert (one.file, two.file) == (f"2026/09/21/{ONE}.wav", None)
    assert (one.mail_to, one.tries, one.client_name) == (("orders@example.com", "head@example.com"), 0, "Рынок «Север»")
    assert (one.left_at_ms, one.duration_ms, one.title) == (AT_MS, 12_000, "Заказы")
    assert await names(post, limit=1) == [ONE]
    assert await post.waiting() == VoicemailWaiting(2, AT_MS, "")


async def test_a_message_is_sent_once_its_sound_is_filed(both: tuple[Records, VoicemailPost]) -> None:
    records, post = both
    await records.store(placed(voicemail(ONE)))
    assert await names(post) == []
    assert await post.waiting() == VoicemailWaiting(1, AT_MS, "")
    await records.store(placed(file(ONE), first=2))
    assert await names(post) == [ONE]


async def test_what_is_sent_is_not_sent_again(post: VoicemailPost) -> None:
    await post.sent(ONE, AT_MS + 5)
    await post.put_off(ONE, AT_MS, "too late")
    assert await names(post) == [TWO]
    await post.give_up(TWO, AT_MS + 5, "no such address")
    await post.sent(TWO, AT_MS + 6)
    assert await names(post, AT_MS + DAY_MS) == []
    assert await post.waiting() is None


async def test_what_is_put_off_has_its_time(post: VoicemailPost) -> None:
    await post.put_off(ONE, AT_MS + 1_000, "451 later")
    await post.put_off(ONE, AT_MS + 2_000, "452 later")
    assert await names(post, AT_MS + 1_999) == [TWO]
    assert [message.tries for message in await post.to_send(AT_MS + 2_000, 9)] == [2, 0]
    assert await post.waiting() == VoicemailWaiting(2, AT_MS, "452 later")


async def test_what_is_old_is_told_once(post: VoicemailPost) -> None:
    await post.sent(ONE, AT_MS)
    assert await post.old(AT_MS + 90 * DAY_MS - 1, 9) == ()
    assert await post.old(AT_MS + 90 * DAY_MS + 2, 9) == (
        OldVoicemail(ONE, 90),
        OldVoicemail(THREE, 90),
    )  # the second is not sent yet
    assert await post.old(AT_MS + 90 * DAY_MS + 2, 1) == (OldVoicemail(ONE, 90),)
    await post.expired(ONE, AT_MS)
    assert await post.old(AT_MS + 90 * DAY_MS + 2, 9) == (OldVoicemail(THREE, 90),)


async def test_who_cannot_be_reached_refuses() -> None:
    memory = MemoryVoicemailPost(MemoryRecords())
    memory.away = "no network"
    pool = await open_records_pool("postgresql://nobody@127.0.0.1:1/nothing")
    for post in (memory, PostgresVoicemailPost(pool)):
        with pytest.raises(Refused):
            await post.to_send(AT_MS, 1)
        with pytest.raises(Refused):
            await post.waiting()
        with pytest.raises(Refused):
            await post.sent(ONE, AT_MS)
    pool.terminate()
