"""The lines of Asterisk's queue log: what a real one wrote, what it might write, and what it would never write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.adapters.asterisk.queue_log import Told, read_line, read_on
from switchboard.core.fallback_call import FallbackCall
from switchboard.core.ids import LegId, PhoneId

REAL = b"""\
1795563329|NONE|NONE|NONE|QUEUESTART|
1795563330|switchboard-1795563330.0|fallback|NONE|AWAY|30539|+712cdEXTEN|+74950000001
1795563331|switchboard-1795563330.0|fallback|NONE|ENTERQUEUE||+712cdEXTEN|1
1795563331|switchboard-1795563330.0|fallback|PJSIP/irina-00000001|TAKEN|31042
1795563331|switchboard-1795563330.0|fallback|Irina Sample|CONNECT|0|switchboard-1795563331.1|2
1795563331|switchboard-1795563330.0|fallback|Irina Sample|COMPLETECALLER|0|0|1
1795563331|switchboard-1795563330.0|fallback|NONE|LEFT|31248
1795563331|switchboard-1795563331.2|fallback|NONE|AWAY|31379|+74950001002|+74950000001
1795563331|switchboard-1795563331.2|fallback|NONE|ENTERQUEUE||+74950001002|1
1795563334|switchboard-1795563331.2|fallback|Oleg Sample|RINGNOANSWER|2000
1795563335|switchboard-1795563331.2|fallback|Olga Sample|RINGCANCELED|1389
1795563335|switchboard-1795563331.2|fallback|NONE|ABANDON|1|1|4
1795563335|switchboard-1795563331.2|fallback|NONE|LEFT|35271
1795563335|switchboard-1795563335.4|fallback|NONE|AWAY|35395|anonymous|+74950000001
1795563335|switchboard-1795563335.4|fallback|NONE|ENTERQUEUE||anonymous|1
""".splitlines()
LINE = "+74950000001"
TAKEN = FallbackCall(
    LegId("switchboard-1795563330.0"), "+712cdEXTEN", LINE, 1795563330539, PhoneId("irina"), 1795563331042,
    ring_ms=2_000, ended_at_ms=1795563331248,
)  # fmt: skip
ABANDONED = FallbackCall(
    LegId("switchboard-1795563331.2"), "+74950001002", LINE, 1795563331379, ring_ms=3_389, ringing=True,
    ended_at_ms=1795563335271,
)  # fmt: skip
WAITS = FallbackCall(LegId("switchboard-1795563335.4"), "anonymous", LINE, 1795563335395)


def test_what_a_real_asterisk_wrote() -> None:
    assert read_on(REAL) == Told((TAKEN, ABANDONED), (WAITS,), 1795563335, 0)


@pytest.mark.parametrize("cut", range(len(REAL) + 1))
def test_it_does_not_matter_where_reading_is_interrupted(cut: int) -> None:
    first = read_on(REAL[:cut])
    second = read_on(REAL[cut:], first.open, first.at_s)
    assert (first.over + second.over, second.open) == ((TAKEN, ABANDONED), (WAITS,))


@pytest.mark.parametrize(
    ("stamp", "within", "at_ms"),
    [
        (1795563360, "00000", 1795563360_000),
        (1795563359, "00003", 1795563360_003),  # the stamp's clock is a moment behind
        (1795563360, "59998", 1795563359_998),  # … or it was taken a moment later
        (1795563300, "59999", 1795563299_999),
        (1795563330, "30007", 1795563330_007),
    ],
)
def test_the_milliseconds_since_the_minute_began(stamp: int, within: str, at_ms: int) -> None:
    [call] = read_on([f"{stamp}|x|fallback|NONE|AWAY|{within}|1|2".encode()]).open
    assert call.arrived_at_ms == at_ms


def test_nobody_took_it_in_time() -> None:
    lines = [b"1795563635|switchboard-1795563335.4|fallback|NONE|UNSERVED|35400",
             b"1795563640|switchboard-1795563335.4|fallback|NONE|LEFT|40100"]  # fmt: skip
    [call] = read_on([*REAL, *lines]).over[2:]
    assert (call.unserved, call.ringing, call.answered_at_ms, call.ended_at_ms) == (True, False, None, 1795563640100)


def test_an_asterisk_that_begins_anew_has_lost_what_was_under_way() -> None:
    """When it went is known only by the last line it wrote."""
    told = read_on([*REAL, b"1795563400|NONE|NONE|NONE|QUEUESTART|"])
    [call] = told.over[2:]
    assert (call.leg, call.lost, call.ended_at_ms) == (WAITS.leg, True, 1795563335_000)
    assert (told.open, told.at_s) == ((), 1795563400)


def test_a_reload_ends_nothing() -> None:
    assert read_on([*REAL, b"1795563400|NONE|NONE|NONE|CONFIGRELOAD|"]).open == (WAITS,)


def test_a_call_that_the_service_gave_away_is_no_story() -> None:
    """It has a record; without AWAY the lines of its channel mean nothing."""
    assert read_on(line for line in REAL if b"|AWAY|" not in line) == Told((), (), 1795563335, 0)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"|", b"\xff\xfe", b"1795563335|x|fallback|NONE", b"now|x|fallback|NONE|AWAY|35000||",
        b"1795563335|x|fallback|NONE|AWAY", b"1795563335|x|fallback|NONE|AWAY|35000|1|2|3",
        b"1795563335|x|fallback|NONE|AWAY||1|2", b"1795563335|x|fallback|NONE|AWAY|-5|1|2",
        b"1795563335|x|fallback|NONE|AWAY|60000|1|2", "1795563335|x|fallback|NONE|AWAY|१७|1|2".encode(),
        "1795563335|x|fallback|NONE|AWAY|²|1|2".encode(),
        b"1795563335|switchboard-1795563335.4|fallback|NONE|TAKEN|soon", b"9" * 400,
    ],
)  # fmt: skip
def test_a_damaged_line_is_counted_and_costs_nothing_else(line: bytes) -> None:
    assert read_on([*REAL, line]) == Told((TAKEN, ABANDONED), (WAITS,), 1795563335, 1)


def test_a_damaged_end_is_an_end() -> None:
    [call] = read_on([*REAL, b"1795563340|switchboard-1795563335.4|fallback|NONE|LEFT|"]).over[2:]
    assert call.ended_at_ms == 1795563340_000


@given(st.lists(st.binary() | st.sampled_from(REAL).flatmap(lambda line: st.sampled_from([line, line[:-5], line * 2]))))
def test_no_bytes_make_it_raise(lines: list[bytes]) -> None:
    told = read_on(lines)
    assert told.damaged >= sum(read_line(line) is None for line in lines)
    assert all(call.ended_at_ms is not None for call in told.over)
