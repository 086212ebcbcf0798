"""The search for the highest clean rate, the operator's voice, and what counts as a goal that was met."""

from __future__ import annotations

import pytest

from benchmarks.crowd_windows import Drain
from benchmarks.field import Load, Side
from benchmarks.figures import Failures, Figures, wrong_with
from benchmarks.goals import Reached, reached
from benchmarks.processor import Reading
from benchmarks.search import Search
from benchmarks.speaker import Request
from benchmarks.spread import Ratio
from benchmarks.voice import Heard, answers_by_port, port_of, until_heard_ms
from benchmarks.windows import Pair, Part
from devkit.sip_log import CallResult, Message


def found(limit: float, fluke: int | None = None) -> tuple[float, int]:
    """What a search finds where rates up to ``limit`` are clean, but for try number ``fluke``; and its tries."""
    search, tries = Search(20.0), 0
    while (rate := search.next_rate()) is not None:
        tries += 1
        search.tell(rate, clean=rate <= limit and tries != fluke)
        assert tries < 40
    return search.clean_per_s, tries


@pytest.mark.parametrize("limit", [3.0, 19.0, 20.0, 57.0, 150.0, 300.0])
def test_the_search_comes_near_the_limit_from_below(limit: float) -> None:
    highest, _ = found(limit)
    assert limit / 1.06 < highest <= limit


def test_one_stolen_moment_is_no_limit() -> None:
    calm, tries = found(100.0)
    assert found(100.0, fluke=3) == (calm, tries + 1)


def test_the_search_ends_where_nothing_is_clean_or_everything() -> None:
    assert found(0.0)[0] == 0.0
    assert 400.0 / 1.3 < found(10_000.0)[0] <= 400.0


def test_a_voice_is_heard_when_its_first_packet_comes() -> None:
    answers = [(4_000, 1_000_000), (4_001, 1_000_000), (4_000, 9_000_000)]
    heard = [Heard(4_000, 900_000), Heard(4_000, 1_030_000), Heard(4_000, 1_010_000), Heard(4_001, 8_000_000)]
    assert until_heard_ms(answers, heard) == ([10.0], 2)


def test_callers_listen_in_turn() -> None:
    assert [port_of((4_000, 4_001), nth) for nth in range(3)] == [4_000, 4_001, 4_000]
    assert answers_by_port({"71": 4_000, "72": 4_001}, {"72": 5, "79": 7}) == [(4_001, 5)]


INVITE = """INVITE sip:olga@127.0.0.1:5070 SIP/2.0\r
Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r
From: <sip:+74950005001@127.0.0.1>;tag=a\r
To: <sip:olga@127.0.0.1>\r
Call-ID: c1\r
CSeq: 7 INVITE\r
\r
v=0\r
c=IN IP4 127.0.0.9\r
t=0 0\r
m=audio 20004 RTP/AVP 8 0\r
"""


def test_a_speaker_knows_who_calls_and_where_they_listen() -> None:
    invite = Request.read(INVITE)
    assert invite is not None
    assert (invite.method, invite.number, invite.media) == ("INVITE", "74950005001", ("127.0.0.9", 20004))
    answer = invite.answer("200 OK", "t", "127.0.0.1:5070", "v=0")
    assert answer.startswith("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\n")
    assert "\r\nTo: <sip:olga@127.0.0.1>;tag=t\r\n" in answer
    assert answer.endswith("Content-Length: 3\r\n\r\nv=0")
    assert Request.read(answer) is None


def test_what_went_wrong_in_a_crowd() -> None:
    def call(final_code: int | None, bye_us: int | None) -> CallResult:
        return CallResult("c", True, "", "", "", 0, None, final_code, final_code and 1, None, bye_us, None)

    invite = Message(0, True, "INVITE sip:x SIP/2.0", {"call-id": "c", "cseq": "1 INVITE"})
    calls = [call(200, 5), call(200, None), call(503, None), call(None, None)]
    assert wrong_with(calls, [invite, invite], [invite]) == Failures(refused=1, unfinished=2, retransmissions=1)


@pytest.mark.parametrize(
    ("value", "at_least", "verdict"),
    [
        (Ratio(1.8, 1.7, 1.9), False, "met"),
        (Ratio(1.9, 1.8, 2.1), False, "about"),
        (Ratio(2.3, 2.1, 2.4), False, "NOT met"),
        (Ratio(2.3, 2.1, 2.4), True, "met"),
        (Ratio(1.9, 1.8, 2.1), True, "about"),
        (Ratio(1.8, 1.7, 1.9), True, "NOT met"),
        (Ratio(2.0, 2.0, 2.0), False, "met"),
        (Ratio(float("nan"), float("nan"), float("nan")), False, "not measured"),
    ],
)
def test_a_goal_is_met_when_the_whole_spread_says_so(value: Ratio, at_least: bool, verdict: str) -> None:
    assert Reached("goal", 2.0, value, at_least).verdict == verdict


def part(side: Side, load: Load, ms: float) -> Part:
    figures = Figures(10, (ms,), (ms,), (), (), 0, 0, Failures())
    used = Reading({"Asterisk": ms, "SIPp": 1_000.0}, 0, 0, 0)
    messages, requests = (110.0, 60.0) if side is Side.OURS else (None, None)
    return Part(side, load, figures, used, 10, messages, requests, (ms,))


def test_every_goal_has_a_line() -> None:
    pair = Pair(tuple(part(side, load, 100.0 if side is Side.PEER else 50.0) for side in Side for load in Load))
    drains = [(Drain(Side.PEER, 500, 20_000.0, Failures(), 550), Drain(Side.OURS, 500, 15_000.0, Failures(), 550))]
    lines = {
        goal.what.split(",")[0]: (goal.value.value, goal.verdict) for goal in reached([pair], drains, [(80.0, 60.0)])
    }
    assert lines == {
        "reaction": (0.5, "NOT met"),
        "set-up with an operator free": (0.5, "met"),
        "highest clean rate": (0.75, "NOT met"),
        "processor time per call": (0.5, "met"),
        "messages between Asterisk and us": (11.0, "met"),
        "requests between Asterisk and us": (6.0, "met"),
        "operator's answer → voice at the caller": (-50.0, "met"),
        "500 who wait": (0.75, "met"),
    }
