"""The operators' page of dial codes says what the defaults do: each code is dialled, each prompt looked up."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from switchboard.core.codes import HIDDEN, HotDesk, confirmation, read_code, read_hot_desk
from switchboard.core.facts import StaffCommanded
from switchboard.core.ids import PersonId
from switchboard.core.policy import Codes, Prompts
from switchboard.core.staff_commands import StaffCommand
from tests.core.policy import POLICY
from tests.core.story import begin

PAGE = Path(__file__).parents[2] / "docs" / "operator" / "dial-codes.md"
OLGA, BORIS = PersonId("olga"), PersonId("boris")
HOUR_MS = 3_600_000
AFTER_4_H = HOUR_MS * 4
MEANT: dict[str, StaffCommanded] = {
    "*11": StaffCommanded(OLGA, StaffCommand.SIGN_IN),
    "*10": StaffCommanded(OLGA, StaffCommand.SIGN_OUT),
    "*20": StaffCommanded(OLGA, StaffCommand.PAUSE, "no reason given"),
    "*201": StaffCommanded(OLGA, StaffCommand.PAUSE, "lunch"),
    "*21": StaffCommanded(OLGA, StaffCommand.RESUME),
    "*22": StaffCommanded(OLGA, StaffCommand.END_WRAP_UP),
    "*23": StaffCommanded(OLGA, StaffCommand.EXTEND_WRAP_UP),
    "*235": StaffCommanded(OLGA, StaffCommand.EXTEND_WRAP_UP, for_ms=300_000),
    "*25": StaffCommanded(OLGA, StaffCommand.DO_NOT_DISTURB),
    "*24202": StaffCommanded(OLGA, StaffCommand.FORWARD, whom=BORIS),
    "*24": StaffCommanded(OLGA, StaffCommand.END_FORWARD),
    "*8101": StaffCommanded(OLGA, StaffCommand.PICK_UP, whom=OLGA),
    "*26202": StaffCommanded(OLGA, StaffCommand.HAND_OVER, to="202"),
    "*28": StaffCommanded(OLGA, StaffCommand.PARK),
    "*29": StaffCommanded(OLGA, StaffCommand.RETRIEVE),
    "*29101": StaffCommanded(OLGA, StaffCommand.RETRIEVE, whom=OLGA),
    "*90101": StaffCommanded(OLGA, StaffCommand.LISTEN, whom=OLGA),
    "*91101": StaffCommanded(OLGA, StaffCommand.WHISPER, whom=OLGA),
    "*92101": StaffCommanded(OLGA, StaffCommand.BARGE_IN, whom=OLGA),
    "*134": StaffCommanded(OLGA, StaffCommand.AWAY, until_ms=AFTER_4_H),
    "*1304202": StaffCommanded(OLGA, StaffCommand.AWAY, until_ms=AFTER_4_H, whom=BORIS),
}
HEARD = {
    "agent logged on": ("agent-loginok",),
    "agent logged off": ("agent-loggedoff",),
    "beep": ("beep",),
    "two beeps": ("beep", "beep"),
    "minutes added": ("minutes", "added"),
    "do not disturb, on or off": ("do-not-disturb", "activated"),
    "call forwarding on": ("call-forwarding", "activated"),
    "call forwarding off": ("call-forwarding", "de-activated"),
    "the caller": (),
    "the talk": (),
}


def rows() -> list[tuple[str, str]]:
    """Code and what is heard, as the page has them."""
    dialled, _, _ = PAGE.read_text().partition("## In a talk")
    return re.findall(r"^\| `([*0-9]+)` \| ([^|]+) \|", dialled, re.MULTILINE)


def test_every_code_of_the_page_does_what_it_says() -> None:
    policy = msgspec.structs.replace(POLICY, codes=Codes(pause_reasons={"1": "lunch"}), prompts=Prompts())
    floor = begin().exchange.floor
    floor.policies[POLICY.version] = policy
    floor.at_ms = 0
    *plain, (hot_desk, heard) = rows()
    assert [code for code, _ in plain] == list(MEANT)
    for code, says in plain:
        asked = read_code(floor, OLGA, code)
        assert asked == MEANT[code]
        assert isinstance(asked, StaffCommanded)
        assert confirmation(policy, asked.command) == HEARD[says], code
    shown = hot_desk[: hot_desk.index("*", 1) + 1] + HIDDEN
    assert read_hot_desk(policy, shown) == HotDesk("101", OLGA)
    assert confirmation(policy, StaffCommand.TAKE_PHONE) == HEARD[heard]


def test_the_page_has_every_code_there_is() -> None:
    codes = [value for value in msgspec.structs.asdict(Codes()).values() if isinstance(value, str)]
    assert len(codes) == 22
    dialled = [code for code, _ in rows()] + re.findall(
        r"^\| `([*0-9]+)#?` \| \*?\*?[A-Z]", PAGE.read_text(), re.MULTILINE
    )
    assert [code for code in codes if not any(one.startswith(code) for one in dialled)] == []


def test_every_command_is_confirmed_unless_one_hears_somebody() -> None:
    unheard = {command for command in StaffCommand if not confirmation(POLICY, command)}
    assert unheard == {
        StaffCommand.PICK_UP,
        StaffCommand.RETRIEVE,
        StaffCommand.CONSULT,
        StaffCommand.SWAP,
        StaffCommand.JOIN,
        StaffCommand.COMPLETE,
        StaffCommand.CALL_OFF,
        StaffCommand.HOLD,
        StaffCommand.TALK_ON,
        StaffCommand.LISTEN,
        StaffCommand.WHISPER,
        StaffCommand.BARGE_IN,
    }
