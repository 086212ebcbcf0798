"""The run in words and numbers: ratios first, with their spread; nothing that went wrong is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.field import Load, Side
from benchmarks.figures import Failures
from benchmarks.spread import Ratio, middle, percentile, ratio
from benchmarks.windows import DROPPED_S, Pair, Part

_REACTION_AT_MOST, _SET_UP_AT_MOST = 1 / 20, 2.5
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
        _REACTION_AT_MOST,
    )
    yield from _timing(
        pairs,
        "Set-up: caller's INVITE → 200, an operator free",
        Load.FREE,
        lambda part: part.figures.set_up_ms,
        _SET_UP_AT_MOST,
    )
    yield from _timing(pairs, "  of it: → operator's INVITE", Load.FREE, lambda part: part.figures.offer_ms)
    yield from _timing(pairs, "  of it: operator's 200 → caller's 200", Load.FREE, lambda part: part.figures.pick_up_ms)
    yield from _processor_time(pairs, Load.FREE, "Processor time per call, an operator free")
    yield from _processor_time(pairs, Load.WAITING, "Processor time per call, six callers waiting with music")
    yield from _honesty(pairs)


def ratios(pairs: Sequence[Pair]) -> Mapping[str, Ratio]:
    """The three that matter."""
    return {
        "reaction": _ratio_of(pairs, Load.WAITING, lambda part: part.figures.reaction_ms, middle),
        "set-up": _ratio_of(pairs, Load.FREE, lambda part: part.figures.set_up_ms, middle),
        "processor time": ratio(pairs, lambda drawn: _per_call(drawn, Load.FREE)),
    }


def failures(pairs: Sequence[Pair], side: Side) -> Failures:
    """Of all windows of this side, uncounted seconds included."""
    return sum((part.figures.failures for pair in pairs for part in pair.parts if part.side is side), Failures())


def _timing(
    pairs: Sequence[Pair], title: str, load: Load, samples: _Samples, at_most: float | None = None
) -> Iterator[str]:
    yield title
    yield f"  {'ms':<20}{'n':>6}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}"
    for side in Side:
        got = _pooled(pairs, side, load, samples)
        figures = "".join(f"{percentile(got, percent):9.1f}" for percent in (50, 90, 99, 100))
        yield f"  {side:<20}{len(got):6}{figures}"
    medians = _ratio_of(pairs, load, samples, middle)
    tails = _ratio_of(pairs, load, samples, lambda got: percentile(got, 99))
    verdict = ""
    if at_most is not None:
        met = "met" if medians.high <= at_most else "not sure" if medians.low <= at_most else "NOT met"
        verdict = f"; expected at most {at_most:g}: {met}"
    yield f"  ratio of medians {medians}{verdict}"
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
    yield f"  ratio (without SIPp) {ratio(pairs, lambda drawn: _per_call(drawn, load))}\n"


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


def _ratio_of(
    pairs: Sequence[Pair], load: Load, samples: _Samples, figure: Callable[[Sequence[float]], float]
) -> Ratio:
    def both(drawn: Sequence[Pair]) -> tuple[float, float]:
        return (
            figure(_pooled(drawn, Side.PEER, load, samples)),
            figure(_pooled(drawn, Side.OURS, load, samples)),
        )

    return ratio(pairs, both)


def _per_call(pairs: Sequence[Pair], load: Load) -> tuple[float, float]:
    def each(side: Side) -> float:
        parts = [pair.of(side, load) for pair in pairs]
        used_ms = sum(ms for part in parts for name, ms in part.used.used_ms.items() if name != "SIPp")
        return used_ms / max(1, sum(part.figures.calls for part in parts))

    return each(Side.PEER), each(Side.OURS)
