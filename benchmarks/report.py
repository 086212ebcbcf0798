"""The run in words and numbers: ratios first, with their spread; nothing that went wrong is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.crowd_windows import Drain, Try
from benchmarks.field import Load, Side
from benchmarks.figures import Failures
from benchmarks.goals import of, per_call
from benchmarks.spread import Ratio, middle, percentile
from benchmarks.windows import DROPPED_S, Pair, Part

_Samples = Callable[[Part], Sequence[float]]

DIFFERENCES = """What the two do differently:
  both       answer to the same phones, on the same Asterisk, with the same music, and three operators.
  Switchboard looks the caller up in Postgres (1 199 clients), picks a rule, stores every fact on disk before it acts,
             writes the call and its history to Postgres, logs each step, and asks Asterisk over ARI for all it does.
  Asterisk's Queue() runs inside Asterisk, looks nobody up, stores and records nothing. autofill=yes, ringinuse=no,
             retry=1, strategy=leastrecent, wrapuptime=0. The service is stopped meanwhile."""


def lines(pairs: Sequence[Pair]) -> Iterator[str]:
    """The report, line by line."""
    yield DIFFERENCES
    yield f"\n{len(pairs)} pairs of windows, ABBA; the first {DROPPED_S:g} s of each part are not counted.\n"
    yield from _timing(
        pairs,
        "Reaction: operator's BYE → next waiting caller's INVITE to that operator",
        Load.WAITING,
        lambda part: part.figures.reaction_ms,
    )
    yield from _timing(
        pairs,
        "Set-up: caller's INVITE → 200, an operator free",
        Load.FREE,
        lambda part: part.figures.set_up_ms,
    )
    yield from _timing(pairs, "  of it: → operator's INVITE", Load.FREE, lambda part: part.figures.offer_ms)
    yield from _timing(pairs, "  of it: operator's 200 → caller's 200", Load.FREE, lambda part: part.figures.pick_up_ms)
    yield from _timing(pairs, "Operator's 200 → their voice at the caller", Load.VOICE, lambda part: part.voice_ms)
    yield from _processor_time(pairs, Load.FREE, "Processor time per call, an operator free")
    yield from _processor_time(pairs, Load.WAITING, "Processor time per call, six callers waiting with music")
    yield from _honesty(pairs)


def ratios(pairs: Sequence[Pair]) -> Mapping[str, Ratio]:
    """The three that matter."""
    return {
        "reaction": of(pairs, Load.WAITING, lambda part: part.figures.reaction_ms, middle),
        "set-up": of(pairs, Load.FREE, lambda part: part.figures.set_up_ms, middle),
        "processor time": per_call(pairs, Load.FREE),
    }


def failures(pairs: Sequence[Pair], side: Side) -> Failures:
    """Of all windows of this side, uncounted seconds included."""
    return sum((part.figures.failures for pair in pairs for part in pair.parts if part.side is side), Failures())


def _timing(pairs: Sequence[Pair], title: str, load: Load, samples: _Samples) -> Iterator[str]:
    yield title
    yield f"  {'ms':<20}{'n':>6}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}"
    for side in Side:
        got = _pooled(pairs, side, load, samples)
        figures = "".join(f"{percentile(got, percent):9.1f}" for percent in (50, 90, 99, 100))
        yield f"  {side:<20}{len(got):6}{figures}"
    medians = of(pairs, load, samples, middle)
    tails = of(pairs, load, samples, lambda got: percentile(got, 99))
    yield f"  ratio of medians {medians}"
    yield f"  ratio of p99     {tails}\n"


def _processor_time(pairs: Sequence[Pair], load: Load, title: str) -> Iterator[str]:
    yield title
    names = ("Asterisk", "service", "Postgres", "SIPp")
    yield (f"  {'ms per call':<20}{'calls':>6}" + "".join(f"{name:>10}" for name in names) + f"{'exchange':>10}")
    for side in Side:
        parts = [pair.of(side, load) for pair in pairs]
        calls = sum(part.figures.calls for part in parts)
        each = [sum(part.used.used_ms.get(name, 0.0) for part in parts) / max(1, calls) for name in names]
        yield f"  {side:<20}{calls:6}" + "".join(f"{ms:10.2f}" for ms in each) + f"{sum(each[:3]):10.2f}"
    yield f"  ratio (without SIPp) {per_call(pairs, load)}\n"


def _honesty(pairs: Sequence[Pair]) -> Iterator[str]:
    for side in Side:
        parts = [part for pair in pairs for part in pair.parts if part.side is side]
        wrong = failures(pairs, side)
        yield (
            f"{side}: {sum(part.placed for part in parts)} calls placed; {wrong.refused} refused,"
            f" {wrong.unfinished} unfinished, {wrong.retransmissions} retransmissions,"
            f" {wrong.never_rung} operators not rung again."
        )
        left_out = sum(part.figures.nobody_waited for part in parts if part.load is Load.WAITING)
        unfree = sum(part.figures.nobody_free for part in parts if part.load is Load.FREE)
        mute = sum(part.mute for part in parts)
        yield f"  {mute} never heard their operator." if mute else "  Everybody heard their operator."
        yield f"  Left out: {left_out} BYEs while nobody waited, {unfree} calls while nobody was free."
    everything = [part for pair in pairs for part in pair.parts]
    others = [part.used.others for part in everything]
    stolen = sum(part.used.stolen_ms for part in everything) / sum(part.used.all_ms for part in everything)
    yield (
        f"Other processes took {middle(others):.0%} of this machine's processors in the median part, {max(others):.0%}"
        f" in the worst, and its host {stolen:.1%}. Above a tenth, run again."
    )


def _pooled(pairs: Sequence[Pair], side: Side, load: Load, samples: _Samples) -> list[float]:
    return [ms for pair in pairs for ms in samples(pair.of(side, load))]


def drain_lines(drains: Sequence[tuple[Drain, Drain]]) -> Iterator[str]:
    """The crowds that waited, in pairs (peer's, ours)."""
    for peer, ours in drains:
        for one in (peer, ours):
            wrong = "" if not one.failures.any else f"; {one.failures}"
            each_s = one.served / one.took_ms * 1000
            yield f"  {one.side:<20} {one.served} served in {one.took_ms / 1000:.1f} s ({each_s:.1f} a second){wrong}"


def try_line(one: Try) -> str:
    """One try of a rate."""
    verdict = "clean" if one.clean else "not clean"
    wrong = f" {one.failures}" if one.failures.any else ""
    p99 = f"set-up p99 {one.set_up_p99_ms:.0f} ms"
    return f"  {one.side:<20} {one.per_s:6.1f} a second: {one.placed} placed, {p99}, {verdict}{wrong}"
