"""The postman: every message is mailed, whatever is away for however long, and old ones are told."""

from __future__ import annotations

from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from switchboard.core.facts import Fact, RecordingExpired
from switchboard.core.ids import RecordingId
from switchboard.core.policy import Policy
from switchboard.engine.memory_voicemail import MemoryVoicemailPost
from switchboard.engine.ports import Refused
from switchboard.engine.postman import Postman
from switchboard.engine.twins import MemoryRecords
from switchboard.sim.company import BOXES, sample_policy
from tests.adapters.contract.entries import AT_MS, file, gone, placed, voicemail
from tests.engine.test_letter import sound

ONE, TWO = RecordingId("c1v"), RecordingId("c2v")
MINUTE_MS = 60_000


class SetClock:
    at_ms = AT_MS

    def now_ms(self) -> int:
        return self.at_ms


class Server:
    """A mail server that may refuse."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.refuses = ""
        self.breaks = False

    async def send(self, letter: EmailMessage) -> None:
        if self.breaks:
            raise KeyError("a library's bug")
        if self.refuses:
            raise Refused(self.refuses)
        self.taken.append(letter)


class Office:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records = MemoryRecords()
        self.post = MemoryVoicemailPost(self.records)
        self.mail, self.clock = Server(), SetClock()
        self.told: list[Fact] = []
        self.policy: Policy | None = msgspec.structs.replace(sample_policy(), boxes=BOXES)
        self.postman = self.new_postman()

    def new_postman(self, *, serverless: bool = False) -> Postman:
        return Postman(
            self.post, None if serverless else self.mail, self.told.append, lambda: self.policy, self.clock,
            folder=self.folder, sender="switchboard@example.com",
        )  # fmt: skip

    async def leave(self, message: RecordingId, position: int, *, lost: bool = False) -> None:
        left = voicemail(message, left_at_ms=self.clock.at_ms)
        became = gone(message, "404") if lost else file(message)
        await self.records.store(placed(left, became, first=position))
        if not lost:
            path = self.folder / file(message).file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sound(3))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


async def test_a_message_is_mailed_once(office: Office) -> None:
    await office.leave(ONE, 1)
    for _ in range(3):
        await office.postman.one_round()
    [letter] = office.mail.taken
    assert len(list(letter.iter_attachments())) == 1
    assert (office.postman.sent_total, office.postman.waiting) == (1, 0)


async def test_a_lost_sound_is_told(office: Office) -> None:
    await office.leave(ONE, 1, lost=True)
    await office.leave(TWO, 5)
    (office.folder / file(TWO).file).unlink()
    await office.postman.one_round()
    assert [len(list(letter.iter_attachments())) for letter in office.mail.taken] == [0, 0]


async def test_a_folder_that_is_not_mounted_is_waited_for(office: Office) -> None:
    await office.leave(ONE, 1)
    away = office.folder.rename(office.folder.with_name("away"))
    await office.postman.one_round()
    assert office.mail.taken == []
    away.rename(office.folder)
    office.clock.at_ms += MINUTE_MS
    await office.postman.one_round()
    assert len(office.mail.taken) == 1


async def test_it_is_tried_later_and_later_and_given_up_after_days(office: Office) -> None:
    await office.leave(ONE, 1)
    office.mail.refuses = "451 later"
    tries = []
    while (became := office.post.became.get(ONE)) is None or became.done_at_ms is None:
        await office.postman.one_round()
        if office.postman.failures_total > len(tries):
            tries.append(office.clock.at_ms)
        office.clock.at_ms += 5_000
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses[:4] == [10_000, 20_000, 40_000, 80_000]
    assert max(pauses) <= 3_605_000
    assert 100 < len(tries) < 200
    assert became.trouble == "451 later"
    assert became.mailed_at_ms is None


async def test_one_that_breaks_does_not_hold_up_the_others(office: Office) -> None:
    await office.leave(ONE, 1)
    office.mail.breaks = True
    await office.postman.one_round()
    office.mail.breaks = False
    await office.leave(TWO, 5)
    await office.postman.one_round()
    assert len(office.mail.taken) == 1
    office.clock.at_ms += 10_000
    await office.postman.one_round()
    assert len(office.mail.taken) == 2


async def test_who_is_late_is_a_problem(office: Office) -> None:
    assert office.postman.problem() is None
    await office.leave(ONE, 1)
    office.mail.refuses = "connection refused"
    await office.postman.one_round()
    assert office.postman.problem() is None
    office.clock.at_ms += 11 * MINUTE_MS
    assert office.postman.problem() == "1 messages wait to be mailed, for 11 min: connection refused"
    office.mail.refuses = ""
    await office.postman.one_round()
    assert office.postman.problem() is None


async def test_without_a_mail_server_it_says_so(office: Office) -> None:
    await office.leave(ONE, 1)
    postman = office.new_postman(serverless=True)
    await postman.one_round()
    office.clock.at_ms += 11 * MINUTE_MS
    assert "no mail server is set (SWITCHBOARD_SMTP)" in (postman.problem() or "")


async def test_after_a_restart_nothing_is_forgotten(office: Office) -> None:
    """The letter that went out when the process died goes out again, and is the same letter."""
    await office.leave(ONE, 1)
    really = office.post.sent

    async def dies(message: RecordingId, at_ms: int) -> None:
        raise Refused("Postgres is away")

    office.post.sent = dies  # type: ignore[method-assign]
    with pytest.raises(Refused):
        await office.postman.one_round()
    office.post.sent = really  # type: ignore[method-assign]
    await office.new_postman().one_round()
    first, second = office.mail.taken
    assert first["Message-ID"] == second["Message-ID"]


async def test_old_messages_are_told_once(office: Office) -> None:
    await office.leave(ONE, 1)
    await office.postman.one_round()
    office.clock.at_ms += 91 * 24 * 60 * MINUTE_MS
    await office.new_postman().one_round()
    await office.new_postman().one_round()
    assert office.told == [RecordingExpired(ONE, 90)]


async def test_before_there_are_rules_nothing_is_done(office: Office) -> None:
    office.policy = None
    office.post.away = "not even asked"
    await office.postman.one_round()
